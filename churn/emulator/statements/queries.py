"""Queries and changes of rows."""

from __future__ import annotations

import re

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import relation
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import invalid
from churn.emulator.language.names import NAME, PART
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Kind, Parsed, Result, table_of
from churn.emulator.language.rows import constant_rows
from churn.emulator.language.text import QUOTED
from churn.emulator.statements.lifecycle import forget_loads
from churn.emulator.translation.arguments import table_node

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("queries")


@SUBSYSTEM.statement(
    "{SELECT|WITH|VALUES} <rest...>",
    "( <rest...>",
    page="select",
    limits="DuckDB computes: numbers have at most 38 digits, integers in tables 64 bits; "
    "timestamps have microseconds, TIMESTAMP_TZ the session's offset; VARCHAR(n) is checked in "
    "casts, not in INSERT; collations, time travel and MATCH_RECOGNIZE are refused.",
    kind=Kind.QUERY,
)
def select(session: Session, parsed: Parsed) -> Result:
    text = with_rows(session, parsed.text)
    tree = parse(BARE_URL.sub(lambda m: m[1] or f"'{m[2]}'", _model_aliases(text)))
    if parsed.describe:
        return Result(session.cursor.describe(tree).empty_table(), Kind.QUERY)
    return Result(session.cursor.run(tree, parsed.parameters), Kind.QUERY)


BARE_URL = re.compile(rf"({QUOTED})|(snow://[^\s(),;']+)", re.DOTALL)
"""FROM snow://dataset/... without quotes, which only Snowflake's own parser takes."""


MODEL_ALIAS = re.compile(
    rf"(?P<alias>{PART})\s+AS\s+MODEL\s+(?P<model>{NAME})"
    rf"(?:\s+VERSION\s+(?P<version>{PART}))?\s*(?P<comma>,)?",
    re.IGNORECASE,
)


def _model_aliases(text: str) -> str:
    """WITH a AS MODEL m VERSION v SELECT a!f() as SELECT MODEL(m, v)!f()."""
    if not re.match(r"WITH\b", text, re.IGNORECASE) or not MODEL_ALIAS.search(text):
        return text
    known: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        version = f", {match['version']}" if match["version"] else ""
        known[match["alias"].upper()] = f"MODEL({match['model']}{version})"
        return ""

    rest = MODEL_ALIAS.sub(named, text)
    rest = re.sub(r"^WITH\s+(?=SELECT\b|\()", "", rest, flags=re.IGNORECASE)
    return re.sub(rf"({PART})\s*!", lambda m: known.get(m[1].upper(), m[1]) + "!", rest)


def with_rows(session: Session, text: str) -> str:
    """The statement, with a long list of constants as a table.

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    rows = constant_rows(text)
    return rows.replaced(text, session.register(rows.table)) if rows else text


def counted(session: Session, parsed: Parsed, kind: Kind) -> Result:
    """Run, and answer with the counts of rows as Snowflake names them."""
    tree = parse(with_rows(session, parsed.text))
    return Result(session.cursor.run(tree, parsed.parameters), kind)


@SUBSYSTEM.statement("INSERT [OVERWRITE] INTO <name> <rest...>", page="insert", kind=Kind.INSERT)
def insert(session: Session, parsed: Parsed) -> Result:
    if any(isinstance(p, list) for p in parsed.parameters):
        return _insert_batch(session, parsed)
    return counted(session, parsed, Kind.INSERT)


def _insert_batch(session: Session, parsed: Parsed) -> Result:
    """All rows of an array binding by one statement."""
    tree = parse(parsed.text)
    columns = [pa.array(values) for values in parsed.parameters]
    names = [f"P{i}" for i in range(len(columns))]
    source = table_node(session.register(pa.table(columns, names=names)))
    row = tree.expression
    if isinstance(row, exp.Values):
        row = exp.Select(expressions=[e.copy() for e in row.expressions[0].expressions])
    if not isinstance(row, exp.Select) or row.args.get("from_"):
        raise invalid("an array binding needs INSERT ... VALUES or INSERT ... SELECT without FROM")
    row = row.from_(source)
    for name, place in zip(names, list(row.find_all(exp.Placeholder, bfs=False)), strict=True):
        place.replace(exp.column(exp.to_identifier(name, quoted=True)))
    tree.set("expression", row)
    return Result(session.cursor.run(tree), Kind.INSERT)


@SUBSYSTEM.statement("TRUNCATE [TABLE] [IF EXISTS] <name>", page="truncate-table")
def truncate(session: Session, parsed: Parsed) -> Result:

    name = session.name(parsed["name"])
    if not (parsed.has("if_exists") and not relation(session.account, name)):
        emptied = exp.Delete(this=table_node(name))
        emptied.meta["privilege"] = "TRUNCATE"
        session.cursor.run(emptied)
        forget_loads(session.account, name)
    return Result(table_of([{"status": "Statement executed successfully."}], STATUS))


STATUS = {"status": pa.string()}
