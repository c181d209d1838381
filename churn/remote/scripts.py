"""The numbered SQL scripts: printed or run, with names from the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain.errors import StoreError, UsageError

if TYPE_CHECKING:
    from snowflake.snowpark import Session

FOLDER = Path(__file__).parents[1] / "sql"
SCRIPTS = {
    "setup": "01_setup.sql",
    "load": "02_load.sql",
    "inference": "03_inference.sql",
    "cleanup": "99_cleanup.sql",
}
PLACEHOLDER = re.compile(r"<%\s*(\w+)\s*%>")
"""As the snow command of Snowflake writes them, which runs these scripts as well."""

TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|;")


@dataclass(frozen=True)
class Done:
    """A statement that ran, and its rows."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def rendered(script: str, values: Mapping[str, str]) -> str:
    """The script with the values in it.

    Raises:
        UsageError: There is no such script.
    """
    if script not in SCRIPTS:
        raise UsageError.unknown("script", script, SCRIPTS)
    return PLACEHOLDER.sub(lambda m: values[m[1]], (FOLDER / SCRIPTS[script]).read_text())


def statements(text: str) -> Iterator[str]:
    """The statements of a script, without comments."""
    held, position = "", 0
    for token in TOKEN.finditer(text):
        held += text[position : token.start()]
        position = token.end()
        if token.group() == ";":
            if held.strip():
                yield held.strip()
            held = ""
        elif token.group().startswith("'"):
            held += token.group()
    if (held + text[position:]).strip():
        yield (held + text[position:]).strip()


def run(session: Session, text: str) -> Iterator[Done]:
    """Run the statements one after the other; stops at the first that fails.

    Raises:
        StoreError: A statement failed; those before it stay done.
    """
    from snowflake.connector.errors import Error

    cursor = session.connection.cursor()
    for statement in statements(text):
        try:
            cursor.execute(statement)
            rows = cursor.fetchall()
        except Error as error:
            raise StoreError(
                f"the statement failed: {statement.splitlines()[0]} ...: {error.raw_msg}",
                "Mend the cause and run the script again: it may run twice.",
            ) from error
        yield Done(statement, tuple(c.name for c in cursor.description), tuple(map(tuple, rows)))
