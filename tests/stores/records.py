"""Records to put into any store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from churn.model import train
from churn.model.algorithms import XGBOOST
from churn.stores import Stores
from churn.stores.records import Lineage, ModelVersion, NewModel, NewRun, Reference
from tests.shipped import CHURN, DEFAULT, MODEL, VIEWS

ROWS = pl.DataFrame({"CUSTOMER_ID": ["B", "A"], "X": [0.1, 0.2], "IS_CHURNED": [1, 0]})

V1 = VIEWS[0]

X = pd.DataFrame({name: np.arange(40.0) * (i + 1) for i, name in enumerate(V1.columns)})
FITTED = train.pipeline(XGBOOST, V1.features, {"n_estimators": 3}, seed=0).fit(X, np.arange(40) % 2)


def new_run(**changes: Any) -> NewRun:
    fields: dict[str, Any] = {
        "name": "Baseline",
        "training": "t1",
        "parameters": {"max_depth": "3"},
        "metrics": {"cv_log_loss_mean": 0.5},
        "tags": {"chosen": "true"},
    }
    return NewRun(**{**fields, **changes})


def lineage(run: str, **changes: Any) -> Lineage:
    fields: dict[str, Any] = {
        "run": run,
        "feature_view": str(V1),
        "feature_fingerprint": V1.plan.fingerprint,
        "training_set": "TRAINING_SET_1",
        "data_hash": "ab12",
        "as_of": DEFAULT.as_of,
        "observation_start": DEFAULT.observation_start,
        "outcome_end": DEFAULT.outcome_end,
        "gap_days": 0,
        "threshold": 0.1 + 0.2,
        "code_version": "0.1.0",
        "problem": "churn",
        "label": str(CHURN.label),
        "label_fingerprint": CHURN.label.plan.fingerprint,
        "tables": "ORDERS",
        "algorithm": "xgboost",
    }
    return Lineage(**{**fields, **changes})


def register(stores: Stores, **changes: Any) -> ModelVersion:
    run = stores.experiments.log(new_run())
    fields: dict[str, Any] = {
        "name": MODEL,
        "fitted": FITTED,
        "background": X.head(5),
        "comment": "a comment",
        "metrics": {"roc_auc": 0.8},
    }
    return stores.models.register(NewModel(**{**fields, **changes}), lineage(run))


def of(selector: str) -> Reference:
    return Reference(MODEL, selector)
