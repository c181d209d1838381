"""How the scores of each period did, beside the reference rows and no skill."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from churn.monitoring import estimate, performance
from churn.monitoring.columns import Bools, Floats
from churn.monitoring.intervals import Figure, Z
from churn.monitoring.performance import (
    AGAINST_NO_SKILL,
    GAP,
    ROC_AUC,
    SHIFT,
    Calibration,
    Scored,
)
from churn.monitoring.seasons import extreme
from churn.monitoring.series import Segment, Series, floats, of_figures

EXPECTED_LEAST = 3.29
"""|z| from which a gap is more than noise: two-sided p 0.001."""


def results(
    segment: Segment | None,
    reference: Scored,
    periods: Sequence[Scored],
    *,
    seasons: Sequence[Scored] = (),
) -> tuple[Series, ...]:
    """Every metric of performance; a period that is not to be judged comes without rows."""
    figures = [performance.performance(rows) for rows in periods]
    rates = [figure[performance.BASE_RATE].value for figure in figures]
    without = [{} if rate is None else performance.no_skill(rate) for rate in rates]
    before = performance.performance(reference)
    enough = np.array([min(rows.rarer, reference.rarer) for rows in periods], dtype=np.int64)
    series = [
        replace(
            of_figures(metric, segment, [figure[metric] for figure in figures], before[metric]),
            n=np.array([len(rows.score) for rows in periods], dtype=np.int64),
            baseline_n=len(reference.score),
            enough=np.array([rows.rarer for rows in periods], dtype=np.int64),
            no_skill=floats([values.get(metric) for values in without]),
        )
        for metric in performance.METRICS
    ]
    auc = [figure[ROC_AUC] for figure in figures]
    ranked = replace(
        series[0], enough=enough, p=floats([_worse(figure, before[ROC_AUC]) for figure in auc])
    )
    return (
        ranked,
        *series[1:],
        *_calibrated(ranked, reference, periods, seasons),
        _no_skill(ranked, reference, periods),
    )


def estimates(
    segment: Segment | None, periods: Sequence[tuple[Floats, Bools]], realised: Sequence[Series]
) -> tuple[Series, ...]:
    """Performance as the scores themselves foretell it, and by how much that was wrong."""
    rows = np.array([len(score) for score, _ in periods], dtype=np.int64)
    expected = [estimate.estimate(score, decision) for score, decision in periods]
    truth: Mapping[str, Series] = {series.metric: series for series in realised}
    series = []
    for metric in estimate.METRICS:
        value = floats([values[metric] for values in expected])
        series.append(Series("estimate", "", metric, segment, value, rows, 0))
        wrong = value - truth[metric].value
        series.append(Series("estimate", "", f"{metric}_ERROR", segment, wrong, truth[metric].n, 0))
    return tuple(series)


def _worse(current: Figure, reference: Figure) -> float | None:
    """One-sided p-value of a fall below the reference."""
    return _grown(reference, current)


def _calibrated(
    like: Series, reference: Scored, periods: Sequence[Scored], seasons: Sequence[Scored]
) -> tuple[Series, Series]:
    """The gap, and how far it is from what the reference already had beyond noise.

    The p-value is the larger of two: of no such shift, and of no difference from the reference,
    whose own gap is known only so well.
    """
    before = performance.calibration(reference)
    known = before if abs(before.z or 0) >= EXPECTED_LEAST else Calibration(0.0, 0.0)
    gaps = [performance.calibration(rows) for rows in periods]
    value = floats([gap.gap for gap in gaps])
    se = floats([gap.se for gap in gaps])
    shift = np.abs(value - (known.gap or 0.0))
    p = np.maximum(_two_sided(shift, se), _two_sided(value - (before.gap or 0.0), se, before.se))
    # A rate near 0 or 1 is judged too if the scores expected enough of both classes.
    enough = np.array([max(rows.rarer, _expected(rows)) for rows in periods], dtype=np.int64)
    undefined = np.full(len(value), np.nan)
    gap = replace(
        like,
        metric=GAP,
        value=value,
        low=value - Z * se,
        high=value + Z * se,
        baseline=np.nan if before.gap is None else before.gap,
        no_skill=np.zeros(len(value)),
        p=undefined,
        enough=enough,
    )
    usual = _usual_shift(known, seasons)
    shifted = replace(gap, metric=SHIFT, value=shift, low=undefined, high=undefined)
    return gap, replace(shifted, baseline=0.0, p=p, usual=np.full(len(value), usual))


def _two_sided(difference: Floats, se: Floats, more: float | None = None) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * stats.norm.sf(np.abs(difference) / np.hypot(se, more or 0.0)))


def _expected(rows: Scored) -> int:
    if not rows.is_probability:
        return 0
    return int(min(rows.score.sum(), (1 - rows.score).sum()))


def _usual_shift(known: Calibration, seasons: Sequence[Scored]) -> float:
    """The largest shift of the reference's own periods that is more than noise."""
    gaps = [performance.calibration(rows) for rows in seasons]
    shift = floats([gap.gap for gap in gaps]) - (known.gap or 0.0)
    return extreme(np.abs(shift) - 2 * floats([gap.se for gap in gaps]))


def _no_skill(like: Series, reference: Scored, periods: Sequence[Scored]) -> Series:
    """Log-loss beyond that of the reference's rate; the p-value asks whether it got worse."""
    rate = float(np.mean(reference.outcome)) if len(reference.outcome) else None
    figures = [performance.against_no_skill(rows, rate) for rows in periods]
    before = performance.against_no_skill(reference, rate)
    series = of_figures(AGAINST_NO_SKILL, like.segment, figures, before)
    return replace(
        series,
        n=like.n,
        baseline_n=like.baseline_n,
        enough=np.array([rows.rarer for rows in periods], dtype=np.int64),
        no_skill=np.zeros(len(figures)),
        p=floats([_grown(figure, before) for figure in figures]),
    )


def _grown(current: Figure, reference: Figure) -> float | None:
    """One-sided p-value of a rise above the reference."""
    if current.value is None or reference.value is None:
        return None
    if current.se is None or reference.se is None:
        return None
    rise, spread = current.value - reference.value, math.hypot(current.se, reference.se)
    return float(stats.norm.sf(rise / spread)) if spread else float(rise <= 0)
