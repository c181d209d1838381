"""How much the baseline itself moves with the seasons: what it did before is no news.

The baseline's rows are cut into blocks that follow one another in time. What a block differs from
the whole beyond chance is a season, or a slow movement, that the model has been through.
"""

from __future__ import annotations

import numpy as np

from churn.monitoring import distances
from churn.monitoring.columns import Floats, Ints

LEAST_ROWS, LEAST_BLOCKS, MOST_BLOCKS = 100, 6, 52

MARGIN = 1.25
"""A later period must pass the baseline's own extremes by this factor."""


def blocks(period: Ints) -> tuple[Ints, ...]:
    """Positions of the rows of each block, in the order of time; none if there is too little."""
    count = min(len(period) // LEAST_ROWS, MOST_BLOCKS)
    if count < LEAST_BLOCKS or period.min() == period.max():
        return ()
    order = np.argsort(period, kind="stable")
    return tuple(np.array_split(order, count))


def usual_psi(counts: Ints) -> float:
    """Of counts by block and bin: the stability index that a season reaches."""
    if len(counts) == 0:
        return 0.0
    whole = counts.sum(axis=0)
    chance = distances.expected_psi(whole, counts, inside=True)
    return extreme(distances.psi(whole, counts) - chance)


def usual_missing(counts: Ints) -> float:
    """The same for the share of missing values, which stand in the last bin."""
    if len(counts) == 0:
        return 0.0
    share = float(distances.shares(counts.sum(axis=0))[-1])
    error = np.sqrt(share * (1 - share) / counts.sum(axis=-1))
    return extreme(np.abs(distances.shares(counts)[..., -1] - share) - 2 * error)


def extreme(beyond_chance: Floats) -> float:
    """With its margin; a block in twenty may be an accident."""
    known = beyond_chance[np.isfinite(beyond_chance)]
    return MARGIN * max(float(np.quantile(known, 0.95)), 0.0) if len(known) else 0.0


def likely(season: float, baseline: Ints, current: Ints) -> Floats:
    """The largest index to be expected of a period in which the season reaches this one.

    The index varies like a non-central chi-squared; of so many tests, 3.29 standard deviations.
    """
    m, n = baseline.sum(axis=-1), current.sum(axis=-1)
    degrees = (baseline + current > 0).sum(axis=-1) - 1
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        unit = 1 / m + 1 / n
        spread = unit * np.sqrt(2 * degrees + 4 * season / unit)
    spread = np.where(np.isfinite(spread), spread, 0.0)
    return np.where(season > 0, season + 3.29 * spread, 0.0)
