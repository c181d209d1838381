"""How good the scores of one period are, once outcomes are known; each figure with its interval.

Scores are probabilities where a measure speaks of them: where one lies outside 0 and 1 the
log-loss, the Brier score, the calibration and the comparison with no skill are None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from churn.monitoring.columns import Bools, Floats
from churn.monitoring.intervals import Figure, mean, share
from churn.monitoring.ranking import average_precision, lift, roc_auc

CLIP = 2.0**-52
"""Probabilities are kept this far from 0 and 1 before a logarithm."""

ROC_AUC, PR_AUC, LOG_LOSS, BRIER = "ROC_AUC", "PR_AUC", "LOG_LOSS", "BRIER"
ACCURACY, PRECISION, RECALL, F1 = "ACCURACY", "PRECISION", "RECALL", "F1"
BASE_RATE, LIFT = "BASE_RATE", "LIFT_TOP_DECILE"
GAP, SHIFT = "CALIBRATION_GAP", "CALIBRATION_SHIFT"
AGAINST_NO_SKILL = "LOG_LOSS_AGAINST_NO_SKILL"

METRICS = (ROC_AUC, PR_AUC, LOG_LOSS, BRIER, ACCURACY, PRECISION, RECALL, F1, BASE_RATE, LIFT)


@dataclass(frozen=True)
class Scored:
    """Rows with a score, a decision and an outcome, all known."""

    score: Floats
    decision: Bools
    outcome: Bools

    @property
    def is_probability(self) -> bool:
        return not len(self.score) or bool(self.score.min() >= 0 and self.score.max() <= 1)

    @property
    def rarer(self) -> int:
        """Rows of the rarer class."""
        positive = int(self.outcome.sum())
        return min(positive, len(self.outcome) - positive)


def performance(rows: Scored) -> Mapping[str, Figure]:
    """All of `METRICS`."""
    positive, negative = rows.score[rows.outcome], rows.score[~rows.outcome]
    return {
        ROC_AUC: roc_auc(positive, negative),
        PR_AUC: average_precision(positive, negative),
        LOG_LOSS: mean(losses(rows)) if rows.is_probability else Figure(None),
        BRIER: mean((rows.score - rows.outcome) ** 2) if rows.is_probability else Figure(None),
        **decisions(rows),
        BASE_RATE: share(float(rows.outcome.sum()), len(rows.outcome)),
        LIFT: lift(rows.score, rows.outcome),
    }


def decisions(rows: Scored) -> dict[str, Figure]:
    """Accuracy, precision, recall and F1; the positive class is the outcome that is true."""
    told, happened = rows.decision, rows.outcome
    hits = int((told & happened).sum())
    return {
        ACCURACY: share(float((told == happened).sum()), len(told)),
        PRECISION: share(hits, float(told.sum())),
        RECALL: share(hits, float(happened.sum())),
        F1: f1(hits, float((told | happened).sum())),
    }


def f1(hits: float, either: float) -> Figure:
    """2 TP / (2 TP + FP + FN), from TP and TP + FP + FN.

    Wilson's interval of F* = TP / (TP + FP + FN), mapped by 2 F* / (1 + F*)
    (Hand, Christen and Kirielle 2021): F1 itself is no share of rows.
    """
    return share(hits, either).mapped(lambda star: 2 * star / (1 + star))


def losses(rows: Scored) -> Floats:
    """The log-loss of each row."""
    p = np.clip(rows.score, CLIP, 1 - CLIP)
    return -np.log(np.where(rows.outcome, p, 1 - p))


@dataclass(frozen=True)
class Calibration:
    """Calibration in the large.

    Args:
        gap: Rate of the outcome minus mean score.
        se: Standard error of the gap, were the scores right.
    """

    gap: float | None
    se: float | None

    @property
    def z(self) -> float | None:
        return self.gap / self.se if self.gap is not None and self.se else None


def calibration(rows: Scored) -> Calibration:
    n = len(rows.score)
    if n == 0 or not rows.is_probability:
        return Calibration(None, None)
    gap = float(np.mean(rows.outcome) - np.mean(rows.score))
    return Calibration(gap, math.sqrt(float(np.sum(rows.score * (1 - rows.score)))) / n)


def against_no_skill(rows: Scored, rate: float | None) -> Figure:
    """Log-loss of the scores minus that of a constant rate; above 0 is worse than knowing it."""
    if rate is None or not rows.is_probability:
        return Figure(None)
    constant = Scored(np.full(len(rows.score), rate), rows.decision, rows.outcome)
    return mean(losses(rows) - losses(constant))


def no_skill(rate: float) -> Mapping[str, float]:
    """What is reached by knowing the rate of the outcome only.

    Decisions: calling everybody positive, but for accuracy, where it is the likelier class.
    """
    entropy = -sum(p * math.log(p) for p in (rate, 1 - rate) if p > 0)
    return {
        ROC_AUC: 0.5,
        PR_AUC: rate,
        LOG_LOSS: entropy,
        BRIER: rate * (1 - rate),
        ACCURACY: max(rate, 1 - rate),
        PRECISION: rate,
        RECALL: 1.0,
        F1: 2 * rate / (1 + rate),
        LIFT: 1.0,
    }
