"""Dropped tables, which UNDROP brings back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import DROPPED
from churn.emulator.language.names import Name, duck_name

KEPT = 20
"""Dropped tables that are kept in a schema: DuckDB gives their space free after that."""


def keep_dropped(session: Session, name: Name) -> None:
    """Hide a table under another name; forget the oldest one.

    https://docs.snowflake.com/en/sql-reference/sql/undrop-table
    """
    account = session.account
    stored = account.objects.find("TABLE", name) or session.owned("TABLE", name)
    hidden = Name(name.database, name.schema, f"{DROPPED}{uuid.uuid4().hex}")
    session.cursor.duck.execute(f'ALTER TABLE {duck_name(name)} RENAME TO "{hidden.name}"')
    facts = {
        "name": name.name,
        "table": stored.properties,
        "created_on": stored.created_on.isoformat(),
    }
    account.objects.put(
        Object("DROPPED TABLE", hidden, facts, stored.comment, stored.owner, datetime.now(UTC))
    )
    for oldest in kept_tables(account, name.database, name.schema)[:-KEPT]:
        session.cursor.duck.execute(f"DROP TABLE IF EXISTS {duck_name(oldest.name)}")
        account.objects.drop("DROPPED TABLE", oldest.name)


def kept_tables(account: Account, database: str | None, schema: str | None) -> list[Object]:
    """Those of a schema, the last dropped at the end."""
    return account.objects.all("DROPPED TABLE", database=database, schema=schema)


def take_back(session: Session, dropped: Object) -> None:
    hidden = dropped.name
    name = Name(hidden.database, hidden.schema, dropped["name"])
    part = name.name.replace('"', '""')
    session.cursor.duck.execute(f'ALTER TABLE {duck_name(hidden)} RENAME TO "{part}"')
    session.account.objects.drop("DROPPED TABLE", hidden)
    session.account.objects.put(
        replace(
            dropped,
            kind="TABLE",
            name=name,
            properties=dropped["table"],
            created_on=datetime.fromisoformat(dropped["created_on"]),
        )
    )
