from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn.domain.windows import Windows
from tests import strategies
from tests.conftest import ROOT, customers_frame, framed, orders_frame
from tests.oracles import labels_by_a_loop
from tests.shipped import DEFAULT, KEY, LABEL, labels_of

World = tuple[pl.DataFrame, pl.DataFrame, Windows]


def labelled(orders: pl.DataFrame, customers: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    frame = labels_of(framed(orders), windows)
    return frame.lazy.collect(engine="streaming").sort(KEY)


def of(*days: str) -> list[int]:
    """The label of one customer who ordered on these days; none if not in the population."""
    orders = orders_frame([("A", day, 1.0, "FULFILLED") for day in days])
    return labelled(orders, customers_frame([("A", "Basic")]), DEFAULT)[LABEL].to_list()


@pytest.mark.property
@given(strategies.worlds())
def test_labels_equal_a_plain_loop(world: World) -> None:
    orders, _, windows = world
    found = labelled(*world)
    assert dict(found.rows()) == labels_by_a_loop(orders, windows)
    assert dict(found.schema) == {KEY: pl.String(), LABEL: pl.Int64()}


@pytest.mark.property
@given(world=strategies.worlds(), data=st.data())
def test_the_past_does_not_change_the_label(world: World, data: st.DataObject) -> None:
    """Given the same customers, only the outcome window decides."""
    orders, customers, windows = world
    extra = data.draw(strategies.orders(windows)).filter(
        pl.col("ORDER_DATE") <= windows.as_of,
        pl.col(KEY).is_in(labelled(*world)[KEY].to_list()),
    )
    assert_frame_equal(labelled(pl.concat([orders, extra]), customers, windows), labelled(*world))


@pytest.mark.parametrize(
    ("days", "label"),
    [
        (["2024-06-30"], [1]),
        (["2024-06-30", "2024-07-01"], [0]),
        (["2024-06-30", "2024-12-31"], [0]),
        (["2024-06-30", "2025-01-01"], [1]),
        (["2024-01-01"], [1]),
        (["2023-12-31"], []),
        (["2023-12-31", "2024-07-01"], []),
        (["2024-07-01"], []),
    ],
)
def test_labels_on_every_boundary_day(days: list[str], label: list[int]) -> None:
    assert of(*days) == label


def test_orders_in_the_gap_count_for_neither_window() -> None:
    windows = Windows(
        as_of=DEFAULT.as_of,
        observation_start=DEFAULT.observation_start,
        outcome_end=DEFAULT.outcome_end,
        gap_days=14,
    )
    orders = orders_frame(
        [("A", "2024-06-01", 1.0, "FULFILLED"), ("A", "2024-07-14", 1.0, "FULFILLED")]
    )
    customers = customers_frame([("A", "Basic")])
    assert labelled(orders, customers, windows)[LABEL].to_list() == [1]
    assert labelled(orders, customers, DEFAULT)[LABEL].to_list() == [0]


def test_fixtures_checked_by_hand() -> None:
    tables = [
        pl.read_csv(ROOT / "fixtures" / f"{name}.csv", try_parse_dates=True)
        for name in ("orders", "customers", "labels")
    ]
    assert_frame_equal(labelled(tables[0], tables[1], DEFAULT), tables[2])
