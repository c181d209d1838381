"""COMMENT ON, and ALTER ... SET COMMENT, of whatever has a comment."""

from __future__ import annotations

import re
from dataclasses import replace

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import (
    columns_of,
    has_database,
    has_schema,
    need_relation,
    relation,
)
from churn.emulator.language.clauses import clauses
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, missing, unsupported
from churn.emulator.language.names import Name, duck_name, identifier, identifiers
from churn.emulator.language.results import DONE, Parsed, Result, status
from churn.emulator.language.text import unquote
from churn.emulator.statements.tables import set_comment
from churn.emulator.statements.tags import set_tag, unset_tag

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("comments")

IN_SCHEMAS = "STAGE|FILE FORMAT|SEQUENCE|TAG|TASK|DYNAMIC TABLE|EXPERIMENT|DATASET"


@SUBSYSTEM.statement(
    f"COMMENT [IF EXISTS] ON {{DATABASE|SCHEMA|WAREHOUSE|ROLE|USER|{IN_SCHEMAS}}} <name> "
    "IS <'comment'>",
    page="comment",
)
def comment_on(session: Session, parsed: Parsed) -> Result:
    kind = " ".join(parsed["database"].upper().split())
    stored = find(session, kind, parsed["name"])
    if stored is None and parsed.has("if_exists"):
        return status(DONE)
    if stored is None:
        raise missing(kind, parsed["name"])
    access.need(session, kind, stored.name, "OWNERSHIP")
    session.account.objects.put(replace(stored, comment=unquote(parsed["comment"])))
    return status(DONE)


def find(session: Session, kind: str, written: str) -> Object | None:
    """The object, or the one that stands for a database or schema that DuckDB has."""
    objects = session.account.objects
    if kind in ("DATABASE", "WAREHOUSE", "ROLE", "USER"):
        name = Name(name=identifier(written))
        there = objects.find(kind, name)
        if there is None and kind == "DATABASE" and has_database(session.account, name.name):
            return session.owned(kind, name)
        return there
    if kind == "SCHEMA":
        place = session.schema_name(written)
        name = Name(place.database, name=place.schema)
        there = objects.find(kind, name)
        if there is None and has_schema(session.account, place.database, place.schema):
            return session.owned(kind, name)
        return there
    return objects.find(kind, session.name(written))


@SUBSYSTEM.statement("COMMENT [IF EXISTS] ON COLUMN <name> IS <'comment'>", page="comment")
def comment_on_column(session: Session, parsed: Parsed) -> Result:
    *_, column = identifiers(parsed["name"])
    cut = parsed["name"].rstrip()
    table = session.name(cut[: cut.rindex("." if not cut.endswith('"') else '."')])
    there = relation(session.account, table)
    if there is None and parsed.has("if_exists"):
        return status(DONE)
    there = need_relation(session.account, table)
    if column not in {c["name"] for c in columns_of(session.account, table)}:
        raise compilation(f"invalid identifier '{column}'", 904, "42000")
    if there.kind == "VIEW":
        stored = session.account.objects.need("VIEW", table)
        known = stored.get("column comments", {}) | {column: unquote(parsed["comment"])}
        session.account.objects.put(stored.having(**{"column comments": known}))
        return status(DONE)
    quoted = column.replace('"', '""')
    text = unquote(parsed["comment"]).replace("'", "''")
    session.cursor.duck.execute(f"COMMENT ON COLUMN {duck_name(table)}.\"{quoted}\" IS '{text}'")
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER {DATABASE|SCHEMA|STAGE|FILE FORMAT|SEQUENCE|ROLE} [IF EXISTS] <name> {SET|UNSET} "
    "<options...>",
    page="alter-schema",
    limits="What concerns storage is accepted and has no effect.",
)
def alter_comment(session: Session, parsed: Parsed) -> Result:
    kind = " ".join(parsed["database"].upper().split())
    if tags := re.match(r"TAG\s+(.*)", parsed["options"], re.IGNORECASE | re.DOTALL):
        groups: dict[str, str | None] = {"table": kind, "name": parsed["name"], "tags": tags[1]}
        change = set_tag if parsed["set"].upper() == "SET" else unset_tag
        return change(session, Parsed(parsed.text, groups))
    stored = find(session, kind, parsed["name"])
    if stored is None and parsed.has("if_exists"):
        return status(DONE)
    if stored is None:
        raise missing(kind, parsed["name"])
    access.need(session, kind, stored.name, "OWNERSHIP")
    session.account.objects.put(changed(stored, parsed["set"], parsed["options"]))
    return status(DONE)


IDLE = {
    *("DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "DEFAULT_DDL_COLLATION"),
    *("LOG_LEVEL", "TRACE_LEVEL", "CHANGE_TRACKING"),
}


def changed(stored: Object, verb: str, options: str) -> Object:
    """The object with the properties of SET or without those of UNSET."""
    if verb.upper() == "UNSET":
        gone = {option.strip().upper() for option in options.split(",")}
        for option in gone - IDLE - {"COMMENT"}:
            raise unsupported(f"ALTER {stored.kind} ... UNSET {option}")
        kept = {k: v for k, v in stored.get("options", {}).items() if k not in gone}
        comment = "" if "COMMENT" in gone else stored.comment
        return replace(stored.having(options=kept), comment=comment)
    head = clauses(options).only(*IDLE, "COMMENT")
    comment = head.text("COMMENT") if "COMMENT" in head.options else stored.comment
    known = {k: v for k, v in head.options.items() if k != "COMMENT"}
    if not known:
        return replace(stored, comment=comment)
    return replace(stored.having(options=stored.get("options", {}) | known), comment=comment)


@SUBSYSTEM.statement(
    "ALTER VIEW [IF EXISTS] <name> {SET SECURE|UNSET SECURE|SET COMMENT =|UNSET COMMENT|"
    "SET CHANGE_TRACKING =} [<value...>]",
    page="alter-view",
)
def alter_view(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    there = relation(session.account, name)
    if there is None and parsed.has("if_exists"):
        return status(DONE)
    there = need_relation(session.account, name, "View")
    if there.kind != "VIEW":
        raise missing("View", name)
    stored = session.account.objects.find("VIEW", name) or session.owned("VIEW", name)
    verb = " ".join(parsed["set_secure"].upper().split())
    if "SECURE" in verb:
        stored = stored.having(secure=verb.startswith("SET"))
    elif "COMMENT" in verb:
        text = unquote(parsed["value"]) if verb.startswith("SET") else ""
        set_comment(session, there, text)
        stored = replace(stored, comment=text)
    session.account.objects.put(stored)
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER VIEW [IF EXISTS] <name> {MODIFY|ALTER} [COLUMN] <column> COMMENT <'comment'>",
    page="alter-view",
)
def alter_view_column(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    stored = session.account.objects.need("VIEW", name)
    known = stored.get("column comments", {})
    known = known | {identifier(parsed["column"]): unquote(parsed["comment"])}
    session.account.objects.put(stored.having(**{"column comments": known}))
    return status(DONE)
