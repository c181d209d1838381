"""Sequences: numbers that are given once."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress

import duckdb
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import has_schema
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, invalid
from churn.emulator.language.names import Name
from churn.emulator.language.results import TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable, replace_object
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.translation.arguments import text_of
from churn.emulator.translation.definitions import next_value, quoted

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("sequences")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] SEQUENCE [IF NOT EXISTS] <name> [<options...>]",
    page="create-sequence",
    limits="Always in order.",
)
def create_sequence(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "SEQUENCE", name):
        return answer
    start, step = numbers(parsed["options"])
    comment = re.search(rf"COMMENT\s*=\s*({QUOTED})", parsed["options"], re.IGNORECASE | re.DOTALL)
    # A name of its own: a table's default may still use the sequence that this one replaces.
    duck = Name(name.database, name.schema, f"__sequence_{uuid.uuid4().hex}")
    create_duck_sequence(session.account, duck, start, step)
    text = unquote(comment[1]) if comment else ""
    new = session.owned("SEQUENCE", name, text, start=start, interval=step, duck=duck.name)
    replace_object(session, new)
    return status(f"Sequence {name.name} successfully created.")


def numbers(options: str) -> tuple[int, int]:
    """START [WITH] [=] n, INCREMENT [BY] [=] n."""

    def number(word: str) -> int:
        found = re.search(rf"\b{word}\s*=?\s*([+-]?\d+)", options, re.IGNORECASE)
        return int(found[1]) if found else 1

    start, step = number(r"START(?:\s+WITH)?"), number(r"INCREMENT(?:\s+BY)?")
    if step == 0:
        raise invalid("the increment of a sequence cannot be 0")
    return start, step


def create_duck_sequence(account: Account, name: Name, start: int, step: int) -> None:
    limit = "MINVALUE -9223372036854775808 MAXVALUE 9223372036854775807"
    with account.tables.duck.cursor() as duck:
        duck.execute(
            f"CREATE OR REPLACE SEQUENCE {quoted(name)} INCREMENT BY {step} {limit} "
            f"START WITH {start}"
        )


def _drop(account: Account, name: Name) -> tuple[()]:
    """DuckDB's own stays as long as a table's default uses it, and goes with the schema."""
    stored = account.objects.find("SEQUENCE", name)
    if stored is not None and has_schema(account, name.database, name.schema):
        with account.tables.duck.cursor() as duck, suppress(duckdb.DependencyException):
            duck.execute(f"DROP SEQUENCE IF EXISTS {quoted(_duck_name(stored))}")
    return ()


def _duck_name(stored: Object) -> Name:
    return Name(stored.name.database, stored.name.schema, stored["duck"])


droppable(SUBSYSTEM, "SEQUENCE", "drop-sequence", _drop)


@SUBSYSTEM.session_rewrite(exp.Column)
def nextval(session: Session, node: exp.Expression) -> exp.Expression:
    """name.NEXTVAL: another number for each row, and for each time that it is written.

    https://docs.snowflake.com/en/user-guide/querying-sequences
    """
    parts = list(node.parts)
    if len(parts) < 2 or text_of(parts[-1]) != "NEXTVAL":
        return node
    name = session.name(".".join(p.sql(dialect="snowflake") for p in parts[:-1]))
    stored = session.account.objects.find("SEQUENCE", name)
    if stored is None:
        return node
    access.need(session, "SEQUENCE", name, "USAGE")
    following = next_value(_duck_name(stored))
    if isinstance(node.parent, exp.Select):
        return exp.alias_(following, "NEXTVAL", quoted=True)
    if node.find_ancestor(exp.Where, exp.Order, exp.Group):
        raise compilation(f"Invalid use of sequence {name.name}.NEXTVAL", 2238, "42601")
    return following


@SUBSYSTEM.statement(f"SHOW SEQUENCES {SHOW}", page="show-sequences")
def show_sequences(session: Session, parsed: Parsed) -> Result:
    columns = {
        **dict.fromkeys(("name", "database_name", "schema_name", "next_value", "interval"), TEXT),
        "created_on": WHEN,
        **dict.fromkeys(("owner", "comment", "owner_role_type", "ordered"), TEXT),
    }
    rows = [
        common(o)
        | {"next_value": str(_next(session.account, _duck_name(o), o["start"])), "ordered": "Y"}
        | {"interval": str(o["interval"])}
        for o in shown(session, parsed, "SEQUENCE")
    ]
    return Result(table_of(rows, columns))


def _next(account: Account, name: Name, start: int) -> int:
    with account.tables.duck.cursor() as duck:
        row = duck.execute(
            "SELECT last_value, increment_by FROM duckdb_sequences() WHERE database_name = ? "
            "AND schema_name = ? AND sequence_name = ?",
            [name.database, name.schema, name.name],
        ).fetchone()
    return start if row is None or row[0] is None else int(row[0]) + int(row[1])
