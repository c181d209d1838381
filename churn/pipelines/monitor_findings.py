"""What is odd about data that was monitored, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from churn.domain.rules import Rule, no_skill_remark
from churn.monitoring.alarms import Alarm
from churn.monitoring.columns import Bools, Floats, Ints, Numbers, as_numbers
from churn.monitoring.judge import Judgement, Status
from churn.monitoring.measure import Rows
from churn.monitoring.series import Series
from churn.pipelines.monitor_inputs import Start

LEAST = 50
"""Rows below which the default rules judge nothing."""


def about_columns(
    before: Rows, now: Rows, starts: Sequence[Start], raised: Sequence[Alarm]
) -> Iterator[str]:
    for name, column in before.features.items():
        current = now.features[name]
        if type(column) is not type(current):
            was, is_ = ("numbers" if isinstance(c, Numbers) else "text" for c in (column, current))
            yield f"column {name} changed its type: {was} in the baseline, {is_} in the predictions"
        known = column.known if isinstance(column, Numbers) else column.codes[column.codes >= 0]
        if len(np.unique(known)) <= 1:
            yield f"column {name} is {'constant' if len(known) else 'empty'} in the baseline"
    for column_name, words in now.segments.items():
        new = sorted(set(words.words) - set(before.segments[column_name].words))
        if new:
            yield f"segment {column_name}: {', '.join(new)} is not in the baseline"
    for alarm in raised:
        if alarm.column in before.features and alarm.segment is None:
            yield from _unit_change(alarm, before, now, starts)


def _unit_change(alarm: Alarm, before: Rows, now: Rows, starts: Sequence[Start]) -> Iterator[str]:
    if not isinstance(before.features[alarm.column], Numbers):
        return
    old = as_numbers(before.features[alarm.column]).known
    new = as_numbers(now.features[alarm.column]).values[now.period == alarm.opened]
    new = new[np.isfinite(new)]
    if not len(old) or not len(new):
        return
    a, b = float(np.median(old)), float(np.median(new))
    if a * b <= 0:
        return
    power = math.log10(b / a)
    if round(power) != 0 and abs(power - round(power)) < 0.1:
        yield (
            f"column {alarm.column} looks like a change of unit from {starts[alarm.opened]} on: "
            f"its median is {b / a:.4g} times the baseline's"
        )


def about_periods(
    starts: Sequence[Start],
    sizes: Ints,
    share: Floats,
    judged: Bools,
    now: Rows,
) -> Iterator[str]:
    for count, text in ((0, "no rows"), (1, "one row")):
        named = [str(starts[int(i)]) for i in np.flatnonzero(sizes == count)]
        if named:
            yield f"{len(named)} periods with {text}: {_listed(named)}"
    if not np.isfinite(now.outcome).any():
        return
    classes = [
        str(starts[int(i)])
        for i in np.flatnonzero(judged)
        if len(np.unique(now.outcome[(now.period == i) & np.isfinite(now.outcome)])) == 1
    ]
    if classes:
        yield f"{len(classes)} periods with one class only: {_listed(classes)}"
    for ready, what in ((True, "judged all the same"), (False, "performance is not judged yet")):
        late = np.flatnonzero((judged == ready) & (sizes > 0) & (share < (1 if ready else 2)))
        if len(late):
            without = round(float((sizes[late] * (1 - share[late])).sum()))
            yield (
                f"{without} predictions without an outcome in {len(late)} periods from "
                f"{starts[int(late[0])]} on: {what}"
            )


def about_rules(
    rules: Sequence[Rule],
    judgements: Sequence[Judgement],
    starts: Sequence[Start],
    before: Rows,
    held_out: Bools,
) -> Iterator[str]:
    outcome = before.outcome[held_out & np.isfinite(before.outcome)]
    for rule in rules:
        if len(outcome) and (remark := no_skill_remark(rule, float(outcome.mean()))):
            yield remark
    blind = {
        (one.rule.name, first, length)
        for one in judgements
        if one.segment is None
        for first, length in _unknown(one)
    }
    for name, first, length in sorted(blind):
        yield f"{name}: nothing could be judged for {length} periods from {starts[first]} on"


def about_segments(series: Sequence[Series]) -> Iterator[str]:
    """Segments that were too small to be judged in some periods."""
    few = {
        one.segment: int((one.enough < LEAST).sum())
        for one in series
        if one.segment and one.metric == "PSI"
    }
    for segment, periods in few.items():
        if periods:
            yield f"segment {segment}: fewer than {LEAST} rows in {periods} periods, not judged"


def _unknown(judgement: Judgement) -> Iterator[tuple[int, int]]:
    """First period and length of each run of at least three that could not be judged."""
    period = 0
    for unknown, run_ in groupby(judgement.statuses, lambda s: s is Status.UNKNOWN):
        length = len(list(run_))
        if unknown and length >= 3:
            yield period, length
        period += length


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
