"""What tables and views are made of: DESCRIBE, SHOW."""

from __future__ import annotations

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import columns_of, need_relation, relations
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.names import like
from churn.emulator.language.results import NUMBER, TEXT, WHEN, Parsed, Result, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.show import SHOW, common, scope

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("show_tables")

DESCRIBED = {
    **dict.fromkeys(("name", "type", "kind", "null?", "default"), TEXT),
    **dict.fromkeys(("primary key", "unique key", "check", "expression", "comment"), TEXT),
    **dict.fromkeys(("policy name", "privacy domain"), TEXT),
}


@SUBSYSTEM.statement("{DESCRIBE|DESC} {TABLE|VIEW|DYNAMIC TABLE} <name>", page="desc-table")
def describe_relation(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    need_relation(session.account, name, parsed["table"])
    access.need(session, "TABLE", name)
    return Result(table_of(columns_of(session.account, name), DESCRIBED))


@SUBSYSTEM.statement(f"SHOW [TERSE] {{TABLES|VIEWS|OBJECTS}} [HISTORY] {SHOW}", page="show-tables")
def show_relations(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "kind", "comment"), TEXT),
        "cluster_by": TEXT,
        "rows": NUMBER,
        "bytes": NUMBER,
        **dict.fromkeys(("owner", "retention_time", "text", "is_secure", "is_materialized"), TEXT),
        **dict.fromkeys(("owner_role_type", "is_dynamic", "is_iceberg"), TEXT),
    }
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
        row = common(stored) | {
            "kind": "TEMPORARY" if each.name.name in temporary else each.kind,
            "cluster_by": "",
            "retention_time": "1",
            "rows": each.rows,
            "bytes": 0,
            "text": stored.get("text", ""),
            "is_secure": "false",
            "is_materialized": "false",
            "is_iceberg": "N",
            "is_dynamic": "Y" if account.objects.find("DYNAMIC TABLE", each.name) else "N",
            "comment": stored.comment or each.comment,
        }
        rows.append(row)
    if wanted == "VIEWS":
        columns = {k: v for k, v in columns.items() if k not in ("rows", "bytes", "retention_time")}
    return Result(table_of(where.cut(rows), columns))


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
