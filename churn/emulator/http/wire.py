"""Snowflake's wire format: bindings in, a row type and Arrow or JSON rows out."""

from __future__ import annotations

import base64
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from churn.emulator.duck.arrow import is_text, plain
from churn.emulator.language.errors import unsupported
from churn.emulator.language.results import Kind, Result

STATEMENT_TYPES = {
    Kind.QUERY: 0x1000,
    Kind.INSERT: 0x3100,
    Kind.UPDATE: 0x3200,
    Kind.DELETE: 0x3300,
    Kind.MERGE: 0x3400,
    Kind.COMMAND: 0x6000,
    Kind.TABLE: 0x6000,
}
"""What the connector tells DML by; it reads the counts of these from JSON rows."""


MAX_TEXT = 16_777_216
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def parameters(bindings: Mapping[str, Any] | None) -> list[Any]:
    """One value a placeholder; a list of values where the client sends an array."""
    if not bindings:
        return []
    ordered = [bindings[str(i)] for i in range(1, len(bindings) + 1)]
    return [
        [_bound(b["type"], v) for v in b["value"]]
        if isinstance(b["value"], list)
        else _bound(b["type"], b["value"])
        for b in ordered
    ]


def _bound(kind: str, value: str | None) -> Any:
    if value is None:
        return None
    match kind:
        case "FIXED":
            return int(value) if value.lstrip("+-").isdigit() else Decimal(value)
        case "REAL":
            return float(value)
        case "BOOLEAN":
            return value.lower() == "true"
        case "BINARY":
            return bytes.fromhex(value)
        case "DATE":
            return (EPOCH + dt.timedelta(milliseconds=int(value))).date()
        case "TIME":
            return (EPOCH + dt.timedelta(microseconds=int(value) // 1000)).time()
        case "TIMESTAMP_NTZ":
            return (EPOCH + dt.timedelta(microseconds=int(value) // 1000)).replace(tzinfo=None)
        case "TIMESTAMP_LTZ" | "TIMESTAMP_TZ":
            return EPOCH + dt.timedelta(microseconds=int(value.split(" ")[0]) // 1000)
        case _:
            return value


def row_type(schema: pa.Schema) -> list[dict[str, Any]]:
    """The columns as the answer declares them."""
    return [_column(field) for field in schema]


def _column(field: pa.Field) -> dict[str, Any]:
    kind, precision, scale, length = _logical(field)
    return {
        "name": field.name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": field.nullable,
        "type": kind,
        "precision": precision,
        "scale": scale,
        "length": length,
        "byteLength": length,
        "collation": None,
    }


def _logical(field: pa.Field) -> tuple[str, int | None, int | None, int | None]:
    """Snowflake's type, precision, scale and length."""
    kind = field.type
    declared = (field.metadata or {}).get(b"logical")
    if declared:
        return declared.decode(), None, None, MAX_TEXT
    if pa.types.is_nested(kind):
        return ("array" if pa.types.is_list(kind) else "object"), None, None, None
    if pa.types.is_null(kind) or is_text(kind):
        return "text", None, None, MAX_TEXT
    if pa.types.is_boolean(kind):
        return "boolean", None, None, None
    if pa.types.is_integer(kind):
        return "fixed", 38, 0, None
    if pa.types.is_decimal(kind):
        return "fixed", kind.precision, kind.scale, None
    if pa.types.is_floating(kind):
        return "real", None, None, None
    if pa.types.is_date(kind):
        return "date", None, None, None
    if pa.types.is_time(kind):
        return "time", 0, 9, None
    if pa.types.is_timestamp(kind):
        return ("timestamp_ltz" if kind.tz else "timestamp_ntz"), 0, 9, None
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "binary", None, None, MAX_TEXT // 2
    raise unsupported(f"a column of type {kind}")


def answer(result: Result, zone: str = "Etc/UTC") -> dict[str, Any]:
    """The part of the response that holds the rows."""
    columns = row_type(result.table.schema)
    table = result.table
    data: dict[str, Any] = {
        "rowtype": columns,
        "total": table.num_rows,
        "returned": table.num_rows,
        "statementTypeId": STATEMENT_TYPES[result.kind],
        "parameters": [{"name": "TIMEZONE", "value": zone}],
    }
    if result.kind in (Kind.QUERY, Kind.COMMAND):
        # Of no rows the connector wants no stream at all.
        stream = encode(table, columns) if table.num_rows else ""
        return data | {"queryResultFormat": "arrow", "rowsetBase64": stream}
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    rowset = [[None if value is None else str(value) for value in row] for row in rows]
    return data | {"queryResultFormat": "json", "rowset": rowset}


def encode(table: pa.Table, columns: Sequence[Mapping[str, Any]]) -> str:
    """An Arrow stream as Snowflake's clients expect it."""
    table = plain(table)
    arrays = [_sent(column) for column in table.columns]
    fields = [
        pa.field(
            c["name"],
            array.type,
            metadata={
                "logicalType": c["type"].upper(),
                "precision": str(c["precision"] or 38),
                "scale": str(c["scale"] or 0),
                "charLength": str(c["length"] or 0),
            },
        )
        for c, array in zip(columns, arrays, strict=True)
    ]
    sent = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, sent.schema) as writer:
        writer.write_table(sent)
    return base64.b64encode(sink.getvalue()).decode()


def _sent(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_time(array.type):
        return pc.multiply(array.cast(pa.time64("us")).cast(pa.int64()), 1000)
    if pa.types.is_timestamp(array.type):
        return _instants(array)
    return array


def _instants(array: pa.Array) -> pa.Array:
    """Seconds since 1970 and nanoseconds within the second."""
    second = 1_000_000_000 if array.type.unit == "ns" else 1_000_000
    units = array.cast(pa.int64())
    # Integer division cuts towards zero; before 1970 that is a second too late.
    cut = pc.divide(units, second)
    rest = pc.subtract(units, pc.multiply(cut, second))
    early = pc.less(rest, 0)
    epoch = pc.if_else(early, pc.subtract(cut, 1), cut)
    units_left = pc.if_else(early, pc.add(rest, second), rest)
    fraction = pc.multiply(units_left, 1_000_000_000 // second).cast(pa.int32())
    known = array.is_valid()
    return pa.StructArray.from_arrays(
        [epoch.fill_null(0), fraction.fill_null(0)],
        fields=[
            pa.field("epoch", pa.int64(), nullable=False),
            pa.field("fraction", pa.int32(), nullable=False),
        ],
        mask=pc.invert(known),
    )
