"""The verbs on both engines: joins, groups, unions, sorts; and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from churn.domain.errors import DataError, UsageError
from churn.domain.expressions import col, count
from churn.engines.polars import PolarsEngine, PolarsFrame
from tests.engines.tables import Tables


@pytest.fixture
def left(tables: Tables) -> Any:
    return tables.frame(pl.DataFrame({"K": ["a", "b", None], "X": [1, 2, 3]}))


@pytest.fixture
def right(tables: Tables) -> Any:
    return tables.frame(pl.DataFrame({"K": ["a", "a", None], "Y": [10, 11, 12]}))


@pytest.fixture
def rows(tables: Tables) -> Callable[[Any], list[tuple[Any, ...]]]:
    return lambda frame: sorted(tables.collect(frame).rows(), key=str)


def test_filter_keeps_what_is_true_and_drops_null(rows: Any, left: Any) -> None:
    assert rows(left.filter(col("K") != "b")) == [("a", 1)]
    assert rows(left.filter(~col("K").is_in("b"))) == [("a", 1)]
    assert rows(left.filter(col("X") > 1, col("K") == "b")) == [("b", 2)]


def test_select_has_exactly_these_columns_in_this_order(left: Any) -> None:
    assert left.select("X", Z=col("X") + 1, K=1).columns == ("X", "Z", "K")


def test_with_columns_replaces_in_place_and_adds_at_the_end(left: Any) -> None:
    assert left.with_columns(Z=1, K=2).columns == ("K", "X", "Z")


def test_null_keys_form_a_group(rows: Any, left: Any) -> None:
    doubled = left.union(left).group_by("K").agg(N=count())
    assert rows(doubled) == [("a", 2), ("b", 2), (None, 2)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", [("a", 1, 10), ("a", 1, 11)]),
        ("left", [("a", 1, 10), ("a", 1, 11), ("b", 2, None), (None, 3, None)]),
        ("semi", [("a", 1)]),
        ("anti", [("b", 2), (None, 3)]),
    ],
)
def test_null_joins_nothing(
    rows: Any, left: Any, right: Any, how: Any, expected: list[tuple[Any, ...]]
) -> None:
    assert rows(left.join(right, on="K", how=how)) == expected


def test_joins_refuse_columns_that_both_sides_have(left: Any) -> None:
    with pytest.raises(UsageError, match=r"both sides of the join have the columns X"):
        left.join(left, on="K")


def test_union_refuses_other_columns(left: Any, right: Any) -> None:
    with pytest.raises(UsageError, match="same columns"):
        left.union(right)


def test_distinct_takes_null_for_equal(rows: Any, left: Any) -> None:
    assert rows(left.union(left).distinct()) == rows(left)


@pytest.mark.parametrize(
    ("descending", "order"), [(False, ["a", "b", None]), (True, ["b", "a", None])]
)
def test_sort_puts_null_last(
    tables: Tables, left: Any, descending: bool, order: list[str | None]
) -> None:
    assert tables.collect(left.sort("K", descending=descending))["K"].to_list() == order


@pytest.mark.parametrize(
    "use",
    [
        lambda left, right: left.select("NOPE"),
        lambda left, right: left.sort("NOPE"),
        lambda left, right: left.group_by("NOPE"),
        lambda left, right: left.join(right, on="X"),
    ],
)
def test_unknown_columns_are_named(left: Any, right: Any, use: Any) -> None:
    with pytest.raises(UsageError, match="there is no column"):
        use(left, right)


@pytest.mark.parametrize(
    "use",
    [
        lambda left, right: left.filter(col("X") > col("X").mean()),
        lambda left, right: left.with_columns(Z=col("X").sum()),
        lambda left, right: left.select(Z=count()),
        lambda left, right: left.group_by("K").agg(Z=col("X")),
    ],
)
def test_aggregates_stay_in_groups_and_rows_outside(left: Any, right: Any, use: Any) -> None:
    """Polars would repeat or collect them silently; SQL has no such thing."""
    with pytest.raises(UsageError):
        use(left, right)


@pytest.mark.parametrize("ids", [(1, 2), (2, 1)])
def test_as_of_join_breaks_ties_by_the_declared_key(
    tables: Tables, rows: Any, ids: tuple[int, int]
) -> None:
    right = tables.frame(pl.DataFrame({"K": ["a", "a"], "U": [5, 5], "ID": ids}))
    left = tables.frame(pl.DataFrame({"K": ["a"], "T": [5]}))
    joined = left.join_asof(right, left_time="T", right_time="U", by="K", tie="ID")
    assert rows(joined) == [("a", 5, 5, 2)]


def test_a_file_that_vanished_is_an_error_of_the_data(tmp_path: Any) -> None:
    path = tmp_path / "gone.parquet"
    pl.DataFrame({"A": [1]}).write_parquet(path)
    frame = PolarsFrame(pl.scan_parquet(path).cast({"A": pl.String}))
    path.write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be computed on"):
        PolarsEngine(tmp_path).collect(frame)
