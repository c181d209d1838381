"""Dynamic tables: refreshed when asked."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import relation
from churn.emulator.language.clauses import clauses, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import invalid
from churn.emulator.language.names import Name, duck_name, identifier
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, quote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.tables import ctas
from churn.emulator.statements.tags import set_all
from churn.emulator.statements.views import comments

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("dynamic_tables")

LAG = re.compile(r"(\d+)\s*(s|m|h|d|second|minute|hour|day)s?", re.IGNORECASE)


UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def canonical_lag(written: str) -> str:
    """'1m' as Snowflake prints it: '1 minute'."""
    match = LAG.fullmatch(written.strip())
    if match is None:
        if written.upper() != "DOWNSTREAM":
            raise invalid(f"invalid TARGET_LAG '{written}'")
        return "DOWNSTREAM"
    count, unit = int(match[1]), UNITS.get(match[2].lower(), match[2].lower())
    return f"{count} {unit}{'s' if count != 1 else ''}"


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] DYNAMIC TABLE [IF NOT EXISTS] <name> <definition...>",
    page="create-dynamic-table",
    limits="Refreshed when asked (ALTER DYNAMIC TABLE ... REFRESH), in full; no scheduler.",
)
def create_dynamic_table(session: Session, parsed: Parsed) -> Result:
    account, name = session.account, session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "DYNAMIC TABLE", name):
        return answer
    head = clauses(parsed["definition"]).only(
        *("TARGET_LAG", "WAREHOUSE", "INITIALIZATION_WAREHOUSE", "REFRESH_MODE", "INITIALIZE"),
        *("COMMENT", "TAG", "CLUSTER BY", "DATA_RETENTION_TIME_IN_DAYS"),
    )
    warehouse = identifier(head.get("WAREHOUSE") or "''")
    access.need_object(session, "WAREHOUSE", Name(name=warehouse), "USAGE")
    ctas(session, name, head.query, head.columns)
    initialize = (head.get("INITIALIZE") or "ON_CREATE").upper()
    stored = session.owned(
        "DYNAMIC TABLE",
        name,
        head.text("COMMENT"),
        text=_canonical(parsed.text, initialize),
        query=head.query,
        columns=head.columns,
        lag=canonical_lag(head.text("TARGET_LAG")),
        warehouse=warehouse,
        refresh_mode=(head.get("REFRESH_MODE") or "AUTO").upper(),
        state="ACTIVE",
        cluster_by=head.get("CLUSTER BY").strip("()"),
        context=[session.database, session.schema],
        **{"column comments": comments(split(head.columns))},
    )
    with account.objects.together():
        account.objects.drop("DYNAMIC TABLE", name)
        account.objects.put(stored)
        account.objects.drop("TAGGED", name.child("TABLE"))
        set_all(session, "TABLE", name, head.get("TAG"))
        access.apply_future_grants(account, "DYNAMIC TABLE", name)
        _refreshed(session, stored, "CREATION")
    return status(f"Dynamic table {name.name} successfully created.")


def _canonical(text: str, initialize: str) -> str:
    """The statement as SHOW prints it: some parts in Snowflake's own spelling."""
    lag = re.search(r"TARGET_LAG\s*=\s*'([^']*)'", text, re.IGNORECASE)
    if lag:
        text = text.replace(lag.group(), f"TARGET_LAG = '{canonical_lag(lag[1])}'", 1)
    return re.sub(
        r"\bINITIALIZE\s*=\s*\w+",
        f"initialize = '{initialize}'",
        text,
        count=1,
        flags=re.IGNORECASE,
    )


def _refreshed(session: Session, table: Object, action: str) -> None:
    now = datetime.now(UTC).isoformat()
    session.account.objects.put(
        session.owned(
            "DYNAMIC TABLE REFRESH",
            table.name.child(uuid.uuid4().hex),
            state="SUCCEEDED",
            start=now,
            end=now,
            action=action,
        )
    )


@SUBSYSTEM.statement("ALTER DYNAMIC TABLE [IF EXISTS] <name> REFRESH", page="alter-dynamic-table")
def refresh(session: Session, parsed: Parsed) -> Result:
    table = access.need_object(session, "DYNAMIC TABLE", session.name(parsed["name"]))
    refresh_now(session, table)
    return status(DONE)


def refresh_now(session: Session, table: Object) -> None:
    """Run the query again, where it was written."""
    with execution.as_owner(session, table):
        ctas(session, table.name, table["query"], table["columns"])
    _refreshed(session, table, "FULL")


