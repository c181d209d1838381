"""Long lists of constants."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churn.emulator.language.rows import constant_rows


def long(row: str, count: int = 2000) -> str:
    return ", ".join([row] * count)


@pytest.mark.parametrize(
    ("row", "types"),
    [
        ("(1, 'a''b')", [pa.int64(), pa.string()]),
        ("(-1.50, TRUE)", [pa.decimal128(3, 2), pa.bool_()]),
        ("(1e3, 'x')", [pa.float64(), pa.string()]),
    ],
)
def test_constants_are_a_table(row: str, types: list[pa.DataType]) -> None:
    rows = constant_rows(f"INSERT INTO t VALUES {long(row)}")
    assert rows is not None
    assert rows.table.schema.types == types
    assert rows.table.num_rows == 2000
    assert rows.replaced(f"INSERT INTO t VALUES {long(row)}", "X") == (
        'INSERT INTO t SELECT * FROM "X"'
    )


def test_texts_are_unquoted() -> None:
    rows = constant_rows(f"SELECT * FROM VALUES {long('(1, $a$)'.replace('$', chr(39)))} AS v")
    assert rows is not None
    assert rows.table.column(1)[0].as_py() == "a"


@pytest.mark.parametrize("row", ["(1 + 1, 2)", "(1, f(2))", "(NULL, 1)"])
def test_what_is_not_constant_or_has_no_type_stays(row: str) -> None:
    assert constant_rows(f"INSERT INTO t VALUES {long(row)}") is None


def test_values_within_a_text_are_text() -> None:
    assert constant_rows(f"SELECT 'VALUES {long('(1)', 4000)}'") is None


def test_columns_of_two_types_stay() -> None:
    assert constant_rows(f"INSERT INTO t VALUES {long('(1)', 3000)}, ('a')") is None
