"""What exists beside tables: stages, formats, roles, tags, models, experiments, with their rows.

One SQLite table, each change committing by itself, as DDL does in Snowflake; never part of the
user's transaction.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from churn.emulator.language.errors import exists, missing
from churn.emulator.language.names import Name, like

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT, database TEXT, schema TEXT, parent TEXT, name TEXT,
    created_on TEXT, owner TEXT, comment TEXT, properties TEXT,
    PRIMARY KEY (kind, database, schema, parent, name)
)
"""


@dataclass(frozen=True)
class Object:
    kind: str
    name: Name
    properties: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    owner: str = ""
    created_on: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __getitem__(self, key: str) -> Any:
        return self.properties[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.properties.get(key, default)

    def having(self, **properties: Any) -> Object:
        return replace(self, properties=self.properties | properties)


def _within(database: str, schema: str | None) -> tuple[str, tuple[str, ...]]:
    if schema is None:
        return "database = ?", (database,)
    return "database = ? AND schema = ?", (database, schema)


class Objects:
    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(SCHEMA)
        self._lock = threading.RLock()
        self._waiting: list[Callable[[], object]] = []

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes that happen all or not at all."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._waiting.clear()
                raise
            self._connection.execute("COMMIT")
            waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do it once the changes around it are kept: what cannot be taken back."""
        with self._lock:
            if self._connection.in_transaction:
                self._waiting.append(action)
                return
        action()

    def find(self, kind: str, name: Name) -> Object | None:
        rows = self._select(
            "kind = ? AND database = ? AND schema = ? AND parent = ? AND name = ?",
            (kind, name.database, name.schema, name.parent, name.name),
        )
        return rows[0] if rows else None

    def need(self, kind: str, name: Name) -> Object:
        stored = self.find(kind, name)
        if stored is None:
            raise missing(kind, name if not name.parent else name.name)
        return stored

    def add(self, new: Object) -> None:
        """Refuses a name that is taken."""
        with self.together():
            if self.find(new.kind, new.name) is not None:
                raise exists(new.kind, new.name if not new.name.parent else new.name.name)
            self.put(new)

    def put(self, changed: Object) -> None:
        name = changed.name
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(changed.kind, name.database, name.schema, name.parent, name.name),
                    *(changed.created_on.isoformat(), changed.owner, changed.comment),
                    json.dumps(changed.properties),
                ),
            )

    def drop(self, kind: str, name: Name) -> None:
        """With its children."""
        path = name.child("").parent
        with self.together():
            self._connection.execute(
                "DELETE FROM objects WHERE kind = ? AND database = ? AND schema = ? "
                "AND parent = ? AND name = ?",
                (kind, name.database, name.schema, name.parent, name.name),
            )
            self._connection.execute(
                "DELETE FROM objects WHERE kind GLOB ? AND database = ? AND schema = ? "
                "AND (parent = ? OR parent GLOB ?)",
                (f"{kind}*", name.database, name.schema, path, f"{path}/*"),
            )

    def reassign(self, owner: str, to: str) -> None:
        with self.together():
            self._connection.execute("UPDATE objects SET owner = ? WHERE owner = ?", (to, owner))

    def drop_in(self, database: str, schema: str | None = None) -> None:
        """Everything in a database or schema."""
        where, values = _within(database, schema)
        with self.together():
            self._connection.execute(f"DELETE FROM objects WHERE {where}", values)

    def within(self, database: str, schema: str | None = None) -> list[Object]:
        """What a database or schema holds, children left out."""
        where, values = _within(database, schema)
        return self._select(f"{where} AND parent = ''", values)

    def children(self, kind: str, name: Name) -> list[Object]:
        """By creation."""
        child = name.child("")
        return self.all(kind, database=child.database, schema=child.schema, parent=child.parent)

    def all(
        self,
        kind: str,
        *,
        database: str | None = None,
        schema: str | None = None,
        parent: str | None = None,
        pattern: str | None = None,
    ) -> list[Object]:
        """By creation, within the scope."""
        where, values = ["kind = ?"], [kind]
        for column, value in (("database", database), ("schema", schema), ("parent", parent)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        objects = self._select(" AND ".join(where), tuple(values))
        return [o for o in objects if like(pattern, o.name.name)]

    def _select(self, where: str, values: tuple[str, ...]) -> list[Object]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT kind, database, schema, parent, name, created_on, owner, comment, "
                f"properties FROM objects WHERE {where} ORDER BY created_on, rowid",
                values,
            ).fetchall()
        return [
            Object(
                kind=kind,
                name=Name(database, schema, name, parent),
                properties=json.loads(properties),
                comment=comment,
                owner=owner,
                created_on=datetime.fromisoformat(created_on),
            )
            for kind, database, schema, parent, name, created_on, owner, comment, properties in rows
        ]
