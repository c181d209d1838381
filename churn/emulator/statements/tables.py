"""Tables, and what views have in common with them."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import Relation, need_relation, relation
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.clauses import clauses, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import exists, invalid, unsupported
from churn.emulator.language.names import Name, column_name, duck_name, sql_identifier
from churn.emulator.language.parser import parse
from churn.emulator.language.results import DONE, Kind, Parsed, Result, status
from churn.emulator.language.text import quote, unquote
from churn.emulator.statements.lifecycle import (
    answer_if_exists,
    answer_if_missing,
    forget_loads,
    forget_relation,
)
from churn.emulator.statements.tags import set_all
from churn.emulator.translation.arguments import table_node

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("tables")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY|TRANSIENT|LOCAL TEMPORARY] TABLE "
    "[IF NOT EXISTS] <name> <definition...>",
    page="create-table",
    limits="Temporary tables vanish with their session, and are seen by others until then. "
    "CLUSTER BY is accepted and has no effect.",
    kind=Kind.TABLE,
)
def create_table(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "TABLE", name):
        return answer
    replacing = "OR REPLACE " if parsed.has("or_replace") else ""
    tree = parse(f"CREATE {replacing}TABLE {name} {parsed['definition']}")
    session.cursor.run(tree, parsed.parameters)
    forget_loads(session.account, name)
    session.account.objects.put(session.owned("TABLE", name))
    head = clauses(parsed["definition"])
    kept = "COPY GRANTS" in head.options
    access.apply_future_grants(session.account, "TABLE", name, copy_grants=kept)
    set_all(session, "TABLE", name, head.get("TAG"))
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, "TABLE", name)
    return status(f"Table {name.name} successfully created.")


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
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"DROP {kind} {duck_name(name)}")
    forget_relation(session, kind, name)
    return status(f"{name.name} successfully dropped.")


@SUBSYSTEM.statement("ALTER {TABLE|VIEW} [IF EXISTS] <name> RENAME TO <new>", page="alter-table")
def rename(session: Session, parsed: Parsed) -> Result:
    kind = parsed["table"].upper()
    name, new = session.name(parsed["name"]), session.name(parsed["new"])
    if (new.database, new.schema) != (name.database, name.schema):
        raise unsupported(f"ALTER {kind} ... RENAME TO another schema")
    need_relation(session.account, name, kind)
    if relation(session.account, new):
        raise exists("object", new)
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"ALTER {kind} {duck_name(name)} RENAME TO {sql_identifier(new.name)}")
    if stored := session.account.objects.find(kind, name):
        session.account.objects.drop(kind, name)
        session.account.objects.put(replace(stored, name=new))
    access.rename_all(session.account, kind, name, new)
    if (kind, name) in session.temporary:
        forget_relation(session, kind, name)
        remember_temporary(session, kind, new)
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER TABLE [IF EXISTS] <name> {ADD COLUMN|ADD|DROP COLUMN|RENAME COLUMN|ALTER COLUMN|ALTER|"
    "MODIFY COLUMN|MODIFY|CLUSTER BY|DROP CLUSTERING KEY} [<change...>]",
    page="alter-table",
)
def alter_table(session: Session, parsed: Parsed) -> Result:
    need_relation(session.account, session.name(parsed["name"]), "Table")
    session.cursor.run(parse(parsed.text))
    return status(DONE)


@SUBSYSTEM.statement("COMMENT [IF EXISTS] ON {TABLE|VIEW} <name> IS <'comment'>", page="comment")
def comment(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    there = need_relation(session.account, name)
    set_comment(session, there, unquote(parsed["comment"]))
    return status(DONE)


def set_comment(session: Session, there: Relation, text: str) -> None:
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"COMMENT ON {there.kind} {duck_name(there.name)} IS {quote(text)}")


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
