"""`churn labels`, `features`, `explore`, `train` and `score`: from tables to a risk list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from churn import bootstrap
from churn.cli.options import DATES, Force, Json, LabelName, Out, Version, View, configured
from churn.domain.problem import Problem
from churn.settings import Settings, possible


@configured("data", *DATES)
def labels(
    settings: Settings, out: Out = None, label: LabelName = "", force: Force = False
) -> None:
    """Write the key and the label of everybody in the population."""
    from churn.cli import printing
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    problem = bootstrap.problem(settings, label)
    windows = settings.windows(problem.windows)
    _require_free(settings, problem, out, (problem.key, problem.label.column), force=force)
    engine = bootstrap.engine(settings)
    printing.warn(require(engine, problem, windows, outcome=True))
    where = out or problem.labels_table
    rows = _written(engine, prepare.labels(engine, problem, windows), where)
    printing.say(f"{rows:,} labels in {_place(engine, where)}")


@configured("data", *DATES)
def features(
    settings: Settings,
    out: Out = None,
    view: View = "",
    version: Version = "",
    force: Force = False,
) -> None:
    """Write the features of everybody in the population, as of the observation's last day."""
    from churn.cli import printing
    from churn.pipelines import prepare
    from churn.pipelines.check import require

    problem = bootstrap.problem(settings)
    chosen = problem.feature_view(view, version)
    windows = settings.windows(problem.windows)
    _require_free(settings, problem, out, (problem.key, *chosen.columns), force=force)
    engine = bootstrap.engine(settings)
    printing.warn(require(engine, problem, windows, outcome=False))
    where = out or prepare.features_table(chosen)
    rows = _written(engine, prepare.features(engine, problem, chosen, windows), where)
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
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the risk list as of a date: the likeliest first, with reasons."""
    from churn.cli import printing
    from churn.engines import files
    from churn.pipelines.score import columns, score
    from churn.stores.records import Reference

    problem = bootstrap.problem(settings)
    reference = Reference.parse(model or problem.model, problem.model)
    _require_free(settings, problem, out, columns(problem), force=force)
    engine, stores = bootstrap.engine(settings), bootstrap.stores(settings)
    scored = score(engine, problem, stores, reference, settings.as_of)
    if out:
        files.write_for_people(scored.rows, out)
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


def _require_free(
    settings: Settings, problem: Problem, out: Path | None, columns: Sequence[str], *, force: bool
) -> None:
    """Before anything is computed: whether the file may be written.

    Raises:
        UsageError: It is an input, part of the store, or somebody else's.
    """
    if out is None:
        return
    from churn.engines import files, places

    files.require_suffix(possible(out, "--out"))
    inputs = places.tables(settings.data, problem.tables)
    kept = [settings.home / name for name in ("features", "training_sets", "scores", "artifacts")]
    places.require_free(out, columns, reads=inputs, keeps=kept, force=force)


def _written(engine: Any, frame: Any, where: Path | str) -> int:
    """Into a file for people, saying what is neutralised in it, or into a table."""
    if not isinstance(where, Path):
        return int(engine.write(frame, where))
    from churn.cli import printing
    from churn.engines import files, formulas

    rows = engine.collect(frame)
    if where.suffix == ".csv":
        printing.warn(formulas.told(rows))
    return files.write_for_people(rows, where)


def _place(engine: Any, where: Path | str) -> str:
    return str(where) if isinstance(where, Path) else f"{engine.source}.{where}"
