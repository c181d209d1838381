"""The numbered SQL scripts: printed or run, with names from the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain.contracts import Table
from churn.domain.errors import StoreError, UsageError
from churn.domain.expressions import Type
from churn.domain.problem import Problem

if TYPE_CHECKING:
    from snowflake.snowpark import Session

PACKED = Path(__file__).parent / "sql"
FOLDER = PACKED if PACKED.is_dir() else Path(__file__).parents[2] / "sql"
"""In an installed package beside this file, in a checkout at its top."""

SCRIPTS = {
    "setup": "01_setup.sql",
    "load": "02_load.sql",
    "inference": "03_inference.sql",
    "cleanup": "99_cleanup.sql",
}
PLACEHOLDER = re.compile(r"<%\s*(\w+)\s*%>")
"""As the snow command of Snowflake writes them, which runs these scripts as well."""

TYPES = {
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "NUMBER(38, 0)",
    Type.FLOAT: "FLOAT",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP_NTZ",
}


@dataclass(frozen=True)
class Done:
    """A statement that ran, and its rows."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def rendered(script: str, problem: Problem, names: Mapping[str, str]) -> str:
    """The script for this problem, with these names in it.

    Args:
        names: `database`, `role`, `warehouse`, and `data`, the folder of the files to load.

    Raises:
        UsageError: There is no such script.
    """
    if script not in SCRIPTS:
        raise UsageError.unknown("script", script, SCRIPTS)
    values = {**_values(problem), **names}
    text = (FOLDER / SCRIPTS[script]).read_text()
    # What a value holds may itself hold placeholders: the statements that load each table do.
    return _filled(_filled(text, values), values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _values(problem: Problem) -> dict[str, str]:
    """What the scripts say of a problem."""
    view = problem.view
    attributes = ", ".join(problem.attribute_names) or "MODEL_NAME"
    return {
        "problem": problem.name,
        "tables": ", ".join(table.name for table in problem.tables),
        "load": "\n\n".join(map(_load, problem.tables)),
        "counts": "\nUNION ALL\n".join(map(_count, problem.tables)),
        "model": problem.model,
        "key": problem.key,
        "history": f"{view.name}_{view.version}_HISTORY".upper(),
        "inputs": ",\n    ".join(view.columns),
        "probability": problem.probability,
        "risk_list": problem.risk_list,
        "entities": problem.counted,
        "attributes": attributes,
    }


def _load(table: Table) -> str:
    columns = ",\n".join(
        f"  {c.name} {TYPES[c.type]}{' NOT NULL' if c.key else ''}" for c in table.columns
    )
    file = f"{table.parameter}.csv"
    return (
        f"PUT 'file://<% data %>/{file}' @LANDING OVERWRITE = TRUE AUTO_COMPRESS = TRUE;\n"
        f"CREATE OR REPLACE TABLE {table.name} (\n{columns}\n);\n"
        f"COPY INTO {table.name} FROM @LANDING FILES = ('{file}.gz')\n"
        "  FILE_FORMAT = (FORMAT_NAME = 'CSV') ON_ERROR = CONTINUE;"
    )


def _count(table: Table) -> str:
    return f"SELECT '{table.name}' AS TABLE_NAME, COUNT(*) AS LOADED FROM {table.name}"  # noqa: S608


def statements(text: str) -> Iterator[str]:
    """The statements of a script, without comments, as Snowflake's connector splits them."""
    from snowflake.connector.util_text import split_statements

    for statement, _ in split_statements(StringIO(text), remove_comments=True):
        if bare := (statement or "").strip().removesuffix(";").strip():
            yield bare


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
                "Fix the cause and run the script again: it may run twice.",
            ) from error
        yield Done(statement, tuple(c.name for c in cursor.description), tuple(map(tuple, rows)))
