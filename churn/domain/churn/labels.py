"""Who has churned: ordered in the observation window and not in the outcome window."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from churn.domain.expressions import col, when
from churn.domain.frames import Frame
from churn.domain.labels import Event, Label
from churn.domain.windows import Windows

F = TypeVar("F", bound=Frame)


def churn_labels(orders: F, windows: Windows) -> F:
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
        .select("CUSTOMER_ID", IS_CHURNED=when(windows.outcome.holds(col("LAST_ORDER")), 0, 1))
    )


CHURN_V1 = Label(
    name="CHURN",
    version="v1",
    compute=churn_labels,
    column="IS_CHURNED",
    positive="churned",
    negative="stayed",
    event=Event(table="ORDERS", makes=0),
    windows=Windows(
        as_of=date(2024, 6, 30), observation_start=date(2024, 1, 1), outcome_end=date(2024, 12, 31)
    ),
)
