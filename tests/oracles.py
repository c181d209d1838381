"""What features and labels are, counted in plain loops that anybody can check."""

from __future__ import annotations

from typing import Any

import polars as pl

from churn.domain.windows import Windows
from churn.engines.types import TYPES
from tests.shipped import KEY, V2


def by_a_loop(orders: pl.DataFrame, customers: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Version 2 of the features, as one would count them on paper."""
    segments = {row["CUSTOMER_ID"]: row["SEGMENT"] for row in customers.to_dicts()}
    rows: list[dict[str, Any]] = []
    for customer in sorted(set(orders[KEY])):
        history = [
            o for o in orders.to_dicts() if o[KEY] == customer and o["ORDER_DATE"] <= windows.as_of
        ]
        window = [o for o in history if o["ORDER_DATE"] >= windows.observation_start]
        if not window:
            continue
        total = sum(o["ORDER_AMOUNT"] for o in history)
        returned = sum(1 for o in history if o["STATUS"] == "RETURNED")
        rows.append(
            {
                KEY: customer,
                "DAYS_SINCE_LAST_ORDER": min(
                    (windows.as_of - o["ORDER_DATE"]).days for o in history
                ),
                "TOTAL_ORDER_COUNT": len(history),
                "WINDOW_ORDER_COUNT": len(window),
                "TOTAL_ORDER_AMOUNT": float(total),
                "AVG_ORDER_AMOUNT": total / len(history),
                "WINDOW_ORDER_AMOUNT": float(sum(o["ORDER_AMOUNT"] for o in window)),
                "RETURN_RATE": returned / len(history),
                "SEGMENT": segments[customer],
            }
        )
    schema = {KEY: pl.String(), **{f.name: TYPES[f.type] for f in V2.features}}
    return pl.DataFrame(rows, schema=schema)


def labels_by_a_loop(orders: pl.DataFrame, windows: Windows) -> dict[str, int]:
    """The label of each customer, as one would decide it on paper."""
    expected: dict[str, int] = {}
    for customer in sorted(set(orders[KEY])):
        days = orders.filter(pl.col(KEY) == customer)["ORDER_DATE"].to_list()
        if any(windows.observation_start <= day <= windows.as_of for day in days):
            later = any(windows.outcome.start <= day <= windows.outcome_end for day in days)
            expected[customer] = 0 if later else 1
    return expected
