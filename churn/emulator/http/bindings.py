"""The values of placeholders: in the request, or in files of a stage where they are many."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from churn.emulator.account.account import Session
from churn.emulator.http import wire
from churn.emulator.language.errors import invalid
from churn.emulator.statements.stages import place


def parameters(session: Session, body: Mapping[str, Any]) -> list[Any]:
    """One value a placeholder; a list of values where the client sends an array."""
    if body.get("bindStage"):
        return _staged(session, str(body["bindStage"]))
    try:
        return wire.parameters(body.get("bindings"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise invalid(f"cannot read the bindings: {type(error).__name__} {error}") from error


def _staged(session: Session, location: str) -> list[Any]:
    """The columns of the files that the connector uploads for a large array binding.

    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#binding-data
    """
    with session.lock:
        where = place(session, location)
    files = sorted(where.files(), key=lambda f: int(f.name.partition(".")[0]))
    return [column.to_pylist() for column in pa.concat_tables(map(_read, files)).columns]


def _read(file: Path) -> pa.Table:
    """Lines of CSV, where an empty field is NULL and "" is a text."""
    opening = gzip.open if file.suffix == ".gz" else open
    with opening(file, "rb") as lines:
        content = lines.read()
    width = len(next(csv.reader(io.StringIO(content.decode(), newline=""))) or [""])
    return read_csv(
        io.BytesIO(content),
        ReadOptions(column_names=[str(i) for i in range(width)]),
        ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        ConvertOptions(
            column_types={str(i): pa.string() for i in range(width)},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
