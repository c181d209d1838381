"""Tables, and what views have in common with them."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import Relation, need_relation, relation
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.clauses import split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import exists, invalid, unsupported
from churn.emulator.language.names import Name, column_name, duck_name
from churn.emulator.language.parser import parse
from churn.emulator.language.results import DONE, Kind, Parsed, Result, status
from churn.emulator.language.text import unquote
from churn.emulator.statements.dropped import keep_dropped
from churn.emulator.statements.lifecycle import (
    answer_if_exists,
    answer_if_missing,
    forget_loads,
    forget_relation,
)
from churn.emulator.statements.new_tables import new_table
from churn.emulator.statements.tags import set_all
from churn.emulator.translation.arguments import table_node

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("tables")


TEMPORARY = "[TEMPORARY|TEMP|SCOPED TEMPORARY|TRANSIENT|LOCAL TEMPORARY|LOCAL TEMP|"
TEMPORARY += "GLOBAL TEMPORARY|GLOBAL TEMP|VOLATILE]"


@SUBSYSTEM.statement(
    f"CREATE [OR REPLACE] {TEMPORARY} TABLE [IF NOT EXISTS] <name> <definition...>",
    f"CREATE [OR REPLACE] {TEMPORARY} TABLE <name> {{IF NOT EXISTS}} <definition...>",
    page="create-table",
    limits="Temporary tables vanish with their session, and are seen by others until then. "
    "CLUSTER BY and what concerns storage have no effect.",
    kind=Kind.TABLE,
)
def create_table(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "TABLE", name):
        return answer
    made = new_table(session, name, parsed)
    forget_loads(session.account, name)
    session.account.objects.put(made.stored)
    kept = "COPY GRANTS" in made.options
    access.apply_future_grants(session.account, "TABLE", name, copy_grants=kept)
    set_all(session, "TABLE", name, made.options.get("TAG", ""))
    if "COMMENT" in made.options:
        set_comment(session, need_relation(session.account, name), unquote(made.options["COMMENT"]))
    if is_temporary(parsed):
        remember_temporary(session, "TABLE", name)
    return status(f"Table {name.name} successfully created.")


def is_temporary(parsed: Parsed) -> bool:
    written = parsed["temporary"].upper()
    return "TEMP" in written or written == "VOLATILE"


@SUBSYSTEM.statement("DROP {TABLE|VIEW} [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-table")
def drop_relation(session: Session, parsed: Parsed) -> Result:
    kind = parsed["table"].upper()
    name = session.name(parsed["name"])
    there = relation(session.account, name)
    if there is None:
        return answer_if_missing(parsed, kind, name.name, name)
    if there.kind != kind:
        raise invalid(f"'{name}' is a {there.kind}")
    access.need(session, kind, name, "OWNERSHIP")
    if session.account.objects.find("DYNAMIC TABLE", name):
        raise invalid(f"'{name}' is a DYNAMIC TABLE: use DROP DYNAMIC TABLE")
    if kind == "VIEW" or (kind, name) in session.temporary:
        session.cursor.duck.execute(f"DROP {kind} {duck_name(name)}")
    else:
        keep_dropped(session, name)
    forget_relation(session, kind, name)
    return status(f"{name.name} successfully dropped.")


@SUBSYSTEM.statement("ALTER {TABLE|VIEW} [IF EXISTS] <name> RENAME TO <new>", page="alter-table")
def rename(session: Session, parsed: Parsed) -> Result:
    kind = parsed["table"].upper()
    name, new = session.name(parsed["name"]), session.name(parsed["new"])
    if parsed.has("if_exists") and relation(session.account, name) is None:
        return status(DONE)
    if (new.database, new.schema) != (name.database, name.schema):
        raise unsupported(f"ALTER {kind} ... RENAME TO another schema")
    need_relation(session.account, name, kind)
    if relation(session.account, new):
        raise exists("object", new)
    part = new.name.replace('"', '""')
    session.cursor.duck.execute(f'ALTER {kind} {duck_name(name)} RENAME TO "{part}"')
    if stored := session.account.objects.find(kind, name):
        session.account.objects.drop(kind, name)
        session.account.objects.put(replace(stored, name=new))
    access.rename_all(session.account, kind, name, new)
    if (kind, name) in session.temporary:
        forget_relation(session, kind, name)
        remember_temporary(session, kind, new)
    return status(DONE)


@SUBSYSTEM.statement("COMMENT [IF EXISTS] ON {TABLE|VIEW} <name> IS <'comment'>", page="comment")
def comment(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    there = need_relation(session.account, name)
    set_comment(session, there, unquote(parsed["comment"]))
    return status(DONE)


def set_comment(session: Session, there: Relation, text: str) -> None:
    written = "'" + text.replace("'", "''") + "'"
    session.cursor.duck.execute(f"COMMENT ON {there.kind} {duck_name(there.name)} IS {written}")


def ctas(session: Session, name: Name, query: str, columns: str = "") -> None:
    """Make a table of a query; the names of the columns may be given."""
    declared = [exp.to_identifier(column_name(c), quoted=True) for c in split(columns)]
    source = parse(query)
    if declared:
        source = exp.select("*").from_(
            exp.Subquery(
                this=source,
                alias=exp.TableAlias(this=exp.to_identifier("_q", quoted=True), columns=declared),
            )
        )
    session.cursor.run(
        exp.Create(this=table_node(name), kind="TABLE", replace=True, expression=source)
    )
