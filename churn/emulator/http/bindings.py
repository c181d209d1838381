"""The values of placeholders: in the request, or in files of a stage where they are many."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from typing import Any

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
    rows: list[list[str | None]] = []
    with session.lock:
        where = place(session, location)
    for file in sorted(where.files(), key=lambda f: int(f.name.partition(".")[0])):
        opening = gzip.open if file.suffix == ".gz" else open
        with opening(file, "rt", encoding="utf-8", newline="") as lines:
            rows += _rows(lines.read())
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(text: str) -> list[list[str | None]]:
    """Lines of CSV, where an empty field is NULL and "" is a text."""
    marked = csv.reader(text.splitlines(keepends=True), quoting=csv.QUOTE_NOTNULL)  # type: ignore[attr-defined]
    return [list(row) for row in marked]
