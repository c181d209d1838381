"""Labels, features, and the training set made of both."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from churn.domain.contracts import CUSTOMERS, ORDERS
from churn.domain.features import KEY, FeatureView, observed
from churn.domain.frames import Frame
from churn.domain.labels import churn_labels
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.stores import rounded

F = TypeVar("F", bound=Frame)

LABELS_TABLE = "CHURN_LABELS"

ATTRIBUTES = ("SEGMENT", "REGION")
"""What results are broken down by."""


def features_table(view: FeatureView) -> str:
    """Where the features of a view are written to, as a table."""
    return f"{view.name}_{view.version}".upper()


def labels(engine: Engine[F], windows: Windows) -> F:
    """CUSTOMER_ID and IS_CHURNED, ordered by customer."""
    orders, customers = engine.read(ORDERS), engine.read(CUSTOMERS)
    return churn_labels(orders, customers, windows).sort(KEY)


def features(engine: Engine[F], view: FeatureView, windows: Windows) -> F:
    """CUSTOMER_ID and the view's features, ordered by customer, from what was known as of then."""
    orders, customers = engine.read(ORDERS), engine.read(CUSTOMERS)
    computed = view.compute(observed(orders, windows), customers, windows)
    return computed.select(KEY, *view.columns).sort(KEY)


def feature_rows(engine: Engine[F], view: FeatureView, windows: Windows) -> pl.DataFrame:
    """The features as a model takes them: floats rounded, so that equal data gives equal rows."""
    return rounded(engine.collect(features(engine, view, windows)))


def attributes(engine: Engine[F]) -> pl.DataFrame:
    """CUSTOMER_ID and what results are broken down by."""
    return engine.collect(engine.read(CUSTOMERS).select(KEY, *ATTRIBUTES))
