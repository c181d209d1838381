"""Every measure of a history of scored rows against its baseline.

The arrays may come from files, from a log or from a warehouse: this is the whole of what a
monitor computes. What counts in bins can be counted elsewhere and go through `drift.binned`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np

from churn.domain.rules import SCORE
from churn.monitoring import drift, results
from churn.monitoring.bins import Bins, count, fit
from churn.monitoring.columns import Bools, Column, Floats, Ints, Numbers, Words, as_numbers
from churn.monitoring.judge import adjusted, false_discovery
from churn.monitoring.performance import Scored
from churn.monitoring.samples import distances, ordered
from churn.monitoring.seasons import blocks, usual_missing, usual_psi
from churn.monitoring.series import Segment, Series

WORKERS = 2


@dataclass(frozen=True)
class Rows:
    """Scored rows, one entry each.

    Args:
        score: NaN where there is none.
        outcome: 1, 0, or NaN where it is not known.
        period: Number of the period, from 0.
        segments: Columns to break down by.
    """

    features: Mapping[str, Column]
    score: Floats
    decision: Bools
    outcome: Floats
    period: Ints
    segments: Mapping[str, Words]

    def __len__(self) -> int:
        return len(self.period)


@dataclass(frozen=True)
class Histogram:
    """Counts in the bins of a column, of the baseline and of each period (periods, bins)."""

    column: str
    labels: tuple[str, ...]
    baseline: Ints
    current: Ints


@dataclass(frozen=True)
class Measures:
    """Histograms are of everybody."""

    series: tuple[Series, ...]
    histograms: tuple[Histogram, ...]


@dataclass(frozen=True)
class _Pair:
    """A column of the baseline, the same of the history, and the rows of the first to compare."""

    name: str
    baseline: Column
    current: Column
    chosen: Bools


@dataclass(frozen=True)
class _Part:
    """A segment's rows, or everybody's, by position; those of the history sorted by period."""

    segment: Segment | None
    baseline: Ints
    current: Ints
    bounds: Ints

    def periods(self) -> Iterator[Ints]:
        for start, end in pairwise(self.bounds):
            yield self.current[start:end]


def measure(baseline: Rows, reference: Bools, current: Rows, judged: Bools) -> Measures:
    """Drift, data, performance and estimates, for everybody and for each segment.

    Args:
        baseline: Its periods are its own; they tell what a season does.
        reference: The rows of the baseline that the model was not fitted on; scores are
            compared with theirs.
        current: Periods are numbered as in `judged`.
        judged: Of each period, whether enough outcomes are known to speak of performance.
    """
    parts = [*_parts(baseline, current, len(judged))]
    everybody = np.ones(len(baseline), dtype=np.bool_)
    pairs = [
        _Pair(name, column, current.features[name], everybody)
        for name, column in baseline.features.items()
    ]
    if np.isfinite(baseline.score[reference]).any():
        pairs.append(_Pair(SCORE, Numbers(baseline.score), Numbers(current.score), reference))
    with ThreadPoolExecutor(WORKERS) as pool:
        drifting = pool.map(lambda pair: _column(pair, baseline.period, parts), pairs)
        grading = pool.map(lambda part: _results(baseline, reference, current, judged, part), parts)
        columns, graded = [*drifting], [*chain.from_iterable(grading)]
    drifted = adjusted(chain.from_iterable(series for _, series in columns))
    return Measures((*_with_adjusted(drifted), *graded), tuple(first for first, _ in columns))


def _column(pair: _Pair, season: Ints, parts: Sequence[_Part]) -> tuple[Histogram, list[Series]]:
    name, bins = pair.name, fit(pair.baseline.take(pair.chosen))
    before, after = bins.assign(pair.baseline), bins.assign(pair.current)
    # A segment is no measure of the column that defines it.
    own = [part for part in parts if part.segment is None or part.segment.column != name]
    rows = [part.baseline[pair.chosen[part.baseline]] for part in own]
    usual = _usual(before[rows[0]], season[rows[0]], bins)
    counts, series = [], list[Series]()
    for part, then in zip(own, rows, strict=True):
        counts.append(_counts(part, bins, before[then], after))
        series += drift.binned(name, part.segment, bins, *counts[-1], usual=usual)
    if isinstance(pair.baseline, Numbers):
        centred, now, unit = _centred(pair.baseline.values, as_numbers(pair.current).values)
        ends = _ends(centred[rows[0]])
        for part, then in zip(own, rows, strict=True):
            series += _sums(name, part, centred[then], now, unit, ends)
        series += _distances(name, own[0], centred[rows[0]], now, unit)
    return Histogram(name, bins.labels, *counts[0]), series


def _usual(codes: Ints, season: Ints, bins: Bins) -> drift.Usual:
    parts = [np.bincount(codes[rows], minlength=bins.size) for rows in blocks(season)]
    counts = np.array(parts, dtype=np.int64).reshape(-1, bins.size)
    return drift.Usual(usual_psi(counts), usual_missing(counts))


def _counts(part: _Part, bins: Bins, before: Ints, after: Ints) -> tuple[Ints, Ints]:
    sizes = np.diff(part.bounds)
    group = np.repeat(np.arange(len(sizes)), sizes)
    now = count(after[part.current], bins.size, group, len(sizes))
    return np.bincount(before, minlength=bins.size), now


def _centred(baseline: Floats, current: Floats) -> tuple[Floats, Floats, float]:
    """Both from the baseline's mean in its standard deviations, for the sake of rounding."""
    known = baseline[np.isfinite(baseline)]
    mean = float(np.mean(known)) if len(known) else 0.0
    unit = float(np.std(known)) if len(known) and known.min() < known.max() else 1.0
    then, now = (
        np.where(np.isfinite(values), (values - mean) / unit, np.nan)
        for values in (baseline, current)
    )
    return then, now, unit


