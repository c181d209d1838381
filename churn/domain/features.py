"""The features: pure functions from what was known to one row a customer.

To add a feature, add one aggregate and one `Feature` to a new version of the view, and register
the view in `FEATURE_VIEWS`. Nothing else changes: engines, stores and audits read it from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from churn.domain import windows as default_windows
from churn.domain.contracts import CUSTOMERS, ORDERS
from churn.domain.errors import UsageError
from churn.domain.expressions import Expression, Type, col, count, days_between, when
from churn.domain.frames import Frame
from churn.domain.plans import Plan
from churn.domain.windows import Windows

F = TypeVar("F", bound=Frame)

KEY = "CUSTOMER_ID"


class FeatureFunction(Protocol):
    def __call__(self, orders: F, customers: F, windows: Windows, /) -> F: ...


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column of a feature view.

    Args:
        reason: The value in words, as the risk list says it: "{:.0f} orders in all".
    """

    name: str
    type: Type
    description: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FeatureView:
    """A registered set of features with one row for each customer active in the observation window.

    `compute` takes orders up to the as-of date (see `observed`), customers and windows.
    """

    name: str
    version: str
    features: tuple[Feature, ...]
    compute: FeatureFunction

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)

    @property
    def plan(self) -> Plan:
        """The definition written out, with the default windows."""
        orders, customers = Plan.table(ORDERS.name), Plan.table(CUSTOMERS.name)
        return self.compute(orders, customers, default_windows.DEFAULT)


def observed(orders: F, windows: Windows) -> F:
    """The orders that were known on the as-of date: all that a feature function is ever given."""
    return orders.filter(col("ORDER_DATE") < windows.observation.end)


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


def customer_features_v1(orders: F, customers: F, windows: Windows) -> F:
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

FEATURE_VIEWS = (
    FeatureView(
        name="CUSTOMER_FEATURES",
        version="v1",
        features=FEATURES_V1,
        compute=customer_features_v1,
    ),
    FeatureView(
        name="CUSTOMER_FEATURES",
        version="v2",
        features=FEATURES_V2,
        compute=customer_features_v2,
    ),
)


def feature_view(name: str, version: str) -> FeatureView:
    """The registered view of that name and version; neither minds the case.

    Raises:
        UsageError: There is none.
    """
    views = {(view.name, view.version): view for view in FEATURE_VIEWS}
    try:
        return views[name.upper(), version.lower()]
    except KeyError:
        raise UsageError.unknown(
            "feature view", f"{name}/{version}", map(str, FEATURE_VIEWS)
        ) from None
