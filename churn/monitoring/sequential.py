"""Two arms that are read as often as one likes: tests whose error does not grow with looking.

Johari et al. (2022) tell why a fixed-size test must not be peeked at; the test of proportions
with a beta mixture is Lindon and Malek's (2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize
from scipy.special import betaln

STRENGTH = 100.0
"""Events that the mixture is worth: larger favours small differences."""

STOP = 20.0
"""The e-value at which the arms differ, with an error of at most 1 in 20 over all looks."""

BROKEN = 1000.0
"""The e-value at which the assignment itself is broken."""


SMALLEST, LARGEST = 1e-300, 1 - 2.0**-53
"""Shares that have a logarithm on both sides."""


@dataclass(frozen=True)
class Arms:
    """Events on arm B among all events.

    Args:
        share: Of the customers who were assigned to B.
    """

    on_b: int
    events: int
    share: float


@dataclass(frozen=True)
class RateRatio:
    """Rate of B over rate of A, with its confidence sequence; None before any event."""

    value: float | None
    low: float
    high: float | None


def log_e(arms: Arms, share: float | None = None) -> float:
    """Evidence against equal rates, as a logarithm; at `log(STOP)` the arms differ.

    Args:
        share: What is tested in place of the assigned share.
    """
    r, k, n = arms.share, arms.on_b, arms.events
    tested = r if share is None else share
    a, b = STRENGTH * r, STRENGTH * (1 - r)
    mixture = float(betaln(a + k, b + n - k) - betaln(a, b))
    return mixture - k * math.log(tested) - (n - k) * math.log1p(-tested)


def differs(arms: Arms) -> bool:
    return log_e(arms) >= math.log(STOP)


def sample_ratio_is_broken(assigned_to_b: int, assigned: int, share: float) -> bool:
    """Whether the counts belie the share that was meant; then nothing else may be read."""
    return log_e(Arms(assigned_to_b, assigned, share)) >= math.log(BROKEN)


def rate_ratio(arms: Arms) -> RateRatio:
    """All ratios that the events so far do not refute, valid at every look."""
    low, high = shares(arms)
    odds = (1 - arms.share) / arms.share
    k, n = arms.on_b, arms.events
    value = k / (n - k) * odds if n > k else None
    return RateRatio(value, low / (1 - low) * odds, high / (1 - high) * odds if high < 1 else None)


def shares(arms: Arms) -> tuple[float, float]:
    """The lowest and highest share of events on B with an e-value below `STOP`."""
    k, n = arms.on_b, arms.events
    mixture = log_e(arms, 0.5) - n * math.log(2)  # what does not depend on the tested share
    return _lowest(k, n, mixture), 1 - _lowest(n - k, n, mixture)


def _lowest(k: int, n: int, mixture: float) -> float:
    """The smallest share with an e-value below `STOP`, k of n events being its own."""

    def beyond(share: float) -> float:
        return mixture - k * math.log(share) - (n - k) * math.log1p(-share) - math.log(STOP)

    # Falls until k / n, where the likelihood is largest, so that e <= 1 there.
    if k == 0 or beyond(SMALLEST) <= 0:
        return 0.0
    return float(optimize.brentq(beyond, SMALLEST, min(k / n, LARGEST), xtol=1e-15))
