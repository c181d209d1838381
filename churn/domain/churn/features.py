"""The features of a customer: recency, frequency, monetary value.

To add a feature, add one aggregate and one `Feature` to a new version of the view, and register the
view in `CHURN`. Nothing else changes: engines, stores and audits read it from there.
"""

from __future__ import annotations

from typing import TypeVar

from churn.domain.expressions import Expression, Type, col, count, days_between, when
from churn.domain.features import Feature, FeatureView
from churn.domain.frames import Frame
from churn.domain.windows import Windows

F = TypeVar("F", bound=Frame)

KEY = "CUSTOMER_ID"


def aggregates_v1(windows: Windows) -> dict[str, Expression]:
    """Recency, frequency and monetary value."""
    in_window = windows.observation.holds(col("ORDER_DATE"))
    return {
        "DAYS_SINCE_LAST_ORDER": days_between(col("ORDER_DATE").max(), windows.as_of),
        "TOTAL_ORDER_COUNT": count(),
        "WINDOW_ORDER_COUNT": when(in_window, 1, 0).sum(),
        "TOTAL_ORDER_AMOUNT": col("ORDER_AMOUNT").sum(),
        "AVG_ORDER_AMOUNT": col("ORDER_AMOUNT").mean(),
    }


def aggregates_v2(windows: Windows) -> dict[str, Expression]:
    """Version 1, the amount inside the window, and the share of returns."""
    in_window = windows.observation.holds(col("ORDER_DATE"))
    return aggregates_v1(windows) | {
        "WINDOW_ORDER_AMOUNT": when(in_window, col("ORDER_AMOUNT")).sum(),
        "RETURN_RATE": when(col("STATUS") == "RETURNED", 1, 0).mean(),
    }


def customer_features_v1(orders: F, windows: Windows) -> F:
    return _active(orders, aggregates_v1(windows))


def customer_features_v2(orders: F, customers: F, windows: Windows) -> F:
    return _active(orders, aggregates_v2(windows)).join(
        customers.select(KEY, "SEGMENT"), on=KEY, how="left"
    )


def _active(orders: F, aggregates: dict[str, Expression]) -> F:
    """The aggregates of each customer with an order in the observation window."""
    return orders.group_by(KEY).agg(**aggregates).filter(col("WINDOW_ORDER_COUNT") > 0)


FEATURES_V1 = (
    Feature(
        name="DAYS_SINCE_LAST_ORDER",
        type=Type.INTEGER,
        description="Recency: days from the last order to the as-of date",
        reason="last order {:.0f} days ago",
    ),
    Feature(
        name="TOTAL_ORDER_COUNT",
        type=Type.INTEGER,
        description="Frequency: orders up to the as-of date",
        reason="{:.0f} orders in all",
    ),
    Feature(
        name="WINDOW_ORDER_COUNT",
        type=Type.INTEGER,
        description="Frequency: orders in the observation window",
        reason="{:.0f} orders in the observation window",
    ),
    Feature(
        name="TOTAL_ORDER_AMOUNT",
        type=Type.FLOAT,
        description="Monetary: the worth of all orders up to the as-of date",
        reason="orders worth {:,.2f} in all",
    ),
    Feature(
        name="AVG_ORDER_AMOUNT",
        type=Type.FLOAT,
        description="Monetary: the mean worth of an order up to the as-of date",
        reason="orders worth {:,.2f} on average",
    ),
)

FEATURES_V2 = (
    *FEATURES_V1,
    Feature(
        name="WINDOW_ORDER_AMOUNT",
        type=Type.FLOAT,
        description="Monetary: the worth of the orders in the observation window",
        reason="orders worth {:,.2f} in the observation window",
    ),
    Feature(
        name="RETURN_RATE",
        type=Type.FLOAT,
        description="Share of the orders up to the as-of date that were returned",
        reason="{:.0%} of orders returned",
    ),
    Feature(
        name="SEGMENT",
        type=Type.TEXT,
        description="The customer's tier",
        reason="segment {}",
    ),
)

CUSTOMER_FEATURES_V1 = FeatureView(
    name="CUSTOMER_FEATURES", version="v1", features=FEATURES_V1, compute=customer_features_v1
)
CUSTOMER_FEATURES_V2 = FeatureView(
    name="CUSTOMER_FEATURES", version="v2", features=FEATURES_V2, compute=customer_features_v2
)
