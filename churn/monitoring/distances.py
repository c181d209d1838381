"""How far two samples are apart, by their counts in the same bins.

Counts have the bins along their last axis; whatever stands before broadcasts, so that a whole
history is one call. Shares are of all rows. Where a side has no row the result is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from churn.monitoring.columns import Floats, Ints

FLOOR = 1e-4
"""An empty bin counts as this share in the population stability index."""


class ChiSquare(NamedTuple):
    """Pearson's statistic and its p-value."""

    statistic: Floats
    p: Floats


def shares(counts: Ints) -> Floats:
    rows = counts.sum(axis=-1, keepdims=True)
    result: Floats = np.divide(counts, rows, out=np.full(counts.shape, np.nan), where=rows > 0)
    return result


def psi(baseline: Ints, current: Ints) -> Floats:
    """Population stability index; shares below the floor are lifted to it, not renormalised.

    Without drift about chi-squared times (1/m + 1/n), with one degree less than there are
    bins (Yurdakul and Naranjo 2020): its size means nothing without the number of rows.
    """
    p, q = np.maximum(shares(baseline), FLOOR), np.maximum(shares(current), FLOOR)
    return np.asarray(np.sum((q - p) * np.log(q / p), axis=-1))


def expected_psi(baseline: Ints, current: Ints, *, inside: bool = False) -> Floats:
    """What the index is expected to be by chance alone: (bins - 1) (1/m + 1/n).

    Args:
        inside: The current rows are a part of the baseline; then it is (bins - 1) (1/n - 1/m).
    """
    degrees = (baseline + current > 0).sum(axis=-1) - 1
    m, n = baseline.sum(axis=-1), current.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(degrees * (1 / n + (-1 / m if inside else 1 / m)))


def jensen_shannon(baseline: Ints, current: Ints) -> Floats:
    """The distance: square root of the divergence in bits; 0 to 1."""
    p, q = np.broadcast_arrays(shares(baseline), shares(current))
    middle = (p + q) / 2
    divergence = (_bits(p, middle) + _bits(q, middle)) / 2
    return np.sqrt(np.clip(divergence, 0, 1))


def hellinger(baseline: Ints, current: Ints) -> Floats:
    """0 to 1."""
    p, q = shares(baseline), shares(current)
    squares = np.sum((np.sqrt(p) - np.sqrt(q)) ** 2, axis=-1)
    return np.asarray(np.minimum(np.sqrt(squares / 2), 1))


def chi_square(baseline: Ints, current: Ints) -> ChiSquare:
    """Pearson's test on two rows of counts, bins pooled until each expects at least one row."""
    first, second = np.broadcast_arrays(baseline, current)
    shape, bins = first.shape[:-1], first.shape[-1]
    first, second = first.reshape(-1, bins), second.reshape(-1, bins)
    m, n = first.sum(axis=1), second.sum(axis=1)
    total = first + second
    filled = np.where(total > 0, total, np.iinfo(np.int64).max).min(axis=1)
    sparse = filled * np.minimum(m, n) < m + n
    statistic, degrees = _pearson(first, second)
    for row in np.flatnonzero(sparse & (m > 0) & (n > 0)):
        statistic[row], degrees[row] = _pearson(*pooled(first[row], second[row]))
    p = np.where(degrees > 0, stats.chi2.sf(statistic, np.maximum(degrees, 1)), 1.0)
    empty = (m == 0) | (n == 0)
    statistic[empty] = p[empty] = np.nan
    return ChiSquare(statistic.reshape(shape), p.reshape(shape))


def pooled(baseline: Ints, current: Ints) -> tuple[Ints, Ints]:
    """Merge the smallest bin into the next smallest while the smallest expects less than one row.

    Empty bins are dropped; of equally small bins the first counts as the smallest.
    """
    kept = (baseline + current) > 0
    first, second = baseline[kept].tolist(), current[kept].tolist()
    m, n = sum(first), sum(second)
    total = [a + b for a, b in zip(first, second, strict=True)]
    while len(total) > 1 and min(total) * min(m, n) < m + n:
        smallest = total.index(min(total))
        moved = [counts.pop(smallest) for counts in (first, second, total)]
        target = total.index(min(total))
        for counts, amount in zip((first, second, total), moved, strict=True):
            counts[target] += amount
    return np.array(first), np.array(second)


def _pearson(first: Ints, second: Ints) -> tuple[Floats, Floats]:
    m, n = first.sum(axis=-1, keepdims=True), second.sum(axis=-1, keepdims=True)
    total = (first + second).astype(np.float64)
    # Both cells of a bin at once: (a n - b m)^2 / (m n (a + b)).
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = (first * n.astype(np.float64) - second * m) ** 2 / (m * n * total)
    statistic = np.sum(np.where(total > 0, cells, 0.0), axis=-1)
    return np.asarray(statistic), np.asarray((total > 0).sum(axis=-1) - 1.0)


def _bits(p: Floats, middle: Floats) -> Floats:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray(np.sum(np.where(np.isnan(p), np.nan, p * np.log2(ratio)), axis=-1))
