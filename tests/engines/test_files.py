from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn.domain.errors import DataError, StoreError, UsageError
from churn.engines import files
from churn.engines.polars import PolarsEngine
from tests.conftest import ORDER_SCHEMA, SAMPLE, orders_frame
from tests.shipped import CUSTOMERS, ORDERS

ONE_ORDER = orders_frame([("A", "2024-05-01", 10.0, "FULFILLED")])


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_tables_read_the_same_from_csv_and_parquet(tmp_path: Path, suffix: str) -> None:
    rows = pl.concat([ONE_ORDER, ONE_ORDER.with_columns(CUSTOMER_ID=pl.lit('É "x", y'))])
    files.write(rows, tmp_path / f"orders{suffix}")
    assert_frame_equal(files.read(tmp_path, ORDERS).collect(), rows)


def test_columns_come_in_the_order_and_types_of_the_contract(tmp_path: Path) -> None:
    odd = ONE_ORDER.select(
        pl.col("STATUS").cast(pl.Categorical()),
        pl.col("ORDER_DATE").cast(pl.Datetime("ms")),
        "ORDER_ID",
        pl.col("ORDER_AMOUNT").cast(pl.Int32),
        "CUSTOMER_ID",
        EXTRA=pl.lit(1),
    )
    odd.write_parquet(tmp_path / "orders.parquet")
    found = files.read(tmp_path, ORDERS).collect()
    assert list(found.schema.items()) == list(ORDER_SCHEMA.items())
    assert found["ORDER_DATE"].to_list() == [date(2024, 5, 1)]


def test_a_missing_table_names_the_files_it_could_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither customers\.csv nor customers\.parquet"):
        files.read(tmp_path, CUSTOMERS)


def test_two_files_for_one_table_are_refused(folder_of: Callable[..., Path]) -> None:
    folder = folder_of(orders=ONE_ORDER)
    files.write(ONE_ORDER, folder / "orders.parquet")
    with pytest.raises(DataError, match="found both"):
        files.read(folder, ORDERS)


def test_a_missing_column_is_named(folder_of: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="no column STATUS; it has ORDER_ID"):
        files.read(folder_of(orders=ONE_ORDER.drop("STATUS")), ORDERS)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"out\.xlsx ends in \.xlsx"):
        files.write(ONE_ORDER, tmp_path / "out.xlsx")


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        files.write(ONE_ORDER, tmp_path / "file" / "out.csv")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    destination = tmp_path / "out.csv"
    files.write(ONE_ORDER, destination)
    before = destination.read_bytes()
    unwritable: Any = pl.DataFrame({"A": [[1, 2]]})  # CSV has no lists
    with pytest.raises(pl.exceptions.PolarsError):
        files.write(unwritable, destination)
    assert destination.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_who_reads_while_a_file_is_replaced_reads_the_old_one_whole(tmp_path: Path) -> None:
    destination = tmp_path / "out.csv"
    files.write(ONE_ORDER, destination)
    before = destination.read_bytes()
    with destination.open("rb") as reader:
        files.write(ONE_ORDER.head(0), destination)
        assert reader.read() == before
    assert destination.read_bytes() != before


def test_the_engine_reads_what_it_saved(tmp_path: Path) -> None:
    engine = PolarsEngine(tmp_path)
    assert engine.save(ORDERS, ONE_ORDER) == 1
    assert_frame_equal(engine.collect(engine.read(ORDERS)), ONE_ORDER)
    assert engine.write(engine.read(ORDERS), tmp_path / "copy.parquet") == 1


def test_the_sample_reads_whole() -> None:
    assert files.read(SAMPLE, CUSTOMERS).collect().height == 3000
