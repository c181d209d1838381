"""A session: its context, its open transaction, its temporary objects, its last results."""

from __future__ import annotations

import itertools
import re
import secrets
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from churn.emulator import access, statements
from churn.emulator.errors import SqlError, compilation, invalid, missing, unsupported
from churn.emulator.objects import Name, Object
from churn.emulator.rewrite import constant, function, rewritten, table_function
from churn.emulator.statements import NAME, Kind, Result, Words, statement

if TYPE_CHECKING:
    from sqlglot import exp

    from churn.emulator.account import Account
    from churn.emulator.fake import Cursor

COMPUTING = {Kind.QUERY, Kind.INSERT, Kind.MERGE, Kind.TABLE}
CHANGING = {Kind.UPDATE, Kind.DELETE}
KEPT_RESULTS = 256
KEPT_BYTES = 256 * 2**20
"""What RESULT_SCAN can look back to: this many results and bytes a session."""

VERSION = "9.0.0"


class Session:
    """One client's view of an account. Its statements run one after the other."""

    def __init__(self, account: Account, number: int, user: str, role: str) -> None:
        self.account = account
        self.number = number
        self.token = secrets.token_urlsafe(32)
        self.user = user
        self.role = role
        self.warehouse: str | None = None
        self.parameters: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.temporary: list[tuple[str, Name]] = []
        self.cursor: Cursor = account.tables.session(self._translated)
        self.results: OrderedDict[str, Result] = OrderedDict()
        self.last_query = ""
        self._kept = 0
        self._lock = threading.RLock()
        self._registered: list[str] = []
        self._register_numbers = itertools.count(1)
        self._bound: list[Any] = []
        self.pending: dict[object, Callable[[], object]] = {}
        """What the open transaction does beside tables, once it is committed."""
        self.computing = False
        """Whether the statement's rows are computed now: not described, not kept as a view."""
        self.changing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.account.logout(self.token)

    def close(self) -> None:
        """Roll back what is open; drop what was temporary."""
        from churn.emulator import catalog

        with self._lock:
            self.end(commit=False)
            for kind, name in reversed(self.temporary):
                catalog.drop_temporary(self.account, kind, name)
            self.temporary.clear()
            self.results.clear()
            self.cursor.duck.close()

    # Running statements

    def execute(
        self, text: str, parameters: Sequence[Any] = (), *, describe: bool = False
    ) -> tuple[str, Result]:
        """Run one statement.

        Args:
            parameters: A value a placeholder; lists where one statement is run for many rows.
            describe: Answer with the columns and no rows, without running what changes anything.

        Returns:
            The query's id and its result.

        Raises:
            SqlError: Snowflake would refuse it, or the emulator does.
        """
        with self._lock:
            query = str(uuid.uuid4())
            try:
                result = self.run(text, parameters, describe=describe)
            finally:
                self._forget_registered()
            if not describe:
                self._keep(query, result)
            return query, result

    def run(self, text: str, parameters: Sequence[Any] = (), *, describe: bool = False) -> Result:
        """The same, from inside another statement: nothing is kept."""
        text = statements.tidy(text)
        if not text:
            raise compilation("Empty SQL statement.", 900, "42601")
        text, parameters = _inline(text, list(parameters))
        if "->>" in text and len(steps := statements.steps(text)) > 1:
            return self._flow(steps, parameters)
        found = statements.find(text)
        if found is None:
            raise unsupported(statements.opening(text))
        declared, words = found
        words = replace(words, parameters=parameters)
        if describe and not declared.reads:
            return Result(statements.SHAPES[declared.kind])
        if declared.ddl:
            self.end(commit=True)
            access.check_statement(self, text)
        self._bound = list(parameters)
        self.computing = not describe and declared.kind in COMPUTING
        self.changing = not describe and declared.kind in CHANGING
        # One definition at a time, so that IF NOT EXISTS means it.
        with self.account.defining if declared.ddl else nullcontext():
            answered = declared.answer(self, replace(words, describe=describe))
        return replace(answered, table=answered.table.slice(0, 0)) if describe else answered

    def _flow(self, steps: list[str], parameters: Sequence[Any]) -> Result:
        """SHOW ... ->> SELECT ... FROM $1: each step reads the one before."""
        result = self.run(steps[0], parameters)
        for step in steps[1:]:
            name = self.register(result.table)
            result = self.run(re.sub(r"\$1\b", f'"{name}"', step))
        return result

    def query(self, text: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The rows of a statement, from inside another."""
        return self.run(text, parameters).table

    def _keep(self, query: str, result: Result) -> None:
        self.last_query = query
        self.results[query] = result
        self._kept += result.table.nbytes
        while len(self.results) > KEPT_RESULTS or (
            self._kept > KEPT_BYTES and len(self.results) > 1
        ):
            _, old = self.results.popitem(last=False)
            self._kept -= old.table.nbytes

    def register(self, table: pa.Table) -> str:
        """Make a table known to DuckDB until the statement ends; returns its name."""
        name = f"__TABLE_{next(self._register_numbers)}"
        self.cursor.duck.register(name, table)
        self._registered.append(name)
        return name

    def registered(self, name: str) -> bool:
        return name in self._registered

    def _forget_registered(self) -> None:
        while self._registered:
            self.cursor.duck.unregister(self._registered.pop())

    def _translated(self, tree: exp.Expression) -> exp.Expression:
        access.check_tree(self, tree)
        return rewritten(self, tree)

    def next_parameter(self) -> Any:
        if not self._bound:
            raise invalid("a placeholder has no value")
        return self._bound.pop(0)

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

    # Names

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
            raise SqlError(
                "Cannot perform the operation. This session does not have a current database. "
                "Call 'USE DATABASE', or use a qualified name.",
                90105,
                "22000",
            )
        return self.database

    def need_schema(self) -> str:
        self.need_database()
        if self.schema is None:
            raise SqlError(
                "Cannot perform the operation. This session does not have a current schema. "
                "Call 'USE SCHEMA', or use a qualified name.",
                90106,
                "22000",
            )
        return self.schema

    def need(self, kind: str, name: Name, *privileges: str) -> Object:
        """The object, for a role that has one of the privileges on it; none named: any.

        Raises:
            SqlError: It is not there, or not for this role.
        """
        found = self.account.objects.need(kind, name)
        access.need(self, kind, name, *privileges)
        return found

    def owned(self, kind: str, name: Name, comment: str = "", **properties: Any) -> Object:
        """A new object of this session's role."""
        return Object(kind, name, properties, comment, self.role)


def identifiers(written: str) -> list[str]:
    """The parts of a name: bare ones in upper case, quoted ones as they are."""
    if not re.fullmatch(NAME, written.strip()):
        raise compilation(f"invalid identifier '{written}'", 904, "42000")
    parts = re.findall(r'"((?:[^"]|"")+)"|([A-Za-z_$][\w$]*)', written)
    return [quoted.replace('""', '"') if quoted else bare.upper() for quoted, bare in parts]


def identifier(written: str) -> str:
    parts = identifiers(written)
    if len(parts) != 1:
        raise compilation(f"invalid identifier '{written}'", 904, "42000")
    return parts[0]


IDENTIFIER = re.compile(r"\bidentifier\s*\(\s*(\?|'[^']*')\s*\)", re.IGNORECASE)


BINDING = re.compile(r"(SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|MERGE|CALL)\b|\(", re.IGNORECASE)
"""Statements whose parameters are bound; in the others, they are written in."""


def _inline(text: str, parameters: list[Any]) -> tuple[str, list[Any]]:
    """identifier(?) and identifier('x') as the names they stand for; texts where none is bound."""
    binding = BINDING.match(text) is not None
    if "identifier" not in text.lower() and (binding or not parameters):
        return text, parameters
    rest, used = list(parameters), 0
    built, position = [], 0
    for token in statements.TOKENS.finditer(text):
        built.append(text[position : token.start()])
        position = token.end()
        word = token.group()
        if found := IDENTIFIER.fullmatch(word):
            name = rest.pop(used) if found[1] == "?" else found[1][1:-1]
            built.append(str(name))
        elif word == "?" and not binding:
            built.append(statements.quote(str(rest.pop(0))))
        else:
            used += word == "?"
            built.append(word)
    built.append(text[position:])
    return "".join(built), rest


def status(message: str) -> Result:
    """The answer of DDL: one row, one column."""
    return Result(pa.table({"status": [message]}))


DONE = "Statement executed successfully."

# USE, SET, parameters


@statement("USE ROLE <name>", page="use-role")
def use_role(session: Session, words: Words) -> Result:
    name = identifier(words["name"])
    if session.account.objects.find("ROLE", Name(name=name)) is None:
        raise _not_assigned(name)
    if not session.account.assigned(session.user, name):
        raise _not_assigned(name)
    session.role = name
    return status(DONE)


def _not_assigned(role: str) -> SqlError:
    return compilation(
        f"Requested role '{role}' is not assigned to the executing user. Specify another role to "
        f"activate.",
        3013,
        "42501",
    )


@statement("USE WAREHOUSE <name>", page="use-warehouse")
def use_warehouse(session: Session, words: Words) -> Result:
    name = identifier(words["name"])
    there = session.account.objects.find("WAREHOUSE", Name(name=name)) is not None
    if not there or not access.visible(session, "WAREHOUSE", Name(name=name)):
        raise compilation("Object does not exist, or operation cannot be performed.", 2043, "02000")
    session.warehouse = name
    return status(DONE)


@statement(
    "USE SECONDARY ROLES {ALL|NONE}",
    page="use-secondary-roles",
    limits="Without effect: what a session may do is what its role may.",
)
def use_secondary_roles(session: Session, words: Words) -> Result:
    return status(DONE)


@statement("USE DATABASE <name>", page="use-database")
def use_database(session: Session, words: Words) -> Result:
    from churn.emulator import catalog

    name = identifier(words["name"])
    if not catalog.has_database(session.account, name):
        raise missing("database", name)
    access.need(session, "DATABASE", Name(name=name))
    public = catalog.has_schema(session.account, name, "PUBLIC")
    session.cursor.use(name, "PUBLIC" if public else None)
    return status(DONE)


@statement("USE [SCHEMA] <name>", page="use-schema")
def use_schema(session: Session, words: Words) -> Result:
    from churn.emulator import catalog

    parts = identifiers(words["name"])
    if not words.has("schema") and len(parts) == 1:
        return use_database(session, words)
    name = session.schema_name(words["name"])
    if not catalog.has_schema(session.account, name.database, name.schema):
        raise missing("schema", name)
    access.need_place(session, name)
    session.cursor.use(name.database, name.schema)
    return status(DONE)


PARAMETERS = {
    "AUTOCOMMIT": "true",
    "BINARY_INPUT_FORMAT": "HEX",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "true",
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "STATEMENT_TIMEOUT_IN_SECONDS": "172800",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMEZONE": "Etc/UTC",
    "WEEK_START": "0",
    "WEEK_OF_YEAR_POLICY": "0",
}
"""Session parameters and their defaults."""

FIXED = {
    "QUOTED_IDENTIFIERS_IGNORE_CASE": {"FALSE"},
    "TIMESTAMP_TYPE_MAPPING": {"TIMESTAMP_NTZ"},
    "TIMEZONE": {"UTC", "ETC/UTC"},
    "WEEK_START": {"0", "1"},
    "WEEK_OF_YEAR_POLICY": {"0"},
}
"""Parameters that change what queries mean, and the values that the emulator can mean."""

ASSIGNMENT = re.compile(rf"(\w+)\s*=\s*({statements.QUOTED}|[^\s,]+)")


@statement("ALTER SESSION SET <assignments...>", page="alter-session")
def alter_session(session: Session, words: Words) -> Result:
    for name, written in ASSIGNMENT.findall(words["assignments"]):
        value = statements.unquote(written)
        if value.upper() not in FIXED.get(name.upper(), {value.upper()}):
            raise unsupported(f"ALTER SESSION SET {name.upper()} = {value}")
        session.parameters[name.upper()] = value
        if name.upper() == "AUTOCOMMIT":
            session.cursor.autocommit(on=value.upper() == "TRUE")
    return status(DONE)


@statement("ALTER SESSION UNSET <names...>", page="alter-session")
def alter_session_unset(session: Session, words: Words) -> Result:
    for name in words["names"].split(","):
        session.parameters.pop(name.strip().upper(), None)
    return status(DONE)


@statement(
    "SHOW PARAMETERS [LIKE <'pattern'>] [IN <scope...>]",
    page="show-parameters",
    limits="Those of the session, whatever the scope.",
)
def show_parameters(session: Session, words: Words) -> Result:
    from churn.emulator.objects import like

    pattern = statements.unquote(words["pattern"]) if words.has("like") else None
    rows = [
        {
            "key": key,
            "value": str(session.parameters.get(key, default)),
            "default": default,
            "level": "SESSION" if key in session.parameters else "",
            "description": "",
            "type": "STRING",
        }
        for key, default in sorted((PARAMETERS | dict.fromkeys(session.parameters, "")).items())
        if like(pattern, key)
    ]
    columns = ("key", "value", "default", "level", "description", "type")
    return Result(statements.rows(rows, {c: pa.string() for c in columns}))


@statement("SET <name> = <value...>", page="set")
def set_variable(session: Session, words: Words) -> Result:
    value = session.query(f"SELECT {words['value']}").column(0)[0].as_py()
    session.variables[identifier(words["name"])] = value
    return status(DONE)


@statement("UNSET <name>", page="unset")
def unset_variable(session: Session, words: Words) -> Result:
    session.variables.pop(identifier(words["name"]), None)
    return status(DONE)


# Transactions


@statement("BEGIN [TRANSACTION|WORK]", "START TRANSACTION", page="begin")
def begin(session: Session, words: Words) -> Result:
    session.cursor.begin()
    return status(DONE)


@statement("COMMIT [WORK]", page="commit")
def commit(session: Session, words: Words) -> Result:
    session.end(commit=True)
    return status(DONE)


@statement("ROLLBACK [WORK]", page="rollback")
def rollback(session: Session, words: Words) -> Result:
    session.end(commit=False)
    return status(DONE)


# Functions of the session

_CONSTANTS: dict[str, Callable[[Session], Any]] = {
    "CURRENT_DATABASE": lambda s: s.database,
    "CURRENT_SCHEMA": lambda s: s.schema,
    "CURRENT_SCHEMAS": lambda s: f'["{s.database}.{s.schema}"]' if s.schema else "[]",
    "CURRENT_ROLE": lambda s: s.role,
    "CURRENT_SECONDARY_ROLES": lambda s: '{"roles":"","value":""}',
    "CURRENT_AVAILABLE_ROLES": lambda s: (
        "[" + ",".join(f'"{o.name.name}"' for o in s.account.objects.all("ROLE")) + "]"
    ),
    "CURRENT_WAREHOUSE": lambda s: s.warehouse,
    "CURRENT_USER": lambda s: s.user,
    "CURRENT_ACCOUNT": lambda s: "EMULATOR",
    "CURRENT_ACCOUNT_NAME": lambda s: "EMULATOR",
    "CURRENT_ORGANIZATION_NAME": lambda s: "LOCAL",
    "CURRENT_REGION": lambda s: "LOCAL",
    "CURRENT_SESSION": lambda s: str(s.number),
    "CURRENT_VERSION": lambda s: VERSION,
    "CURRENT_CLIENT": lambda s: "PythonConnector",
    "CURRENT_IP_ADDRESS": lambda s: "127.0.0.1",
    "CURRENT_STATEMENT": lambda s: "",
    "CURRENT_TRANSACTION": lambda s: str(s.number) if s.cursor.in_transaction else None,
}


def _constant(value: Callable[[Session], Any]) -> Any:
    return lambda session, arguments: constant(value(session))


for _name, _value in _CONSTANTS.items():
    function(_name, page=_name.lower())(_constant(_value))


@function("LAST_QUERY_ID", page="last_query_id")
def last_query_id(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    from churn.emulator.rewrite import value

    back = value(session, arguments[0]) if arguments else -1
    ids = list(session.results)
    index = back if back < 0 else back - 1
    try:
        return constant(ids[index])
    except IndexError:
        return constant(None)


@function("SYSTEM$CANCEL_ALL_QUERIES", page="system_cancel_all_queries")
def cancel_all_queries(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    return constant("Canceled 0 queries")


@function("IS_ROLE_IN_SESSION", page="is_role_in_session")
def is_role_in_session(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    from churn.emulator.rewrite import text

    return constant(text(arguments[0]).upper() in access.roles(session))


@table_function("RESULT_SCAN", page="result_scan")
def result_scan(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    query = str(arguments[0]) if arguments else ""
    if query in session.results:
        return session.results[query].table
    raise SqlError(f"Statement {query} not found", 709, "02000")
