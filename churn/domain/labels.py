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
        .agg(FIRST_ORDER=col("ORDER_DATE").min(), LAST_ORDER=col("ORDER_DATE").max())
        .filter(windows.observation.holds(col("FIRST_ORDER")))
        .select("CUSTOMER_ID", **{LABEL: when(windows.outcome.holds(col("LAST_ORDER")), 0, 1)})
    )
