"""Figures with 95 % intervals; undefined is None."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from churn.monitoring.columns import Floats

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""


@dataclass(frozen=True)
class Figure:
    """A value, its interval, and the number of rows behind it.

    Args:
        se: Standard error of the value, where the interval comes from one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    se: float | None = None

    def mapped(self, function: Callable[[float], float]) -> Figure:
        """The same under an increasing function; the standard error is lost."""
        value, low, high = (
            None if x is None else function(x) for x in (self.value, self.low, self.high)
        )
        return replace(self, value=value, low=low, high=high, se=None)


def share(part: float, whole: float) -> Figure:
    """With Wilson's interval; None of nothing. Both may be sums of weights."""
    return Figure(*wilson(part, whole), round(whole)) if whole > 0 else Figure(None)


def wilson(part: float, whole: float) -> tuple[float, float, float]:
    """A share and its score interval (1927)."""
    p, zz = part / whole, Z * Z
    centre = (p + zz / (2 * whole)) / (1 + zz / whole)
    half = Z / (1 + zz / whole) * math.sqrt(p * (1 - p) / whole + zz / (4 * whole * whole))
    # At the ends rounding must not push the interval off the value.
    return p, min(max(centre - half, 0.0), p), max(min(centre + half, 1.0), p)


def mean(values: Floats) -> Figure:
    """Mean plus or minus z sd / sqrt(n), ddof 1; the interval needs two values."""
    n = len(values)
    if n == 0:
        return Figure(None)
    value = float(np.mean(values))
    if n == 1:
        return Figure(value, n=1)
    se = float(np.std(values, ddof=1)) / math.sqrt(n)
    return Figure(value, value - Z * se, value + Z * se, n, se)


def on_the_logit(value: float, se: float, n: int) -> Figure:
    """An interval that stays within 0 and 1; None at 0, at 1, and where nothing varies."""
    if se <= 0 or not 0 < value < 1:
        return Figure(value, n=n, se=se)
    centre, half = math.log(value / (1 - value)), Z * se / (value * (1 - value))
    return Figure(value, _expit(centre - half), _expit(centre + half), n, se)


def difference_of_shares(first: tuple[int, int], second: tuple[int, int]) -> Figure:
    """First minus second, each (events, rows), by Newcombe's hybrid score (1998, method 10)."""
    (a, m), (b, n) = first, second
    if m == 0 or n == 0:
        return Figure(None, n=m + n)
    (p, p_low, p_high), (q, q_low, q_high) = wilson(a, m), wilson(b, n)
    low = p - q - math.hypot(p - p_low, q_high - q)
    high = p - q + math.hypot(p_high - p, q - q_low)
    return Figure(p - q, low, high, m + n)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
