"""The clauses of COPY INTO a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from churn.emulator.language.clauses import closed, pairs, split
from churn.emulator.language.errors import invalid, unsupported
from churn.emulator.language.text import STAGE, unquote

KNOWN = {
    *("FILE_FORMAT", "FILES", "PATTERN", "ON_ERROR", "PURGE", "FORCE", "MATCH_BY_COLUMN_NAME"),
    *("VALIDATION_MODE", "TRUNCATECOLUMNS", "ENFORCE_LENGTH", "SIZE_LIMIT", "RETURN_FAILED_ONLY"),
    *("LOAD_UNCERTAIN_FILES", "LOAD_MODE"),
}


@dataclass(frozen=True)
class Copy:
    """COPY INTO table (columns) FROM location or (query) options."""

    columns: list[str]
    query: str | None
    location: str
    """Empty: the stage of the table."""
    given: Mapping[str, str]

    def text(self, option: str, default: str = "") -> str:
        return unquote(self.given.get(option, default)).upper()

    def on(self, option: str, default: str = "FALSE") -> bool:
        return self.text(option, default) == "TRUE"

    @property
    def validation(self) -> tuple[str, int]:
        """RETURN_ERRORS, or RETURN_ROWS and how many; empty where rows are loaded."""
        mode = self.text("VALIDATION_MODE")
        rows = re.fullmatch(r"RETURN_(\d+)_ROWS", mode)
        if rows:
            return "RETURN_ROWS", int(rows[1])
        if mode not in ("", "RETURN_ERRORS", "RETURN_ALL_ERRORS"):
            raise invalid(f"invalid value [{mode}] for parameter 'VALIDATION_MODE'")
        return mode, 0

    @property
    def most_errors(self) -> tuple[str, float, bool]:
        """ON_ERROR: what is done, from how many errors on, and whether they are percent."""
        mode = self.text("ON_ERROR", "ABORT_STATEMENT")
        if skip := re.fullmatch(r"SKIP_FILE(?:_(\d+)(%)?)?", mode):
            return "SKIP_FILE", float(skip[1] or 1), bool(skip[2])
        if mode not in ("ABORT_STATEMENT", "CONTINUE"):
            raise invalid(f"invalid value [{mode}] for parameter 'ON_ERROR'")
        return mode, 1, False


def copy_of(text: str) -> Copy:
    """Read what follows COPY INTO <table>."""
    columns: list[str] = []
    rest = text.strip()
    if rest.startswith("("):
        written, rest = closed(rest)
        columns, rest = split(written), rest.strip()
    source = re.match(r"FROM\s*", rest, re.IGNORECASE)
    if source is None:
        return Copy(columns, None, "", _options(rest))
    rest = rest[source.end() :]
    if rest.startswith("("):
        query, after = closed(rest)
        location = re.search(rf"\bFROM\s+({STAGE})", query, re.IGNORECASE | re.DOTALL)
        if location is None:
            raise invalid("the query of COPY INTO reads from a stage")
        return Copy(columns, query.strip(), location[1], _options(after))
    place = re.match(STAGE, rest, re.DOTALL)
    if place is None:
        raise unsupported(f"COPY INTO ... FROM {rest[:40]}: not a stage")
    return Copy(columns, None, place.group(), _options(rest[place.end() :]))


def _options(text: str) -> dict[str, str]:
    given = pairs(text)
    for option in given.keys() - KNOWN:
        raise unsupported(f"COPY INTO ... {option}")
    return given
