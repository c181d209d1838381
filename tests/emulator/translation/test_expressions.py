"""Expressions that mean something else in DuckDB: SQL in, SQL out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.dialect import Dialect
from churn.emulator.language.errors import SqlError
from churn.emulator.language.parser import parse
from churn.emulator.translation import expressions
from tests.emulator.translation.trees import rewritten


def out(sql: str) -> str:
    return rewritten(expressions.SUBSYSTEM, sql)


def test_sums_stay_exact() -> None:
    """fakesnow casts exp.Sum to DOUBLE, and leaves a function of that name alone."""
    tree = parse("SELECT SUM(a) FROM t")
    (total,) = tree.expressions
    assert "wide(a)" in expressions.exact_sum(total).sql()
    assert type(expressions.exact_sum(total)).__name__ == "Anonymous"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a % b", "SELECT a % divisor(b)"),
        ("SELECT MOD(a, b)", "SELECT a % divisor(b)"),
        ("SELECT a % 0", "SELECT a % divisor(0)"),
    ],
)
def test_a_divisor_that_may_be_zero_is_checked(sql: str, expected: str) -> None:
    assert out(sql) == expected


@pytest.mark.parametrize("sql", ["SELECT a % 2", "SELECT a % 0.5", "SELECT a % NULLIF(b, 0)"])
def test_a_divisor_that_cannot_be_zero_is_left_alone(sql: str) -> None:
    assert out(sql) == sql


def test_a_divisor_is_checked_once() -> None:
    (division,) = parse("SELECT a % b").expressions
    once = expressions.division(division).copy()
    assert expressions.division(once.copy()) == once


@pytest.mark.parametrize(
    "kind", ["INT", "BIGINT", "SMALLINT", "NUMBER", "NUMBER(38)", "NUMBER(38, 0)"]
)
def test_a_cast_to_a_whole_number_rounds(kind: str) -> None:
    assert out(f"SELECT x::{kind}") == "SELECT whole(x)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x::FLOAT", "SELECT CAST(x AS DOUBLE)"),
        ("SELECT x::NUMBER(10, 2)", "SELECT CAST(x AS DECIMAL(10, 2))"),
        ("SELECT x::NUMBER(9)", "SELECT CAST(x AS DECIMAL(9))"),
        ("SELECT '1'::INT", "SELECT CAST('1' AS INT)"),
        ("SELECT NULL::INT", "SELECT CAST(NULL AS INT)"),
        ("SELECT TRY_CAST(x AS INT)", "SELECT TRY_CAST(x AS INT)"),
        ("SELECT v:a::INT", "SELECT CAST(v -> '$.a' AS INT)"),
    ],
    ids=["float", "decimal", "digits", "literal", "null", "try", "variant"],
)
def test_other_casts_are_left_alone(sql: str, expected: str) -> None:
    assert out(sql) == expected


def test_a_cast_that_is_said_to_be_exact_is_left_alone() -> None:
    """A model's arguments have the types of its signature already."""
    (cast,) = parse("SELECT x::INT").expressions
    cast.meta["exact"] = True
    assert expressions.rounding_cast(cast) is cast


@pytest.mark.parametrize(
    ("unit", "count", "expected"),
    [
        ("day", "3", "add_days(d, 3)"),
        ("'day'", "n", "add_days(d, n)"),
        ("week", "2", "add_days(d, (2) * 7)"),
        ("week", "-1", "add_days(d, (-1) * 7)"),
        ("month", "1", "add_months(d, 1)"),
        ("quarter", "n + 1", "add_months(d, (n + 1) * 3)"),
        ("year", "1", "add_months(d, (1) * 12)"),
    ],
)
def test_a_date_plus_days_stays_a_date(unit: str, count: str, expected: str) -> None:
    assert out(f"SELECT DATEADD({unit}, {count}, d)") == f"SELECT {expected}"


def test_a_date_plus_hours_is_duckdbs() -> None:
    assert out("SELECT DATEADD(hour, 1, d)") == "SELECT d + INTERVAL 1 HOUR"


@pytest.mark.parametrize("unit", ["day", "week", "month", "quarter", "year"])
def test_a_truncated_date_stays_a_date(unit: str) -> None:
    expected = f"SELECT truncated(d, '{unit.upper()}')"
    assert out(f"SELECT DATE_TRUNC('{unit}', d)") == out(f"SELECT TRUNC(d, '{unit}')") == expected


def test_the_value_of_the_extreme_row_may_be_null() -> None:
    expected = "SELECT ARG_MAX_NULL(a, b), ARG_MIN_NULL(a, b) FROM t"
    assert out("SELECT MAX_BY(a, b), MIN_BY(a, b) FROM t") == expected


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_a_sequence_numbers_the_rows_from_zero(width: int) -> None:
    assert out(f"SELECT SEQ{width}() FROM t") == "SELECT (ROW_NUMBER() OVER () - 1) FROM t"


def test_an_order_by_a_sequence_is_no_order() -> None:
    sql = "SELECT ROW_NUMBER() OVER (ORDER BY SEQ8()) FROM t"
    assert out(sql) == "SELECT ROW_NUMBER() OVER (ORDER BY NULL) FROM t"


ASOF = "SELECT * FROM a ASOF JOIN b MATCH_CONDITION (a.t >= b.t)"


def test_an_asof_join_keeps_the_rows_that_match_nothing() -> None:
    joined = "SELECT * FROM a ASOF LEFT JOIN b ON"
    assert out(f"{ASOF} ON a.k = b.k") == f"{joined} a.k = b.k AND a.t >= b.t"
    assert out(ASOF) == f"{joined} a.t >= b.t"


def test_an_asof_join_by_using_is_refused() -> None:
    with pytest.raises(SqlError, match="ASOF JOIN"):
        out(f"{ASOF} USING (k)")


def test_other_joins_are_left_alone() -> None:
    sql = "SELECT * FROM a LEFT JOIN b ON a.k = b.k"
    assert out(sql) == sql


@pytest.mark.property
@given(st.lists(st.sampled_from(["a / b", "x::INT", "SUM(a)", "DATEADD(day, 1, d)"]), min_size=1))
def test_rewriting_twice_changes_nothing(parts: list[str]) -> None:
    """What inference runs inside a query is rewritten again with the query around it."""
    pure: Dialect[Any, Any] = Dialect.of(expressions.SUBSYSTEM)
    once = pure.rewritten(None, parse(f"SELECT {', '.join(parts)} FROM t"))
    assert pure.rewritten(None, once.copy()) == once
