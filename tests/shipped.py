"""The problem that ships, under the names that tests use."""

from __future__ import annotations

from typing import TypeVar

from churn.domain import known
from churn.domain.churn import CHURN
from churn.domain.churn.labels import churn_labels
from churn.domain.churn.tables import CUSTOMERS, ORDERS
from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.windows import Windows

DEFAULT = CHURN.windows
VIEWS = CHURN.views
TABLES = CHURN.tables
MODEL = CHURN.model
V1, V2 = VIEWS
KEY, LABEL = CHURN.key, CHURN.label.column

__all__ = [
    "CHURN",
    "CUSTOMERS",
    "DEFAULT",
    "KEY",
    "LABEL",
    "MODEL",
    "ORDERS",
    "TABLES",
    "V1",
    "V2",
    "VIEWS",
    "churn_labels",
    "features_of",
    "labels_of",
]

F = TypeVar("F", bound=Frame)


def features_of(view: FeatureView, orders: F, customers: F, windows: Windows) -> F:
    """The view, given what the pipelines give it."""
    frames = {"orders": orders, "customers": customers}
    own = {name: frames[name] for name in view.parameters}
    computed: F = view.of(known.tables_for_features(CHURN.by_parameter, own, windows), windows)
    return computed


def labels_of(orders: F, windows: Windows) -> F:
    """The labels, given what the pipelines give them."""
    label = CHURN.label
    cut = known.tables_for_label(CHURN.by_parameter, {"orders": orders}, label, windows)
    computed: F = label.of(cut, windows)
    return computed
