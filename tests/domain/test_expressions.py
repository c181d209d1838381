from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date
from typing import Any

import pytest

from churn.domain.errors import UsageError
from churn.domain.expressions import (
    Column,
    Type,
    col,
    columns,
    concat,
    count,
    days_between,
    greatest,
    lit,
    require_aggregate,
    require_rows,
    row_number,
    when,
)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (col("A") + 1, "(A + 1)"),
        (1 - col("A"), "(1 - A)"),
        (2 * col("A") / 3, "((2 * A) / 3)"),
        (-abs(col("A")), "negate(absolute(A))"),
        ((col("A") > 1) & ~(col("B") == "x"), "((A > 1) and not((B = 'x')))"),
        (col("A").is_in("it's", "b"), "is_in(A, 'it''s', 'b')"),
        (when(col("A").is_null(), None, True), "when(is_null(A), NULL, True)"),
        (col("A").cast(Type.FLOAT).round(2), "round(cast(A, float), 2)"),
        (
            days_between(col("D").max(), date(2024, 6, 30)),
            "days_between(max(D), date '2024-06-30')",
        ),
        (col("A").lag(2).over("C", order_by="D"), "lag(A, 2) over (partition by C order by D)"),
        (row_number().over(order_by=("D", "E")), "row_number() over (order by D, E)"),
        (col("A").last(by="D"), "last(A, D)"),
        (concat(col("A"), "-", col("B")), "concat(A, '-', B)"),
    ],
)
def test_expressions_print_themselves(expression: object, text: str) -> None:
    assert str(expression) == text


def test_expressions_are_frozen() -> None:
    column = col("A")
    assert isinstance(column, Column)
    with pytest.raises(FrozenInstanceError):
        column.name = "B"  # type: ignore[misc]


def test_expressions_have_no_truth() -> None:
    """`and`, `or` and `if` would silently drop half of a condition."""
    with pytest.raises(UsageError, match="Combine conditions with &"):
        bool((col("A") > 1) and (col("B") > 1))


@pytest.mark.parametrize(
    "build",
    [
        lambda: col("A") + object(),  # type: ignore[operator]
        lambda: col("A").is_in(),
        lambda: col("A").is_in("x", None),
        lambda: col("A").lag(0),
        lambda: col("A").lag(-1),
        lambda: col("A").over("C"),
        lambda: col("A").median().over("C", order_by="D"),
        lambda: col("A").lag().over("C"),
        lambda: col("A").first(by=()),
        lambda: col("A").substring(0, 1),
        lambda: col("A").replace("", "x"),
        lambda: col("A").parse(Type.BOOLEAN),
    ],
)
def test_nonsense_is_refused_when_it_is_written(build: Any) -> None:
    with pytest.raises(UsageError):
        build()


@pytest.mark.parametrize(
    "expression",
    [
        col("A").sum(),
        col("A") - col("A").mean(),
        when(col("A").max() > 1, 1),
        count(),
        row_number(),
    ],
)
def test_aggregates_have_no_value_for_a_row(expression: Any) -> None:
    with pytest.raises(UsageError, match="needs a group or a window"):
        require_rows(expression)


@pytest.mark.parametrize(
    "expression",
    [
        col("A"),
        col("A").sum() + col("B"),
        col("A").sum().over("C"),
        col("A").sum().max(),
        row_number(),
    ],
)
def test_rows_have_no_value_for_a_group(expression: Any) -> None:
    with pytest.raises(UsageError):
        require_aggregate(expression)


def test_sound_expressions_are_let_through() -> None:
    require_rows(col("A") - col("A").mean().over("C"))
    require_aggregate(greatest(col("A").sum() / count(), lit(0)))


def test_columns_lists_what_an_expression_reads() -> None:
    expression = when(col("A") > 1, col("B")).sum().over("C", order_by="D")
    assert list(columns(expression)) == ["A", "B", "C", "D"]
