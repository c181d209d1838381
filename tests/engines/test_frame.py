from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.domain.errors import DataError, UsageError
from churn.domain.expressions import col, count
from churn.engines.polars import PolarsEngine, PolarsFrame
from tests.conftest import framed

LEFT = framed(pl.DataFrame({"K": ["a", "b", None], "X": [1, 2, 3]}))
RIGHT = framed(pl.DataFrame({"K": ["a", "a", None], "Y": [10, 11, 12]}))


def rows(frame: PolarsFrame) -> list[tuple[Any, ...]]:
    return sorted(frame.lazy.collect(engine="streaming").rows(), key=str)


def test_filter_keeps_what_is_true_and_drops_null() -> None:
    assert rows(LEFT.filter(col("K") != "b")) == [("a", 1)]
    assert rows(LEFT.filter(~col("K").is_in("b"))) == [("a", 1)]
    assert rows(LEFT.filter(col("X") > 1, col("K") == "b")) == [("b", 2)]


def test_select_has_exactly_these_columns_in_this_order() -> None:
    assert LEFT.select("X", Z=col("X") + 1, K=1).columns == ("X", "Z", "K")


def test_with_columns_replaces_in_place_and_adds_at_the_end() -> None:
    assert LEFT.with_columns(Z=1, K=2).columns == ("K", "X", "Z")


def test_null_keys_form_a_group() -> None:
    doubled = LEFT.union(LEFT).group_by("K").agg(N=count())
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
def test_null_joins_nothing(how: Any, expected: list[tuple[Any, ...]]) -> None:
    assert rows(LEFT.join(RIGHT, on="K", how=how)) == expected


def test_joins_refuse_columns_that_both_sides_have() -> None:
    with pytest.raises(UsageError, match=r"both sides of the join have the columns X"):
        LEFT.join(LEFT, on="K")


def test_union_refuses_other_columns() -> None:
    with pytest.raises(UsageError, match="same columns"):
        LEFT.union(RIGHT)


def test_distinct_takes_null_for_equal() -> None:
    assert rows(LEFT.union(LEFT).distinct()) == rows(LEFT)


@pytest.mark.parametrize(
    ("descending", "order"), [(False, ["a", "b", None]), (True, ["b", "a", None])]
)
def test_sort_puts_null_last(descending: bool, order: list[str | None]) -> None:
    assert LEFT.sort("K", descending=descending).lazy.collect()["K"].to_list() == order


@pytest.mark.parametrize(
    "use",
    [
        lambda: LEFT.select("NOPE"),
        lambda: LEFT.sort("NOPE"),
        lambda: LEFT.group_by("NOPE"),
        lambda: LEFT.join(RIGHT, on="X"),
    ],
)
def test_unknown_columns_are_named(use: Any) -> None:
    with pytest.raises(UsageError, match="there is no column"):
        use()


@pytest.mark.parametrize(
    "use",
    [
        lambda: LEFT.filter(col("X") > col("X").mean()),
        lambda: LEFT.with_columns(Z=col("X").sum()),
        lambda: LEFT.select(Z=count()),
        lambda: LEFT.group_by("K").agg(Z=col("X")),
    ],
)
def test_aggregates_stay_in_groups_and_rows_outside(use: Any) -> None:
    """Polars would repeat or collect them silently; SQL has no such thing."""
    with pytest.raises(UsageError):
        use()


times = st.none() | st.integers(0, 6)
keys = st.sampled_from(["a", "b", None])


@pytest.mark.property
@given(
    st.lists(st.tuples(keys, times), max_size=8),
    st.lists(st.tuples(keys, times, st.integers(0, 9)), max_size=8, unique_by=lambda r: r),
)
def test_as_of_join_equals_a_plain_loop(
    left: list[tuple[str | None, int | None]], right: list[tuple[str | None, int | None, int]]
) -> None:
    """The latest row at or before, the largest tie among equals; unmatched rows stay; no NULLs."""
    left_frame = pl.DataFrame(left, schema={"K": pl.String, "T": pl.Int64}, orient="row")
    right_frame = pl.DataFrame(
        right, schema={"K": pl.String, "U": pl.Int64, "ID": pl.Int64}, orient="row"
    )
    joined = framed(left_frame).join_asof(
        framed(right_frame), left_time="T", right_time="U", by="K", tie="ID"
    )
    assert joined.columns == ("K", "T", "U", "ID")
    expected = []
    for key, time in left:
        matches = [
            (u, tie)
            for k, u, tie in right
            if k is not None and k == key and time is not None and u is not None and u <= time
        ]
        expected.append((key, time, *max(matches, default=(None, None))))
    assert rows(joined) == sorted(expected, key=str)


@pytest.mark.parametrize("ids", [(1, 2), (2, 1)])
def test_as_of_join_breaks_ties_by_the_declared_key(ids: tuple[int, int]) -> None:
    right = framed(pl.DataFrame({"K": ["a", "a"], "U": [5, 5], "ID": ids}))
    left = framed(pl.DataFrame({"K": ["a"], "T": [5]}))
    joined = left.join_asof(right, left_time="T", right_time="U", by="K", tie="ID")
    assert rows(joined) == [("a", 5, 5, 2)]


def test_a_file_that_vanished_is_an_error_of_the_data(tmp_path: Any) -> None:
    path = tmp_path / "gone.parquet"
    pl.DataFrame({"A": [1]}).write_parquet(path)
    frame = PolarsFrame(pl.scan_parquet(path).cast({"A": pl.String}))
    path.write_bytes(b"not parquet")
    with pytest.raises(DataError, match="cannot be computed on"):
        PolarsEngine(tmp_path).collect(frame)
