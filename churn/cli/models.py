"""`churn models`: the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from churn import bootstrap
from churn.cli.options import DATES, Json, ModelArgument, Version, configured, group
from churn.domain.errors import UsageError
from churn.settings import Settings

if TYPE_CHECKING:
    from churn.stores.records import ModelVersion, Reference

app = group("Look at the registered models, and choose among them.")


@app.command("list")
@configured()
def list_models(
    settings: Settings,
    name: Annotated[str, typer.Option(help="The model. [the problem's]")] = "",
    json: Json = False,
) -> None:
    """All versions, the oldest first."""
    from churn.cli import printing

    wanted = name.upper() or bootstrap.problem(settings).model
    versions = bootstrap.stores(settings).models.versions(wanted)
    printing.as_json({"models": versions}) if json else printing.models(versions)


@app.command("show")
@configured()
def show(settings: Settings, model: ModelArgument, json: Json = False) -> None:
    """One version: metrics, aliases, comment."""
    from churn.cli import printing

    version = bootstrap.stores(settings).models.get(_reference(settings, model))
    printing.as_json(version) if json else printing.model(version)


@app.command("lineage")
@configured()
def lineage(settings: Settings, model: ModelArgument, json: Json = False) -> None:
    """Where a version comes from: run, view, label, tables, training set, threshold, code."""
    from churn.cli import printing

    version = bootstrap.stores(settings).models.get(_reference(settings, model))
    if json:
        facts = version.lineage.as_dict()
        printing.as_json({"model": version.name, "model_version": version.version, **facts})
    else:
        printing.lineage(version)


@app.command("set-default")
@configured()
def set_default(settings: Settings, model: ModelArgument, json: Json = False) -> None:
    """Make a version the one that is meant when none is named."""
    models = bootstrap.stores(settings).models
    _print(models.set_default(_reference(settings, model)), json=json)


@app.command("set-alias")
@configured()
def set_alias(
    settings: Settings,
    model: ModelArgument,
    alias: Annotated[str, typer.Argument(help="For instance PRODUCTION.")],
    json: Json = False,
) -> None:
    """Give a version an alias, taking it from the version that had it; in either order."""
    from churn.stores.records import VERSION

    if VERSION.fullmatch(alias) and not VERSION.fullmatch(model):
        model, alias = alias, model
    models = bootstrap.stores(settings).models
    _print(models.set_alias(_reference(settings, model), alias), json=json)


@app.command("import")
@configured(*DATES)
def import_model(
    settings: Settings,
    file: Annotated[
        Path,
        typer.Argument(help="XGBoost's JSON or UBJ, SageMaker's model.tar.gz, or a skops file."),
    ],
    name: Annotated[str, typer.Option(help="The model's name in the registry.")],
    golden: Annotated[
        Path,
        typer.Option(help="Inputs by name with the source's probability: .csv or .parquet."),
    ],
    signature: Annotated[
        Optional[Path],
        typer.Option(help="JSON of inputs and columns in the order of the fit. [the model's own]"),
    ] = None,
    view: Annotated[
        str, typer.Option("--view", help="Feature view that will feed it. [none]")
    ] = "",
    version: Version = "",
    score_column: Annotated[
        str, typer.Option(help="The column of GOLDEN with the probability of class 1.")
    ] = "SCORE",
    metrics: Annotated[
        Optional[Path],
        typer.Option(help="JSON of metrics by name; threshold is the model's. [0.5]"),
    ] = None,
    source: Annotated[str, typer.Option(help="Where it comes from. [the file's name]")] = "",
    json: Json = False,
) -> None:
    """Register a model that was fitted elsewhere, if it repeats its golden predictions here."""
    from churn.cli import printing
    from churn.pipelines import import_model as pipeline

    if version and not view:
        raise UsageError("--version without --view", "Name the view, too.")
    problem = bootstrap.problem(settings)
    done = pipeline.run(
        problem,
        bootstrap.stores(settings),
        pipeline.Import(file, name, golden, score_column, signature, metrics, source),
        problem.feature_view(view, version) if view else None,
        settings.windows(problem.windows),
        bootstrap.code_version(),
    )
    printing.as_json(done) if json else printing.imported(done)


def _reference(settings: Settings, text: str) -> Reference:
    from churn.stores.records import Reference

    return Reference.parse(text, bootstrap.problem(settings).model)


def _print(version: ModelVersion, *, json: bool) -> None:
    from churn.cli import printing

    if json:
        printing.as_json(version)
    else:
        aliases = f", aliases {', '.join(version.aliases)}" if version.aliases else ""
        default = " is the default version" if version.is_default else ""
        printing.say(f"{version}{default}{aliases}")
