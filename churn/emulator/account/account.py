"""An account, with its databases, objects, files and sessions; and a session, with its context."""

from __future__ import annotations

import itertools
import secrets
import shutil
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.history import History, Query
from churn.emulator.account.objects import Object, Objects
from churn.emulator.duck.fakesnow import Cursor, Tables
from churn.emulator.language.dialect import Dialect
from churn.emulator.language.errors import SqlError, invalid
from churn.emulator.language.names import Name, identifiers
from churn.emulator.language.results import Result

WAREHOUSE = "COMPUTE_WH"
SYSTEM_ROLES = {
    "ACCOUNTADMIN": frozenset[str](),
    "SECURITYADMIN": frozenset({"CREATE ROLE", "CREATE USER", "MANAGE GRANTS"}),
    "USERADMIN": frozenset({"CREATE ROLE", "CREATE USER"}),
    "SYSADMIN": frozenset({"CREATE DATABASE", "CREATE WAREHOUSE"}),
    "PUBLIC": frozenset[str](),
}
"""Snowflake's own roles, with their privileges on the account."""

MOST_SHARED = 10_000
KEPT_RESULTS = 256
KEPT_BYTES = 256 * 2**20
"""What RESULT_SCAN can look back to: this many results and bytes a session."""

DEEPEST = 20_000
"""Frames of Python: a select within 200 others takes 3,000 of them."""

VERSION = "9.0.0"


class Account:
    """Everything that a local Snowflake holds.

    Args:
        dialect: What its sessions understand.
        folder: Where it is kept, and found again after a restart; without one, in memory and in
            a temporary folder that vanishes with it.
        users: Passwords by user. With them, a login must prove who it is, by password, by a key of
            CREATE USER ... RSA_PUBLIC_KEY, or by a token; without them, every login is accepted.
        issuers: The public keys, in PEM, of the identity providers whose tokens are known.
    """

    def __init__(
        self,
        dialect: Dialect[Account, Session],
        folder: Path | None = None,
        users: dict[str, str] | None = None,
        issuers: dict[str, str] | None = None,
    ) -> None:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST))
        self._temporary = None if folder else Path(tempfile.mkdtemp(prefix="snowflake-emulator-"))
        self.dialect = dialect
        self.folder = folder or self._temporary or Path()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.users = users
        self.issuers = issuers or {}
        self.one_time_passwords: dict[str, str] = {}
        """By password, the user whom it lets in once."""
        self.connection: dict[str, Any] | None = None
        """How a client in this process reaches it, once a server runs."""
        self.sessions: dict[str, Session] = {}
        self.shared: dict[str, Path] = {}
        self.lock = threading.RLock()
        self.defining = threading.RLock()
        """Held by the statement that changes what there is."""
        self.handlers: dict[tuple[str, Name], Any] = {}
        self.models: dict[Path, Any] = {}
        """What Python functions and models were loaded as, by their names and their folders."""
        self.loading = threading.Lock()
        self.numbers = itertools.count(1)
        self.history = History()
        tables = self.folder / "tables"
        tables.mkdir(exist_ok=True)
        self.tables = Tables(tables if folder else None, self.folder)
        self.objects: Objects = Objects(self.folder / "objects.sqlite")
        for role in SYSTEM_ROLES:
            self._ensure(Object("ROLE", Name(name=role)))
        self._ensure(
            Object("WAREHOUSE", Name(name=WAREHOUSE), {"size": "X-Small", "state": "STARTED"})
        )

    def _ensure(self, wanted: Object) -> None:
        if self.objects.find(wanted.kind, wanted.name) is None:
            self.objects.add(wanted)

    def has_role(self, role: str) -> bool:
        return self.objects.find("ROLE", Name(name=role)) is not None

    @contextmanager
    def one_time_password(self, user: str) -> Iterator[str]:
        """A password for one login of the user, meanwhile."""
        password = secrets.token_urlsafe(24)
        self.one_time_passwords[password] = user
        try:
            yield password
        finally:
            self.one_time_passwords.pop(password, None)

    def share(self, file: Path) -> str:
        """A token that is good for reading the file; the oldest ones are forgotten."""
        token = secrets.token_urlsafe(24)
        with self.lock:
            self.shared[token] = file
            while len(self.shared) > MOST_SHARED:
                del self.shared[next(iter(self.shared))]
        return token

    def release(self) -> None:
        """Let go of databases and files; whatever was in memory is gone."""
        self.tables.close()
        self.objects.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


Translate = Callable[["Session", exp.Expression], exp.Expression]


