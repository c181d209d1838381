"""Long lists of VALUES, read as a table instead of as a tree of a million nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from churn.emulator.language.text import unquote

LONG = 10_000
"""Characters from which a statement is looked at."""

_LITERAL = r"(?:'(?:[^'\\]|''|\\.)*'|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NULL|TRUE|FALSE)"
_ROW = re.compile(
    rf"\s*\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*\)\s*(,?)", re.IGNORECASE | re.DOTALL
)
_START = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|\bVALUES(?=\s*\()", re.IGNORECASE | re.DOTALL
)
_ITEM = re.compile(_LITERAL, re.IGNORECASE | re.DOTALL)
_FEWEST = 100
"""Rows from which a table is worth it."""


@dataclass(frozen=True)
class Rows:
    """A list of constant rows, and where it stands in its statement."""

    start: int
    end: int
    table: pa.Table

    def replaced(self, text: str, name: str) -> str:
        """The statement that reads a table of that name instead."""
        before = text[: self.start]
        in_from = re.search(r"(?:\bFROM|\bJOIN)\s*$", before, re.IGNORECASE)
        return before + ("" if in_from else "SELECT * FROM ") + f'"{name}"' + text[self.end :]


def constant_rows(text: str) -> Rows | None:
    """The first long list of constants of one type a column; None where there is none."""
    if len(text) < LONG:
        return None
    for match in _START.finditer(text):
        if match.group()[0] in "'\"":
            continue
        rows, end = _rows(text, match.end())
        if len(rows) >= _FEWEST:
            columns = _columns(rows)
            return Rows(match.start(), end, columns) if columns is not None else None
    return None


def _rows(text: str, at: int) -> tuple[list[list[str]], int]:
    """The rows from there, and where they end; none where one holds more than constants."""
    rows: list[list[str]] = []
    while match := _ROW.match(text, at):
        rows.append(_ITEM.findall(match[1]))
        if not match[2]:
            return rows, match.end()
        at = match.end()
    return [], at


def _columns(rows: Sequence[Sequence[str]]) -> pa.Table | None:
    if len({len(row) for row in rows}) > 1:
        return None
    arrays = [_column(list(values)) for values in zip(*rows, strict=True)]
    known = [array for array in arrays if array is not None]
    if len(known) < len(arrays):
        return None
    return pa.table(known, names=[f"COLUMN{i + 1}" for i in range(len(known))])


def _column(values: list[str]) -> pa.Array | None:
    """The values as one type; None where they have several."""
    kinds = set(_kinds(values))
    if kinds <= {"null"}:
        return None
    if kinds <= {"null", "text"}:
        return pa.array([None if v[0] != "'" else unquote(v) for v in values], pa.string())
    nothing = {"NULL": None, "TRUE": True, "FALSE": False}
    if kinds <= {"null", "boolean"}:
        return pa.array([nothing[v.upper()] for v in values], pa.bool_())
    known = [None if v.upper() == "NULL" else v for v in values]
    if kinds <= {"null", "integer"}:
        return _integers([None if v is None else int(v) for v in known])
    if kinds <= {"null", "integer", "decimal"}:
        return pa.array([None if v is None else Decimal(v) for v in known])
    if kinds <= {"null", "float"}:
        return pa.array([None if v is None else float(v) for v in known], pa.float64())
    return None


def _integers(values: list[int | None]) -> pa.Array | None:
    if all(v is None or -(2**63) <= v < 2**63 for v in values):
        return pa.array(values, pa.int64())
    return None


def _kinds(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        first = value[0]
        if first == "'":
            yield "text"
        elif first in "nN":
            yield "null"
        elif first in "tTfF":
            yield "boolean"
        elif "e" in value or "E" in value:
            yield "float"
        else:
            yield "decimal" if "." in value else "integer"
