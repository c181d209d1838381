"""What a statement is read as, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa


class Kind(StrEnum):
    """How a statement's result travels: DML as JSON with its own type, the rest as Arrow."""

    QUERY = "query"
    COMMAND = "command"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    TABLE = "table"


@dataclass(frozen=True)
class Result:
    """A table to answer with, or for PUT and GET what the client needs to move the files."""

    table: pa.Table
    kind: Kind = Kind.COMMAND
    transfer: dict[str, object] | None = None


@dataclass(frozen=True)
class Parsed:
    """What a statement's text held, by the names of its syntax."""

    text: str
    groups: dict[str, str | None]
    parameters: Sequence[Any] = ()
    describe: bool = False

    def __getitem__(self, name: str) -> str:
        return (self.groups[name] or "").strip()

    def has(self, name: str) -> bool:
        return self.groups.get(name) is not None


SHAPES = {
    Kind.COMMAND: pa.schema([("status", pa.string())]).empty_table(),
    Kind.QUERY: pa.schema([]).empty_table(),
    Kind.INSERT: pa.schema([("number of rows inserted", pa.int64())]).empty_table(),
    Kind.UPDATE: pa.schema(
        [
            ("number of rows updated", pa.int64()),
            ("number of multi-joined rows updated", pa.int64()),
        ]
    ).empty_table(),
    Kind.DELETE: pa.schema([("number of rows deleted", pa.int64())]).empty_table(),
    Kind.MERGE: pa.schema(
        [("number of rows inserted", pa.int64()), ("number of rows updated", pa.int64())]
    ).empty_table(),
    Kind.TABLE: pa.schema([("status", pa.string())]).empty_table(),
}
"""The columns of what changes something, for a client that asks before it runs."""


def table_of(rows: Sequence[Mapping[str, object]], columns: dict[str, pa.DataType]) -> pa.Table:
    """A table of these columns, of which a row may lack some."""
    schema = pa.schema(list(columns.items()))
    return pa.Table.from_pylist([{c: r.get(c) for c in columns} for r in rows], schema=schema)


def status(message: str) -> Result:
    """The answer of DDL: one row, one column."""
    return Result(pa.table({"status": [message]}))


DONE = "Statement executed successfully."
TEXT = pa.string()


WHEN = pa.timestamp("us", "UTC")


NUMBER = pa.int64()
