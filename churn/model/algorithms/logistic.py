"""Logistic regression with a ridge penalty, by scikit-learn: a baseline that anybody can read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from churn.model.algorithms.algorithm import Algorithm, Parameters


def _make(parameters: Parameters, seed: int) -> LogisticRegression:
    return LogisticRegression(**parameters, max_iter=1000, random_state=seed)


def _numbers() -> Any:
    """Missing numbers become the median, and all have the same scale, as the penalty needs."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )


def _importance(fitted: Any) -> npt.NDArray[np.float64]:
    """Sizes of the coefficients, which belong to scaled columns."""
    return np.asarray(np.abs(fitted.coef_[0]), dtype=np.float64)


def _explainer(fitted: Any, background: npt.NDArray[np.float64]) -> Any:
    import shap

    return shap.LinearExplainer(fitted, shap.maskers.Independent(background, len(background)))


LOGISTIC = Algorithm(
    name="logistic",
    estimator=LogisticRegression,
    make=_make,
    numbers=_numbers,
    presets={"Logistic": {"C": 1.0}, "LogisticShrunken": {"C": 0.01}},
    space={"C": stats.loguniform(1e-3, 1e2)},
    tuned="LogisticTuned",
    importance=_importance,
    importance_is="share of the coefficients' sizes",
    explainer=_explainer,
    trusted=("numpy.dtype",),  # of the imputer's statistics
)