@SUBSYSTEM.statement(
    "ALTER DYNAMIC TABLE [IF EXISTS] <name> {SUSPEND|RESUME}", page="alter-dynamic-table"
)
def suspend(session: Session, parsed: Parsed) -> Result:
    table = access.need_object(session, "DYNAMIC TABLE", session.name(parsed["name"]))
    state = "SUSPENDED" if parsed["suspend"].upper() == "SUSPEND" else "ACTIVE"
    session.account.objects.put(table.having(state=state))
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER DYNAMIC TABLE [IF EXISTS] <name> SET <options...>", page="alter-dynamic-table"
)
def set_dynamic_table(session: Session, parsed: Parsed) -> Result:
    account = session.account
    table = access.need_object(session, "DYNAMIC TABLE", session.name(parsed["name"]))
    head = clauses(parsed["options"]).only("TARGET_LAG", "WAREHOUSE", "COMMENT")
    changed: dict[str, Any] = {}
    definition = table["text"]
    if lag := head.text("TARGET_LAG"):
        changed["lag"] = canonical_lag(lag)
        definition = re.sub(
            r"TARGET_LAG\s*=\s*'[^']*'", f"TARGET_LAG = '{changed['lag']}'", definition, count=1
        )
    if written := head.get("WAREHOUSE"):
        changed["warehouse"] = identifier(written)
        access.need_object(session, "WAREHOUSE", Name(name=changed["warehouse"]))
    comment = head.text("COMMENT") if "COMMENT" in head.options else table.comment
    if "COMMENT" in head.options:
        definition = re.sub(
            rf"COMMENT\s*=\s*{QUOTED}(?=\s*TAG)",
            lambda _: f"COMMENT = {quote(comment)}",
            definition,
            count=1,
        )
    account.objects.put(replace(table.having(**changed, text=definition), comment=comment))
    return status(DONE)


def _drop_table(account: Account, name: Name) -> Sequence[Path]:
    with account.tables.duck.cursor() as duck:
        duck.execute(f"DROP TABLE IF EXISTS {duck_name(name)}")
    account.objects.drop("TAGGED", name.child("TABLE"))
    return ()


droppable(SUBSYSTEM, "DYNAMIC TABLE", "drop-dynamic-table", _drop_table)


@SUBSYSTEM.statement(f"SHOW DYNAMIC TABLES {SHOW}", page="show-dynamic-tables")
def show_dynamic_tables(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "cluster_by"), TEXT),
        "rows": pa.int64(),
        "bytes": pa.int64(),
        **dict.fromkeys(("owner", "target_lag", "refresh_mode", "refresh_mode_reason"), TEXT),
        **dict.fromkeys(("warehouse", "initialization_warehouse", "comment", "text"), TEXT),
        **dict.fromkeys(("automatic_clustering", "scheduling_state", "owner_role_type"), TEXT),
        "last_suspended_on": WHEN,
        **dict.fromkeys(("is_clone", "is_replica", "is_iceberg"), TEXT),
        "data_timestamp": WHEN,
    }
    shown_rows = []
    for o in shown(session, parsed, "DYNAMIC TABLE"):
        last = _history(session, o)[-1]
        rows = relation(session.account, o.name)
        shown_rows.append(
            common(o)
            | {
                "cluster_by": f"LINEAR({o['cluster_by']})" if o["cluster_by"] else "",
                "rows": rows.rows if rows else 0,
                "target_lag": o["lag"],
                "refresh_mode": "FULL" if o["refresh_mode"] == "AUTO" else o["refresh_mode"],
                "warehouse": o["warehouse"],
                "text": o["text"],
                "automatic_clustering": "OFF",
                "scheduling_state": o["state"],
                "data_timestamp": datetime.fromisoformat(last["end"]),
                "is_iceberg": "false",
            }
        )
    return Result(table_of(shown_rows, columns))


def _history(session: Session, table: Object) -> list[Object]:
    return session.account.objects.children("DYNAMIC TABLE REFRESH", table.name)


@SUBSYSTEM.table_function("DYNAMIC_TABLE_REFRESH_HISTORY", page="dynamic_table_refresh_history")
def refresh_history(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    columns = {
        **dict.fromkeys(("NAME", "SCHEMA_NAME", "DATABASE_NAME", "STATE"), TEXT),
        **dict.fromkeys(("STATE_CODE", "STATE_MESSAGE", "QUERY_ID"), TEXT),
        **dict.fromkeys(("DATA_TIMESTAMP", "REFRESH_START_TIME", "REFRESH_END_TIME"), WHEN),
        **dict.fromkeys(("REFRESH_ACTION", "REFRESH_TRIGGER", "QUALIFIED_NAME"), TEXT),
    }
    rows = [
        {
            "NAME": o.name.name,
            "SCHEMA_NAME": o.name.schema,
            "DATABASE_NAME": o.name.database,
            "QUALIFIED_NAME": str(o.name),
            "STATE": refresh["state"],
            "DATA_TIMESTAMP": datetime.fromisoformat(refresh["start"]),
            "REFRESH_START_TIME": datetime.fromisoformat(refresh["start"]),
            "REFRESH_END_TIME": datetime.fromisoformat(refresh["end"]),
            "REFRESH_ACTION": refresh["action"],
            "REFRESH_TRIGGER": "MANUAL",
        }
        for o in session.account.objects.all("DYNAMIC TABLE")
        if named.get("NAME", o.name.name) in (o.name.name, str(o.name))
        for refresh in reversed(_history(session, o))
    ]
    return table_of(rows[: int(named.get("RESULT_LIMIT", 100))], columns)
