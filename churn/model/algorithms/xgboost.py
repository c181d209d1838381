"""Gradient-boosted trees (Chen and Guestrin, 2016), by XGBoost."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from xgboost import XGBClassifier

from churn.model.algorithms.algorithm import Algorithm, Parameters


def _make(parameters: Parameters, seed: int) -> XGBClassifier:
    return XGBClassifier(**parameters, tree_method="hist", n_jobs=1, random_state=seed)


def _importance(fitted: Any) -> npt.NDArray[np.float64]:
    """The loss that all splits on a column took away."""
    gains = fitted.get_booster().get_score(importance_type="total_gain")
    return np.array([gains.get(f"f{i}", 0.0) for i in range(fitted.n_features_in_)])


def _explainer(fitted: Any, background: npt.NDArray[np.float64]) -> Any:
    import shap

    return shap.TreeExplainer(fitted, background, feature_perturbation="interventional")


XGBOOST = Algorithm(
    name="xgboost",
    estimator=XGBClassifier,
    make=_make,
    numbers=lambda: "passthrough",  # trees take numbers as they are, missing ones included
    # The three runs of the Snowflake churn lab: defaults, deep trees, shrunken shallow ones.
    presets={
        "Baseline": {"n_estimators": 100, "max_depth": 6, "learning_rate": 0.3},
        "DeepTree": {"n_estimators": 200, "max_depth": 10, "learning_rate": 0.1},
        "Conservative": {
            "n_estimators": 200,
            "max_depth": 3,
            "learning_rate": 0.05,
            "min_child_weight": 5,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "reg_lambda": 5.0,
        },
    },
    # The ranges favour shallow trees and slow learning.
    space={
        "n_estimators": stats.randint(100, 401),
        "max_depth": stats.randint(2, 5),
        "learning_rate": stats.loguniform(0.015, 0.1),
        "min_child_weight": stats.loguniform(2, 30),
        "subsample": stats.uniform(0.6, 0.35),
        "colsample_bytree": stats.uniform(0.5, 0.45),
        "reg_lambda": stats.loguniform(1, 15),
    },
    tuned="Tuned",
    importance=_importance,
    importance_is="share of the total gain",
    explainer=_explainer,
    trusted=("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"),
    packages=("xgboost",),
)
