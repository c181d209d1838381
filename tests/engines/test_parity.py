"""Both engines against each other, and against plain loops, on generated tables.

Value and type: integers, texts, dates and booleans are equal, floats to 1e-9.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn.domain.expressions import (
    AGGREGATES,
    OPERATIONS,
    ORDERED,
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
from tests.engines.tables import PolarsTables, SnowparkTables
from tests.engines.values import frames

pytestmark = pytest.mark.property

DEV = settings.get_current_profile_name() == "dev"
some = settings(max_examples=5 if DEV else 200, deadline=None)

A, B, C = col("A"), col("B"), col("C")
TEXT, INTEGER, FLOAT, BOOLEAN, DATE, TIMESTAMP = Type

POLARS = PolarsTables()


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert_frame_equal(
        canonical(found), canonical(expected), check_row_order=True, rel_tol=1e-9, abs_tol=1e-12
    )


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in one order; that of the floats ignores their last digits."""
    keys = frame.select(
        pl.when(pl.col(c) == 0).then(0.0).otherwise(pl.col(c).round(6)).alias(c)
        if kind.is_float()
        else pl.col(c)
        for c, kind in frame.schema.items()
    ).cast(pl.String)
    order = keys.with_row_index("_row").sort(frame.columns)["_row"]
    return frame[order.to_list()]


# Operations on rows

Signature = tuple[Expression, dict[str, Type]]

NUMBERS = (INTEGER, FLOAT)


def each(build: Callable[..., Expression], *kinds: dict[str, Type]) -> list[Signature]:
    return [(build(), k) for k in kinds]


def pairs(*kinds: Type) -> list[dict[str, Type]]:
    return [{"A": k, "B": k} for k in kinds]


ALL = tuple(Type)
MIXED = [{"A": INTEGER, "B": FLOAT}, {"A": FLOAT, "B": INTEGER}]

