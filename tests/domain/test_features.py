"""Features against a plain loop, and against tables that were checked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn.domain.errors import UsageError
from churn.domain.features import FeatureView
from churn.domain.windows import Windows
from churn.engines.types import TYPES
from tests import strategies
from tests.conftest import ROOT, customers_frame, framed, orders_frame
from tests.oracles import by_a_loop
from tests.shipped import CHURN, DEFAULT, KEY, VIEWS, features_of

V1, V2 = VIEWS

World = tuple[pl.DataFrame, pl.DataFrame, Windows]


def computed(
    view: FeatureView, orders: pl.DataFrame, customers: pl.DataFrame, windows: Windows
) -> pl.DataFrame:
    frame = features_of(view, framed(orders), framed(customers), windows)
    return frame.lazy.collect(engine="streaming").sort(KEY)


@pytest.mark.property
@given(strategies.worlds())
def test_features_equal_a_plain_loop(world: World) -> None:
    expected = by_a_loop(*world)
    assert_frame_equal(computed(V2, *world), expected, rel_tol=1e-9)
    assert_frame_equal(computed(V1, *world), expected.select(KEY, *V1.columns), rel_tol=1e-9)


@pytest.mark.property
@pytest.mark.parametrize("view", VIEWS, ids=str)
@given(world=strategies.worlds(), data=st.data())
def test_the_future_is_invisible(view: FeatureView, world: World, data: st.DataObject) -> None:
    """Whatever happens after the as-of date, no feature moves."""
    orders, customers, windows = world
    past = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    future = data.draw(strategies.orders(windows)).filter(pl.col("ORDER_DATE") > windows.as_of)
    with_future = pl.concat([past, future])
    assert_frame_equal(
        computed(view, past, customers, windows),
        computed(view, with_future, customers, windows),
        rel_tol=1e-12,
    )


@pytest.mark.property
@pytest.mark.parametrize("view", VIEWS, ids=str)
@given(world=strategies.worlds(), seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(view: FeatureView, world: World, seed: int) -> None:
    orders, customers, windows = world
    shuffled = orders.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(
        computed(view, orders, customers, windows),
        computed(view, shuffled, customers.reverse(), windows),
        rel_tol=1e-12,
    )


@pytest.mark.property
@pytest.mark.parametrize("view", VIEWS, ids=str)
@given(world=strategies.worlds())
def test_a_customer_alone_has_the_same_features(view: FeatureView, world: World) -> None:
    orders, customers, windows = world
    for customer in orders[KEY].unique():
        assert_frame_equal(
            computed(view, orders, customers, windows).filter(pl.col(KEY) == customer),
            computed(view, orders.filter(pl.col(KEY) == customer), customers, windows),
            rel_tol=1e-12,
        )


@pytest.mark.parametrize(
    ("day", "recency"),
    [("2024-06-30", 0), ("2024-06-29", 1), ("2024-01-01", 181)],
)
def test_orders_on_the_edges_of_the_observation_window_count(day: str, recency: int) -> None:
    orders = orders_frame([("A", day, 10.0, "FULFILLED")])
    row = computed(V1, orders, customers_frame([("A", "Basic")]), DEFAULT).row(0, named=True)
    assert (row["DAYS_SINCE_LAST_ORDER"], row["WINDOW_ORDER_COUNT"]) == (recency, 1)


@pytest.mark.parametrize("day", ["2024-07-01", "2023-12-31"])
def test_who_ordered_outside_the_observation_window_only_has_no_features(day: str) -> None:
    orders = orders_frame([("A", day, 10.0, "FULFILLED")])
    assert computed(V1, orders, customers_frame([("A", "Basic")]), DEFAULT).is_empty()


def test_history_before_the_window_counts_in_the_totals_only() -> None:
    orders = orders_frame(
        [("A", "2023-05-01", 30.0, "RETURNED"), ("A", "2024-05-01", 10.0, "FULFILLED")]
    )
    row = computed(V2, orders, customers_frame([("A", "Basic")]), DEFAULT).row(0, named=True)
    assert (row["TOTAL_ORDER_COUNT"], row["WINDOW_ORDER_COUNT"]) == (2, 1)
    assert (row["TOTAL_ORDER_AMOUNT"], row["WINDOW_ORDER_AMOUNT"]) == (40.0, 10.0)
    assert (row["AVG_ORDER_AMOUNT"], row["RETURN_RATE"]) == (20.0, 0.5)


def test_timestamps_late_on_the_last_day_are_known() -> None:
    """An order date that is a timestamp does not fall out of the window at noon."""
    noon = pl.col("ORDER_DATE").cast(pl.Datetime("us")) + timedelta(hours=23, minutes=59)
    orders = orders_frame([("A", "2024-06-30", 1.0, "FULFILLED")]).with_columns(noon)
    found = computed(V1, orders, customers_frame([("A", "Basic")]), DEFAULT)
    assert found["DAYS_SINCE_LAST_ORDER"].to_list() == [0]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_columns_are_as_declared(view: FeatureView) -> None:
    orders = orders_frame([("A", "2024-05-01", 10.0, "FULFILLED")])
    found = computed(view, orders, customers_frame([("A", "Basic")]), DEFAULT)
    assert dict(found.schema) == {
        KEY: pl.String(),
        **{f.name: TYPES[f.type] for f in view.features},
    }
    assert all(f.description and f.reason for f in view.features)


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_fixtures_checked_by_hand(view: FeatureView) -> None:
    """fixtures/README.md shows the arithmetic."""
    tables = {t: _fixture(t) for t in ("orders", "customers")}
    expected = _fixture("features_v2").select(KEY, *view.columns)
    assert_frame_equal(computed(view, **tables, windows=DEFAULT), expected, rel_tol=1e-9)


def _fixture(name: str) -> pl.DataFrame:
    return pl.read_csv(Path(ROOT) / "fixtures" / f"{name}.csv", try_parse_dates=True)


def test_v2_is_v1_plus_more() -> None:
    assert V2.columns[: len(V1.columns)] == V1.columns


def test_views_are_found_whatever_the_case() -> None:
    assert CHURN.feature_view("customer_features", "V2") is V2


def test_an_unknown_view_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"CUSTOMER_FEATURES/v9.*\n.*CUSTOMER_FEATURES/v1"):
        CHURN.feature_view("CUSTOMER_FEATURES", "v9")


def test_no_feature_is_made_of_an_id() -> None:
    """Ids are numbered in some order, and that order can give the label away."""
    for view in VIEWS:
        steps = str(view.plan).splitlines()
        assert not [s for s in steps if "ORDER_ID" in s or ("CUSTOMER_ID" in s and "=" in s)]


def test_as_of_dates_differ() -> None:
    """The as-of date is an argument: nothing about a date is in the code."""
    orders = orders_frame([("A", "2024-05-01", 10.0, "FULFILLED")])
    found = [
        computed(V1, orders, customers_frame([("A", "Basic")]), DEFAULT.ending(day))
        for day in (date(2024, 5, 1), date(2024, 5, 31))
    ]
    assert [f["DAYS_SINCE_LAST_ORDER"].to_list() for f in found] == [[0], [30]]
