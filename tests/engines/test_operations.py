"""Each operation of the engine's table against expected values and types, written out.

The rows marked "Snowflake" fail with Polars' own word for the operation: they hold a correction.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.domain.errors import UsageError
from churn.domain.expressions import (
    AGGREGATES,
    OPERATIONS,
    RUNNING,
    Expression,
    Type,
    col,
    concat,
    count,
    days_between,
    greatest,
    least,
    months_between,
    row_number,
    when,
    years_between,
)
from churn.engines import polars, snowpark
from churn.engines.types import TYPES
from tests.conftest import framed
from tests.engines.tables import Tables

NAN = math.nan
A, B, C = col("A"), col("B"), col("C")

Case = tuple[Expression, dict[str, list[Any]], list[Any], Type]

ROWS: list[Case] = [
    # Arithmetic
    (A + B, {"A": [1, None], "B": [2, 2]}, [3, None], Type.INTEGER),
    (A - 1.5, {"A": [1, None]}, [-0.5, None], Type.FLOAT),
    (A * B, {"A": [3], "B": [0.5]}, [1.5], Type.FLOAT),
    (A / B, {"A": [7, 1, 0], "B": [2, 0, 0]}, [3.5, None, None], Type.FLOAT),  # Snowflake
    (A / B, {"A": [1.0, None], "B": [-0.0, 1.0]}, [None, None], Type.FLOAT),  # Snowflake
    (A % B, {"A": [7, -7, 7, -7, 7], "B": [3, 3, -3, -3, 0]}, [1, -1, 1, -1, None], Type.INTEGER),
    (-A, {"A": [1, None]}, [-1, None], Type.INTEGER),
    (abs(A), {"A": [-1.5, 2.0]}, [1.5, 2.0], Type.FLOAT),
    (A.floor(), {"A": [-1.5, 1.5]}, [-2.0, 1.0], Type.FLOAT),
    (A.ceil(), {"A": [-1.5, 1.5]}, [-1.0, 2.0], Type.FLOAT),
    (A.round(), {"A": [0.5, 1.5, 2.5, -2.5]}, [1.0, 2.0, 3.0, -3.0], Type.FLOAT),  # Snowflake
    (A.round(2), {"A": [1.125, -1.125, None]}, [1.13, -1.13, None], Type.FLOAT),  # Snowflake
    (A.round(), {"A": [7]}, [7.0], Type.FLOAT),
    (A.sqrt(), {"A": [4.0, 0.0, -1.0, None]}, [2.0, 0.0, None, None], Type.FLOAT),  # Snowflake
    (A.ln(), {"A": [1.0, 0.0, -1.0]}, [0.0, None, None], Type.FLOAT),  # Snowflake
    # Comparison and boolean logic
    (
        A == B,
        {"A": [1, 1, None, None], "B": [1, 2, 1, None]},
        [True, False, None, None],
        Type.BOOLEAN,
    ),
    (A != B, {"A": [1, 1, None], "B": [1, 2, 1]}, [False, True, None], Type.BOOLEAN),
    (A < B, {"A": [1, 2, None], "B": [2, 2, 2]}, [True, False, None], Type.BOOLEAN),
    (A <= B, {"A": [2, 3], "B": [2, 2]}, [True, False], Type.BOOLEAN),
    (A > B, {"A": ["a", "B"], "B": ["B", "a"]}, [True, False], Type.BOOLEAN),
    (A >= B, {"A": [NAN, 1.0], "B": [NAN, NAN]}, [True, False], Type.BOOLEAN),
    (A == B, {"A": [NAN, 0.0], "B": [NAN, -0.0]}, [True, True], Type.BOOLEAN),
    (A & B, {"A": [True, True, False], "B": [None, True, None]}, [None, True, False], Type.BOOLEAN),
    (
        A | B,
        {"A": [True, False, False], "B": [None, False, None]},
        [True, False, None],
        Type.BOOLEAN,
    ),
    (~A, {"A": [True, False, None]}, [False, True, None], Type.BOOLEAN),
    (A.is_in("x", "y"), {"A": ["x", "z", None]}, [True, False, None], Type.BOOLEAN),
    (A.between(1, 2), {"A": [0, 1, 2, 3]}, [False, True, True, False], Type.BOOLEAN),
    # NULL and choice
    (A.is_null(), {"A": [1.0, None, NAN]}, [False, True, False], Type.BOOLEAN),
    (A.fill_null(B, 0), {"A": [1, None, None], "B": [9, 2, None]}, [1, 2, 0], Type.INTEGER),
    (
        A.null_if(B),
        {"A": [1, 2, None, 3], "B": [1, 9, None, None]},
        [None, 2, None, 3],
        Type.INTEGER,
    ),
    (when(A > 1, "high", "low"), {"A": [2, 1, None]}, ["high", "low", "low"], Type.TEXT),
    (when(A > 1, B), {"A": [2, 1], "B": [5, 5]}, [5, None], Type.INTEGER),
    (greatest(A, B), {"A": [1, 1, None], "B": [2, None, None]}, [2, None, None], Type.INTEGER),
    (least(A, B, 0), {"A": [1, 1], "B": [2, None]}, [0, None], Type.INTEGER),  # Snowflake
    (greatest(A, B), {"A": [NAN], "B": [1.0]}, [NAN], Type.FLOAT),  # Snowflake
    (least(A, B), {"A": [NAN], "B": [1.0]}, [1.0], Type.FLOAT),
    # Types
    (
        A.cast(Type.INTEGER),
        {"A": [0.5, 1.5, -0.5, -1.4]},
        [1, 2, -1, -1],
        Type.INTEGER,
    ),  # Snowflake
    (A.cast(Type.INTEGER), {"A": [2**60 + 1]}, [2**60 + 1], Type.INTEGER),
    (A.cast(Type.FLOAT), {"A": [1, None]}, [1.0, None], Type.FLOAT),
    (A.cast(Type.TEXT), {"A": [1, None]}, ["1", None], Type.TEXT),
    (A.cast(Type.TEXT), {"A": [True]}, ["true"], Type.TEXT),
    (A.cast(Type.TEXT), {"A": [date(2024, 2, 29)]}, ["2024-02-29"], Type.TEXT),
    (A.cast(Type.DATE), {"A": [datetime(2024, 2, 29, 23, 59)]}, [date(2024, 2, 29)], Type.DATE),
    (
        A.parse(Type.INTEGER),
        {"A": ["7", "-7", "7.0", "", " 7"]},
        [7, -7, None, None, None],
        Type.INTEGER,
    ),
    (A.parse(Type.FLOAT), {"A": ["7", "1.5", "nan", "1e3"]}, [7.0, 1.5, None, None], Type.FLOAT),
    (
        A.parse(Type.DATE),
        {"A": ["2024-02-29", "2023-02-29", "2024-2-9"]},
        [date(2024, 2, 29), None, None],
        Type.DATE,
    ),
    # Dates
    (
        days_between(A, B),
        {
            "A": [date(2024, 2, 28), datetime(2024, 1, 1, 23)],
            "B": [date(2024, 3, 1), date(2024, 1, 2)],
        },
        [2, 1],
        Type.INTEGER,
    ),
    (
        months_between(A, B),
        {
            "A": [date(2024, 11, 28), date(2024, 1, 31)],
            "B": [date(2024, 12, 5), date(2023, 12, 31)],
        },
        [1, -1],
        Type.INTEGER,
    ),
    (
        years_between(A, B),
        {"A": [date(2023, 12, 31)], "B": [date(2024, 1, 1)]},
        [1],
        Type.INTEGER,
    ),
    (A.add_days(1), {"A": [date(2024, 2, 28), None]}, [date(2024, 2, 29), None], Type.DATE),
    (A.add_days(B), {"A": [date(2024, 1, 1)], "B": [-1]}, [date(2023, 12, 31)], Type.DATE),
    (A.month_start(), {"A": [date(2024, 2, 29)]}, [date(2024, 2, 1)], Type.DATE),
    (A.year(), {"A": [date(2024, 12, 30)]}, [2024], Type.INTEGER),
    (A.quarter(), {"A": [date(2024, 12, 30)]}, [4], Type.INTEGER),
    (A.month(), {"A": [date(2024, 12, 30)]}, [12], Type.INTEGER),
    (A.week(), {"A": [date(2024, 12, 30), date(2021, 1, 3)]}, [1, 53], Type.INTEGER),
    (A.day(), {"A": [date(2024, 12, 30)]}, [30], Type.INTEGER),
    (A.day_of_week(), {"A": [date(2024, 12, 30), date(2024, 12, 29)]}, [1, 7], Type.INTEGER),
    (A.day_of_year(), {"A": [date(2024, 12, 31)]}, [366], Type.INTEGER),
    # Text
    (A.lower(), {"A": ["ÀB", None]}, ["àb", None], Type.TEXT),
    (A.upper(), {"A": ["àb"]}, ["ÀB"], Type.TEXT),
    (A.trim(), {"A": ["  a ", "\ta\n"]}, ["a", "\ta\n"], Type.TEXT),  # Snowflake
    (A.length(), {"A": ["", "é€", None]}, [0, 2, None], Type.INTEGER),
    (A.substring(2, 2), {"A": ["abcd", "é€é", "a"]}, ["bc", "€é", ""], Type.TEXT),
    (concat(A, "-", B), {"A": ["a", None], "B": ["b", "b"]}, ["a-b", None], Type.TEXT),
    (A.replace(".", "x"), {"A": ["a.b.c"]}, ["axbxc"], Type.TEXT),
    (A.contains("."), {"A": ["a.b", "ab"]}, [True, False], Type.BOOLEAN),
    (A.starts_with("a"), {"A": ["ab", "ba", None]}, [True, False, None], Type.BOOLEAN),
    (A.ends_with("a"), {"A": ["ab", "ba"]}, [False, True], Type.BOOLEAN),
]

GROUPS: list[Case] = [
    (A.sum(), {"A": [1, None, 2]}, [3], Type.INTEGER),
    (A.sum(), {"A": [None, None]}, [None], Type.INTEGER),  # Snowflake
    (A.mean(), {"A": [1, 2, 6, None]}, [3.0], Type.FLOAT),
    (A.mean(), {"A": [None]}, [None], Type.FLOAT),
    (A.min(), {"A": [2, None, 1]}, [1], Type.INTEGER),
    (A.min(), {"A": [NAN, 2.0]}, [2.0], Type.FLOAT),
    (A.max(), {"A": [NAN, 2.0]}, [NAN], Type.FLOAT),  # Snowflake
    (A.max(), {"A": ["a", "B", None]}, ["a"], Type.TEXT),
    (A.max(), {"A": [date(2024, 1, 1), None]}, [date(2024, 1, 1)], Type.DATE),
    (A.count(), {"A": [1, None]}, [1], Type.INTEGER),
    (count(), {"A": [1, None]}, [2], Type.INTEGER),
    (A.count_distinct(), {"A": [1, 1, None]}, [1], Type.INTEGER),  # Snowflake
    (A.count_distinct(), {"A": [None]}, [0], Type.INTEGER),  # Snowflake
    (A.std(), {"A": [1, 3, None]}, [math.sqrt(2)], Type.FLOAT),
    (A.std(), {"A": [1]}, [None], Type.FLOAT),
    (A.median(), {"A": [1, 2, 4, 9, None]}, [3.0], Type.FLOAT),
    (A.first(by="B"), {"A": ["x", "y", "z"], "B": [2, 1, None]}, ["y"], Type.TEXT),
    (A.last(by="B"), {"A": ["x", None, "z"], "B": [2, 3, None]}, [None], Type.TEXT),
    (A.last(by=("B", "C")), {"A": [1, 2], "B": [1, 1], "C": [9, 8]}, [1], Type.INTEGER),
]

# The rows come in the order of B, which runs backwards; NULL comes last.
ORDER = {"B": [3, 2, 1, None]}
WINDOWS: list[Case] = [
    (A.sum().over(order_by="B"), {"A": [1, None, 4, 8], **ORDER}, [5, 4, 4, 13], Type.INTEGER),
    (A.sum().over(order_by="B"), {"A": [1, 2, None, 8], **ORDER}, [3, 2, None, 11], Type.INTEGER),
    (
        A.mean().over(order_by="B"),
        {"A": [1, None, 4, 7], **ORDER},
        [2.5, 4.0, 4.0, 4.0],
        Type.FLOAT,
    ),
    (A.min().over(order_by="B"), {"A": [1, None, 4, 8], **ORDER}, [1, 4, 4, 1], Type.INTEGER),
    (A.max().over(order_by="B"), {"A": [1, None, 4, 2], **ORDER}, [4, 4, 4, 4], Type.INTEGER),
    (A.max().over(order_by="B"), {"A": [1.0, 2.0, NAN, 3.0], **ORDER}, [NAN] * 4, Type.FLOAT),
    (
        A.min().over(order_by="B"),
        {"A": [1.0, 2.0, NAN, 3.0], **ORDER},
        [1.0, 2.0, NAN, 1.0],
        Type.FLOAT,
    ),
    (A.count().over(order_by="B"), {"A": [1, None, 4, 8], **ORDER}, [2, 1, 1, 3], Type.INTEGER),
    (count().over(order_by="B"), {"A": [1, None, 4, 8], **ORDER}, [3, 2, 1, 4], Type.INTEGER),
    (A.lag().over(order_by="B"), {"A": [1, 2, 4, 8], **ORDER}, [2, 4, None, 1], Type.INTEGER),
    (A.lag(2).over(order_by="B"), {"A": [1, 2, 4, 8], **ORDER}, [4, None, None, 2], Type.INTEGER),
    (row_number().over(order_by="B"), {"A": [1, 2, 4, 8], **ORDER}, [3, 2, 1, 4], Type.INTEGER),
    (A.sum().over("C"), {"A": [1, 2, 4], "C": ["x", "y", "x"]}, [5, 2, 5], Type.INTEGER),
    (A.sum().over("C"), {"A": [1, 2], "C": [None, None]}, [3, 3], Type.INTEGER),
    (A.median().over(), {"A": [1, 2, 4]}, [2.0, 2.0, 2.0], Type.FLOAT),
    (
        A.lag().over("C", order_by=("B", "A")),
        {"A": [2, 1, 5], "B": [1, 1, 0], "C": ["x", "x", "y"]},
        [1, None, None],
        Type.INTEGER,
    ),
]


def columns_of(values: dict[str, list[Any]]) -> pl.DataFrame:
    """A column of NULLs only is one of integers."""
    empty = {n: pl.Int64 for n, column in values.items() if all(v is None for v in column)}
    return pl.DataFrame(values, schema_overrides=empty, strict=False)


def check(found: pl.Series, expected: list[Any], wanted: Type) -> None:
    assert found.dtype == TYPES[wanted]
    assert [str(v) for v in found] == [str(v) for v in expected] or found.to_list() == expected


def name_of(case: object) -> str | None:
    return str(case) if isinstance(case, Expression) else None


@pytest.mark.parametrize(
    ("expression", "values", "expected", "wanted"), ROWS + WINDOWS, ids=name_of
)
def test_value_and_type_by_row(
    tables: Tables,
    expression: Expression,
    values: dict[str, list[Any]],
    expected: list[Any],
    wanted: Type,
) -> None:
    rows = columns_of(values).with_row_index("_ROW").cast({"_ROW": pl.Int64})
    found = tables.collect(tables.frame(rows).with_columns(X=expression))
    check(found.sort("_ROW")["X"], expected, wanted)


@pytest.mark.parametrize(("expression", "values", "expected", "wanted"), GROUPS, ids=name_of)
def test_value_and_type_by_group(
    tables: Tables,
    expression: Expression,
    values: dict[str, list[Any]],
    expected: list[Any],
    wanted: Type,
) -> None:
    rows = tables.frame(columns_of(values).with_columns(G=pl.lit("g")))
    check(tables.collect(rows.group_by("G").agg(X=expression))["X"], expected, wanted)
    # The same without keys, and repeated on the rows.
    check(tables.collect(rows.group_by().agg(X=expression))["X"], expected, wanted)
    repeated = tables.collect(rows.with_columns(X=expression.over("G")))["X"]
    check(repeated, expected * len(repeated), wanted)


def test_of_no_rows_counts_are_zero_and_all_else_is_null(tables: Tables) -> None:
    empty = pl.DataFrame(schema={"A": pl.Int64, "B": pl.Int64, "C": pl.Int64})
    aggregates = {str(case[0]): case[0] for case in GROUPS}
    found = tables.collect(tables.frame(empty).group_by().agg(**aggregates)).row(0, named=True)
    assert found == {name: 0 if "count" in name else None for name in aggregates}


def test_every_operation_has_its_row_of_expectations() -> None:
    tried = {name for case in ROWS + GROUPS + WINDOWS for name in _operations(case[0])}
    assert tried == OPERATIONS


def _operations(expression: Expression) -> set[str]:
    from churn.domain.expressions import Operation, children

    own = {expression.name} if isinstance(expression, Operation) else set()
    return own.union(*map(_operations, children(expression)))


@pytest.mark.parametrize("engine", [polars, snowpark], ids=["polars", "snowpark"])
def test_the_engines_offer_what_the_language_has_and_no_more(engine: Any) -> None:
    assert set(engine.OPERATIONS) == OPERATIONS
    assert set(polars.RUNNING) == RUNNING
    assert RUNNING <= AGGREGATES


@pytest.mark.parametrize("engine", [polars, snowpark], ids=["polars", "snowpark"])
def test_what_is_no_expression_of_ours_is_refused(engine: Any) -> None:
    with pytest.raises(UsageError, match="is not an expression of this engine"):
        engine.native(Expression())


numbers = st.none() | st.integers(-1000, 1000)
table = st.lists(st.tuples(numbers, st.integers(0, 5), st.sampled_from("xy")), max_size=12)


@pytest.mark.property
@given(table)
def test_running_aggregates_equal_a_plain_loop(rows: list[tuple[int | None, int, str]]) -> None:
    """ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW, with the row's number to break ties."""
    numbered = [(value, key, part, i) for i, (value, key, part) in enumerate(rows)]
    frame = pl.DataFrame(
        numbered,
        schema={"A": pl.Int64, "B": pl.Int64, "C": pl.String, "ID": pl.Int64},
        orient="row",
    )
    order = {"order_by": ("B", "ID")}
    found = framed(frame).with_columns(
        SUM=A.sum().over("C", **order),
        MEAN=A.mean().over("C", **order),
        MIN=A.min().over("C", **order),
        MAX=A.max().over("C", **order),
        COUNT=A.count().over("C", **order),
        LAG=A.lag().over("C", **order),
        NUMBER=row_number().over("C", **order),
    )
    for row in found.lazy.collect().to_dicts():
        before = sorted(
            (r for r in numbered if r[2] == row["C"] and (r[1], r[3]) <= (row["B"], row["ID"])),
            key=lambda r: (r[1], r[3]),
        )
        known = [r[0] for r in before if r[0] is not None]
        assert row["SUM"] == (sum(known) if known else None)
        assert row["MEAN"] == pytest.approx(sum(known) / len(known) if known else None)
        assert row["MIN"] == min(known, default=None)
        assert row["MAX"] == max(known, default=None)
        assert row["COUNT"] == len(known)
        assert row["LAG"] == (before[-2][0] if len(before) > 1 else None)
        assert row["NUMBER"] == len(before)
