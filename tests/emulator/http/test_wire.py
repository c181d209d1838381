"""Snowflake's wire format: the connector's own reader is the oracle in test_server.py."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.http import wire
from churn.emulator.language.errors import SqlError
from churn.emulator.language.results import Kind, Result


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        ("FIXED", "12", 12),
        ("FIXED", "-3", -3),
        ("FIXED", "1.25", Decimal("1.25")),
        ("REAL", "1.5", 1.5),
        ("BOOLEAN", "TRUE", True),
        ("BINARY", "ff00", b"\xff\x00"),
        ("DATE", "86400000", dt.date(1970, 1, 2)),
        ("DATE", "-86400000", dt.date(1969, 12, 31)),
        ("TIME", "45296000000000", dt.time(12, 34, 56)),
        ("TIMESTAMP_NTZ", "1000000000", dt.datetime(1970, 1, 1, 0, 0, 1)),
        ("TIMESTAMP_LTZ", "1000000", dt.datetime(1970, 1, 1, 0, 0, 0, 1000, dt.UTC)),
        ("TIMESTAMP_TZ", "1000000 1440", dt.datetime(1970, 1, 1, 0, 0, 0, 1000, dt.UTC)),
        ("TEXT", "x", "x"),
        ("TEXT", None, None),
    ],
)
def test_a_binding(kind: str, sent: str | None, value: Any) -> None:
    assert wire.parameters({"1": {"type": kind, "value": sent}}) == [value]


def test_bindings_are_in_the_order_of_their_numbers() -> None:
    bindings = {str(i): {"type": "FIXED", "value": str(i)} for i in range(11, 0, -1)}
    assert wire.parameters(bindings) == list(range(1, 12))
    assert wire.parameters(None) == []


def test_an_array_has_a_value_for_each_row() -> None:
    bindings = {"1": {"type": "FIXED", "value": ["1", None, "3"]}}
    assert wire.parameters(bindings) == [[1, None, 3]]


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        (pa.int64(), ("fixed", 38, 0, None)),
        (pa.decimal128(10, 2), ("fixed", 10, 2, None)),
        (pa.float64(), ("real", None, None, None)),
        (pa.string(), ("text", None, None, wire.MAX_TEXT)),
        (pa.null(), ("text", None, None, wire.MAX_TEXT)),
        (pa.bool_(), ("boolean", None, None, None)),
        (pa.date32(), ("date", None, None, None)),
        (pa.time64("us"), ("time", 0, 9, None)),
        (pa.timestamp("us"), ("timestamp_ntz", 0, 9, None)),
        (pa.timestamp("us", "UTC"), ("timestamp_ltz", 0, 9, None)),
        (pa.binary(), ("binary", None, None, wire.MAX_TEXT // 2)),
        (pa.list_(pa.int64()), ("array", None, None, None)),
        (pa.struct({"a": pa.int64()}), ("object", None, None, None)),
    ],
    ids=str,
)
def test_a_column_is_declared(kind: pa.DataType, declared: tuple[Any, ...]) -> None:
    (column,) = wire.row_type(pa.schema([("A", kind)]))
    keys = ("type", "precision", "scale", "length")
    assert tuple(column[k] for k in keys) == declared
    assert column["name"] == "A"


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(SqlError, match="a column of type duration"):
        wire.row_type(pa.schema([("A", pa.duration("s"))]))


def decoded(table: pa.Table) -> pa.Table:
    stream = wire.answer(Result(table, Kind.QUERY))["rowsetBase64"]
    return pa.ipc.open_stream(base64.b64decode(stream)).read_all()


def test_rows_travel_as_arrow() -> None:
    table = decoded(pa.table({"A": [1, None], "B": ["x", "y"]}))
    assert table.to_pydict() == {"A": [1, None], "B": ["x", "y"]}
    assert table.schema.field("A").metadata[b"logicalType"] == b"FIXED"


def test_no_rows_need_no_stream() -> None:
    answer = wire.answer(Result(pa.table({"A": pa.array([], pa.int64())}), Kind.QUERY))
    assert (answer["total"], answer["rowsetBase64"]) == (0, "")
    assert answer["rowtype"][0]["type"] == "fixed"


@pytest.mark.property
@given(
    st.lists(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)) | st.none(), min_size=1)
)
def test_a_moment_is_seconds_and_nanoseconds_of_the_second(moments: list[Any]) -> None:
    """Before 1970, too: the fraction is never negative."""
    sent = decoded(pa.table({"A": pa.array(moments, pa.timestamp("us"))})).column(0).to_pylist()
    for moment, parts in zip(moments, sent, strict=True):
        if moment is None:
            assert parts is None
            continue
        assert 0 <= parts["fraction"] < 10**9
        back = dt.timedelta(seconds=parts["epoch"], microseconds=parts["fraction"] / 1000)
        assert dt.datetime(1970, 1, 1) + back == moment


def test_a_time_is_nanoseconds() -> None:
    table = decoded(pa.table({"A": pa.array([dt.time(0, 0, 1)], pa.time64("us"))}))
    assert table.column(0).to_pylist() == [10**9]


@pytest.mark.parametrize("kind", [Kind.INSERT, Kind.UPDATE, Kind.DELETE, Kind.MERGE])
def test_counts_of_rows_travel_as_json_under_their_own_type(kind: Kind) -> None:
    answer = wire.answer(Result(pa.table({"number of rows": [3]}), kind))
    assert (answer["queryResultFormat"], answer["rowset"]) == ("json", [["3"]])
    assert (
        answer["statementTypeId"] == wire.STATEMENT_TYPES[kind] != wire.STATEMENT_TYPES[Kind.QUERY]
    )
