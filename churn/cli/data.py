"""`churn data`: example data, contracts, loading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn import bootstrap
from churn.cli.options import DATES, Force, Json, configured, group
from churn.domain.errors import UsageError
from churn.settings import Settings, possible

app = group("Make example data, check data against its contracts, load it into Snowflake.")


@app.command("generate")
@configured("seed", everywhere=("problem",))
def generate(
    settings: Settings,
    out: Annotated[Path, typer.Option(help="Folder to write one .csv file a table to.")],
    entities: Annotated[
        int, typer.Option("--customers", "--entities", min=1, help="How many entities.")
    ] = 3000,
    force: Force = False,
) -> None:
    """Write synthetic tables: seeded, with a learnable signal and no label leakage."""
    from churn.cli import printing
    from churn.engines import places
    from churn.engines.polars import PolarsEngine
    from churn.pipelines.generate import sample, save

    problem, folder = bootstrap.problem(settings), possible(out, "--out")
    made = sample(problem, entities=entities, seed=settings.seed)
    places.require_sample(folder, made, force=force)
    written = save(PolarsEngine(folder), problem, made)
    for table, rows in written.items():
        printing.say(f"{table}: {rows:,} rows in {out}")


@app.command("check")
@configured("data", *DATES)
def check(settings: Settings, json: Json = False) -> None:
    """Report every way in which the data breaks its contracts; exit code 1 if there is one."""
    from churn.cli import printing
    from churn.pipelines.check import check, timeless

    problem = bootstrap.problem(settings)
    windows = settings.windows(problem.windows)
    violations = check(bootstrap.engine(settings), problem, windows)
    if json:
        undated = [table.name for table in problem.tables if table.time is None]
        printing.as_json({"ok": not violations, "problems": violations, "timeless": undated})
    else:
        printing.violations(violations)
        for sentence in timeless(problem):
            printing.say(f"{'NOTE':8}{sentence}")
        errors = sum(v.severity == "error" for v in violations)
        printing.say(
            f"{settings.data}: {errors} errors, {len(violations) - errors} warnings"
            if violations
            else f"{settings.data} keeps its contracts"
        )
    if violations:
        raise typer.Exit(1)


@app.command("load")
@configured("data")
def load(settings: Settings) -> None:
    """Copy the tables from the folder into Snowflake, in place of what is there."""
    from churn.cli import printing

    if not settings.remote:
        raise UsageError(
            "the local target reads the files where they are",
            "Say where to load them: --connection NAME.",
        )
    for table, rows in bootstrap.load(settings).items():
        printing.say(f"{rows:,} rows in {table}")