def _ends(then: Floats) -> tuple[float, float]:
    """As far outside everybody's range as that is wide: few rows of a segment have no range."""
    known = then[~np.isnan(then)]
    if not len(known):
        return np.nan, np.nan
    low, high = float(known.min()), float(known.max())
    return low - (high - low), high + (high - low)


def _sums(
    name: str, part: _Part, then: Floats, now: Floats, unit: float, ends: tuple[float, float]
) -> Iterator[Series]:
    """What needs the values themselves, but no order of them; NaN is missing."""
    known = then[~np.isnan(then)]
    values, sizes = now[part.current], np.diff(part.bounds)
    group, periods = np.repeat(np.arange(len(sizes)), sizes), len(sizes)
    far = (values < ends[0]) | (values > ends[1])
    outside = np.bincount(group[far], minlength=periods)
    missing = np.isnan(values)
    if missing.any():
        values, group = values[~missing], group[~missing]
    n = np.bincount(group, minlength=periods).astype(np.int64)
    totals, squares = (
        np.bincount(group, weight, minlength=periods).astype(np.float64)
        for weight in (values, values * values)
    )
    sample = drift.Sample.of(known, unit)
    yield drift.far_outside(name, part.segment, sizes, outside, len(then))
    yield from drift.moments(name, part.segment, sample, (n, totals, squares))


def _distances(name: str, part: _Part, then: Floats, now: Floats, unit: float) -> Iterator[Series]:
    """What needs the values in order, which takes as long as all the rest."""
    known = then[~np.isnan(then)]
    base, current = ordered(known), now[part.current]
    slices = (np.sort(current[start:end]) for start, end in pairwise(part.bounds))  # NaN last
    values = [slice_[: np.searchsorted(slice_, np.nan)] for slice_ in slices]
    n = np.array([len(slice_) for slice_ in values], dtype=np.int64)
    apart = [distances(base, slice_) for slice_ in values]
    yield from drift.unbinned(name, drift.Sample.of(known, unit), n, apart)


def _results(
    baseline: Rows, reference: Bools, current: Rows, judged: Bools, part: _Part
) -> tuple[Series, ...]:
    held_out = part.baseline[reference[part.baseline]]
    seasons = [held_out[rows] for rows in blocks(baseline.period[held_out])]
    nothing = part.current[:0]
    periods = [
        rows if ready else nothing for rows, ready in zip(part.periods(), judged, strict=True)
    ]
    graded = results.results(
        part.segment,
        _scored(baseline, held_out),
        [_scored(current, rows) for rows in periods],
        seasons=[_scored(baseline, rows) for rows in seasons],
    )
    told = [_told(current, rows) for rows in part.periods()]
    return (*graded, *results.estimates(part.segment, told, graded))


def _scored(rows: Rows, chosen: Ints) -> Scored:
    score, outcome = rows.score[chosen], rows.outcome[chosen]
    known = np.isfinite(score) & np.isfinite(outcome)
    return Scored(score[known], rows.decision[chosen][known], outcome[known] == 1)


def _told(rows: Rows, chosen: Ints) -> tuple[Floats, Bools]:
    score = rows.score[chosen]
    known = np.isfinite(score)
    return score[known], rows.decision[chosen][known]


def _parts(baseline: Rows, current: Rows, periods: int) -> Iterator[_Part]:
    everybody = np.argsort(current.period, kind="stable")
    edges = np.arange(periods + 1)
    yield _Part(
        None,
        np.arange(len(baseline)),
        everybody,
        np.searchsorted(current.period[everybody], edges),
    )
    for column, now in current.segments.items():
        then = baseline.segments[column]
        place = {word: code for code, word in enumerate(then.words)}
        by_value = everybody[np.argsort(now.codes[everybody], kind="stable")]
        starts = np.searchsorted(now.codes[by_value], np.arange(len(now.words) + 1))
        for code, word in enumerate(now.words):
            rows = by_value[starts[code] : starts[code + 1]]
            before = np.flatnonzero(then.codes == place[word]) if word in place else rows[:0]
            bounds = np.searchsorted(current.period[rows], edges)
            yield _Part(Segment(column, word), before, rows, bounds)


def _with_adjusted(series: Sequence[Series]) -> Iterator[Series]:
    """Beside each feature's p-value on the bins, the one adjusted over the features."""
    yield from series
    tests = [one for one in series if one.metric == "P" and one.is_feature]
    for segment in dict.fromkeys(one.segment for one in tests):
        family = [one for one in tests if one.segment == segment]
        corrected = false_discovery(np.array([one.value for one in family]))
        for one, value in zip(family, corrected, strict=True):
            yield replace(one, metric="P_ADJUSTED", value=value)
