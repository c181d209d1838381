"""How good probabilities are, and the decisions made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
from sklearn import metrics as sk

from churn.model.metrics import METRICS, Labels, Probabilities


@dataclass(frozen=True)
class Confusion:
    """Predicted (positive, negative) against actual: how many were predicted rightly (true)."""

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
    """All of `METRICS`; None for those that need both classes where one is missing."""
    both = len(np.unique(y)) == 2
    decided = decide(p, threshold)
    return {
        m.name: float(m.function(y, decided if m.of_decisions else p))
        if both or not m.needs_both_classes
        else None
        for m in METRICS.values()
    }


def confusion(y: Labels, p: Probabilities, threshold: float) -> Confusion:
    return Confusion(*map(int, sk.confusion_matrix(y, decide(p, threshold), labels=[0, 1]).ravel()))


def no_skill(y: Labels) -> dict[str, float]:
    """What each metric is for a model that knows the rate of the positive class only."""
    return {m.name: m.no_skill(y) for m in METRICS.values()}


def best_threshold(y: Labels, p: Probabilities) -> float:
    """The threshold with the highest F1, to be chosen on predictions from outside the fit."""
    precision, recall, thresholds = sk.precision_recall_curve(y, p)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])


def calibration(y: Labels, p: Probabilities) -> pl.DataFrame:
    """Ten equally large bins by probability: DECILE, ROWS, PREDICTED and ACTUAL rate."""
    order = np.argsort(p, kind="stable")
    bins = [part for part in np.array_split(order, 10) if len(part)]
    return pl.DataFrame(
        {
            "DECILE": range(1, len(bins) + 1),
            "ROWS": [len(part) for part in bins],
            "PREDICTED": [float(np.mean(p[part])) for part in bins],
            "ACTUAL": [float(np.mean(y[part])) for part in bins],
        }
    )


def by_group(
    groups: Mapping[str, pl.Series],
    y: Labels,
    p: Probabilities,
    threshold: float,
    *,
    counted: str = "ROWS",
    rate: str = "RATE",
) -> pl.DataFrame:
    """One row for each value of each grouping column: GROUP, VALUE, how many, rate, metrics.

    Args:
        groups: The name of the grouping column and its value for each row.
        counted: What the column with the number of rows is called.
        rate: What the column with the share of positives is called.
    """
    rows = []
    for group, values in groups.items():
        for value in values.unique().sort():
            chosen = values.eq_missing(value).to_numpy()
            rows.append(
                {
                    "GROUP": group,
                    "VALUE": value,
                    counted: int(chosen.sum()),
                    rate: float(np.mean(y[chosen])),
                    **metrics(y[chosen], p[chosen], threshold),
                }
            )
    schema = {"GROUP": pl.String, "VALUE": pl.String, counted: pl.Int64, rate: pl.Float64}
    schema |= dict.fromkeys(METRICS, pl.Float64)
    return pl.DataFrame(rows, schema=schema)
