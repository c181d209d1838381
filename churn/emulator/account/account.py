"""An account: its databases, its objects, its files, its sessions."""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from churn.emulator import (  # noqa: F401 - they declare statements
    access,
    catalog,
    experiments,
    features,
    functions,
    grants,
    lineage,
    models,
    queries,
    stages,
    tags,
)
from churn.emulator.errors import SqlError
from churn.emulator.fake import Tables
from churn.emulator.objects import Name, Object, Objects
from churn.emulator.session import Session

WAREHOUSE = "COMPUTE_WH"
MOST_SHARED = 10_000


class Account:
    """Everything that a local Snowflake holds.

    Args:
        folder: Where it is kept, and found again after a restart; without one, in memory and in
            a temporary folder that vanishes with it.
        users: Passwords by user. With them, a login must prove who it is, by password, by a key of
            CREATE USER ... RSA_PUBLIC_KEY, or by a token; without them, every login is accepted.
        issuers: The public keys, in PEM, of the identity providers whose tokens are known.
    """

    def __init__(
        self,
        folder: Path | None = None,
        users: dict[str, str] | None = None,
        issuers: dict[str, str] | None = None,
    ) -> None:
        self._temporary = None if folder else Path(tempfile.mkdtemp(prefix="churn-emulator-"))
        self.folder = folder or self._temporary or Path()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.users = users
        self.issuers = issuers or {}
        self.passes: dict[str, str] = {}
        """Words that are good for one login, with their users."""
        self.connection: dict[str, Any] | None = None
        """How a client in this process reaches it, once a server runs."""
        self.sessions: dict[str, Session] = {}
        self.shared: dict[str, Path] = {}
        self.lock = threading.RLock()
        self.defining = threading.RLock()
        """Held by the statement that changes what there is."""
        self.handlers: dict[tuple[str, Name], Callable[..., Any]] = {}
        self.models: dict[Path, Any] = {}
        """What Python functions and models were loaded as, by their names and their folders."""
        self.loading = threading.Lock()
        self._numbers = itertools.count(1)
        tables = self.folder / "tables"
        tables.mkdir(exist_ok=True)
        self.tables = Tables(tables if folder else None)
        self.objects: Objects = Objects(self.folder / "objects.sqlite")
        for role in access.SYSTEM_ROLES:
            self._ensure(Object("ROLE", Name(name=role)))
        self._ensure(
            Object("WAREHOUSE", Name(name=WAREHOUSE), {"size": "X-Small", "state": "STARTED"})
        )
        catalog.sweep(self)

    def _ensure(self, wanted: Object) -> None:
        if self.objects.find(wanted.kind, wanted.name) is None:
            self.objects.add(wanted)

    def login(
        self,
        user: str,
        *,
        database: str | None = None,
        schema: str | None = None,
        role: str | None = None,
        warehouse: str | None = None,
    ) -> Session:
        """A new session. What it names and is not there is left unset, as Snowflake does.

        Raises:
            SqlError: The role does not exist.
        """
        if role and not (self.has_role(role) and self.assigned(user, role)):
            raise SqlError(
                f"Role '{role}' specified in the connect string does not exist or not authorized. "
                f"Contact your local system administrator, or attempt to login with another role.",
                390189,
                "08001",
            )
        first = next(r for r in access.SYSTEM_ROLES if self.assigned(user, r))
        session = Session(self, next(self._numbers), user.upper(), role or first)
        here = Name(name=warehouse or "")
        if self.objects.find("WAREHOUSE", here) and access.visible(session, "WAREHOUSE", here):
            session.warehouse = warehouse
        seen = database and access.visible(session, "DATABASE", Name(name=database))
        if database and seen and catalog.has_database(self, database):
            known = schema if schema and catalog.has_schema(self, database, schema) else None
            public = (
                "PUBLIC" if not schema and catalog.has_schema(self, database, "PUBLIC") else None
            )
            session.cursor.use(database, known or public)
        with self.lock:
            self.sessions[session.token] = session
        return session

    def has_role(self, role: str) -> bool:
        return self.objects.find("ROLE", Name(name=role)) is not None

    def assigned(self, user: str, role: str) -> bool:
        """Whether the user has the role: those that prove nothing, and those with a password here,
        have all of them.
        """
        name = user.upper()
        if self.users is None or name in self.users or role == "PUBLIC":
            return True
        return role in access.closure(self, "USER", name)

    @contextmanager
    def admitted(self, user: str) -> Iterator[str]:
        """A password for one login of the user, meanwhile."""
        word = secrets.token_urlsafe(24)
        self.passes[word] = user
        try:
            yield word
        finally:
            self.passes.pop(word, None)

    def logout(self, token: str) -> None:
        with self.lock:
            session = self.sessions.pop(token, None)
        if session:
            session.close()

    def close(self) -> None:
        """End all sessions; whatever was in memory is gone."""
        for token in list(self.sessions):
            self.logout(token)
        self.tables.close()
        self.objects.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def share(self, file: Path) -> str:
        """A word that is good for reading the file; the oldest ones are forgotten."""
        token = secrets.token_urlsafe(24)
        with self.lock:
            self.shared[token] = file
            while len(self.shared) > MOST_SHARED:
                del self.shared[next(iter(self.shared))]
        return token
