"""Two models on the same customers, of whom neither saw the outcome in training.

One row for each customer: rows of one customer are no independent evidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import stats

from churn.monitoring.columns import Bools, Floats
from churn.monitoring.intervals import Figure, Z, mean
from churn.monitoring.performance import Scored, losses
from churn.monitoring.ranking import components

Verdict: TypeAlias = Literal["better", "worse", "cannot tell"]

POWER_Z = 0.8416212335729143
"""The normal distribution's 80 % point."""


@dataclass(frozen=True)
class Difference:
    """A figure with its interval and the two-sided p-value of no difference."""

    figure: Figure
    p: float | None


@dataclass(frozen=True)
class Discordant:
    """Decisions in which exactly one of two models is right, and McNemar's exact p-value."""

    champion_right: int
    challenger_right: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Every difference is so signed that above 0 the challenger is better.

    Args:
        log_loss: Champion's minus challenger's: the test that decides, being of a proper score.
        roc_auc: Challenger's minus champion's.
        detectable: The smallest difference of log-loss that so many rows would show four times
            out of five; None where nothing varies.
        needed: Rows that would show the difference that was seen, four times out of five; None
            where there is none.
    """

    n: int
    verdict: Verdict
    log_loss: Difference
    roc_auc: Difference
    decisions: Discordant
    detectable: float | None
    needed: int | None


def compare(champion: Scored, challenger: Scored) -> Comparison:
    """Both have scored the same rows in the same order; scores are probabilities.

    Raises:
        ValueError: The outcomes differ, so the rows cannot be the same.
    """
    if not np.array_equal(champion.outcome, challenger.outcome):
        raise ValueError("the two models have scored other rows: their outcomes differ")
    loss = paired_log_loss(champion, challenger)
    n, seen, se = len(champion.outcome), loss.figure.value, loss.figure.se
    spread = None if se is None else se * math.sqrt(n)
    return Comparison(
        n=n,
        verdict=_verdict(loss.figure),
        log_loss=loss,
        roc_auc=paired_auc(champion, challenger),
        decisions=mcnemar(champion, challenger),
        detectable=(Z + POWER_Z) * se if se else None,
        needed=math.ceil(((Z + POWER_Z) * spread / seen) ** 2) if spread and seen else None,
    )


def paired_log_loss(champion: Scored, challenger: Scored) -> Difference:
    """Mean of the row-wise difference, champion's loss minus challenger's."""
    if not (champion.is_probability and challenger.is_probability):
        return Difference(Figure(None), None)
    figure = mean(losses(champion) - losses(challenger))
    return Difference(figure, _p(figure.value, figure.se))


def paired_auc(champion: Scored, challenger: Scored) -> Difference:
    """DeLong's test of two areas on the same rows (1988); p is 1 where nothing varies."""
    outcome = champion.outcome
    positive, negative = int(outcome.sum()), int((~outcome).sum())
    if min(positive, negative) == 0:
        return Difference(Figure(None), None)
    one, other = (
        components(rows.score[outcome], rows.score[~outcome]) for rows in (champion, challenger)
    )
    up, down = other.positive - one.positive, other.negative - one.negative
    value = float(np.mean(up))
    if min(positive, negative) < 2:
        return Difference(Figure(value, n=len(outcome)), None)
    variance = float(np.var(up, ddof=1)) / positive + float(np.var(down, ddof=1)) / negative
    se = math.sqrt(variance)
    figure = Figure(value, value - Z * se, value + Z * se, len(outcome), se)
    return Difference(figure, _p(value, se))


def mcnemar(champion: Scored, challenger: Scored) -> Discordant:
    """Exact and two-sided; p is 1 where no decision is discordant."""
    first, second = _right(champion), _right(challenger)
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    p = min(1.0, 2 * float(stats.binom.cdf(min(b, c), b + c, 0.5))) if b + c else 1.0
    return Discordant(b, c, p)


def newest(customer: Floats, as_of: Floats) -> Bools:
    """The rows to keep, so that each customer counts once: those with the latest date."""
    order = np.lexsort((as_of, customer))
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = customer[order][1:] != customer[order][:-1]
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[last]] = True
    return kept


def _right(rows: Scored) -> Bools:
    right: Bools = rows.decision == rows.outcome
    return right


def _p(value: float | None, se: float | None) -> float | None:
    if value is None or se is None:
        return None
    if se == 0:
        return 1.0 if value == 0 else 0.0
    return float(2 * stats.norm.sf(abs(value) / se))


def _verdict(figure: Figure) -> Verdict:
    if figure.low is not None and figure.low > 0:
        return "better"
    if figure.high is not None and figure.high < 0:
        return "worse"
    return "cannot tell"
