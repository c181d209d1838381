"""Online feature tables: there are none."""

from __future__ import annotations

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.results import TEXT, Parsed, Result, table_of
from churn.emulator.statements.lifecycle import answer_if_missing

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("online_tables")


@SUBSYSTEM.statement(
    "SHOW ONLINE FEATURE TABLES [<rest...>]",
    page="show-online-feature-tables",
    limits="There are none: CREATE ONLINE FEATURE TABLE is refused.",
)
def show_online(session: Session, parsed: Parsed) -> Result:
    columns = dict.fromkeys(("name", "database_name", "schema_name", "target_lag", "text"), TEXT)
    return Result(table_of([], columns))


@SUBSYSTEM.statement(
    "DROP ONLINE FEATURE TABLE [IF EXISTS] <name>", page="drop-online-feature-table"
)
def drop_online(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    return answer_if_missing(parsed, "online feature table", name.name, name)
