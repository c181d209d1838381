"""Does a function know what it could not have known? An audit of anybody's function.

The function is a black box: the audit makes worlds from example tables, changes what must not
matter (above all, everything after the as-of date), and demands that nothing moves.

    report = audit_features(my_features, orders, customers, windows)
    assert report.ok, report
"""

from __future__ import annotations

import polars as pl

from churn.domain.features import FeatureView, observed
from churn.domain.windows import Windows
from churn.leakage import features, labels, training
from churn.leakage.boxes import Function
from churn.leakage.checks import Audit
from churn.leakage.rules import RULES, Finding, Report, Rule

__all__ = [
    "RULES",
    "Finding",
    "Report",
    "Rule",
    "audit_features",
    "audit_labels",
    "audit_training",
    "audit_view",
]

Table = pl.DataFrame | pl.LazyFrame


def audit_features(
    function: Function, orders: Table, customers: Table, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit `function(orders, customers, windows)`, which returns one row a customer.

    It may take Polars frames, lazy or not, or frames of an engine.

    Args:
        orders: An example with CUSTOMER_ID and ORDER_DATE; other columns as they are.
        customers: An example with CUSTOMER_ID.
        quick: One as-of date only.

    Raises:
        UsageError: The example has no rows, or lacks these columns.
    """
    return features.run(Audit("features", function, orders, customers, windows), quick=quick)


def audit_labels(
    function: Function, orders: Table, customers: Table, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit `function(orders, customers, windows)`, which returns CUSTOMER_ID and IS_CHURNED.

    See `audit_features` for the arguments.
    """
    return labels.run(Audit("labels", function, orders, customers, windows), quick=quick)


def audit_training(
    function: Function, orders: Table, customers: Table, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit `function(orders, customers, windows)`, which returns a training set.

    CUSTOMER_ID, features, IS_CHURNED, SPLIT (train, valid or test), and optionally WEIGHT. See
    `audit_features` for the arguments.
    """
    return training.run(Audit("training", function, orders, customers, windows), quick=quick)


def audit_view(
    view: FeatureView, orders: Table, customers: Table, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit a registered feature view, given only what was observed, as the pipelines do."""

    def compute(orders: object, customers: object, windows: Windows) -> object:
        return view.compute(observed(orders, windows), customers, windows)  # type: ignore[type-var]

    return audit_features(compute, orders, customers, windows, quick=quick)
