"""A session's context: USE, SET, parameters, transactions."""

from __future__ import annotations

import re
from decimal import Decimal

import pyarrow as pa

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.parameters import PARAMETERS, set_parameter, unset_parameter
from churn.emulator.account.relations import has_database, has_schema
from churn.emulator.language.clauses import closed, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, missing
from churn.emulator.language.names import Name, identifier, identifiers, like
from churn.emulator.language.results import DONE, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("context")


@SUBSYSTEM.statement("USE ROLE <name>", page="use-role")
def use_role(session: Session, parsed: Parsed) -> Result:
    name = identifier(parsed["name"])
    if session.account.objects.find("ROLE", Name(name=name)) is None:
        raise _not_assigned(name)
    if not access.assigned(session.account, session.user, name):
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


@SUBSYSTEM.statement("USE WAREHOUSE <name>", page="use-warehouse")
def use_warehouse(session: Session, parsed: Parsed) -> Result:
    name = identifier(parsed["name"])
    there = session.account.objects.find("WAREHOUSE", Name(name=name)) is not None
    if not there or not access.visible(session, "WAREHOUSE", Name(name=name)):
        raise compilation("Object does not exist, or operation cannot be performed.", 2043, "02000")
    session.warehouse = name
    return status(DONE)


@SUBSYSTEM.statement(
    "USE SECONDARY ROLES {ALL|NONE}",
    page="use-secondary-roles",
    limits="Without effect: what a session may do is what its role may.",
)
def use_secondary_roles(session: Session, parsed: Parsed) -> Result:
    return status(DONE)


@SUBSYSTEM.statement("USE DATABASE <name>", page="use-database")
def use_database(session: Session, parsed: Parsed) -> Result:

    name = identifier(parsed["name"])
    if not has_database(session.account, name):
        raise missing("database", name)
    access.need(session, "DATABASE", Name(name=name))
    public = has_schema(session.account, name, "PUBLIC")
    session.cursor.use(name, "PUBLIC" if public else None)
    return status(DONE)


@SUBSYSTEM.statement("USE [SCHEMA] <name>", page="use-schema")
def use_schema(session: Session, parsed: Parsed) -> Result:

    parts = identifiers(parsed["name"])
    if not parsed.has("schema") and len(parts) == 1:
        return use_database(session, parsed)
    name = session.schema_name(parsed["name"])
    if not has_schema(session.account, name.database, name.schema):
        raise missing("schema", name)
    access.need_place(session, name)
    session.cursor.use(name.database, name.schema)
    return status(DONE)


ASSIGNMENT = re.compile(rf"(\w+)\s*=\s*({QUOTED}|[^\s,]+)")


@SUBSYSTEM.statement("ALTER SESSION SET <assignments...>", page="alter-session")
def alter_session(session: Session, parsed: Parsed) -> Result:
    for name, written in ASSIGNMENT.findall(parsed["assignments"]):
        value = unquote(written)
        set_parameter(session, name.upper(), value)
    return status(DONE)


@SUBSYSTEM.statement("ALTER SESSION UNSET <names...>", page="alter-session")
def alter_session_unset(session: Session, parsed: Parsed) -> Result:
    for name in parsed["names"].split(","):
        unset_parameter(session, name.strip().upper())
    return status(DONE)


@SUBSYSTEM.statement(
    "SHOW PARAMETERS [LIKE <'pattern'>] [IN <scope...>]",
    page="show-parameters",
    limits="Those of the session, whatever the scope.",
)
def show_parameters(session: Session, parsed: Parsed) -> Result:
    pattern = unquote(parsed["pattern"]) if parsed.has("like") else None
    rows = [
        {
            "key": key,
            "value": str(session.parameters.get(key, default)),
            "default": default,
            "level": "SESSION" if key in session.parameters else "",
            "description": "",
            "type": "STRING",
        }
        for key, default in sorted((dict.fromkeys(session.parameters, "") | PARAMETERS).items())
        if like(pattern, key)
    ]
    columns = ("key", "value", "default", "level", "description", "type")
    return Result(table_of(rows, {c: pa.string() for c in columns}))


@SUBSYSTEM.statement("SET <name> = <value...>", page="set")
def set_variable(session: Session, parsed: Parsed) -> Result:
    _set(session, [parsed["name"]], [parsed["value"]], parsed)
    return status(DONE)


@SUBSYSTEM.statement("SET ( <names...> ) = <values...>", page="set")
def set_variables(session: Session, parsed: Parsed) -> Result:
    """All values are computed before the first variable changes."""
    values, _ = closed(parsed["values"])
    query = re.match(r"SELECT\b", values, re.IGNORECASE)
    _set(session, split(parsed["names"]), [values] if query else split(values), parsed)
    return status(DONE)


def _set(session: Session, names: list[str], values: list[str], parsed: Parsed) -> None:
    query = len(names) > 1 and len(values) == 1
    text = values[0] if query else f"SELECT {', '.join(f'({v})' for v in values)}"
    row = execution.query(session, text, parsed.parameters)
    if row.num_columns != len(names) or row.num_rows != 1:
        raise compilation(
            f"Number of variables ({len(names)}) does not match number of values "
            f"({row.num_columns})",
            2216,
            "42601",
        )
    for name, column in zip(names, row.columns, strict=True):
        session.variables[identifier(name)] = column[0].as_py()


@SUBSYSTEM.statement("UNSET <name>", page="unset")
def unset_variable(session: Session, parsed: Parsed) -> Result:
    session.variables.pop(identifier(parsed["name"]), None)
    return status(DONE)


@SUBSYSTEM.statement("UNSET ( <names...> )", page="unset")
def unset_variables(session: Session, parsed: Parsed) -> Result:
    for name in split(parsed["names"]):
        session.variables.pop(identifier(name), None)
    return status(DONE)


@SUBSYSTEM.statement("SHOW VARIABLES [LIKE <'pattern'>]", page="show-variables")
def show_variables(session: Session, parsed: Parsed) -> Result:
    pattern = unquote(parsed["pattern"]) if parsed.has("like") else None
    rows = [
        {
            "session_id": str(session.number),
            "name": name,
            "value": None if value is None else str(value),
            "type": VARIABLE_TYPES.get(type(value), "text"),
            "comment": "",
        }
        for name, value in sorted(session.variables.items())
        if like(pattern, name)
    ]
    columns = ("session_id", "created_on", "updated_on", "name", "value", "type", "comment")
    return Result(table_of(rows, dict.fromkeys(columns, pa.string())))


VARIABLE_TYPES = {int: "fixed", Decimal: "fixed", float: "real", bool: "boolean"}


@SUBSYSTEM.statement(
    "BEGIN [TRANSACTION|WORK] [NAME <transaction>]",
    "START TRANSACTION [NAME <transaction>]",
    page="begin",
)
def begin(session: Session, parsed: Parsed) -> Result:
    session.cursor.begin()
    return status(DONE)


@SUBSYSTEM.statement("COMMIT [WORK]", page="commit")
def commit(session: Session, parsed: Parsed) -> Result:
    session.end(commit=True)
    return status(DONE)


@SUBSYSTEM.statement("ROLLBACK [WORK]", page="rollback")
def rollback(session: Session, parsed: Parsed) -> Result:
    session.end(commit=False)
    return status(DONE)
