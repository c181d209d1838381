"""From figures to statuses: each period of each series that a rule speaks of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from scipy import stats

from churn.domain.rules import EACH, Rule
from churn.monitoring.columns import Bools, Floats, Ints
from churn.monitoring.series import Segment, Series


class Status(IntEnum):
    UNKNOWN = 0
    OK = 1
    WARN = 2
    BREACH = 3
    SEVERE = 4


@dataclass(frozen=True)
class Judgement:
    """What a rule says of each period of one column in one segment.

    Args:
        values: What was compared: the metric, or its distance from baseline or no skill.
    """

    rule: Rule
    column: str
    segment: Segment | None
    statuses: tuple[Status, ...]
    values: Floats


def adjusted(series: Iterable[Series]) -> tuple[Series, ...]:
    """The p-values of features adjusted over the features of a period, for each segment apart.

    Benjamini and Hochberg (1995); every metric is a family of its own.
    """
    every = tuple(series)
    families: dict[tuple[str, Segment | None], list[int]] = defaultdict(list)
    for place, one in enumerate(every):
        if one.is_feature:
            families[one.metric, one.segment].append(place)
    result = list(every)
    for places in families.values():
        corrected = false_discovery(np.array([every[place].p for place in places]))
        for place, p in zip(places, corrected, strict=True):
            result[place] = replace(every[place], p=p)
    return tuple(result)


def false_discovery(p: Floats) -> Floats:
    """Adjusted down each column of a table; NaN belongs to no family and stays."""
    result = np.full(p.shape, np.nan)
    for column in range(p.shape[1]):
        known = ~np.isnan(p[:, column])
        if known.any():
            result[known, column] = stats.false_discovery_control(p[known, column])
    return result


def judge(series: Sequence[Series], rules: Iterable[Rule]) -> tuple[Judgement, ...]:
    """All judgements, in the order of the rules and then of the series.

    Segments are judged more strictly the more of them there are: their p-values count as many
    times as segments could be judged in that period (Bonferroni), so that asking for more
    segments brings no more false alarms.
    """
    judgements = []
    for rule in rules:
        matching = [one for one in series if _speaks_of(rule, one)]
        tests = _segments(matching, rule.least)
        judgements += [_judgement(rule, one, tests) for one in matching]
    return tuple(judgements)


def _speaks_of(rule: Rule, series: Series) -> bool:
    if series.metric != rule.metric or series.kind != rule.kind:
        return False
    if rule.kind == "performance" or rule.column == series.column:
        return True
    return rule.column == EACH and series.is_feature


def _segments(series: Sequence[Series], least: int) -> Ints | int:
    """In each period, how many segments have enough rows."""
    judged: dict[Segment, Bools] = {}
    for one in series:
        if one.segment is not None:
            enough = one.enough >= least
            judged[one.segment] = judged.get(one.segment, enough) | enough
    return sum((enough.astype(np.int64) for enough in judged.values()), start=0)


def _judgement(rule: Rule, series: Series, segments: Ints | int) -> Judgement:
    values = _compared(rule, series)
    p = series.p if series.segment is None else np.minimum(series.p * segments, 1)
    status = np.full(len(values), Status.OK, dtype=np.int64)
    unknown = np.isnan(values) | (series.enough < rule.least)
    for level, limit, largest in (
        (Status.WARN, rule.warn, rule.p),
        (Status.BREACH, rule.breach, rule.p),
        (Status.SEVERE, rule.severe, rule.p_severe or rule.p),
    ):
        if limit is None:
            continue
        reached = _reached(rule, values, limit)
        if largest is not None:
            # A rule that asks for a test also asks for what chance and the season do not explain.
            beyond = values - series.noise
            reached &= _reached(rule, beyond, limit) & (beyond >= series.usual)
            unknown |= reached & np.isnan(p)
            reached &= p <= largest
        if rule.least_affected:
            reached &= values * series.n >= rule.least_affected - 1e-6
        status[reached] = level
    status[unknown] = Status.UNKNOWN
    return Judgement(
        rule, series.column, series.segment, tuple(Status(int(level)) for level in status), values
    )


def _compared(rule: Rule, series: Series) -> Floats:
    if rule.by_interval:
        value = series.low if rule.side == "above" else series.high
    else:
        value = series.value
    if rule.relative_to == "nothing":
        return value
    from_ = series.baseline if rule.relative_to == "baseline" else series.no_skill
    return value - from_ if rule.side == "above" else from_ - value


def _reached(rule: Rule, values: Floats, limit: float) -> Bools:
    with np.errstate(invalid="ignore"):
        if rule.side == "below" and rule.relative_to == "nothing":
            return values < limit
        # An interval that only touches the limit proves nothing.
        return values > limit if rule.by_interval else values >= limit
