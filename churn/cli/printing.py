"""Results for people: tables, rates and progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from churn.domain.contracts import Violation
    from churn.domain.problem import Problem
    from churn.pipelines.explore import Exploration
    from churn.pipelines.import_model import Registered
    from churn.pipelines.score import RiskList
    from churn.pipelines.train import Progress
    from churn.pipelines.training import Training
    from churn.remote.doctor import Finding
    from churn.remote.scripts import Done
    from churn.stores.records import ModelVersion, Run

LINE = 100
SHARES = ("IMPORTANCE", "PREDICTED", "ACTUAL")
RATE = "_RATE"
"""How the columns with shares of entities end."""


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


def as_json(content: object) -> None:
    """One object on one line."""
    sys.stdout.write(json.dumps(content, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "to_dicts"):
        return value.to_dicts()
    if isinstance(value, date | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def problem(shown: Problem) -> None:
    """Tables with their clocks, views and labels with their fingerprints, windows."""
    label = shown.label
    say(f"Problem  {shown.name}: {label.name.lower()} of {shown.entity.plural}, by {shown.key}")
    table(
        "Tables",
        ["table", "clock", "columns"],
        [(t.name, t.clock, ", ".join(t.names)) for t in shown.tables],
    )
    table(
        "Feature views",
        ["view", "fingerprint", "tables", "features"],
        [
            (str(v), v.plan.fingerprint, ", ".join(v.tables), ", ".join(v.columns))
            for v in shown.views
        ],
    )
    table(
        "Labels",
        ["label", "fingerprint", "tables", "column", "1", "0", "decided by"],
        [
            (
                str(each),
                each.plan.fingerprint,
                ", ".join(each.tables),
                each.column,
                each.positive,
                each.negative,
                str(each.event),
            )
            for each in shown.labels
        ],
    )
    windows = label.windows
    gap = f", after a gap of {windows.gap_days} days" if windows.gap_days else ""
    say(f"Windows      observed {windows.observation}, outcome {windows.outcome}{gap}")
    say(f"Broken down  by {', '.join(map(str, shown.attributes)) or 'nothing'}")
    say(f"Bands        {', '.join(f'{b.name} from {b.low:g}' for b in shown.bands)}")
    say(f"Names        {shown.model}, {shown.experiment}, {shown.dataset}")


def violations(shown: Sequence[Violation]) -> None:
    for violation in shown:
        say(f"{violation.severity.upper():8}{violation}")
        for offender in violation.rows:
            say(f"          {offender}")


def exploration(shown: Exploration) -> None:
    warn(shown.findings)
    frame("Rows", shown.rows)
    frame("Rates", shown.rates)
    for name in shown.monthly["TABLE"].unique(maintain_order=True) if shown.monthly.width else ():
        months = shown.monthly.filter(shown.monthly["TABLE"] == name).drop("TABLE")
        months = months[[s.name for s in months if s.null_count() < months.height]]
        most = max(months["ROWS"], default=1)
        rows = [(*row.values(), "█" * round(30 * row["ROWS"] / most)) for row in months.to_dicts()]
        table(f"{name} by month", [*months.columns, ""], rows)
    frame("Distribution of the features", shown.distributions)
    frame("Means by class", shown.by_class)


def training(done: Training) -> None:
    prepared, choice, evaluation = done.prepared, done.choice, done.evaluation
    problem, data, windows = prepared.problem, prepared.training_set, prepared.windows
    warn(prepared.findings)
    table(
        f"{prepared.view}: {data.rows:,} {problem.entity.plural}, "
        f"{data.positives / data.rows:.1%} {problem.label.positive}; "
        f"observed {windows.observation}, outcome {windows.outcome}",
        ["run", "cv log-loss", "cv ROC-AUC", "", "parameters"],
        [
            (
                c.name,
                c.log_loss,
                c.cross_validated(choice.threshold)["roc_auc"]["mean"],
                "chosen" if c is choice.best else "",
                ", ".join(f"{name}={value}" for name, value in c.parameters.items()),
            )
            for c in choice.candidates
        ],
    )
    table(
        f"{choice.best.name}, decisions from a probability of {choice.threshold:.3f}",
        ["metric", "test", "train", "gap", "cv 5x5", "±", "no skill"],
        [
            (
                name,
                value,
                evaluation.train_metrics[name],
                evaluation.gap[name],
                choice.cross_validated[name]["mean"],
                choice.cross_validated[name]["std"],
                evaluation.no_skill[name],
            )
            for name, value in evaluation.metrics.items()
        ],
    )
    groups = evaluation.groups
    if groups.height:
        shown = ("GROUP", "VALUE", problem.counted, problem.rate, "roc_auc", "log_loss", "f1")
        frame("Test part by attribute", groups.select(shown))
    frame(f"Importance: {done.importance_is}", evaluation.importance)
    counts, label = evaluation.confusion, problem.label
    say(
        f"Of {counts.true_positive + counts.false_positive:,} predicted {label.positive}, "
        f"{counts.true_positive:,} {label.positive}; "
        f"of {counts.true_negative + counts.false_negative:,} predicted {label.negative}, "
        f"{counts.true_negative:,} {label.negative}."
    )
    say()
    say(f"Model version  {done.version}{' (default)' if done.version.is_default else ''}")
    say(f"Run            {done.version.lineage.run}  (churn runs show, churn runs compare)")
    say(f"Training set   {data.name}")
    say(f"Risk list      {done.risk_list.location}")


def risk_list(problem: Problem, scored: RiskList, location: str, top: int = 10) -> None:
    warn(scored.findings)
    columns = ["RANK", problem.key, *problem.attribute_names, problem.probability, "RISK_BAND"]
    frame(
        f"Most at risk as of {scored.as_of}, by {scored.version}",
        scored.rows.head(top).select(*columns, "REASON_1", "REASON_2"),
    )
    entities = problem.entity.plural
    frame(f"{entities.capitalize()} by risk band", scored.counts)
    say(f"{scored.rows.height:,} {entities} scored, {scored.at_risk:,} of them at risk.")
    say(f"Risk list  {location}")


def runs(shown: Sequence[Run]) -> None:
    table(
        "Runs",
        [
            "run",
            "name",
            "started",
            "training",
            "algorithm",
            "label",
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
                run.parameters.get("algorithm", ""),
                run.parameters.get("label", ""),
                run.metrics.get("cv_log_loss_mean"),
                run.metrics.get("cv_roc_auc_mean"),
                run.metrics.get("test_roc_auc"),
                "yes" if run.tags.get("chosen") == "true" else "",
            )
            for run in shown
        ],
    )


def run(shown: Run) -> None:
    say(f"Run       {shown.id}  {shown.name}")
    say(f"Started   {shown.started:%Y-%m-%d %H:%M:%S} UTC, training {shown.training}")
    say(f"Artifacts {shown.location}")
    table("Parameters", ["parameter", "value"], sorted(shown.parameters.items()))
    table("Metrics", ["metric", "value"], sorted(shown.metrics.items()))
    table("Tags", ["tag", "value"], sorted(shown.tags.items()))


def comparison(shown: Sequence[Run]) -> None:
    """Metrics and differing parameters side by side."""
    heads = [f"{run.name} {run.id[:8]}" for run in shown]
    tables: tuple[tuple[str, Sequence[Mapping[str, Any]]], ...] = (
        ("Metrics", [run.metrics for run in shown]),
        ("Parameters that differ", _differing([run.parameters for run in shown])),
    )
    for title, sides in tables:
        keys = sorted({key for side in sides for key in side})
        table(title, ["", *heads], [(key, *(side.get(key) for side in sides)) for key in keys])


def _differing(sides: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = {key for side in sides for key in side}
    differ = {key for key in keys if len({side.get(key) for side in sides}) > 1}
    return [{key: value for key, value in side.items() if key in differ} for side in sides]


def models(shown: Sequence[ModelVersion]) -> None:
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
            for v in shown
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


def imported(shown: Registered) -> None:
    version, lineage = shown.version, shown.version.lineage
    say(f"Registered {version}, from {lineage.file_format} of SHA-256 {lineage.file_hash[:16]}")
    say(f"{shown.rows:,} golden predictions repeated to {lineage.agreement}")
    say(f"Fed from   {lineage.feature_view or 'tables that fit its signature'}")
    table("Tags", ["tag", "value"], sorted(shown.tags.items()))


@contextmanager
def progress() -> Iterator[Progress]:
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
        case float() if column in SHARES or column.endswith(RATE):
            return f"{value:.1%}"
        case float():
            return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4f}"
        case int() if column.isupper():
            return f"{value:,}"  # a count; a year or a version stands in no column of ours
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


def findings(shown: Sequence[Finding]) -> None:
    """The checks of a connection, with what fixes those that failed."""
    rows = [
        ("ok" if f.ok else "missing", f.check, f.found, "" if f.ok else f.remedy) for f in shown
    ]
    table("Connection", ("", "check", "found", "remedy"), rows)
