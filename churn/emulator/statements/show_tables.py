"""What tables and views are made of: DESCRIBE, SHOW."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import Relation, columns_of, need_relation, relations
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.names import Name, like
from churn.emulator.language.results import NUMBER, TEXT, WHEN, Parsed, Result, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.dropped import kept_tables
from churn.emulator.statements.show import SHOW, common, scope

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("show_tables")

DESCRIBED = {
    **dict.fromkeys(("name", "type", "kind", "null?", "default"), TEXT),
    **dict.fromkeys(("primary key", "unique key", "check", "expression", "comment"), TEXT),
    **dict.fromkeys(("policy name", "privacy domain"), TEXT),
}


@SUBSYSTEM.statement(
    "{DESCRIBE|DESC} {TABLE|VIEW|DYNAMIC TABLE} <name> [TYPE = COLUMNS]", page="desc-table"
)
def describe_relation(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    need_relation(session.account, name, parsed["table"])
    access.need(session, "TABLE", name)
    return Result(table_of(columns_of(session.account, name), DESCRIBED))


TERSE = {
    "created_on": WHEN,
    **dict.fromkeys(("name", "kind", "database_name", "schema_name"), TEXT),
}
HEAD = {
    "created_on": WHEN,
    **dict.fromkeys(("name", "database_name", "schema_name"), TEXT),
}
FLAGS = dict.fromkeys(
    (
        *("automatic_clustering", "change_tracking", "search_optimization"),
        *("search_optimization_progress", "search_optimization_bytes", "is_external"),
        *("enable_schema_evolution", "owner_role_type", "is_event", "budget", "is_hybrid"),
        *("is_iceberg", "is_dynamic", "is_immutable"),
    ),
    TEXT,
)
COLUMNS = {
    "TABLES": {
        **HEAD,
        **dict.fromkeys(("kind", "comment", "cluster_by"), TEXT),
        "rows": NUMBER,
        "bytes": NUMBER,
        "owner": TEXT,
        "retention_time": TEXT,
        **FLAGS,
    },
    "VIEWS": {
        "created_on": WHEN,
        "name": TEXT,
        "reserved": TEXT,
        **dict.fromkeys(("database_name", "schema_name", "owner", "comment", "text"), TEXT),
        **dict.fromkeys(("is_secure", "is_materialized", "owner_role_type"), TEXT),
        "change_tracking": TEXT,
    },
    "OBJECTS": {
        **HEAD,
        **dict.fromkeys(("kind", "comment", "cluster_by"), TEXT),
        "rows": NUMBER,
        "bytes": NUMBER,
        "owner": TEXT,
        "retention_time": TEXT,
        **dict.fromkeys(("owner_role_type", "is_hybrid", "is_dynamic", "is_iceberg"), TEXT),
    },
}


@SUBSYSTEM.statement(f"SHOW [TERSE] {{TABLES|VIEWS|OBJECTS}} [HISTORY] {SHOW}", page="show-tables")
def show_relations(session: Session, parsed: Parsed) -> Result:
    wanted = parsed["tables"].upper()
    where = scope(session, parsed)
    account = session.account
    temporary = {o.name.parent for o in account.objects.all("TEMPORARY")}
    rows = []
    for each in relations(account, where.database, where.schema):
        if wanted != "OBJECTS" and each.kind != wanted.removesuffix("S"):
            continue
        if not access.visible(session, each.kind, each.name):
            continue
        stored = account.objects.find(each.kind, each.name) or Object(each.kind, each.name)
        kind = "TEMPORARY" if each.name.name in temporary else each.kind
        rows.append(_row(account, each, stored, kind))
    columns = TERSE if parsed.has("terse") else COLUMNS[wanted]
    if parsed.has("history") and wanted == "TABLES":
        columns = columns | {"dropped_on": WHEN}
        rows += _dropped(session, where.database, where.schema)
    return Result(table_of(where.cut(rows), columns))


def _row(account: Account, each: Relation, stored: Object, kind: str) -> dict[str, object]:
    keys = str(stored.get("cluster by", "")).strip()
    off = dict.fromkeys(("automatic_clustering", "change_tracking", "search_optimization"), "OFF")
    no = dict.fromkeys(("is_external", "enable_schema_evolution", "is_event", "is_hybrid"), "N")
    dynamic = account.objects.find("DYNAMIC TABLE", each.name) is not None
    return (
        common(stored)
        | off
        | no
        | {
            "kind": kind,
            "cluster_by": f"LINEAR{keys}" if keys else "",
            "retention_time": str(stored.get("options", {}).get(RETENTION, "1")),
            "rows": each.rows,
            "bytes": 0,
            "reserved": "",
            "text": stored.get("text", ""),
            "is_secure": str(bool(stored.get("secure"))).lower(),
            "is_materialized": "false",
            "is_iceberg": "N",
            "is_immutable": "N",
            "is_dynamic": "Y" if dynamic else "N",
            "comment": stored.comment or each.comment,
        }
    )


RETENTION = "DATA_RETENTION_TIME_IN_DAYS"


def _dropped(session: Session, database: str | None, schema: str | None) -> list[dict[str, object]]:
    """The tables that UNDROP can bring back."""
    rows = []
    for each in kept_tables(session.account, database, schema):
        name = Name(each.name.database, each.name.schema, each["name"])
        table = Relation(name, "TABLE", 0, each.comment)
        was = replace(each, kind="TABLE", name=name, properties=each["table"])
        row = _row(session.account, table, was, "TABLE")
        when = datetime.fromisoformat(each["created_on"])
        rows.append(row | {"created_on": when, "dropped_on": each.created_on})
    return rows


@SUBSYSTEM.statement(
    "SHOW COLUMNS [LIKE <'pattern'>] IN [TABLE|VIEW] <name>",
    page="show-columns",
    limits="Of one table or view.",
)
def show_columns(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    need_relation(session.account, name)
    access.need(session, "TABLE", name)
    pattern = unquote(parsed["pattern"]) if parsed.has("pattern") else None
    columns = ("table_name", "schema_name", "column_name", "data_type", "null?", "default")
    rows = [
        {
            "table_name": name.name,
            "schema_name": name.schema,
            "column_name": c["name"],
            "data_type": c["type"],
            "null?": "true" if c["null?"] == "Y" else "false",
            "default": c["default"] or "",
            "kind": "COLUMN",
            "comment": c["comment"] or "",
            "database_name": name.database,
        }
        for c in columns_of(session.account, name)
        if like(pattern, c["name"])
    ]
    more = ("kind", "comment", "database_name")
    return Result(table_of(rows, dict.fromkeys((*columns, *more), TEXT)))
