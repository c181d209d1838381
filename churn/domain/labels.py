"""The churn definition: a pure function from orders to one label a customer."""

from __future__ import annotations

from typing import TypeVar

from churn.domain.expressions import col, when
from churn.domain.frames import Frame
from churn.domain.windows import Windows

F = TypeVar("F", bound=Frame)

LABEL = "IS_CHURNED"


def churn_labels(orders: F, customers: F, windows: Windows) -> F:
    """CUSTOMER_ID and IS_CHURNED, for each customer with an order in the observation window.

    1 where no order follows in the outcome window, 0 where one does. Orders in the gap between
    the windows count for neither.
    """
    observed = windows.observation.holds(col("ORDER_DATE"))
    outcome = windows.outcome.holds(col("ORDER_DATE"))
    return (
        orders.filter(observed | outcome)
        .group_by("CUSTOMER_ID")
        .agg(
            OBSERVED_ORDERS=when(observed, 1, 0).sum(),
            OUTCOME_ORDERS=when(outcome, 1, 0).sum(),
        )
        .filter(col("OBSERVED_ORDERS") > 0)
        .select("CUSTOMER_ID", **{LABEL: when(col("OUTCOME_ORDERS") == 0, 1, 0)})
    )
