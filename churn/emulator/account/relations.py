"""Databases, schemas, tables and views, as DuckDB has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from churn.emulator.account.account import Account
from churn.emulator.account.objects import Object
from churn.emulator.duck.types import snowflake_type
from churn.emulator.language.errors import missing
from churn.emulator.language.names import Name

HIDDEN = {"main", "information_schema", "pg_catalog", "_fs_information_schema", "_emulator"}


SYSTEM = {"system", "temp", "memory", "_fs_global"}

DROPPED = "__dropped_"
"""What the names of dropped tables begin with, while UNDROP can bring them back."""


def has_database(account: Account, name: str) -> bool:
    return name in databases(account)


def databases(account: Account) -> list[str]:
    with account.tables.reading() as duck:
        rows = duck.execute("SELECT database_name FROM duckdb_databases() ORDER BY ALL").fetchall()
    return [name for (name,) in rows if name not in SYSTEM]


def has_schema(account: Account, database: str, name: str) -> bool:
    return name == "INFORMATION_SCHEMA" or name in schemas(account, database)


def schemas(account: Account, database: str) -> list[str]:
    with account.tables.reading() as duck:
        rows = duck.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? ORDER BY ALL",
            [database],
        ).fetchall()
    return [name for (name,) in rows if name not in HIDDEN]


@dataclass(frozen=True)
class Relation:
    """A table or a view, as DuckDB has it."""

    name: Name
    kind: str
    rows: int | None = None
    comment: str = ""


def relations(
    account: Account, database: str | None = None, schema: str | None = None
) -> list[Relation]:
    query = """
        SELECT database_name, schema_name, table_name, 'TABLE', estimated_size, comment
        FROM duckdb_tables() WHERE NOT internal
        UNION ALL
        SELECT database_name, schema_name, view_name, 'VIEW', NULL, comment
        FROM duckdb_views() WHERE NOT internal
        ORDER BY ALL
    """
    with account.tables.reading() as duck:
        rows = duck.execute(query).fetchall()
    return [
        Relation(Name(d, s, n), kind, count, comment or "")
        for d, s, n, kind, count, comment in rows
        if d not in SYSTEM
        and s not in HIDDEN
        and database in (None, d)
        and schema in (None, s)
        and not n.startswith(DROPPED)
    ]


def relation(account: Account, name: Name) -> Relation | None:
    there = relations(account, name.database, name.schema)
    return next((r for r in there if r.name.name == name.name), None)


def need_relation(account: Account, name: Name, kind: str = "Object") -> Relation:
    there = relation(account, name)
    if there is None:
        raise missing(kind, name)
    return there


def need_schema(account: Account, name: Name) -> None:
    if not has_schema(account, name.database, name.schema):
        raise missing("schema", Name(name.database, name.schema))


def columns_of(account: Account, name: Name) -> list[dict[str, Any]]:
    with account.tables.reading() as duck:
        rows = duck.execute(
            "SELECT column_name, c.data_type, is_nullable, column_default, c.comment, "
            "ext_character_maximum_length FROM duckdb_columns() c "
            "LEFT JOIN _fs_global._fs_information_schema._fs_columns_ext e "
            "ON ext_table_catalog = database_name AND ext_table_schema = schema_name "
            "AND ext_table_name = table_name AND ext_column_name = column_name "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [name.database, name.schema, name.name],
        ).fetchall()
    stored = next(
        (o for k in ("VIEW", "DYNAMIC TABLE", "TABLE") if (o := account.objects.find(k, name))),
        Object("TABLE", name),
    )
    comments = stored.get("column comments", {})
    identity = stored.get("identity", {})
    return [
        {
            "name": column,
            "type": snowflake_type(kind, length),
            "kind": "COLUMN",
            "null?": "Y" if nullable else "N",
            "default": identity.get(column, default),
            "primary key": "Y" if column in stored.get("primary key", ()) else "N",
            "unique key": "Y" if column in stored.get("unique key", ()) else "N",
            "comment": comments.get(column, comment) or None,
        }
        for column, kind, nullable, default, comment, length in rows
    ]
