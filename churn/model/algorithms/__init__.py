"""The algorithms: each a value in a file of its own. To replace one touches that file only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.domain.errors import UsageError
from churn.model.algorithms.algorithm import Algorithm, Parameters
from churn.model.algorithms.logistic import LOGISTIC
from churn.model.algorithms.xgboost import XGBOOST

__all__ = [
    "ALGORITHMS",
    "LOGISTIC",
    "XGBOOST",
    "Algorithm",
    "Parameters",
    "named",
    "of_estimator",
]

ALGORITHMS: Mapping[str, Algorithm] = {a.name: a for a in (XGBOOST, LOGISTIC)}


def named(name: str) -> Algorithm:
    """
    Raises:
        UsageError: There is no such algorithm.
    """
    if name.lower() not in ALGORITHMS:
        raise UsageError.unknown("algorithm", name, ALGORITHMS)
    return ALGORITHMS[name.lower()]


def of_estimator(estimator: Any) -> Algorithm:
    """The algorithm that made a fitted estimator.

    Raises:
        UsageError: None of ours did.
    """
    for algorithm in ALGORITHMS.values():
        if isinstance(estimator, algorithm.estimator):
            return algorithm
    raise UsageError.unknown("algorithm", type(estimator).__name__, ALGORITHMS)
