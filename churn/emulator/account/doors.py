"""What DuckDB would answer and Snowflake does not have: refused by name, wherever it stands."""

from __future__ import annotations

import re

from sqlglot import exp

from churn.emulator.account.account import Session
from churn.emulator.language.errors import compilation
from churn.emulator.language.functions import SNOWFLAKE
from churn.emulator.language.names import Name
from churn.emulator.language.parser import parts_of

FILE = re.compile(r"[/\\*?:]|\.\w+$")
"""A name that DuckDB would look for among files."""

CATALOGS = {"SYSTEM", "TEMP", "MEMORY", "_FS_GLOBAL", "PG_CATALOG", "MAIN"}
"""Databases and schemas of DuckDB and of the emulator itself."""

TABLES = re.compile(r"(duckdb|pragma|sqlite|pg)_\w+", re.IGNORECASE)


def check_doors(session: Session, tree: exp.Expression) -> None:
    """Refuse calls and tables that are none of Snowflake's.

    Raises:
        SqlError: Unknown function, or the object does not exist.
    """
    for node in tree.walk():
        called = node.meta.get("called") if node.meta else None
        if called is not None:
            _check_function(session, node, called)
        elif isinstance(node, exp.Table):
            _check_table(session, node)


def _check_function(session: Session, node: exp.Expression, called: str) -> None:
    dialect = session.account.dialect
    if isinstance(node.parent, exp.ModelAttribute):
        return  # a model's own, which only it can know
    dotted = node.parent if isinstance(node.parent, exp.Dot) else None
    while dotted is not None and isinstance(dotted.parent, exp.Dot):
        dotted = dotted.parent
    if dotted is None:
        known = called in SNOWFLAKE or called in dialect.functions
        if known or called in dialect.table_functions or called.startswith("SYSTEM$"):
            return
        path: list[str] = []
    else:
        path = [part.name.upper() for part in parts_of(dotted)[:-1]]
        if called in dialect.table_functions or called in dialect.functions:
            return
    if not _is_own(session, path, called):
        name = ".".join([*path, called])
        raise compilation(f"Unknown function {name}", 2140, "42601")


def _is_own(session: Session, path: list[str], called: str) -> bool:
    """Whether somebody created it."""
    database = path[-2] if len(path) > 1 else session.database
    schema = path[-1] if path else session.schema
    name = Name(database or "", schema or "", called)
    objects = session.account.objects
    return any(objects.find(kind, name) for kind in ("FUNCTION", "MODEL", "PROCEDURE"))


def _check_table(session: Session, node: exp.Table) -> None:
    """No file by its name, no table of DuckDB's own."""
    if isinstance(node.this, exp.Literal) and not node.name.startswith(("@", "snow://")):
        raise compilation(f"Object '{node.name}' does not exist or not authorized.", 2003, "42S02")
    if not isinstance(node.this, exp.Identifier):
        return
    parts = [str(part.name) for part in node.parts]
    if len(parts) == 1 and session.registered(parts[0]):
        return
    foreign = len(parts) > 1 and parts[0].upper() in CATALOGS
    own = TABLES.fullmatch(parts[-1]) and len(parts) == 1
    if foreign or own or _may_be_file(session, node, parts):
        raise compilation(
            f"Object '{'.'.join(parts)}' does not exist or not authorized.", 2003, "42S02"
        )


def _may_be_file(session: Session, node: exp.Table, parts: list[str]) -> bool:
    if isinstance(node.parent, exp.Create | exp.Schema) or not FILE.search(".".join(parts[-1:])):
        return (
            len(parts) > 1
            and any(FILE.search(part) for part in parts[:-1])
            and not _there(session, node)
        )
    return not _there(session, node)


def _there(session: Session, node: exp.Table) -> bool:
    """Whether there is a table or a view of that name, or a common table expression."""
    names = [part.name for part in node.parts]
    query = (
        "SELECT 1 FROM information_schema.tables WHERE table_name = ? "
        "AND (? IS NULL OR table_schema = ?) AND (? IS NULL OR table_catalog = ?) LIMIT 1"
    )
    schema = names[-2] if len(names) > 1 else session.schema
    database = names[-3] if len(names) > 2 else session.database
    given = [names[-1], schema, schema, database, database]
    common = [each.alias for with_ in node.root().find_all(exp.With) for each in with_.expressions]
    if len(names) == 1 and names[-1] in common:
        return True
    return session.cursor.duck.execute(query, given).fetchone() is not None
