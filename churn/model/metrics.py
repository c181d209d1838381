"""The metrics: each a value. A new one is one more entry of `METRICS`, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

Labels = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How good probabilities are, or the decisions made from them.

    Args:
        function: Of the labels and the probabilities; or, of the labels and decisions.
        of_decisions: Which of the two.
        higher_is_better: Which side is better.
        no_skill: What is reached by knowing the rate of the positive class only: by giving
            everybody that probability, and by deciding 1 for everybody. A value means something
            beyond it only: F1 is 0.70 on data where 54 % are positive.
        needs_both_classes: Whether it is undefined where one class is missing.
    """

    name: str
    function: Callable[[Labels, npt.NDArray[Any]], float]
    of_decisions: bool = False
    higher_is_better: bool = True
    no_skill: Callable[[Labels], float]
    needs_both_classes: bool = False


def _rate(y: Labels) -> float:
    return float(np.mean(y))


def _constant(y: Labels) -> Probabilities:
    return np.full(len(y), _rate(y))


def _log_loss(y: Labels, p: Probabilities) -> float:
    return float(sk.log_loss(y, p, labels=[0, 1]))


def _f1(y: Labels, decided: Labels) -> float:
    return float(sk.f1_score(y, decided, zero_division=0))


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="roc_auc",
            function=sk.roc_auc_score,
            no_skill=lambda _: 0.5,
            needs_both_classes=True,
        ),
        Metric(  # average precision
            name="pr_auc",
            function=sk.average_precision_score,
            no_skill=_rate,
            needs_both_classes=True,
        ),
        Metric(
            name="log_loss",
            function=_log_loss,
            higher_is_better=False,
            no_skill=lambda y: _log_loss(y, _constant(y)),
        ),
        Metric(
            name="brier",
            function=sk.brier_score_loss,
            higher_is_better=False,
            no_skill=lambda y: float(sk.brier_score_loss(y, _constant(y))),
        ),
        Metric(
            name="accuracy",
            function=sk.accuracy_score,
            of_decisions=True,
            no_skill=lambda y: max(_rate(y), 1 - _rate(y)),
        ),
        Metric(
            name="precision",
            function=lambda y, d: sk.precision_score(y, d, zero_division=0),
            of_decisions=True,
            no_skill=_rate,
        ),
        Metric(
            name="recall",
            function=lambda y, d: sk.recall_score(y, d, zero_division=0),
            of_decisions=True,
            no_skill=lambda _: 1.0,
        ),
        Metric(
            name="f1",
            function=_f1,
            of_decisions=True,
            no_skill=lambda y: _f1(y, np.ones_like(y)),
        ),
    )
}

NAMES = tuple(METRICS)

SELECTION = METRICS["log_loss"]
"""What candidates are compared by: a proper scoring rule, lower is better."""