ON_ROWS: list[Signature] = [
    *each(lambda: A + B, *pairs(*NUMBERS), *MIXED),
    *each(lambda: A - B, *pairs(*NUMBERS), *MIXED),
    *each(lambda: (A % 1000) * (B % 1000), {"A": INTEGER, "B": INTEGER}),
    *each(lambda: A * B, {"A": FLOAT, "B": FLOAT}),
    *each(lambda: A / B, *pairs(*NUMBERS), *MIXED),
    *each(lambda: A % B, *pairs(INTEGER)),
    *each(lambda: -A, {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: abs(A), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.floor(), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.ceil(), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.round(), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.round(2), {"A": FLOAT}),
    *each(lambda: A.sqrt(), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.ln(), {"A": INTEGER}, {"A": FLOAT}),
    *(s for op in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
      for s in each(lambda op=op: getattr(A, op)(B), *pairs(*ALL), *MIXED)),
    *each(lambda: A & B, *pairs(BOOLEAN)),
    *each(lambda: A | B, *pairs(BOOLEAN)),
    *each(lambda: ~A, {"A": BOOLEAN}),
    *each(lambda: A.is_in("a", "É", "x'y"), {"A": TEXT}),
    *each(lambda: A.is_in(0, 1, -7), {"A": INTEGER}),
    *each(lambda: A.is_null(), *({"A": k} for k in ALL)),
    *each(lambda: A.fill_null(B), *pairs(*ALL)),
    *each(lambda: A.null_if(B), *pairs(*ALL)),
    *each(lambda: when(A, B, C), *({"A": BOOLEAN, "B": k, "C": k} for k in ALL)),
    *each(lambda: A.cast(INTEGER), {"A": INTEGER}),
    *each(lambda: when(abs(A) < 1e15, A).cast(INTEGER), {"A": FLOAT}),
    *each(lambda: A.cast(FLOAT), {"A": INTEGER}, {"A": FLOAT}),
    *each(lambda: A.cast(TEXT), *({"A": k} for k in (INTEGER, BOOLEAN, DATE, TEXT))),
    *each(lambda: A.cast(DATE), {"A": DATE}, {"A": TIMESTAMP}),
    *each(lambda: A.cast(TIMESTAMP), {"A": DATE}, {"A": TIMESTAMP}),
    *each(lambda: A.parse(INTEGER), {"A": TEXT}),
    *each(lambda: A.parse(FLOAT), {"A": TEXT}),
    *each(lambda: A.parse(DATE), {"A": TEXT}),
    *each(lambda: greatest(A, B), *pairs(INTEGER, FLOAT, DATE, TEXT)),
    *each(lambda: least(A, B), *pairs(INTEGER, FLOAT, DATE, TEXT)),
    *(s for f in (days_between, months_between, years_between)
      for s in each(lambda f=f: f(A, B), *pairs(DATE, TIMESTAMP), {"A": DATE, "B": TIMESTAMP})),
    *each(lambda: A.add_days(B % 1000), {"A": DATE, "B": INTEGER}, {"A": TIMESTAMP, "B": INTEGER}),
    *(s for part in ("year", "quarter", "month", "week", "day", "day_of_week", "day_of_year",
                     "month_start")
      for s in each(lambda part=part: getattr(A, part)(), {"A": DATE}, {"A": TIMESTAMP})),
    *(s for part in ("lower", "upper", "trim", "length")
      for s in each(lambda part=part: getattr(A, part)(), {"A": TEXT})),
    *each(lambda: A.substring(2, 2), {"A": TEXT}),
    *each(lambda: A.substring(1, 0), {"A": TEXT}),
    *each(lambda: concat(A, "-", B), *pairs(TEXT)),
    *each(lambda: A.replace("a", "'\\"), {"A": TEXT}),
    *each(lambda: A.contains("a"), {"A": TEXT}),
    *each(lambda: A.contains(""), {"A": TEXT}),
    *each(lambda: A.contains("%"), {"A": TEXT}),
    *each(lambda: A.starts_with("a"), {"A": TEXT}),
    *each(lambda: A.ends_with("\\b"), {"A": TEXT}),
]  # fmt: skip


BY_TYPES: dict[tuple[Type, ...], list[Expression]] = {}
for _expression, _kinds in ON_ROWS:
    BY_TYPES.setdefault(tuple(_kinds.values()), []).append(_expression)


@pytest.mark.parametrize("kinds", BY_TYPES, ids=",".join)
@some
@given(data=st.data())
def test_operations_on_rows(
    snowpark: SnowparkTables, kinds: tuple[Type, ...], data: st.DataObject
) -> None:
    """All operations on columns of these types at once, each under its own text as name."""
    rows = data.draw(frames(dict(zip("ABC", kinds, strict=False))))
    expressions: dict[str, Expression] = {str(e): e for e in BY_TYPES[kinds]}
    computed = [
        tables.collect(tables.frame(rows).with_columns(**expressions))
        for tables in (POLARS, snowpark)
    ]
    same(computed[1], computed[0])


# Aggregates, with a plain loop as the third witness


def plain(name: str, values: list[Any]) -> Any:
    """What an aggregate is, of the values that are not NULL."""
    if name == "count":
        return len(values)
    if name == "count_distinct":
        return len({("nan",) if v != v else v for v in values})  # noqa: PLR0124
    if not values or (name == "std" and len(values) == 1):
        return None
    if any(isinstance(v, float) and math.isnan(v) for v in values):
        finite = [v for v in values if v == v]  # noqa: PLR0124
        return min(finite, default=math.nan) if name == "min" else math.nan
    match name:
        case "sum":
            return math.fsum(values) if isinstance(values[0], float) else sum(values)
        case "mean":
            return math.fsum(values) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "std":
            return statistics.stdev(values)
        case _:
            return float(statistics.median(values))


OF_NUMBERS = ("sum", "mean", "std", "median")
OF_ALL = ("min", "max", "count", "count_distinct")


def close(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        if math.isnan(expected):
            return math.isnan(found)
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)


@pytest.mark.parametrize("kind", [INTEGER, FLOAT, TEXT, DATE, TIMESTAMP])
@some
@given(data=st.data())
def test_aggregates(snowpark: SnowparkTables, kind: Type, data: st.DataObject) -> None:
    """By group, over all rows, and repeated over a window; groups may be NULL, rows none."""
    rows = data.draw(frames({"K": TEXT, "A": kind}, small=True) | frames({"K": TEXT, "A": kind}))
    if kind is FLOAT:
        # Sums of very different sizes are not defined to nine digits in any order.
        assume(all(abs(v) < 1e9 for v in rows["A"].drop_nulls() if not math.isnan(v)))
    names = OF_ALL + (OF_NUMBERS if kind in NUMBERS else ())
    aggregates: dict[str, Expression] = {name.upper(): getattr(A, name)() for name in names}
    found = [
        tables.collect(tables.frame(rows).group_by("K").agg(**aggregates, N=count()))
        for tables in (POLARS, snowpark)
    ]
    same(found[1], found[0])
    for row in found[1].to_dicts():
        values = [v for k, v in rows.rows() if k == row["K"]]
        assert row["N"] == len(values)
        for name in names:
            expected = plain(name, [v for v in values if v is not None])
            assert close(row[name.upper()], expected), (name, row, values)
    repeated = {name: aggregate.over("K") for name, aggregate in aggregates.items()}
    for build in (
        lambda frame: frame.group_by().agg(**aggregates),
        lambda frame: frame.with_columns(**repeated),
    ):
        same(
            snowpark.collect(build(snowpark.frame(rows))), POLARS.collect(build(POLARS.frame(rows)))
        )


@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize("by", [("B",), ("B", "ID")], ids=str)
@some
@given(data=st.data())
def test_first_and_last(
    snowpark: SnowparkTables, name: str, by: tuple[str, ...], data: st.DataObject
) -> None:
    kinds = {"K": TEXT, "A": TEXT, "B": DATE}
    rows = data.draw(frames(kinds, small=True)).with_row_index("ID").cast({"ID": pl.Int64})
    if by == ("B",):
        rows = rows.unique(["K", "B"])
    expression = getattr(A, name)(by=by)
    found = snowpark.collect(snowpark.frame(rows).group_by("K").agg(X=expression))
    same(found, POLARS.collect(POLARS.frame(rows).group_by("K").agg(X=expression)))
    pick = min if name == "first" else max
    for row in found.to_dicts():
        known = [
            r for r in rows.to_dicts() if r["K"] == row["K"] and all(r[b] is not None for b in by)
        ]
        best = pick(known, key=lambda r: tuple(r[b] for b in by), default=None)
        assert row["X"] == (best["A"] if best else None)
    over = {"X": expression.over("K")}
    same(
        snowpark.collect(snowpark.frame(rows).with_columns(**over)),
        POLARS.collect(POLARS.frame(rows).with_columns(**over)),
    )


@pytest.mark.parametrize("kind", NUMBERS)
@some
@given(data=st.data())
def test_running_windows(snowpark: SnowparkTables, kind: Type, data: st.DataObject) -> None:
    kinds = {"K": TEXT, "A": kind, "B": DATE}
    rows = data.draw(frames(kinds, small=True)).with_row_index("ID").cast({"ID": pl.Int64})
    order = {"order_by": ("B", "ID")}
    expressions: dict[str, Expression] = {
        n.upper(): (getattr(A, n)() if n != "count_rows" else count()).over("K", **order)
        for n in sorted(RUNNING)
    }
    expressions |= {"LAG": A.lag(2).over("K", **order), "ROW": row_number().over("K", **order)}
    found = [
        tables.collect(tables.frame(rows).with_columns(**expressions))
        for tables in (POLARS, snowpark)
    ]
    same(found[1], found[0])
    end = "9999-12-31"  # NULL comes last
    for row in found[1].to_dicts():
        before = (
            sorted(
                (str(r["B"] or end), r["ID"], r["A"])
                for r in rows.to_dicts()
                if r["K"] == row["K"]
                and (str(r["B"] or end), r["ID"]) <= (str(row["B"] or end), row["ID"])
            )
            if all(r is not None for r in rows["A"])
            else []
        )
        if before:
            values = [v for *_, v in before]
            assert close(row["SUM"], plain("sum", values))
            assert close(row["MIN"], min(values))
            assert row["ROW"] == row["COUNT"] == len(values)
            assert row["LAG"] == (values[-3] if len(values) > 2 else None)


def test_every_operation_is_compared() -> None:
    from tests.engines.test_operations import _operations

    compared = {name for expression, _ in ON_ROWS for name in _operations(expression)}
    compared |= {*OF_NUMBERS, *OF_ALL} | {"first", "last", "count_rows"} | RUNNING | ORDERED
    assert compared == OPERATIONS
    assert compared >= AGGREGATES


# Verbs, with a plain loop as the third witness

LEFT = {"K": TEXT, "J": INTEGER, "X": INTEGER}
RIGHT = {"K": TEXT, "J": INTEGER, "Y": FLOAT}


def loop_join(left: pl.DataFrame, right: pl.DataFrame, keys: list[str], how: str) -> list[Any]:
    rest = [n for n in right.columns if n not in keys]
    rows: list[Any] = []
    for row in left.to_dicts():
        matches = [
            r for r in right.to_dicts() if all(row[k] is not None and row[k] == r[k] for k in keys)
        ]
        if how == "semi":
            rows += [tuple(row.values())] if matches else []
        elif how == "anti":
            rows += [] if matches else [tuple(row.values())]
        else:
            rows += [(*row.values(), *(m[n] for n in rest)) for m in matches]
            if how == "left" and not matches:
                rows.append((*row.values(), *(None for _ in rest)))
    return rows


@pytest.mark.parametrize("how", ["inner", "left", "semi", "anti"])
@pytest.mark.parametrize("on", ["K", ("K", "J")], ids=str)
@some
@given(left=frames(LEFT, small=True), right=frames(RIGHT, small=True))
def test_joins(
    snowpark: SnowparkTables, how: Any, on: Any, left: pl.DataFrame, right: pl.DataFrame
) -> None:
    if on == "K":
        right = right.rename({"J": "Z"})
    found = [
        tables.collect(tables.frame(left).join(tables.frame(right), on=on, how=how))
        for tables in (POLARS, snowpark)
    ]
    same(found[1], found[0])
    expected = loop_join(left, right, [on] if isinstance(on, str) else list(on), how)
    assert sorted(map(str, found[1].rows())) == sorted(map(str, expected))


@some
@given(
    left=frames({"K": TEXT, "T": DATE}, small=True),
    right=frames({"K": TEXT, "U": DATE, "V": FLOAT}, small=True),
)
def test_as_of_joins(snowpark: SnowparkTables, left: pl.DataFrame, right: pl.DataFrame) -> None:
    right = right.with_row_index("ID").cast({"ID": pl.Int64})
    keywords: dict[str, Any] = {"left_time": "T", "right_time": "U", "by": "K", "tie": "ID"}
    found = [
        tables.collect(tables.frame(left).join_asof(tables.frame(right), **keywords))
        for tables in (POLARS, snowpark)
    ]
    same(found[1], found[0])
    for row in found[1].to_dicts():
        best = max(
            (
                (r["U"], r["ID"])
                for r in right.to_dicts()
                if None not in (r["U"], r["K"], row["T"])
                and r["K"] == row["K"]
                and r["U"] <= row["T"]
            ),
            default=(None, None),
        )
        assert (row["U"], row["ID"]) == best


@some
@given(rows=frames({"A": INTEGER, "B": TEXT, "C": FLOAT}, small=True), more=st.data())
def test_filter_union_distinct_and_selection(
    snowpark: SnowparkTables, rows: pl.DataFrame, more: st.DataObject
) -> None:
    others = more.draw(frames({"A": INTEGER, "B": TEXT, "C": FLOAT}, small=True))
    for build in (
        lambda t: t.frame(rows).filter(A > 0, B != "a"),
        lambda t: t.frame(rows).filter(~A.is_in(1, 2)),
        lambda t: t.frame(rows).union(t.frame(others)),
        lambda t: t.frame(rows).union(t.frame(others)).distinct(),
        lambda t: t.frame(rows).select("C", "A", Z=A + 1),
        lambda t: t.frame(rows).with_columns(A=C, Z=concat(B, "!")),
        lambda t: t.frame(rows).group_by("B", "A").agg(),
    ):
        same(snowpark.collect(build(snowpark)), POLARS.collect(build(POLARS)))
    kept = snowpark.collect(snowpark.frame(rows).filter(A > 0, B != "a")).rows()
    expected = [r for r in rows.rows() if r[0] is not None and r[0] > 0 and r[1] not in (None, "a")]
    assert sorted(map(str, kept)) == sorted(map(str, expected))


@pytest.mark.parametrize("descending", [False, True])
@some
@given(rows=frames({"A": INTEGER, "B": TEXT}, small=True))
def test_sort_orders_the_same_with_null_last(
    snowpark: SnowparkTables, descending: bool, rows: pl.DataFrame
) -> None:
    found = [
        tables.collect(tables.frame(rows).sort("A", "B", descending=descending))
        for tables in (POLARS, snowpark)
    ]
    assert_frame_equal(found[1], found[0])
    for left, right in itertools.pairwise(found[1]["A"]):
        assert right is None or (
            left is not None and (left >= right if descending else left <= right)
        )
