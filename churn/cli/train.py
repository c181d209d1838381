"""`churn labels`, `features`, `explore`, `train` and `score`: from tables to a risk list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from churn import bootstrap
from churn.cli.options import DATES, Json, LabelName, Out, Version, View, configured
from churn.settings import Settings


@configured("data", *DATES)
def labels(settings: Settings, out: Out = None, label: LabelName = "") -> None:
    """Write the key and the label of everybody in the population."""
    from churn.cli import printing
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    problem = bootstrap.problem(settings, label)
    windows, engine = settings.windows(problem.windows), bootstrap.engine(settings)
    printing.warn(require(engine, problem, windows, outcome=True))
    where = out or problem.labels_table
    rows = engine.write(prepare.labels(engine, problem, windows), where)
    printing.say(f"{rows:,} labels in {_place(engine, where)}")


@configured("data", *DATES)
def features(settings: Settings, out: Out = None, view: View = "", version: Version = "") -> None:
    """Write the features of everybody in the population, as of the observation's last day."""
    from churn.cli import printing
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    problem = bootstrap.problem(settings)
    chosen = problem.feature_view(view, version)
    windows, engine = settings.windows(problem.windows), bootstrap.engine(settings)
    printing.warn(require(engine, problem, windows, outcome=False))
    where = out or prepare.features_table(chosen)
    rows = engine.write(prepare.features(engine, problem, chosen, windows), where)
    printing.say(f"{rows:,} rows of {chosen} in {_place(engine, where)}")


@configured("data", *DATES)
def explore(
    settings: Settings,
    view: View = "",
    version: Version = "",
    label: LabelName = "",
    json: Json = False,
) -> None:
    """Show the label's rates, events by month, and how the features are distributed."""
    from churn.cli import printing
    from churn.pipelines.explore import explore

    problem = bootstrap.problem(settings, label)
    chosen = problem.feature_view(view, version)
    windows = settings.windows(problem.windows)
    explored = explore(bootstrap.engine(settings), problem, chosen, windows)
    printing.as_json(explored) if json else printing.exploration(explored)


@configured("data", "seed", *DATES)
def train(
    settings: Settings,
    view: View = "",
    version: Version = "",
    label: LabelName = "",
    algorithm: Annotated[
        Optional[list[str]],
        typer.Option(help="xgboost or logistic; several compete. [xgboost]"),
    ] = None,
    search: Annotated[int, typer.Option(min=0, help="Draws of the randomized search.")] = 20,
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Refuse features and labels that leak.")
    ] = True,
    compute_pool: Annotated[
        Optional[str],
        typer.Option(help="Run it as an ML Job on this compute pool. Never verified."),
    ] = None,
    json: Json = False,
) -> None:
    """Train, choose by cross-validation, test once, register, and list who is at risk."""
    from churn.cli import printing

    problem = bootstrap.problem(settings, label)
    chosen = problem.feature_view(view, version)
    names = algorithm or ["xgboost"]
    if compute_pool:
        from churn.remote import jobs

        options = {"view": chosen.name, "version": chosen.version, "label": label}
        words = [
            *(f"--{name}={value}" for name, value in options.items() if value),
            *(f"--algorithm={name}" for name in names),
            f"--search={search}",
            *([] if audit else ["--no-audit"]),
            *(["--json"] if json else []),
        ]
        database = bootstrap.database(settings)
        jobs.submit(
            settings, bootstrap.session(settings), compute_pool, database, words, printing.say
        )
        return
    with printing.progress() as progress:
        progress("start", 0, 1)
        from churn.model import algorithms
        from churn.pipelines.recording import summary
        from churn.pipelines.train import run

        competing = [algorithms.named(name) for name in names]
        engine, stores = bootstrap.engine(settings), bootstrap.stores(settings)
        progress("start", 1, 1)
        done = run(
            engine,
            problem,
            stores,
            chosen,
            settings.windows(problem.windows),
            algorithms=competing,
            draws=search,
            seed=settings.seed,
            code_version=bootstrap.code_version(),
            progress=progress,
            audit=audit,
        )
    if json:
        printing.warn(done.prepared.findings)
        printing.as_json(summary(done))
    else:
        printing.training(done)


@configured("data", "as_of")
def score(
    settings: Settings,
    model: Annotated[
        str, typer.Option(help="NAME[@ALIAS|/VERSION]; the default version otherwise.")
    ] = "",
    out: Annotated[
        Optional[Path], typer.Option(help="File to write as well: .csv or .parquet.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the risk list as of a date: the likeliest first, with reasons."""
    from churn.cli import printing
    from churn.engines import files
    from churn.pipelines.score import score
    from churn.stores.records import Reference

    problem = bootstrap.problem(settings)
    reference = Reference.parse(model or problem.model, problem.model)
    engine, stores = bootstrap.engine(settings), bootstrap.stores(settings)
    scored = score(engine, problem, stores, reference, settings.as_of)
    if out:
        files.write(scored.rows, out)
    location = str(out) if out else scored.location
    if not json:
        printing.risk_list(problem, scored, location)
        return
    printing.warn(scored.findings)
    printing.as_json(
        {
            "model": scored.version.name,
            "model_version": scored.version.version,
            "as_of": scored.as_of,
            problem.entity.plural: scored.rows.height,
            "at_risk": scored.at_risk,
            "counts": scored.counts,
            "findings": scored.findings,
            "risk_list": location,
        }
    )


def _place(engine: Any, where: Path | str) -> str:
    return str(where) if isinstance(where, Path) else f"{engine.source}.{where}"
