"""The monitor on anybody's files: a baseline, scored rows, and the outcomes known so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl

from churn.domain.errors import StoreError, UsageError
from churn.domain.rules import DEFAULTS, SCORE, Rule
from churn.monitoring.alarms import Alarm, alarms
from churn.monitoring.columns import Bools, Floats, Ints, Words
from churn.monitoring.judge import Judgement, judge
from churn.monitoring.measure import Measures, Rows, measure
from churn.monitoring.series import Series
from churn.pipelines import monitor_inputs as inputs
from churn.pipelines.monitor_findings import (
    about_columns,
    about_periods,
    about_rules,
    about_segments,
)
from churn.pipelines.monitor_inputs import Names, Start
from churn.pipelines.monitor_outcomes import outcomes as join_outcomes


@dataclass(frozen=True)
class Raised:
    """An alarm, its periods by their start.

    Args:
        closed: None while it is open.
        segment: As COLUMN=VALUE; None is everybody.
    """

    kind: str
    rule: str
    column: str | None
    segment: str | None
    opened: Start
    closed: Start | None
    value: float
    limit: float

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "rule": self.rule,
            "column": self.column,
            "segment": self.segment,
            "opened": _plain(self.opened),
            "closed": None if self.closed is None else _plain(self.closed),
            "value": self.value,
            "limit": self.limit,
        }


@dataclass(frozen=True)
class Monitored:
    """What a run of the monitor saw.

    Args:
        metrics: One long table: PERIOD_START, SEGMENT_COLUMN, SEGMENT_VALUE, KIND, COLUMN_NAME,
            METRIC, VALUE, LOW, HIGH, N, BASELINE_N.
        path: Where the table was written, if it was.
        findings: What is odd about the data, in sentences.
        measures, judgements: What the table and the alarms come from, for pictures.
    """

    metrics: pl.DataFrame
    path: Path | None
    periods: tuple[Start, ...]
    alarms: tuple[Raised, ...]
    findings: tuple[str, ...]
    measures: Measures = field(repr=False)
    judgements: tuple[Judgement, ...] = field(repr=False)
    score: str

    @property
    def open(self) -> tuple[Raised, ...]:
        return tuple(alarm for alarm in self.alarms if alarm.closed is None)

    def as_json(self) -> dict[str, object]:
        return {
            "metrics": None if self.path is None else str(self.path),
            "periods": [_plain(start) for start in self.periods],
            "alarms": [alarm.as_json() for alarm in self.alarms],
            "findings": list(self.findings),
        }


def run(
    baseline: Path,
    predictions: Path,
    outcomes: Path | None = None,
    *,
    key: str,
    time: str,
    score: str,
    prediction: str | None = None,
    label: str | None = None,
    outcome_time: str | None = None,
    features: Sequence[str] | None = None,
    segments: Sequence[str] = (),
    reference: str | None = None,
    every: str = "week",
    through: Start | None = None,
    threshold: float = 0.5,
    rules: Iterable[Rule] = DEFAULTS,
    out: Path | None = None,
) -> Monitored:
    """Measure every period of the predictions against the baseline and judge it by the rules.

    Args:
        baseline, predictions, outcomes: Files ending in .csv or .parquet. Without outcomes the
            label may stand among the predictions, empty where it is not known yet.
        prediction: The decision that was made; without one, the score at `threshold`.
        outcome_time: When each outcome became known.
        features: Columns to watch; without any, those that baseline and predictions share.
        reference: A column of the baseline that is true where the model was not fitted.
        every: `week`, `month`, or a number of days.
        through: Look at the files as they were on that day: later rows and outcomes are unknown.
        out: Where to write the table of metrics.

    Raises:
        UsageError: The call is wrong.
        DataError: A file cannot be read or lacks what was named.
    """
    chosen = None if features is None else tuple(features)
    names = Names(
        key, time, score, prediction, label, outcome_time, chosen, tuple(segments), reference
    )
    _check(names, outcomes, out)
    base, scored = inputs.read(baseline), inputs.read(predictions)
    inputs.need(scored, predictions, [key, time, score, prediction, *segments])
    inputs.need(base, baseline, [reference])
    scored, findings = _cleaned(scored, predictions, names, through)
    grouped = inputs.periods(scored[time], every)
    known = join_outcomes(scored, predictions, outcomes, names, grouped, through)
    wanted, odd = inputs.chosen_features(base, scored, names)
    before, held_out, about = _baseline(base, baseline, names, wanted, every, threshold)
    now, more = _rows(scored, predictions, names, wanted, grouped.of_row, known.values, threshold)
    sizes, share = inputs.known_shares(now.outcome, now.period, len(grouped.starts))
    judged = inputs.mature(share, known.waited)
    measures = measure(before, held_out, now, judged)
    rules = tuple(rules)
    judgements = judge(measures.series, rules)
    raised = alarms(judgements)
    series = (*measures.series, *_known(share, sizes, len(before)))
    table = metrics_table(series, grouped.starts, score)
    return Monitored(
        metrics=table,
        path=None if out is None else _write(table, out),
        periods=grouped.starts,
        alarms=tuple(_raised(alarm, grouped.starts, score) for alarm in raised),
        findings=(
            *findings,
            *odd,
            *about,
            *more,
            *known.findings,
            *about_columns(before, now, grouped.starts, raised),
            *about_periods(grouped.starts, sizes, share, judged, now),
            *about_segments(measures.series),
            *about_rules(rules, judgements, grouped.starts, before, held_out),
        ),
        measures=measures,
        judgements=judgements,
        score=score,
    )


def metrics_table(series: Sequence[Series], starts: Sequence[Start], score: str) -> pl.DataFrame:
    """The series as one long table, a row for each period; NaN is NULL.

    Each metric of performance is followed by the same of the baseline and of no skill.
    """
    every = [one for first in series for one in _with_yardsticks(first)]
    count = len(starts)

    def repeated(values: list[str | None]) -> pl.Series:
        positions = np.repeat(np.arange(len(values)), count)
        return pl.Series(values, dtype=pl.String).gather(positions)

    def joined(arrays: list[Floats] | list[Ints]) -> pl.Series:
        return pl.Series(np.concatenate(arrays)) if arrays else pl.Series([], dtype=pl.Float64)

    names = {SCORE: score, "": None}
    times = pl.Series(list(starts), dtype=None if count else pl.Date)
    return pl.DataFrame(
        {
            "PERIOD_START": times.gather(np.tile(np.arange(count), len(every))),
            "SEGMENT_COLUMN": repeated([one.segment and one.segment.column for one in every]),
            "SEGMENT_VALUE": repeated([one.segment and one.segment.value for one in every]),
            "KIND": repeated([one.kind for one in every]),
            "COLUMN_NAME": repeated([names.get(one.column, one.column) for one in every]),
            "METRIC": repeated([one.metric for one in every]),
            "VALUE": joined([one.value for one in every]),
            "LOW": joined([one.low for one in every]),
            "HIGH": joined([one.high for one in every]),
            "N": joined([one.n for one in every]),
            "BASELINE_N": joined([np.full(count, one.baseline_n) for one in every]),
        }
    ).with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in ("VALUE", "LOW", "HIGH")
    )


def _with_yardsticks(series: Series) -> Iterator[Series]:
    yield series
    if series.kind != "performance":
        return
    for suffix, value in (
        ("BASELINE", np.full(len(series.value), series.baseline)),
        ("NO_SKILL", series.no_skill),
    ):
        yield Series(
            *("performance", series.column, f"{series.metric}_{suffix}", series.segment),
            *(value, series.n, series.baseline_n),
        )


def _check(names: Names, outcomes: Path | None, out: Path | None) -> None:
    if outcomes is not None and names.label is None:
        raise UsageError(
            f"{outcomes.name} is given, but not its label", "Name the column: --label COLUMN"
        )
    if out is not None and out.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"{out} ends in {out.suffix or 'nothing'}", "Name a file that ends in .csv or .parquet."
        )


def _cleaned(
    frame: pl.DataFrame, path: Path, names: Names, through: Start | None
) -> tuple[pl.DataFrame, list[str]]:
    """Rows with a time, each customer once a time; what went is counted."""
    findings = []
    frame = frame.with_columns(inputs.times(frame[names.time], path))
    timeless = frame[names.time].null_count()
    if timeless:
        findings.append(f"{timeless} predictions without {names.time} are left out")
        frame = frame.filter(pl.col(names.time).is_not_null())
    if through is not None:
        frame = frame.filter(pl.col(names.time) <= through)
    keyless = frame[names.key].null_count()
    if keyless:
        findings.append(f"{keyless} predictions without {names.key}: they never get an outcome")
    last = pl.struct(names.key, names.time).is_last_distinct() | pl.col(names.key).is_null()
    once = frame.filter(last)
    twice = frame.height - once.height
    if twice:
        findings.append(
            f"{twice} duplicate predictions of one {names.key} at one {names.time}: "
            "the last of each counts"
        )
    return once, findings + _versions(frame, names)


def _versions(frame: pl.DataFrame, names: Names) -> list[str]:
    findings = []
    for name in frame.columns:
        if name.upper() in inputs.VERSIONS and name not in (names.features or ()):
            mixed = frame.group_by(names.time).agg(pl.col(name).n_unique()).filter(pl.col(name) > 1)
            if mixed.height:
                when = str(mixed[names.time].min())
                findings.append(
                    f"{name}: {mixed.height} times hold more than one, the first is {when}; "
                    "they are judged together"
                )
    return findings


def _baseline(
    frame: pl.DataFrame,
    path: Path,
    names: Names,
    features: Sequence[str],
    every: str,
    threshold: float,
) -> tuple[Rows, Bools, list[str]]:
    findings = []
    held_out = np.ones(frame.height, dtype=np.bool_)
    if names.reference:
        held_out = inputs.flags(frame[names.reference], path) == 1
        if not held_out.any():
            findings.append(f"{names.reference} is true nowhere: there are no reference rows")
    elif names.label in frame.columns and names.score in frame.columns:
        findings.append(
            "the whole baseline is the reference of performance: if the model was fitted on "
            "these rows they flatter; name others with --reference"
        )
    findings += [
        f"{path.name} has no {role}: performance has no reference"
        for role in (names.label, names.score)
        if role and role not in frame.columns
    ]
    outcome = np.full(frame.height, np.nan)
    if names.label and names.label in frame.columns:
        outcome = inputs.flags(frame[names.label], path)
    period = np.zeros(frame.height, dtype=np.int64)
    if names.time in frame.columns:
        when = inputs.times(frame[names.time], path)
        if not when.null_count():
            period = inputs.periods(when, every).of_row
    rows, more = _rows(frame, path, names, features, period, outcome, threshold)
    return rows, held_out, findings + more


def _rows(
    frame: pl.DataFrame,
    path: Path,
    names: Names,
    features: Sequence[str],
    period: Ints,
    outcome: Floats,
    threshold: float,
) -> tuple[Rows, list[str]]:
    findings = []
    score = np.full(frame.height, np.nan)
    if names.score in frame.columns:
        score = inputs.numbers(frame[names.score])
        lost = int((~np.isfinite(score)).sum())
        if lost:
            findings.append(f"{path.name}: {lost} rows without a {names.score}")
        known = score[np.isfinite(score)]
        if len(known) and not (known.min() >= 0 and known.max() <= 1):
            findings.append(
                f"{path.name}: {names.score} is no probability, from {known.min():g} to "
                f"{known.max():g}: measures of probabilities are empty"
            )
    with np.errstate(invalid="ignore"):
        decision = score >= threshold
    if names.prediction and names.prediction in frame.columns:
        told = inputs.flags(frame[names.prediction], path)
        decision = np.where(np.isnan(told), decision, told == 1)
    segments: dict[str, Words] = {}
    for name in names.segments:
        if name in frame.columns:
            segments[name], finding = inputs.segment_words(frame[name])
            findings += [finding] if finding else []
        else:
            segments[name] = Words(np.full(frame.height, -1, dtype=np.int64), ())
            findings.append(f"{path.name} has no {name}: its segments have no baseline")
    columns = inputs.as_mapping(frame, features)
    return Rows(columns, score, decision, outcome, period, segments), findings


def _known(share: Floats, sizes: Ints, baseline_n: int) -> Iterator[Series]:
    yield Series("data", "", "OUTCOMES_KNOWN", None, share, sizes, baseline_n)


def _raised(alarm: Alarm, starts: Sequence[Start], score: str) -> Raised:
    return Raised(
        kind=alarm.kind,
        rule=alarm.rule.name,
        column={SCORE: score, "": None}.get(alarm.column, alarm.column),
        segment=None if alarm.segment is None else str(alarm.segment),
        opened=starts[alarm.opened],
        closed=None if alarm.closed is None else starts[alarm.closed],
        value=alarm.value,
        limit=alarm.limit,
    )


def _write(table: pl.DataFrame, path: Path) -> Path:
    """Whole or not at all."""
    aside = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        (table.write_csv if path.suffix == ".csv" else table.write_parquet)(aside)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}", "Choose a place that you may write."
        ) from error
    return path


def _plain(start: Start) -> str | int:
    return start if isinstance(start, int) else start.isoformat()
