"""How good probabilities are, and the decisions made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn import metrics as sk

Labels = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]

RANKING: Mapping[str, Callable[[Labels, Probabilities], float]] = {
    "roc_auc": sk.roc_auc_score,
    "pr_auc": sk.average_precision_score,
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1]),
    "brier": sk.brier_score_loss,
}
"""Metrics of the probabilities themselves. PR-AUC is average precision."""

DECISION: Mapping[str, Callable[[Labels, Labels], float]] = {
    "accuracy": sk.accuracy_score,
    "precision": lambda y, d: sk.precision_score(y, d, zero_division=0),
    "recall": lambda y, d: sk.recall_score(y, d, zero_division=0),
    "f1": lambda y, d: sk.f1_score(y, d, zero_division=0),
}
"""Metrics of the decisions at a threshold; the churned are the positive class."""

NAMES = (*RANKING, *DECISION)


@dataclass(frozen=True)
class Confusion:
    """How many customers were told to churn (positive) and did (true)."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def decide(p: Probabilities, threshold: float) -> Labels:
    """1 where the probability reaches the threshold."""
    return (p >= threshold).astype(np.int64)


def metrics(y: Labels, p: Probabilities, threshold: float) -> dict[str, float | None]:
    """All of `NAMES`; ROC-AUC and PR-AUC are None where one class is missing."""
    both = len(np.unique(y)) == 2
    decided = decide(p, threshold)
    ranking = {
        name: float(metric(y, p)) if both or name in ("log_loss", "brier") else None
        for name, metric in RANKING.items()
    }
    return ranking | {name: float(metric(y, decided)) for name, metric in DECISION.items()}


def confusion(y: Labels, p: Probabilities, threshold: float) -> Confusion:
    return Confusion(*map(int, sk.confusion_matrix(y, decide(p, threshold), labels=[0, 1]).ravel()))


def no_skill(y: Labels) -> dict[str, float]:
    """What a model reaches that knows the churn rate only and calls everybody a churner.

    A metric means something above this line: F1 is 0.70 on data where 54 % churn.
    """
    rate = float(np.mean(y))
    probabilities = np.full(len(y), rate)
    return {
        "roc_auc": 0.5,
        "pr_auc": rate,
        "log_loss": float(sk.log_loss(y, probabilities, labels=[0, 1])),
        "brier": float(sk.brier_score_loss(y, probabilities)),
        "accuracy": max(rate, 1 - rate),
        "precision": rate,
        "recall": 1.0,
        "f1": float(sk.f1_score(y, np.ones_like(y), zero_division=0)),
    }


def best_threshold(y: Labels, p: Probabilities) -> float:
    """The threshold with the highest F1, to be chosen on predictions from outside the fit."""
    precision, recall, thresholds = sk.precision_recall_curve(y, p)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])


def calibration(y: Labels, p: Probabilities) -> pl.DataFrame:
    """Ten equally large bins by probability: DECILE, CUSTOMERS, PREDICTED and ACTUAL rate."""
    order = np.argsort(p, kind="stable")
    bins = [part for part in np.array_split(order, 10) if len(part)]
    return pl.DataFrame(
        {
            "DECILE": range(1, len(bins) + 1),
            "CUSTOMERS": [len(part) for part in bins],
            "PREDICTED": [float(np.mean(p[part])) for part in bins],
            "ACTUAL": [float(np.mean(y[part])) for part in bins],
        }
    )


def by_group(
    groups: Mapping[str, pl.Series], y: Labels, p: Probabilities, threshold: float
) -> pl.DataFrame:
    """One row for each value of each grouping column: GROUP, VALUE, CUSTOMERS, CHURN_RATE, metrics.

    Args:
        groups: The name of the grouping column and its value for each customer.
    """
    rows = []
    for group, values in groups.items():
        for value in values.unique().sort():
            chosen = values.eq_missing(value).to_numpy()
            rows.append(
                {
                    "GROUP": group,
                    "VALUE": value,
                    "CUSTOMERS": int(chosen.sum()),
                    "CHURN_RATE": float(np.mean(y[chosen])),
                    **metrics(y[chosen], p[chosen], threshold),
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)
