"""Results for people: tables, rates and progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from churn.doctor import Finding
    from churn.domain.contracts import Problem
    from churn.pipelines.explore import Exploration
    from churn.pipelines.score import RiskList
    from churn.pipelines.train import Training
    from churn.scripts import Done
    from churn.stores import ModelVersion, Run

Show = Callable[[str, int, int], None]

COUNTS = ("ROWS", "CUSTOMERS", "CHURNED", "ORDERS", "HIGH", "MEDIUM", "LOW", "AT_RISK", "RANK")
LINE = 100
SHARES = ("CHURN_RATE", "GAIN", "PREDICTED", "ACTUAL")


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def warn(findings: Sequence[str]) -> None:
    """Findings, where they do not disturb what is piped on."""
    for finding in findings:
        sys.stderr.write(f"Finding: {finding}\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Numbers on the right, text on the left, never cut off."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD)
    for i, name in enumerate(columns):
        numeric = any(isinstance(row[i], int | float) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_cell(n, v)) for n, v in zip(columns, row, strict=True)))
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(Text(title, style="bold"))
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def frame(title: str, shown: pl.DataFrame) -> None:
    table(title, shown.columns, shown.rows())


def problems(found: Sequence[Problem]) -> None:
    for problem in found:
        say(f"{problem.severity.upper():8}{problem}")
        for offender in problem.rows:
            say(f"          {offender}")


def exploration(found: Exploration) -> None:
    warn(found.findings)
    frame("Rows", found.rows)
    frame("Churn rate", found.rates)
    most = max(found.monthly["ORDERS"], default=1)
    rows = [(*row, "█" * round(30 * row[1] / most)) for row in found.monthly.rows()]
    table("Orders by month", [*found.monthly.columns, ""], rows)
    frame("Distribution of the features", found.distributions)
    frame("Means by class", found.by_class)


def training(done: Training) -> None:
    warn(done.findings)
    evaluation = done.evaluation
    table(
        f"{done.view}: {done.training_set.rows:,} customers, "
        f"{done.training_set.churned / done.training_set.rows:.1%} churned; "
        f"observed {done.windows.observation}, outcome {done.windows.outcome}",
        ["run", "cv log-loss", "cv ROC-AUC", "", "parameters"],
        [
            (
                c.name,
                c.log_loss,
                c.cross_validated(done.threshold)["roc_auc"]["mean"],
                "chosen" if c is done.chosen else "",
                ", ".join(f"{name}={value}" for name, value in c.parameters.items()),
            )
            for c in done.candidates
        ],
    )
    table(
        f"{done.chosen.name}, decisions from a probability of {done.threshold:.3f}",
        ["metric", "test", "train", "gap", "cv 5x5", "±", "no skill"],
        [
            (
                name,
                value,
                evaluation.train_metrics[name],
                evaluation.gap[name],
                done.cross_validated[name]["mean"],
                done.cross_validated[name]["std"],
                evaluation.no_skill[name],
            )
            for name, value in evaluation.metrics.items()
        ],
    )
    groups = evaluation.groups
    frame(
        "Test part by attribute",
        groups.select("GROUP", "VALUE", "CUSTOMERS", "CHURN_RATE", "roc_auc", "log_loss", "f1"),
    )
    frame("Importance: share of the total gain", done.importance)
    counts = evaluation.confusion
    say(
        f"Of those told to churn {counts.true_positive} did and {counts.false_positive} did not; "
        f"of those told to stay {counts.true_negative} did and {counts.false_negative} did not."
    )
    say()
    say(f"Model version  {done.version}{' (default)' if done.version.is_default else ''}")
    say(f"Run            {done.version.lineage.run}  (churn runs show, churn runs compare)")
    say(f"Training set   {done.training_set.name}")
    say(f"Risk list      {done.risk_list.location}")


def risk_list(scored: RiskList, location: str, top: int = 10) -> None:
    warn(scored.findings)
    columns = ["RANK", "CUSTOMER_ID", "SEGMENT", "REGION", "CHURN_PROBABILITY", "RISK_BAND"]
    frame(
        f"Most at risk as of {scored.as_of}, by {scored.version}",
        scored.rows.head(top).select(*columns, "REASON_1", "REASON_2"),
    )
    frame("Customers by risk band", scored.counts)
    at_risk = int(scored.rows["IS_AT_RISK"].sum())
    say(f"{scored.rows.height:,} customers scored, {at_risk:,} of them at risk.")
    say(f"Risk list  {location}")


def runs(found: Sequence[Run]) -> None:
    table(
        "Runs",
        [
            "run",
            "name",
            "started",
            "training",
            "cv log-loss",
            "cv ROC-AUC",
            "test ROC-AUC",
            "chosen",
        ],
        [
            (
                run.id,
                run.name,
                f"{run.started:%Y-%m-%d %H:%M:%S}",
                run.training,
                run.metrics.get("cv_log_loss_mean"),
                run.metrics.get("cv_roc_auc_mean"),
                run.metrics.get("test_roc_auc"),
                "yes" if run.tags.get("chosen") == "true" else "",
            )
            for run in found
        ],
    )


def run(shown: Run) -> None:
    say(f"Run       {shown.id}  {shown.name}")
    say(f"Started   {shown.started:%Y-%m-%d %H:%M:%S} UTC, training {shown.training}")
    say(f"Artifacts {shown.location}")
    table("Parameters", ["parameter", "value"], sorted(shown.parameters.items()))
    table("Metrics", ["metric", "value"], sorted(shown.metrics.items()))
    table("Tags", ["tag", "value"], sorted(shown.tags.items()))


def comparison(found: Sequence[Run]) -> None:
    """Metrics and differing parameters side by side."""
    heads = [f"{run.name} {run.id[:8]}" for run in found]
    tables: tuple[tuple[str, Sequence[Mapping[str, Any]]], ...] = (
        ("Metrics", [run.metrics for run in found]),
        ("Parameters that differ", _differing([run.parameters for run in found])),
    )
    for title, sides in tables:
        keys = sorted({key for side in sides for key in side})
        table(title, ["", *heads], [(key, *(side.get(key) for side in sides)) for key in keys])


def _differing(sides: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = {key for side in sides for key in side}
    differ = {key for key in keys if len({side.get(key) for side in sides}) > 1}
    return [{key: value for key, value in side.items() if key in differ} for side in sides]


def models(found: Sequence[ModelVersion]) -> None:
    table(
        "Models",
        [
            "model",
            "version",
            "created",
            "default",
            "aliases",
            "feature view",
            "test ROC-AUC",
            "comment",
        ],
        [
            (
                v.name,
                v.version,
                f"{v.created:%Y-%m-%d %H:%M:%S}",
                "yes" if v.is_default else "",
                ", ".join(v.aliases),
                v.lineage.feature_view,
                v.metrics.get("roc_auc"),
                v.comment,
            )
            for v in found
        ],
    )


def model(shown: ModelVersion) -> None:
    say(f"Model     {shown}{' (default)' if shown.is_default else ''}")
    say(f"Created   {shown.created:%Y-%m-%d %H:%M:%S} UTC")
    say(f"Aliases   {', '.join(shown.aliases) or 'none'}")
    say(f"Comment   {shown.comment}")
    table("Test metrics", ["metric", "value"], sorted(shown.metrics.items()))


def lineage(shown: ModelVersion) -> None:
    rows = [(key.replace("_", " "), str(value)) for key, value in shown.lineage.as_dict().items()]
    table(f"Lineage of {shown}", ["", "value"], rows)


@contextmanager
def progress() -> Iterator[Show]:
    """Bars on a terminal; elsewhere a line for each finished step; always on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done)

        yield show


def _line(what: str, done: int, of: int) -> None:
    if done == of:
        sys.stderr.write(f"{what}: done\n")


def _cell(column: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float() if column in SHARES:
            return f"{value:.1%}"
        case float():
            return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4f}"
        case int() if column in COUNTS:
            return f"{value:,}"
        case _:
            return str(value)


def statement(done: Done, rows: int = 20) -> None:
    """A statement of a script that ran: its beginning, and the rows of what asks or copies."""
    first = " ".join(done.sql.split())
    title = first if len(first) <= LINE else f"{first[: LINE - 3]}..."
    if done.columns == ("status",) or not done.rows:
        say(title)
    else:
        table(title, done.columns, done.rows[:rows])


def findings(found: Sequence[Finding]) -> None:
    """The checks of a connection, with what mends those that failed."""
    rows = [
        ("ok" if f.ok else "missing", f.check, f.found, "" if f.ok else f.remedy) for f in found
    ]
    table("Connection", ("", "check", "found", "remedy"), rows)
