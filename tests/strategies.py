"""Generated histories, which over-sample what hurts: the days around every boundary."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import strategies as st

from churn.domain.windows import DAY, Windows
from tests.conftest import CUSTOMER_SCHEMA, ORDER_SCHEMA

STATUSES = ("FULFILLED", "RETURNED", "CANCELLED")
SEGMENTS = ("Premium", "Standard", "Basic")
CUSTOMER_IDS = ("A", "B", "C", "a", "É", "C 1")

AS_OF_DATES = (date(2024, 6, 30), date(2024, 2, 29), date(2023, 12, 31), date(2024, 5, 15))


@st.composite
def windows(draw: st.DrawFn) -> Windows:
    """Month ends, a leap day, a year's end, any day; with and without a gap."""
    as_of = draw(st.sampled_from(AS_OF_DATES))
    gap = draw(st.sampled_from((0, 0, 1, 30)))
    return Windows(
        as_of=as_of,
        observation_start=as_of - timedelta(days=draw(st.integers(0, 200))),
        outcome_end=as_of + timedelta(days=gap + draw(st.integers(1, 200))),
        gap_days=gap,
    )


@st.composite
def days(draw: st.DrawFn, known: Windows) -> date:
    """Any day of three years, or one at a boundary of the windows, or next to it."""
    boundaries = (
        known.observation.start,
        known.observation.end,
        known.outcome.start,
        known.outcome.end,
    )
    near = [edge + DAY * step for edge in boundaries for step in (-1, 0, 1)]
    return draw(st.sampled_from(near) | st.dates(date(2022, 6, 1), date(2025, 6, 30)))


def amounts() -> st.SearchStrategy[float]:
    return st.integers(0, 100_000).map(lambda cents: cents / 100) | st.sampled_from((0.0, 1e9))


@st.composite
def orders(draw: st.DrawFn, known: Windows, max_size: int = 25) -> pl.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(CUSTOMER_IDS), days(known), amounts(), st.sampled_from(STATUSES)
            ),
            max_size=max_size,
        )
    )
    numbered = [(f"O{i}", *row) for i, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema=ORDER_SCHEMA, orient="row")


@st.composite
def customers(draw: st.DrawFn) -> pl.DataFrame:
    rows = [
        (name, draw(st.sampled_from(SEGMENTS)), date(2022, 1, 1), "North") for name in CUSTOMER_IDS
    ]
    return pl.DataFrame(rows, schema=CUSTOMER_SCHEMA, orient="row")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, Windows]:
    known = draw(windows())
    return draw(orders(known)), draw(customers()), known