class Session:
    """One client's view of an account: context, open transaction, temporary objects, results.

    Args:
        translate: What becomes of a tree before fakesnow translates it.
    """

    def __init__(self, account: Account, user: str, role: str, translate: Translate) -> None:
        self.account = account
        self.number = next(account.numbers)
        self.token = secrets.token_urlsafe(32)
        self.chunk_key = secrets.token_urlsafe(24)
        """What the addresses of its results' chunks must hold."""
        self.user = user
        self.role = role
        self.warehouse: str | None = None
        self.parameters: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.temporary: list[tuple[str, Name]] = []
        self.cursor: Cursor = account.tables.session(lambda tree: translate(self, tree))
        self.results = RecentResults()
        self.lock = threading.RLock()
        """Held by the statement that runs: they run one after the other."""
        self.running: Query | None = None
        """What runs now, which others may cancel."""
        self.pending: dict[object, Callable[[], object]] = {}
        """What the open transaction does beside tables, once it is committed."""
        self.bound: list[Any] = []
        """The statement's parameters that no constant argument has used yet."""
        self.computing = False
        """Whether the statement's rows are computed now: not described, not kept as a view."""
        self.changing = False
        self.coercing = False
        """Whether the statement is translated with implicit casts of text."""
        self.describing = False
        """Whether only the statement's columns are asked for."""
        self._registered: list[str] = []
        self._register_numbers = itertools.count(1)

    def begin_query(self, text: str, tag: str = "", request: str = "") -> Query:
        """Note that a statement came in."""
        context = self.role, self.warehouse, self.database, self.schema
        tag = tag or str(self.parameters.get("QUERY_TAG", ""))
        query = Query(text, self.number, self.user, *context, tag=tag, request=request)
        self.account.history.add(query)
        return query

    def cancel(self, query: Query) -> bool:
        """Stop it, if it runs; one that waits for its turn does not begin."""
        query.cancelled = query.ended is None
        if self.running is query:
            self.cursor.duck.interrupt()
        return query.cancelled

    def result_of(self, query: str) -> Result | None:
        """An earlier result, of this session or of another one of the user."""
        others = [s for s in list(self.account.sessions.values()) if s.user == self.user]
        return next((s.results[query] for s in (self, *others) if query in s.results), None)

    def register(self, table: pa.Table) -> str:
        """Make a table known to DuckDB until the statement ends; returns its name."""
        name = f"__TABLE_{next(self._register_numbers)}"
        self.cursor.duck.register(name, table)
        self._registered.append(name)
        return name

    def registered(self, name: str) -> bool:
        return name in self._registered

    def forget_registered(self) -> None:
        while self._registered:
            self.cursor.duck.unregister(self._registered.pop())

    def next_parameter(self) -> Any:
        if not self.bound:
            raise invalid("a placeholder has no value")
        return self.bound.pop(0)

    def end(self, *, commit: bool) -> None:
        """Commit or roll back what is open."""
        pending, self.pending = self.pending, {}
        self.cursor.end(commit=commit)
        for action in pending.values() if commit else ():
            action()

    def once_committed(self, key: object, action: Callable[[], object]) -> None:
        self.pending[key] = action
        if not self.cursor.in_transaction:
            self.end(commit=True)

    @property
    def database(self) -> str | None:
        return self.cursor.database

    @property
    def schema(self) -> str | None:
        return self.cursor.schema

    def name(self, written: str) -> Name:
        """The full name of an object in a schema."""
        parts = identifiers(written)
        if len(parts) > 3:
            raise invalid(f"the name {written} has more than three parts")
        schema = parts[-2] if len(parts) > 1 else self.need_schema()
        database = parts[-3] if len(parts) > 2 else self.need_database()
        return Name(database, schema, parts[-1])

    def schema_name(self, written: str) -> Name:
        """The full name of a schema."""
        parts = identifiers(written)
        return Name(parts[-2] if len(parts) > 1 else self.need_database(), parts[-1])

    def need_database(self) -> str:
        if self.database is None:
            raise _no_current("database", 90105)
        return self.database

    def need_schema(self) -> str:
        self.need_database()
        if self.schema is None:
            raise _no_current("schema", 90106)
        return self.schema

    def owned(self, kind: str, name: Name, comment: str = "", **properties: Any) -> Object:
        """A new object of this session's role."""
        return Object(kind, name, properties, comment, self.role)


def _no_current(kind: str, number: int) -> SqlError:
    return SqlError(
        f"Cannot perform the operation. This session does not have a current {kind}. "
        f"Call 'USE {kind.upper()}', or use a qualified name.",
        number,
        "22000",
    )


class RecentResults(Mapping[str, Result]):
    """The last results of a session by the ids of their queries, the oldest first."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, query: str) -> Result:
        return self._results[query]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def keep(self, query: str, result: Result) -> None:
        self._results[query] = result
        self._bytes += result.table.nbytes
        while len(self) > KEPT_RESULTS or (self._bytes > KEPT_BYTES and len(self) > 1):
            _, oldest = self._results.popitem(last=False)
            self._bytes -= oldest.table.nbytes

    def clear(self) -> None:
        self._results.clear()
        self._bytes = 0
