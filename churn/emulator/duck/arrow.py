"""Arrow tables in the few types that travel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from churn.emulator.duck.json_text import QUOTED_UNDEFINED, shown


def plain(table: pa.Table) -> pa.Table:
    """The table in the few types that travel."""
    columns = [
        _shown(column) if _is_semistructured(field) else _plain(column)
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
    fields = [
        pa.field(f.name, c.type, metadata=f.metadata)
        for f, c in zip(table.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _is_semistructured(field: pa.Field) -> bool:
    declared = (field.metadata or {}).get(b"logical")
    return declared in (b"variant", b"array", b"object") and is_text(field.type)


def _shown(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Semi-structured values as Snowflake prints them."""
    texts = [None if v is None else shown(v) for v in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


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


def semistructured(table: pa.Table, described: Sequence[Any] | None) -> pa.Table:
    """The table with VARIANT, ARRAY and OBJECT as JSON, declared as what they are.

    Args:
        described: The columns as DuckDB describes them: name, type.
    """
    types = [duck_type for _, duck_type, *_ in described or ()]
    if len(types) != table.num_columns:
        return table
    for at, duck_type in enumerate(types):
        kind = KINDS.get(str(duck_type.id))
        if kind is None and str(duck_type) != "JSON":
            continue
        field, column = table.schema.field(at), table.column(at)
        if kind is not None:
            texts = [json_of(value, duck_type) for value in column.to_pylist()]
            column = pa.chunked_array([pa.array(texts, pa.string())])
        declared = {"logical": kind or "variant"}
        table = table.set_column(at, pa.field(field.name, column.type, metadata=declared), column)
    return table


KINDS = {"list": "array", "array": "array", "map": "object", "struct": "object"}
"""What the nested types of DuckDB are to a client."""


def json_of(value: Any, duck_type: Any) -> str | None:
    """A nested value as JSON; NULL in a list is `undefined`."""
    if value is None:
        return None
    match str(duck_type.id):
        case "list" | "array":
            inner = duck_type.children[0][1]
            return f"[{','.join(json_of(v, inner) or QUOTED_UNDEFINED for v in value)}]"
        case "map":
            inner = duck_type.children[1][1]
            items = sorted(dict(value).items())
        case "struct":
            kinds = dict(duck_type.children)
            pairs = [(k, json_of(v, kinds[k]) or "null") for k, v in sorted(value.items())]
            return "{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in pairs) + "}"
        case _ if str(duck_type) == "JSON":
            return str(value)
        case _:
            return json.dumps(value, default=str, ensure_ascii=False)
    pairs = [(str(k), json_of(v, inner) or "null") for k, v in items]
    return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in pairs) + "}"


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
