"""Arrow tables in the few types that travel."""

from __future__ import annotations

import json

import pyarrow as pa


def plain(table: pa.Table) -> pa.Table:
    """The table in the few types that travel."""
    columns = [_plain(column) for column in table.columns]
    fields = [
        pa.field(f.name, c.type, metadata=f.metadata)
        for f, c in zip(table.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
        kind = column.type
    if pa.types.is_null(kind) or is_text(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_decimal(kind) and kind.scale == 0 and kind.precision > 18:
        return _smallest(column)
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    if pa.types.is_timestamp(kind):
        # Microseconds reach from year 1 to 9999, nanoseconds only from 1677 to 2262.
        return column if kind.unit == "ns" else column.cast(pa.timestamp("us", kind.tz))
    if pa.types.is_nested(kind):
        texts = [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column


def is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def _smallest(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers in 64 bits where they fit, as Snowflake sends them."""
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column
