"""How many rows it takes, before a campaign or a comparison starts."""

from __future__ import annotations

import math

from scipy import stats


def rows_per_arm(
    first: float, second: float, *, ratio: float = 1.0, alpha: float = 0.05, power: float = 0.8
) -> tuple[int, int] | None:
    """Rows of each arm to tell two rates apart, two-sided, by the normal approximation.

    Args:
        ratio: Rows of the second arm for each row of the first.

    Returns:
        None where the rates are equal: no number of rows would do.
    """
    if first == second:
        return None
    pooled = (first + ratio * second) / (1 + ratio)
    chance = stats.norm.isf(alpha / 2) * math.sqrt((1 + 1 / ratio) * pooled * (1 - pooled))
    spread = math.sqrt(first * (1 - first) + second * (1 - second) / ratio)
    rows = ((chance + stats.norm.isf(1 - power) * spread) / (first - second)) ** 2
    return math.ceil(rows), math.ceil(ratio * math.ceil(rows))


def auc_error(auc: float, positive: int, negative: int) -> float | None:
    """Standard error to be expected of an area (Hanley and McNeil 1982); None without a class."""
    if positive == 0 or negative == 0:
        return None
    one, two = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (positive - 1) * (one - auc * auc)
    variance += (negative - 1) * (two - auc * auc)
    return math.sqrt(max(variance, 0.0) / (positive * negative))
