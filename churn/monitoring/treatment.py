"""Who is treated, who is held out, and what the treatment did.

A model foretells churn without treatment. Once marketing acts on the list, outcomes are no
longer what the model speaks of; a random hold-out keeps it learnable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from churn.monitoring.columns import Bools, Floats, Ints
from churn.monitoring.intervals import Figure, difference_of_shares
from churn.monitoring.ranking import weighted_auc


class Decision(StrEnum):
    TREAT = "TREAT"
    CONTROL = "CONTROL"
    NONE = "NONE"
    UNKNOWN = "UNKNOWN"


def is_held_out(campaign: str, customer: str, share: float = 0.1) -> bool:
    """A stable coin: the same customer falls anew in each campaign, but always the same in one.

    >>> is_held_out("spring", "C-17", share=0.0), is_held_out("spring", "C-17", share=1.0)
    (False, True)
    """
    digest = hashlib.sha256(f"{campaign}:{customer}".encode()).hexdigest()
    return int(digest[:8], 16) / 2**32 < share


def assign(
    campaign: str, customers: Sequence[str], selected: Sequence[bool], share: float = 0.1
) -> tuple[Decision, ...]:
    """TREAT or CONTROL among those that the rule selects, NONE for the others."""

    def decision(customer: str) -> Decision:
        return Decision.CONTROL if is_held_out(campaign, customer, share) else Decision.TREAT

    pairs = zip(customers, selected, strict=True)
    return tuple(decision(customer) if chosen else Decision.NONE for customer, chosen in pairs)


def weights(decisions: Sequence[Decision], probability: Floats) -> Floats:
    """What each row counts in monitoring and training without treatment (Horvitz and Thompson).

    1 for NONE, 1 / (1 - probability of treatment) for CONTROL, 0 for those treated. NaN where
    the treatment is unknown, or was certain: such a row can never be learned from.
    """
    certain = probability >= 1
    with np.errstate(divide="ignore"):
        held_out = np.where(certain, np.nan, 1 / np.where(certain, np.nan, 1 - probability))
    by_decision = {
        Decision.NONE: np.ones_like(probability),
        Decision.CONTROL: held_out,
        Decision.TREAT: np.where(certain, np.nan, 0.0),
        Decision.UNKNOWN: np.full_like(probability, np.nan),
    }
    return np.array([by_decision[d][i] for i, d in enumerate(decisions)], dtype=np.float64)


def effective_rows(weight: Floats) -> float:
    """Rows of equal weight that carry as much (Kish 1965)."""
    squares = float(np.sum(weight**2))
    return float(np.sum(weight)) ** 2 / squares if squares else 0.0


@dataclass(frozen=True)
class Weighted:
    """Performance without treatment, by weights; None where a class has no weight.

    Args:
        effective: Rows of equal weight that carry as much.
        seed: Of the bootstrap that the intervals come from.
    """

    roc_auc: Figure
    gap: Figure
    effective: float
    seed: int


def weighted(
    score: Floats,
    outcome: Bools,
    weight: Floats,
    customer: Ints,
    *,
    seed: int = 0,
    replicates: int = 500,
) -> Weighted:
    """Weighted area and calibration gap, 95 % intervals by a bootstrap over customers.

    Args:
        customer: Number of the customer of each row; rows of one are drawn together.
    """
    _, places = np.unique(customer, return_inverse=True)
    rng = np.random.default_rng(seed)
    count = int(places.max(initial=-1)) + 1
    draws = (rng.multinomial(count, np.full(count, 1 / count)) for _ in range(replicates))
    samples = [_measured(score, outcome, weight * times[places]) for times in draws if count]
    auc, gap = (
        _percentiles(value, [sample[i] for sample in samples], len(score))
        for i, value in enumerate(_measured(score, outcome, weight))
    )
    return Weighted(auc, gap, effective_rows(weight), seed)


def uplift(control: tuple[int, int], treated: tuple[int, int]) -> Figure:
    """Rate of the control minus rate of those assigned to treatment, sent or not.

    Each is (events, customers); Newcombe's interval. Above 0 the treatment prevented events; an
    interval that holds 0 carries no difference.
    """
    return difference_of_shares(control, treated)


def _measured(score: Floats, outcome: Bools, weight: Floats) -> tuple[float | None, float | None]:
    total = float(weight.sum())
    gap = float(np.sum(weight * (outcome - score))) / total if total else None
    return weighted_auc(score, weight * outcome, weight * ~outcome), gap


def _percentiles(value: float | None, samples: list[float | None], n: int) -> Figure:
    known = [sample for sample in samples if sample is not None]
    if value is None or not known:
        return Figure(value, n=n)
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(value, float(low), float(high), n)
