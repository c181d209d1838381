"""Arrow tables in the few types that travel."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.duck.arrow import is_text, plain


def one(array: Any) -> pa.ChunkedArray:
    return plain(pa.table({"a": array})).column(0)


@pytest.mark.parametrize(
    ("given_type", "plain_type"),
    [
        (pa.int8(), pa.int64()),
        (pa.uint32(), pa.int64()),
        (pa.float32(), pa.float64()),
        (pa.large_string(), pa.string()),
        (pa.string_view(), pa.string()),
        (pa.null(), pa.string()),
        (pa.large_binary(), pa.binary()),
        (pa.timestamp("s"), pa.timestamp("us")),
        (pa.timestamp("us", "UTC"), pa.timestamp("us", "UTC")),
        (pa.timestamp("ns"), pa.timestamp("ns")),
        (pa.date32(), pa.date32()),
        (pa.bool_(), pa.bool_()),
        (pa.decimal128(10, 2), pa.decimal128(10, 2)),
        (pa.decimal128(38, 0), pa.int64()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
    ],
    ids=str,
)
def test_types(given_type: pa.DataType, plain_type: pa.DataType) -> None:
    assert one(pa.array([None], pa.null()).cast(given_type)).type == plain_type


def test_whole_numbers_beyond_64_bits_stay_decimals() -> None:
    column = one(pa.array([Decimal(10**20)], pa.decimal128(38, 0)))
    assert column.type == pa.decimal128(38, 0)
    assert column.to_pylist() == [Decimal(10**20)]


def test_nested_values_travel_as_json() -> None:
    column = one(pa.array([{"a": [1, None]}, None]))
    assert column.type == pa.string()
    assert json.loads(column[0].as_py()) == {"a": [1, None]}
    assert column[1].as_py() is None


def test_texts() -> None:
    assert is_text(pa.string_view())
    assert not is_text(pa.int64())


def test_names_and_metadata_stay() -> None:
    field = pa.field("b c", pa.int8(), metadata={"logical": "FIXED"})
    table = plain(pa.table([pa.array([1], pa.int8())], schema=pa.schema([field])))
    assert table.schema.field(0).name == "b c"
    assert table.schema.field(0).metadata == {b"logical": b"FIXED"}


VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
}


@pytest.mark.property
@given(st.data(), st.sampled_from(list(VALUES)))
def test_values_stay(data: st.DataObject, kind: pa.DataType) -> None:
    values = data.draw(st.lists(VALUES[kind] | st.none()))
    assert one(pa.array(values, kind)).to_pylist() == values
