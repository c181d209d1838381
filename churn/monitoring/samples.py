"""How far two samples of numbers are apart, without bins; missing values are left out before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from churn.monitoring.columns import Floats, Ints


class Sorted(NamedTuple):
    """A sample in ascending order.

    Args:
        sums: Running sums, from 0: one more than values.
        first: For each value the position of the first that is equal.
    """

    values: Floats
    sums: Floats
    first: Ints


def ordered(known: Floats) -> Sorted:
    values = np.sort(known)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return Sorted(values, sums, np.searchsorted(values, values))


class Distances(NamedTuple):
    """First Wasserstein distance and Kolmogorov-Smirnov statistic; NaN without a value."""

    wasserstein: float
    ks: float


def distances(baseline: Sorted, current: Floats) -> Distances:
    """Between the baseline and known values in ascending order.

    Looks at the current values only, so that a large baseline costs its logarithm: between two
    neighbours of them their own distribution function is flat and the baseline's rises.
    Both samples should be centred: the error is 1e-16 of the largest running sum.
    """
    n, m = len(current), len(baseline.values)
    if n == 0 or m == 0:
        return Distances(np.nan, np.nan)
    up_to = np.searchsorted(baseline.values, current, side="right")
    last = np.maximum(up_to - 1, 0)
    below = np.where(baseline.values[last] == current, baseline.first[last], up_to)
    steps = np.arange(n + 1) / n
    ks = max(np.max(below / m - steps[:-1]), np.max(steps[1:] - up_to / m), 0.0)
    return Distances(_wasserstein(baseline, current, up_to), float(ks))


def ks_p(statistic: Floats, m: Ints, n: Ints) -> Floats:
    """Asymptotic two-sided p-value, as SciPy's `ks_2samp(method="asymp")`."""
    size = np.maximum(np.round(m * n / np.maximum(m + n, 1)), 1)
    p: Floats = np.clip(stats.kstwo.sf(statistic, size), 0, 1)
    return p


def _wasserstein(baseline: Sorted, current: Floats, up_to: Ints) -> float:
    n, m = len(current), len(baseline.values)
    start, end = current[:-1], current[1:]
    rank = np.arange(1, n)
    # Where the baseline's function passes rank / n: to the left of it the current one is higher.
    place = (rank * m + n - 1) // n
    passes = np.clip(baseline.values[place - 1], start, end)
    area = _area(baseline, current, up_to)
    middle = _area(baseline, passes, np.clip(place, up_to[:-1], up_to[1:]))
    higher = rank / n * (passes - start) - (middle - area[:-1])
    lower = (area[1:] - middle) - rank / n * (end - passes)
    beyond = area[-1] + baseline.sums[-1] / m - current[-1]
    return max(float(area[0] + (higher + lower).sum() + beyond), 0.0)


def _area(baseline: Sorted, points: Floats, up_to: Ints) -> Floats:
    """The integral of the baseline's distribution function up to each point."""
    area: Floats = (up_to * points - baseline.sums[up_to]) / len(baseline.values)
    return area
