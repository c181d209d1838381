"""No text of the data runs in the spreadsheet of who opens a CSV."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn.engines import files, formulas

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_would_run_is_marked(start: str) -> None:
    rows = pl.DataFrame({"ID": [f"{start}cmd|'/C calc'!A0", "A", None], "X": [-1.0, 2.0, 3.0]})
    assert formulas.neutral(rows)["ID"].to_list() == [f"'{start}cmd|'/C calc'!A0", "A", None]
    assert formulas.neutral(rows)["X"].to_list() == [-1.0, 2.0, 3.0]
    (sentence,) = formulas.told(rows)
    assert sentence.startswith("1 value of ID would run")


@given(st.lists(st.text(max_size=5)))
def test_nothing_that_is_written_begins_like_a_formula(texts: list[str]) -> None:
    rows = pl.DataFrame({"ID": texts}, schema={"ID": pl.String})
    written = formulas.neutral(rows)["ID"].to_list()
    assert not [text for text in written if text.lstrip()[:1] in set("=+-@＝＋－＠")]
    assert [w.removeprefix("'") if w != t else w for w, t in zip(written, texts, strict=True)] == (
        texts
    )
    assert bool(formulas.told(rows)) == (written != texts)


def test_only_a_csv_for_people_is_changed(tmp_path: Path) -> None:
    """A table keeps its keys, in whatever format."""
    rows = pl.DataFrame({"ID": ["=1+1"]})
    for write, name, expected in (
        (files.write_for_people, "people.csv", "'=1+1"),
        (files.write_for_people, "people.parquet", "=1+1"),
        (files.write, "table.csv", "=1+1"),
    ):
        write(rows, tmp_path / name)
        read = pl.read_csv if name.endswith("csv") else pl.read_parquet
        assert read(tmp_path / name)["ID"].to_list() == [expected]


def test_categories_are_texts() -> None:
    rows = pl.DataFrame({"REGION": ["=North"]}, schema={"REGION": pl.Categorical()})
    assert_frame_equal(formulas.neutral(rows), pl.DataFrame({"REGION": ["'=North"]}))
