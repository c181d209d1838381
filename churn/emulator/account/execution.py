"""How a statement is run: found, checked, answered; and how sessions begin and end."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import checks, temporary
from churn.emulator.account.account import Account, Session
from churn.emulator.account.history import Query
from churn.emulator.account.objects import Object
from churn.emulator.duck.errors import UncastError
from churn.emulator.language.dialect import Statement
from churn.emulator.language.errors import SqlError, compilation, unsupported
from churn.emulator.language.parameters import inline
from churn.emulator.language.results import SHAPES, Kind, Parsed, Result
from churn.emulator.language.text import opening, steps, tidy

COMPUTING = {Kind.QUERY, Kind.INSERT, Kind.MERGE, Kind.TABLE}
CHANGING = {Kind.UPDATE, Kind.DELETE}


def execute(
    session: Session,
    text: str,
    parameters: Sequence[Any] = (),
    *,
    describe: bool = False,
    query: Query | None = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[str, Result]:
    """Run one statement for a client.

    Args:
        parameters: A value a placeholder; lists where one statement is run for many rows.
        describe: Answer with the columns and no rows, without running what changes anything.
        query: What the history already knows of it.
        settings: Session parameters for this statement alone.

    Returns:
        The query's id and its result.

    Raises:
        SqlError: Snowflake would refuse it, or the emulator does.
    """
    query = query or session.begin_query(text, str((settings or {}).get("QUERY_TAG", "")))
    with session.lock, _settings(session, settings or {}):
        session.running = query
        try:
            with _in_time(session, query):
                result = _run_whole(session, text, parameters, describe=describe)
        except SqlError as error:
            query.end(_failure(session, query, error))
            raise query.error or error from error
        except BaseException as error:
            query.end(SqlError(f"{type(error).__name__}: {error}", 603, "XX000"))
            raise
        finally:
            session.running = None
            session.forget_registered()
        if not describe:
            session.results.keep(query.id, result)
        query.end(None, result.table.num_rows)
        return query.id, result


def _failure(session: Session, query: Query, error: SqlError) -> SqlError:
    """The error with its query's id; what was interrupted tells why."""
    if error.number == 604 and query.timed_out:
        seconds = timeout_of(session)
        error = SqlError(
            f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was "
            f"canceled.",
            630,
            "57014",
        )
    error.query = query.id
    return error


NO_TIMEOUT = 172_800


def timeout_of(session: Session) -> int:
    """https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds"""
    seconds = int(session.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS", NO_TIMEOUT))
    return seconds or NO_TIMEOUT


@contextmanager
def _in_time(session: Session, query: Query) -> Iterator[None]:
    """Interrupt what takes longer than STATEMENT_TIMEOUT_IN_SECONDS."""
    if query.cancelled:
        raise SqlError("SQL execution canceled", 604, "57014")
    if (seconds := timeout_of(session)) >= NO_TIMEOUT:
        yield
        return

    def stop() -> None:
        query.timed_out = True
        session.cancel(query)

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _settings(session: Session, settings: Mapping[str, Any]) -> Iterator[None]:
    """The session's parameters, changed for one statement."""
    if not settings:
        yield
        return
    before = {name: session.parameters.get(name) for name in settings}
    session.parameters.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if session.parameters.get(name) != settings[name]:
                continue  # the statement itself set it
            if value is None:
                session.parameters.pop(name, None)
            else:
                session.parameters[name] = value


def run(
    session: Session, text: str, parameters: Sequence[Any] = (), *, describe: bool = False
) -> Result:
    """The same, from inside another statement: nothing is kept."""
    text = tidy(text)
    if not text:
        raise compilation("Empty SQL statement.", 900, "42601")
    text, parameters = inline(text, list(parameters))
    if "->>" in text and len(parts := steps(text)) > 1:
        return _flow(session, parts, parameters)
    known = session.account.dialect.find(text)
    if known is None:
        raise unsupported(opening(text))
    statement, parsed = known
    if describe and not statement.reads:
        return Result(SHAPES[statement.kind])
    if statement.ddl:
        if not temporary.is_of_temporaries(session, parsed):
            session.end(commit=True)
        checks.check_statement(session, text)
    session.bound = list(parameters)
    session.computing = not describe and statement.kind in COMPUTING
    session.changing = not describe and statement.kind in CHANGING
    session.describing = describe
    # One definition at a time, so that IF NOT EXISTS means it.
    with (
        session.account.tables.within(session.cursor),
        session.account.defining if statement.ddl else nullcontext(),
    ):
        result = _answer(
            session, statement, replace(parsed, parameters=parameters, describe=describe)
        )
    return replace(result, table=result.table.slice(0, 0)) if describe else result


def _run_whole(session: Session, text: str, parameters: Sequence[Any], *, describe: bool) -> Result:
    try:
        return run(session, text, parameters, describe=describe)
    except RecursionError:
        raise compilation("The statement is nested too deeply.", 1003, "42000") from None


def _answer(session: Session, statement: Statement[Session], parsed: Parsed) -> Result:
    """The handler's result; again with implicit casts where DuckDB asks for a cast."""
    try:
        return statement.handler(session, parsed)
    except UncastError:
        if session.coercing:
            raise
    session.coercing, session.bound = True, list(parsed.parameters)
    try:
        return statement.handler(session, parsed)
    finally:
        session.coercing = False


def _flow(session: Session, parts: list[str], parameters: Sequence[Any]) -> Result:
    """SHOW ... ->> SELECT ... FROM $1: each step reads the one before.

    https://docs.snowflake.com/en/sql-reference/operators-flow
    """
    result = run(session, parts[0], parameters)
    for part in parts[1:]:
        name = session.register(result.table)
        result = run(session, re.sub(r"\$1\b", f'"{name}"', part))
    return result


def query(session: Session, text: str, parameters: Sequence[Any] = ()) -> pa.Table:
    """The rows of a statement, from inside another."""
    return run(session, text, parameters).table


def translate(session: Session, tree: exp.Expression) -> exp.Expression:
    """The tree for fakesnow, once it is known that the session may run it."""
    checks.check_tree(session, tree)
    return session.account.dialect.rewritten(session, tree)


@contextmanager
def as_owner(session: Session, stored: Object) -> Iterator[None]:
    """Where a task or dynamic table was written, and with its owner's rights."""
    here, role = (session.database, session.schema), session.role
    session.cursor.use(*stored["context"])
    session.role = stored.owner
    try:
        yield
    finally:
        session.role = role
        session.cursor.use(*here)


def open_session(account: Account, user: str, role: str) -> Session:
    session = Session(account, user, role, translate)
    with account.lock:
        account.sessions[session.token] = session
    return session


def close_session(account: Account, token: str) -> None:
    """Roll back what is open; drop what was temporary."""
    with account.lock:
        session = account.sessions.pop(token, None)
    if session is None:
        return
    with session.lock:
        session.end(commit=False)
        for kind, name in reversed(session.temporary):
            temporary.drop_temporary(account, kind, name)
        session.temporary.clear()
        session.results.clear()
        session.cursor.duck.close()


def close_account(account: Account) -> None:
    """End all sessions, and the account with them."""
    for token in list(account.sessions):
        close_session(account, token)
    account.release()
