"""How one column of each period differs from the baseline: series of every measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from churn.monitoring import distances, seasons
from churn.monitoring.bins import Bins, CategoryBins
from churn.monitoring.columns import Floats, Ints
from churn.monitoring.intervals import Z, share
from churn.monitoring.samples import Distances, ks_p
from churn.monitoring.series import Kind, Segment, Series, floats


@dataclass(frozen=True)
class Sample:
    """The known values of the baseline, measured from a centre in a unit near their spread."""

    n: int
    mean: float
    std: float
    unit: float

    @classmethod
    def of(cls, values: Floats, unit: float) -> Sample:
        if len(values) == 0:
            return cls(0, np.nan, np.nan, unit)
        # Of equal values the computed one may be 1e-17.
        std = float(np.std(values)) if values.min() < values.max() else 0.0
        return cls(len(values), float(np.mean(values)), std, unit)

    @property
    def per_std(self) -> float:
        """What turns a distance into standard deviations; NaN where there is none."""
        return 1 / self.std if self.std > 0 else np.nan


class Usual(NamedTuple):
    """What a season reaches of the stability index and of the change in missing values."""

    psi: float
    missing: float


NOTHING = Usual(0.0, 0.0)


def binned(
    column: str,
    segment: Segment | None,
    bins: Bins,
    baseline: Ints,
    current: Ints,
    *,
    usual: Usual = NOTHING,
) -> tuple[Series, ...]:
    """All measures of counts.

    Args:
        baseline: Rows of the baseline in each bin.
        current: The same for each period, shape (periods, bins).
        usual: What the baseline's own seasons reach.
    """
    n, m = current.sum(axis=-1), int(baseline.sum())
    test = distances.chi_square(baseline, current)

    def series(kind: Kind, metric: str, value: Floats) -> Series:
        return Series(kind, column, metric, segment, value, n, m)

    index = replace(
        series("drift", "PSI", distances.psi(baseline, current)),
        p=_unseen_apart(bins, baseline, current, test.p),
        noise=distances.expected_psi(baseline, current),
        usual=seasons.likely(usual.psi, baseline, current),
    )
    return (
        index,
        series("drift", "JENSEN_SHANNON", distances.jensen_shannon(baseline, current)),
        series("drift", "HELLINGER", distances.hellinger(baseline, current)),
        series("drift", "CHI_SQUARE", test.statistic),
        series("drift", "P", test.p),
        *_missing(series("data", "MISSING_SHARE", np.empty(len(n))), baseline, current, usual),
        *_new(series("data", "NEW_SHARE", np.empty(len(n))), bins, current),
    )


def far_outside(
    column: str, segment: Segment | None, rows: Ints, outside: Ints, baseline_n: int
) -> Series:
    """Values further beyond the baseline's extremes than these are apart."""
    return _shares(
        Series("data", column, "FAR_OUTSIDE_SHARE", segment, np.empty(len(rows)), rows, baseline_n),
        outside,
    )


def moments(
    column: str, segment: Segment | None, base: Sample, groups: tuple[Ints, Floats, Floats]
) -> tuple[Series, Series]:
    """Difference of means, raw and in standard deviations of the baseline, with z intervals.

    Args:
        groups: Of each period the known values: how many, their sum and sum of squares.
    """
    n, total, squares = groups
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(n > 0, total / n - base.mean, np.nan)
        variance = np.maximum(squares - total**2 / n, 0) / (n - 1) / n
        se = np.sqrt(variance + base.std**2 / (base.n - 1) if base.n > 1 else np.nan)
    se = np.where(n > 1, se, np.nan)
    raw = Series("drift", column, "DIFFERENCE_OF_MEANS", segment, value, n, base.n)

    def times(metric: str, unit: float) -> Series:
        low, high = value - Z * se, value + Z * se
        return replace(raw, metric=metric, value=value * unit, low=low * unit, high=high * unit)

    return times(raw.metric, base.unit), times(f"{raw.metric}_STD", base.per_std)


def unbinned(column: str, base: Sample, n: Ints, apart: Sequence[Distances]) -> tuple[Series, ...]:
    """First Wasserstein distance, raw and in standard deviations; Kolmogorov-Smirnov."""
    wasserstein = np.array([distance.wasserstein for distance in apart])
    ks = np.array([distance.ks for distance in apart])
    p = ks_p(np.nan_to_num(ks), np.array(base.n), n)
    return tuple(
        Series("drift", column, metric, None, value, n, base.n)
        for metric, value in (
            ("WASSERSTEIN", wasserstein * base.unit),
            ("WASSERSTEIN_STD", wasserstein * base.per_std),
            ("KS", ks),
            ("KS_P", np.where(np.isnan(ks), np.nan, p)),
        )
    )


def _missing(series: Series, baseline: Ints, current: Ints, usual: Usual) -> tuple[Series, Series]:
    """Share of missing values, and how far it moved, with the test of two proportions."""
    missing = _shares(series, current[..., -1])
    change, p = _moved(baseline, current)
    before = float(distances.shares(baseline)[-1])
    missing = replace(missing, baseline=before)
    return missing, replace(
        series,
        metric="MISSING_CHANGE",
        value=change,
        p=p,
        usual=np.full(len(change), usual.missing),
    )


def _moved(baseline: Ints, current: Ints) -> tuple[Floats, Floats]:
    """By how much the share of missing values differs, and the two-sided p-value."""
    m, n = baseline.sum(), current.sum(axis=-1)
    change = np.abs(distances.shares(current)[..., -1] - distances.shares(baseline)[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        both = (baseline[-1] + current[..., -1]) / (m + n)
        z = change / np.sqrt(both * (1 - both) * (1 / m + 1 / n))
    p = 2 * stats.norm.sf(z)
    return change, np.where(change == 0, 1.0, p)


def _new(series: Series, bins: Bins, current: Ints) -> tuple[Series, ...]:
    """Share of values that the baseline never had, against what is to be expected of new ones."""
    if not isinstance(bins, CategoryBins):
        return ()
    rows = current[..., bins.new]
    p = stats.binom.sf(rows - 1, series.n, bins.unseen)
    usual = np.full(len(rows), bins.unseen + 0.05 if bins.unseen else 0.0)
    return (replace(_shares(series, rows), p=np.where(rows > 0, p, 1.0), usual=usual),)


def _unseen_apart(bins: Bins, baseline: Ints, current: Ints, p: Floats) -> Floats:
    """The p-value that an alarm may rest on.

    Where many values are rare, some are always new: then new and other are one bin.
    """
    if not isinstance(bins, CategoryBins) or not bins.unseen:
        return p
    return distances.chi_square(_merged(baseline), _merged(current)).p


def _merged(counts: Ints) -> Ints:
    other = counts[..., -3:-1].sum(axis=-1, keepdims=True)
    return np.concatenate([counts[..., :-3], other, counts[..., -1:]], axis=-1)


def _shares(series: Series, rows: Ints) -> Series:
    figures = [share(float(k), float(n)) for k, n in zip(rows, series.n, strict=True)]
    return replace(
        series,
        value=floats([figure.value for figure in figures]),
        low=floats([figure.low for figure in figures]),
        high=floats([figure.high for figure in figures]),
    )
