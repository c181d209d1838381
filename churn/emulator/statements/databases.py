"""Databases and schemas."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import databases, has_database, has_schema, schemas
from churn.emulator.language.clauses import clauses
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import missing
from churn.emulator.language.names import Name, identifier
from churn.emulator.language.results import TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.statements.lifecycle import answer_existing, answer_if_missing, drop_objects
from churn.emulator.statements.show import SHOW, scope

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("databases")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TRANSIENT] DATABASE [IF NOT EXISTS] <name> [<options...>]",
    page="create-database",
    limits="Options other than COMMENT are refused.",
)
def create_database(session: Session, parsed: Parsed) -> Result:
    name = identifier(parsed["name"])
    options = clauses(parsed["options"]).only("COMMENT", "DATA_RETENTION_TIME_IN_DAYS")
    access.need_account(session, "CREATE DATABASE")
    if has_database(session.account, name):
        if answer := answer_existing(parsed, name, name):
            return answer
        access.need(session, "DATABASE", Name(name=name), "OWNERSHIP")
        _drop_database(session, name)
    session.account.tables.create_database(name)
    session.account.objects.put(session.owned("DATABASE", Name(name=name), options.text("COMMENT")))
    session.account.objects.put(session.owned("SCHEMA", Name(name, name="PUBLIC")))
    session.cursor.use(name, "PUBLIC")
    return status(f"Database {name} successfully created.")


@SUBSYSTEM.statement("DROP DATABASE [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-database")
def drop_database(session: Session, parsed: Parsed) -> Result:
    name = identifier(parsed["name"])
    if not has_database(session.account, name):
        return answer_if_missing(parsed, "database", name, name)
    access.need(session, "DATABASE", Name(name=name), "OWNERSHIP")
    _drop_database(session, name)
    return status(f"{name} successfully dropped.")


def _drop_database(session: Session, name: str) -> None:
    account = session.account
    for other in list(account.sessions.values()):
        if other.database == name:
            other.cursor.use(None, None)
    if session.database == name:
        session.cursor.use(None, None)
    drop_objects(account, name)
    account.tables.drop_database(name)
    account.objects.drop("DATABASE", Name(name=name))
    access.revoke_all(account, "DATABASE", Name(name=name))


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TRANSIENT] SCHEMA [IF NOT EXISTS] <name> [<options...>]",
    page="create-schema",
    limits="Options other than COMMENT and TAG are refused.",
)
def create_schema(session: Session, parsed: Parsed) -> Result:
    name = session.schema_name(parsed["name"])
    if not has_database(session.account, name.database):
        raise missing("database", name.database)
    access.need(session, "DATABASE", Name(name=name.database), "CREATE SCHEMA")
    options = clauses(parsed["options"]).only("COMMENT", "TAG")
    if has_schema(session.account, name.database, name.schema):
        if answer := answer_existing(parsed, name.schema, name):
            return answer
        access.need(session, "SCHEMA", Name(name.database, name=name.schema), "OWNERSHIP")
        _drop_schema(session, name)
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f'CREATE SCHEMA "{name.database}"."{name.schema}"')
    session.account.objects.put(
        session.owned("SCHEMA", Name(name.database, name=name.schema), options.text("COMMENT"))
    )
    session.cursor.use(name.database, name.schema)
    return status(f"Schema {name.schema} successfully created.")


@SUBSYSTEM.statement("DROP SCHEMA [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-schema")
def drop_schema(session: Session, parsed: Parsed) -> Result:
    name = session.schema_name(parsed["name"])
    if not has_database(session.account, name.database) or not has_schema(
        session.account, name.database, name.schema
    ):
        return answer_if_missing(parsed, "schema", name.schema, name)
    access.need(session, "SCHEMA", Name(name.database, name=name.schema), "OWNERSHIP")
    _drop_schema(session, name)
    return status(f"{name.schema} successfully dropped.")


def _drop_schema(session: Session, name: Name) -> None:
    account = session.account
    for other in {*account.sessions.values(), session}:
        if (other.database, other.schema) == (name.database, name.schema):
            other.cursor.use(name.database, None)
    drop_objects(account, name.database, name.schema)
    with account.tables.duck.cursor() as duck:
        duck.execute(f'DROP SCHEMA "{name.database}"."{name.schema}" CASCADE')
    account.objects.drop("SCHEMA", Name(name.database, name=name.schema))
    access.revoke_all(account, "SCHEMA", name)


@SUBSYSTEM.statement(f"SHOW [TERSE] DATABASES [HISTORY] {SHOW}", page="show-databases")
def show_databases(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "is_default", "is_current", "origin", "owner"), TEXT),
        **dict.fromkeys(("comment", "options", "retention_time", "kind"), TEXT),
    }
    rows = []
    for name in databases(session.account):
        if not access.visible(session, "DATABASE", Name(name=name)):
            continue
        stored = session.account.objects.find("DATABASE", Name(name=name))
        rows.append(
            {
                "created_on": stored.created_on if stored else datetime.now(UTC),
                "name": name,
                "is_default": "N",
                "is_current": "Y" if name == session.database else "N",
                "owner": stored.owner if stored else "",
                "comment": stored.comment if stored else "",
                "retention_time": "1",
                "kind": "STANDARD",
            }
        )
    return Result(table_of(scope(session, parsed).cut(rows), columns))


@SUBSYSTEM.statement(f"SHOW [TERSE] SCHEMAS [HISTORY] {SHOW}", page="show-schemas")
def show_schemas(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "is_default", "is_current", "database_name", "owner"), TEXT),
        **dict.fromkeys(("comment", "options", "retention_time"), TEXT),
    }
    bare = Parsed(parsed.text, {**parsed.groups, "scope": None})
    where = scope(session, bare)
    written = re.sub(r"^(DATABASE|ACCOUNT)\b", "", parsed["scope"], flags=re.IGNORECASE).strip()
    database = identifier(written) if written else where.database
    if written and not has_database(session.account, str(database)):
        raise missing("database", database)
    rows = []
    for owner in [database] if database else databases(session.account):
        for name in (*schemas(session.account, owner), "INFORMATION_SCHEMA"):
            stored = session.account.objects.find("SCHEMA", Name(owner, name=name))
            if stored and not access.visible(session, "SCHEMA", stored.name):
                continue
            rows.append(
                {
                    "created_on": stored.created_on if stored else datetime.now(UTC),
                    "name": name,
                    "is_default": "N",
                    "is_current": "Y"
                    if (owner, name) == (session.database, session.schema)
                    else "N",
                    "database_name": owner,
                    "owner": stored.owner if stored else "",
                    "comment": stored.comment if stored else "",
                    "retention_time": "1",
                }
            )
    return Result(table_of(where.cut(rows), columns))
