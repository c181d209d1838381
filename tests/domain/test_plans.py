from __future__ import annotations

from churn.domain.expressions import col, count
from churn.domain.plans import Plan
from tests.shipped import VIEWS

ORDERS = Plan.table("ORDERS")


def test_a_plan_is_the_definition_written_out() -> None:
    plan = (
        ORDERS.filter(col("A") > 1)
        .with_columns(B=col("A") * 2)
        .group_by("C")
        .agg(N=count())
        .join(Plan.table("X").select("C", "Y"), on="C", how="left")
        .join_asof(Plan.table("Z"), left_time="T", right_time="U", by="C", tie="ID")
        .union(ORDERS)
        .distinct()
        .sort("C", descending=True)
    )
    assert str(plan) == (
        "from ORDERS\n"
        "filter (A > 1)\n"
        "with B = (A * 2)\n"
        "group by C\n"
        "  N = count_rows()\n"
        "left join on C\n"
        "  from X\n"
        "  select C, Y\n"
        "as-of join by C where T >= U, ties by ID\n"
        "  from Z\n"
        "union\n"
        "  from ORDERS\n"
        "distinct\n"
        "sort by C descending"
    )


def test_the_fingerprint_changes_with_the_meaning_and_with_nothing_else() -> None:
    assert ORDERS.filter(col("A") > 1).fingerprint == ORDERS.filter(col("A") > 1).fingerprint
    assert ORDERS.filter(col("A") > 1).fingerprint != ORDERS.filter(col("A") >= 1).fingerprint


def test_registered_views_have_fingerprints_of_their_own() -> None:
    """A change of these is a change of the features: register a new version instead."""
    assert {str(view): view.plan.fingerprint for view in VIEWS} == {
        "CUSTOMER_FEATURES/v1": "e68b89a8950754c3",
        "CUSTOMER_FEATURES/v2": "ff52a4692066d1d6",
    }
