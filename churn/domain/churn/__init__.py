"""The problem that ships: which customers will stop ordering? Replace it by your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.domain.churn.features import CUSTOMER_FEATURES_V1, CUSTOMER_FEATURES_V2
from churn.domain.churn.labels import CHURN_V1
from churn.domain.churn.tables import CUSTOMERS, ORDERS
from churn.domain.contracts import Reference
from churn.domain.problem import Entity, Problem

__all__ = ["CHURN"]


def sample(customers: int, seed: int) -> Mapping[str, Any]:
    from churn.domain.churn import generator  # with NumPy and Polars, which definitions do without

    return generator.sample(customers, seed)


CHURN = Problem(
    name="churn",
    entity=Entity(name="CUSTOMER", key="CUSTOMER_ID", plural="customers"),
    tables=(CUSTOMERS, ORDERS),
    labels=(CHURN_V1,),
    views=(CUSTOMER_FEATURES_V1, CUSTOMER_FEATURES_V2),
    attributes=(Reference("CUSTOMERS", "SEGMENT"), Reference("CUSTOMERS", "REGION")),
    sample=sample,
)
