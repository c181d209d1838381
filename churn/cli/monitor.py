"""`churn monitor`: drift and performance of scored periods, and alarms."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from churn.cli.options import Json, configured, day, group
from churn.settings import Settings

if TYPE_CHECKING:
    from churn.pipelines.monitor_files import Monitored

app = group("Watch a model: drift, performance, alarms; on anybody's files.")


@app.command("run")
@configured(everywhere=())
def run(
    settings: Settings,
    baseline: Annotated[Path, typer.Option(help="Rows to compare with: .csv or .parquet.")],
    predictions: Annotated[Path, typer.Option(help="Scored rows of all periods.")],
    key: Annotated[str, typer.Option(help="The column that names the entity.")],
    time: Annotated[str, typer.Option(help="The column with the date of scoring.")],
    score: Annotated[str, typer.Option(help="The column with the probability.")],
    outcomes: Annotated[
        Optional[Path], typer.Option(help="What became of the scored rows, as far as known.")
    ] = None,
    prediction: Annotated[
        Optional[str], typer.Option(help="The column with the decision. [score at --threshold]")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="Of decisions.")] = 0.5,
    label: Annotated[Optional[str], typer.Option(help="The column with the outcome.")] = None,
    outcome_time: Annotated[
        Optional[str], typer.Option(help="The column with the day an outcome became known.")
    ] = None,
    features: Annotated[
        Optional[str], typer.Option(help="Columns to watch: A,B,C. [those that both files have]")
    ] = None,
    segment: Annotated[
        Optional[list[str]], typer.Option(help="A column to break down by; several times.")
    ] = None,
    reference: Annotated[
        Optional[str],
        typer.Option(help="A column of the baseline: true where the model was not fitted."),
    ] = None,
    every: Annotated[str, typer.Option(help="week, month, or a number of days.")] = "week",
    through: Annotated[
        Optional[date], day("--through", "Look at the files as they were known on that day.")
    ] = None,
    out: Annotated[
        Optional[Path], typer.Option(help="File for the table of metrics: .parquet or .csv.")
    ] = None,
    report: Annotated[
        Optional[Path], typer.Option(help="File for a report: .html, or a picture: .png.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--check", help="Exit code 1 while an alarm is open.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure each period against the baseline, and say which alarms open and close."""
    from churn.cli import printing
    from churn.pipelines import monitor_files, monitor_report

    watched = [name.strip() for name in features.split(",")] if features else None
    result = monitor_files.run(
        baseline,
        predictions,
        outcomes,
        key=key,
        time=time,
        score=score,
        prediction=prediction,
        label=label,
        outcome_time=outcome_time,
        features=watched,
        segments=segment or (),
        reference=reference,
        every=every,
        through=through,
        threshold=threshold,
        rules=settings.alerts,
        out=out,
    )
    if report:
        monitor_report.write(result, report)
    if json:
        printing.as_json(result.as_json())
    else:
        _print(result)
        for path in filter(None, (result.path, report)):
            printing.say(f"Written  {path}")
    if gate and result.open:
        raise typer.Exit(1)


@app.command("rules")
@configured(everywhere=())
def show_rules(settings: Settings, json: Json = False) -> None:
    """The rules in force: the defaults, as churn.toml changes them."""
    from churn.cli import printing

    if json:
        printing.as_json({"rules": settings.alerts})
        return
    columns = ["name", "metric", "column", "warn", "breach", "severe", "why"]
    rows = [[getattr(rule, name) for name in columns] for rule in settings.alerts]
    printing.table("Rules", columns, rows)


def _print(result: Monitored) -> None:
    from churn.cli import printing

    printing.warn(result.findings)
    printing.table(
        f"{len(result.periods)} periods, {len(result.alarms)} alarms, {len(result.open)} open",
        ["kind", "rule", "column", "segment", "opened", "closed", "value", "limit"],
        [
            (a.kind, a.rule, a.column, a.segment, str(a.opened), a.closed, a.value, a.limit)
            for a in result.alarms
        ],
    )
