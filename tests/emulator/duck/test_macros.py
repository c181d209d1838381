"""The macros, against Python's own arithmetic."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.duck import python_functions
from churn.emulator.duck.macros import CREATION, SCHEMA


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS _fs_global")
    python_functions.create(connection)
    connection.execute(CREATION)
    return connection


def call(duck: duckdb.DuckDBPyConnection, name: str, *arguments: Any) -> Any:
    marks = ", ".join("?" * len(arguments))
    row = duck.execute(f"SELECT {SCHEMA}.{name}({marks})", list(arguments)).fetchone()
    assert row
    return row[0]


DATES = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))


@pytest.mark.property
@given(x=st.floats(-1e9, 1e9))
def test_floats_round_half_away_from_zero(duck: duckdb.DuckDBPyConnection, x: float) -> None:
    expected = int(Decimal(repr(x)).quantize(Decimal(1), ROUND_HALF_UP))
    assert abs(call(duck, "whole", x) - expected) <= (0 if abs(x) < 2**30 and x * 2 % 1 == 0 else 1)


@pytest.mark.parametrize(("x", "rounded"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (-2.5, -3)])
def test_ties(duck: duckdb.DuckDBPyConnection, x: float, rounded: int) -> None:
    assert call(duck, "whole", x) == rounded


@pytest.mark.property
@given(day=DATES, days=st.integers(-500, 500))
def test_days(duck: duckdb.DuckDBPyConnection, day: dt.date, days: int) -> None:
    assert call(duck, "add_days", day, days) == day + dt.timedelta(days)


@pytest.mark.property
@given(day=DATES, months=st.integers(-30, 30))
def test_months(duck: duckdb.DuckDBPyConnection, day: dt.date, months: int) -> None:
    """The last day of a shorter month where the day is not there."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = calendar.monthrange(year, month)[1]
    assert call(duck, "add_months", day, months) == dt.date(year, month, min(day.day, last))


def test_a_moment_stays_a_moment_and_a_date_a_date(duck: duckdb.DuckDBPyConnection) -> None:
    noon = dt.datetime(2024, 2, 29, 12)
    assert call(duck, "add_days", noon, 1) == dt.datetime(2024, 3, 1, 12)
    assert call(duck, "add_days", "2024-02-29", 1) == dt.datetime(2024, 3, 1)
    assert call(duck, "truncated", dt.date(2024, 2, 29), "month") == dt.date(2024, 2, 1)
    assert call(duck, "truncated", noon, "month") == dt.datetime(2024, 2, 1)


def test_zero_is_no_divisor(duck: duckdb.DuckDBPyConnection) -> None:
    assert call(duck, "divisor", 2) == 2
    assert call(duck, "divisor", None) is None
    with pytest.raises(duckdb.Error, match="Division by zero"):
        call(duck, "divisor", 0)
