"""Procedures: CALL, and WITH ... AS PROCEDURE."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.clauses import closed
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, invalid, unsupported
from churn.emulator.language.names import NAME, Name
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Kind, Parsed, Result
from churn.emulator.language.text import TOKENS
from churn.emulator.statements import scripts
from churn.emulator.statements.function_tables import _document
from churn.emulator.statements.functions import bound
from churn.emulator.statements.python_code import failure, imported, load
from churn.emulator.statements.python_values import type_of
from churn.emulator.statements.signatures import Signature, signature

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("procedures")


@SUBSYSTEM.statement("CALL <name> ( <rest...>", page="call", kind=Kind.QUERY)
def call(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if name.name.startswith("SYSTEM$"):
        query = f"SELECT {name.name}({parsed['rest']}"
        return Result(session.cursor.run(parse(query), parsed.parameters), Kind.QUERY)
    stored = access.need_object(session, "PROCEDURE", name, "USAGE")
    return called(session, stored, parsed["rest"].rstrip().removesuffix(")"), parsed)


@SUBSYSTEM.statement(
    "WITH <name> AS PROCEDURE <definition...>",
    page="call-with",
    limits="LANGUAGE PYTHON and SQL.",
    kind=Kind.QUERY,
)
def call_anonymous(session: Session, parsed: Parsed) -> Result:
    """WITH p AS PROCEDURE (...) ... CALL p(...): a procedure that nobody keeps."""
    text = parsed["definition"]
    masked = TOKENS.sub(lambda m: "x" * len(m.group()), text)
    calls = list(re.finditer(rf"\bCALL\s+{NAME}\s*(?=\()", masked, re.IGNORECASE))
    if not calls:
        raise invalid("WITH ... AS PROCEDURE needs CALL")
    arguments, _ = closed(text[calls[-1].end() :])
    known = signature(text[: calls[-1].start()])
    name = Name(session.database or "", session.schema or "", f"__ANONYMOUS_{id(parsed)}")
    shown = parsed["name"].strip('"').upper()
    stored = session.owned("PROCEDURE", name, **known.properties())
    try:
        return called(session, stored, arguments, parsed, shown)
    finally:
        session.account.handlers.pop(("PROCEDURE", name), None)


def called(
    session: Session, stored: Object, written: str, parsed: Parsed, shown: str = ""
) -> Result:
    """The result of a procedure: a value under its name, or the table that it returns."""
    known = Signature.of(stored.properties)
    shown = shown or stored.name.name
    if parsed.describe:
        return Result(_shape(known, shown), Kind.QUERY)
    given = parse(f"SELECT f({written})").expressions[0].expressions if written.strip() else []
    values = _values(session, bound(stored.name, known, given), parsed)
    if known.language == "SQL":
        return scripts.run_procedure(session, known, shown, values)
    kinds = [type_of(a.type) for a in known.arguments]
    arguments = [k.into_python(v) for k, v in zip(kinds, values, strict=True)]
    return Result(_run_python(session, stored, known, shown, arguments), Kind.QUERY)


def _shape(known: Signature, shown: str) -> pa.Table:
    if known.columns is not None:
        return pa.table({c.name: _empty(c.type) for c in known.columns})
    return pa.table({shown: _empty(known.returns)})


def _empty(kind: str) -> pa.Array:
    return _document(type_of(kind).array([]), type_of(kind))


def _values(session: Session, given: list[exp.Expression], parsed: Parsed) -> list[Any]:
    if not given:
        return []
    row = session.cursor.run(exp.Select(expressions=given), parsed.parameters)
    return [column[0].as_py() for column in row.columns]


def _run_python(
    session: Session, stored: Object, known: Signature, shown: str, arguments: list[Any]
) -> pa.Table:
    """The handler gets a Snowpark session of its own, in the same place."""
    from snowflake import snowpark

    if session.account.connection is None:
        raise unsupported("CALL of a procedure where no server runs")
    code = load(session, stored)
    config = session.account.connection | {
        "database": session.database,
        "schema": session.schema,
        "role": session.role,
        "warehouse": session.warehouse,
    }
    config = {k: v for k, v in config.items() if v is not None}
    with session.account.one_time_password(session.user) as word:
        config |= {"user": session.user, "password": word}
        inner = snowpark.Session.builder.configs(config).create()
    try:
        with imported(code.folder):
            value = code.handler(inner, *arguments)
            if known.columns is not None:
                return _table(session, known, value)
    except Exception as error:
        raise failure(error, shown, known.handler) from error
    finally:
        inner.close()
    array = type_of(known.returns).array([value])
    return pa.table({shown: _document(array, type_of(known.returns))})


def _table(session: Session, known: Signature, frame: Any) -> pa.Table:
    """The rows of the DataFrame that a procedure returns, under the names that it declares."""
    result = session.result_of(frame._execute_and_get_query_id())  # noqa: SLF001
    if result is None:
        raise invalid("the procedure returned no table")
    names = [c.name for c in known.columns or ()]
    if not names:
        return result.table
    if len(names) != result.table.num_columns:
        raise compilation(
            f"the procedure returned {result.table.num_columns} columns, {len(names)} are declared",
            2227,
            "42601",
        )
    return result.table.rename_columns(names)
