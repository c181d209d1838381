"""What of a file's rows does not fit the table: the errors of COPY INTO and VALIDATION_MODE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from churn.emulator.language.errors import SqlError
from churn.emulator.language.results import TEXT, Kind, Result, table_of


@dataclass(frozen=True)
class Column:
    """A column of the table that is loaded.

    Args:
        kind: Its type in DuckDB.
        source: The column of the rows that it is loaded from.
        length: How many characters it may have; None: any number.
    """

    name: str
    kind: str
    source: str
    length: int | None = None


@dataclass(frozen=True)
class RowError:
    """One row that cannot be loaded; `row` counts from 1 within the rows that were read."""

    row: int
    line: int
    message: str
    column: str = ""
    number: int = 100038
    state: str = "22018"


def message_of(kind: str, value: str) -> tuple[str, int, str]:
    """What Snowflake says of a text that is no value of a type, with its number and state."""
    shown = value.replace("\n", "\\n")
    if kind == "BOOLEAN":
        return f"Boolean value '{shown}' is not recognized", 100037, "22018"
    if kind == "DATE":
        return f"Date '{shown}' is not recognized", 100040, "22007"
    if kind.startswith("TIMESTAMP"):
        return f"Timestamp '{shown}' is not recognized", 100035, "22007"
    if kind == "TIME":
        return f"Time '{shown}' is not recognized", 100108, "22007"
    if kind == "JSON":
        return f"Error parsing JSON: {shown}", 100069, "22P02"
    return f"Numeric value '{shown}' is not recognized", 100038, "22018"


def too_long(value: str, length: int) -> tuple[str, int, str]:
    return f"User character length limit ({length}) exceeded by string '{value}'", 100074, "54000"


def aborted(name: str, error: RowError) -> SqlError:
    """ON_ERROR = ABORT_STATEMENT."""
    return SqlError(
        f"{error.message}\n  File '{name}', line {error.line}, character 1\n"
        f"  Row {error.row}, column {error.column or '1'}\n"
        f"  If you would like to continue loading when an error is encountered, use other values "
        f"such as 'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option. For more information on "
        f"loading options, please run 'info loading_data' in a SQL client.",
        error.number,
        error.state,
    )


VALIDATED = {
    **dict.fromkeys(("ERROR", "FILE"), TEXT),
    **dict.fromkeys(("LINE", "CHARACTER", "BYTE_OFFSET"), pa.int64()),
    "CATEGORY": TEXT,
    "CODE": pa.int64(),
    **dict.fromkeys(("SQL_STATE", "COLUMN_NAME"), TEXT),
    **dict.fromkeys(("ROW_NUMBER", "ROW_START_LINE"), pa.int64()),
}


def validated(errors: Sequence[tuple[str, RowError]]) -> Result:
    """The answer of VALIDATION_MODE = RETURN_ERRORS."""
    rows: list[Mapping[str, Any]] = [
        {
            "ERROR": error.message,
            "FILE": name,
            "LINE": error.line,
            "CHARACTER": 1,
            "BYTE_OFFSET": 0,
            "CATEGORY": "conversion" if error.number != 100080 else "parsing",
            "CODE": error.number,
            "SQL_STATE": error.state,
            "COLUMN_NAME": error.column,
            "ROW_NUMBER": error.row,
            "ROW_START_LINE": error.line,
        }
        for name, error in errors
    ]
    return Result(table_of(rows, VALIDATED), Kind.COMMAND)
