"""Rows as texts, as Snowflake sends them in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

EPOCH = date(1970, 1, 1)


def json_rows(
    table: pa.Table | None, columns: Sequence[Mapping[str, Any]]
) -> list[list[str | None]]:
    """The rows of an Arrow stream for Snowflake's clients, each value as a text.

    Args:
        columns: The row type.
    """
    if table is None:
        return []
    texts = [
        [None if value is None else text(str(kind["type"]), value) for value in column.to_pylist()]
        for column, kind in zip(table.columns, columns, strict=True)
    ]
    return [list(row) for row in zip(*texts, strict=True)]


def text(kind: str, value: Any) -> str:
    """One value, by the type that the row type declares."""
    match kind, value:
        case "boolean", bool():
            return "1" if value else "0"
        case "date", date():
            return str((value - EPOCH).days)
        case "time", int():
            return f"{value // 10**9}.{value % 10**9:09d}"
        case _, {"epoch": seconds, "fraction": nanoseconds, **rest}:
            moment = Decimal(seconds) + Decimal(nanoseconds).scaleb(-9)
            zone = f" {rest['timezone']}" if "timezone" in rest else ""
            return f"{moment:.9f}{zone}"
        case "binary", bytes():
            return value.hex().upper()
        case _, Decimal():
            return f"{value:f}"
        case _:
            return str(value)
