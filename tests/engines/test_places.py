"""What a command may write over: its own earlier result, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from churn.domain.errors import StoreError, UsageError
from churn.engines import files, places
from tests.shipped import TABLES

ROWS = pl.DataFrame({"A": ["x"], "B": [1]})
COLUMNS = ("A", "B")


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_an_earlier_result_may_be_replaced(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    places.require_free(out, COLUMNS)
    files.write(ROWS, out)
    places.require_free(out, COLUMNS)
    with pytest.raises(UsageError, match=r"columns are not A, C(.|\n)*--force"):
        places.require_free(out, ("A", "C"))
    places.require_free(out, ("A", "C"), force=True)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_what_is_no_table_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0somebody's own")
    with pytest.raises(UsageError, match="did not make it"):
        places.require_free(tmp_path / name, COLUMNS)


def test_a_header_that_goes_on_is_another(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("A,B,C\n")
    with pytest.raises(UsageError, match="did not make it"):
        places.require_free(tmp_path / "out.csv", COLUMNS)


def test_an_empty_file_holds_nothing_to_lose(tmp_path: Path) -> None:
    (tmp_path / "out.csv").touch()
    places.require_free(tmp_path / "out.csv", COLUMNS)


def test_an_input_is_never_written_over(tmp_path: Path) -> None:
    """Under no name that it has, and not as the second file of one table."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "orders.csv").write_text("A,B\n")
    (tmp_path / "link.csv").symlink_to(data / "orders.csv")
    os.link(data / "orders.csv", tmp_path / "hard.csv")
    reads = places.tables(data, TABLES)
    for name in ("data/orders.csv", "data/../data/orders.csv", "link.csv", "hard.csv",
                 "data/orders.parquet"):  # fmt: skip
        with pytest.raises(UsageError, match="is a table that this command reads"):
            places.require_free(tmp_path / name, COLUMNS, reads=reads, force=True)


def test_what_the_store_keeps_is_the_store_s(tmp_path: Path) -> None:
    kept = tmp_path / "features"
    with pytest.raises(UsageError, match="part of the store"):
        places.require_free(kept / "v1" / "x.parquet", COLUMNS, keeps=[kept], force=True)
    places.require_free(tmp_path / "x.parquet", COLUMNS, keeps=[kept])


def test_neither_a_folder_nor_a_pipe_nor_a_circle(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    for name, error, says in (
        ("folder.csv", UsageError, "is a folder"),
        ("pipe.csv", UsageError, "no regular file"),
        ("circle.csv", StoreError, "symbolic links"),
        ("x" * 300 + ".csv", StoreError, "too long"),
    ):
        with pytest.raises(error, match=says):
            places.require_free(tmp_path / name, COLUMNS, force=True)


def test_a_sample_replaces_itself_only(tmp_path: Path) -> None:
    tables = {"T": ROWS}
    places.require_sample(tmp_path, tables, force=False)
    files.write(ROWS, tmp_path / "t.csv")
    places.require_sample(tmp_path, tables, force=False)
    files.write(ROWS.with_columns(B=2), tmp_path / "t.csv")
    with pytest.raises(UsageError, match="holds other rows"):
        places.require_sample(tmp_path, tables, force=False)
    places.require_sample(tmp_path, tables, force=True)


def test_a_sample_beside_the_other_format_is_refused(tmp_path: Path) -> None:
    files.write(ROWS, tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="holds other rows"):
        places.require_sample(tmp_path, {"T": ROWS}, force=False)


def test_an_input_that_is_a_circle_of_links_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").symlink_to(tmp_path / "orders.csv")
    places.require_free(tmp_path / "out.csv", COLUMNS, reads=places.tables(tmp_path, TABLES))
