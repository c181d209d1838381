"""Queries and changes of rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator import statements
from churn.emulator.errors import invalid
from churn.emulator.fake import parse
from churn.emulator.rewrite import table
from churn.emulator.statements import Kind, Result, Words, statement

if TYPE_CHECKING:
    from churn.emulator.session import Session


@statement(
    "{SELECT|WITH|VALUES} <rest...>",
    "( <rest...>",
    page="select",
    limits="DuckDB computes: numbers have at most 38 digits, integers 64 bits; AVG and / give "
    "floats; collations, time travel and MATCH_RECOGNIZE are refused.",
    kind=Kind.QUERY,
)
def select(session: Session, words: Words) -> Result:
    text = BARE_URL.sub(lambda m: m[1] or f"'{m[2]}'", _model_aliases(words.text))
    tree = parse(text)
    if words.describe:
        return Result(session.cursor.describe(tree).empty_table(), Kind.QUERY)
    return Result(session.cursor.run(tree, words.parameters), Kind.QUERY)


BARE_URL = re.compile(rf"({statements.QUOTED})|(snow://[^\s(),;']+)", re.DOTALL)
"""FROM snow://dataset/... without quotes, which only Snowflake's own parser takes."""

MODEL_ALIAS = re.compile(
    rf"(?P<alias>{statements.PART})\s+AS\s+MODEL\s+(?P<model>{statements.NAME})"
    rf"(?:\s+VERSION\s+(?P<version>{statements.PART}))?\s*(?P<comma>,)?",
    re.IGNORECASE,
)


def _model_aliases(text: str) -> str:
    """WITH a AS MODEL m VERSION v SELECT a!f() as SELECT MODEL(m, v)!f()."""
    if not re.match(r"WITH\b", text, re.IGNORECASE) or not MODEL_ALIAS.search(text):
        return text
    known: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        version = f", {found['version']}" if found["version"] else ""
        known[found["alias"].upper()] = f"MODEL({found['model']}{version})"
        return ""

    rest = MODEL_ALIAS.sub(named, text)
    rest = re.sub(r"^WITH\s+(?=SELECT\b|\()", "", rest, flags=re.IGNORECASE)
    return re.sub(rf"({statements.PART})\s*!", lambda m: known.get(m[1].upper(), m[1]) + "!", rest)


def counted(session: Session, words: Words, kind: Kind) -> Result:
    """Run, and answer with the counts of rows as Snowflake names them."""
    return Result(session.cursor.run(parse(words.text), words.parameters), kind)


@statement("INSERT [OVERWRITE] INTO <name> <rest...>", page="insert", kind=Kind.INSERT)
def insert(session: Session, words: Words) -> Result:
    if any(isinstance(p, list) for p in words.parameters):
        return _insert_batch(session, words)
    return counted(session, words, Kind.INSERT)


def _insert_batch(session: Session, words: Words) -> Result:
    """All rows of an array binding by one statement."""
    tree = parse(words.text)
    columns = [pa.array(values) for values in words.parameters]
    names = [f"P{i}" for i in range(len(columns))]
    source = table(session.register(pa.table(columns, names=names)))
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


@statement("UPDATE <name> <rest...>", page="update", kind=Kind.UPDATE)
def update(session: Session, words: Words) -> Result:
    return counted(session, words, Kind.UPDATE)


@statement("DELETE FROM <name> [<rest...>]", page="delete", kind=Kind.DELETE)
def delete(session: Session, words: Words) -> Result:
    return counted(session, words, Kind.DELETE)


@statement("TRUNCATE [TABLE] [IF EXISTS] <name>", page="truncate-table")
def truncate(session: Session, words: Words) -> Result:
    from churn.emulator import catalog

    name = session.name(words["name"])
    if not (words.has("if_exists") and not catalog.relation(session.account, name)):
        emptied = exp.Delete(this=table(name))
        emptied.meta["privilege"] = "TRUNCATE"
        session.cursor.run(emptied)
        catalog.forget_loads(session.account, name)
    return Result(statements.rows([{"status": "Statement executed successfully."}], STATUS))


STATUS = {"status": pa.string()}
ACTIONS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


@statement("MERGE INTO <name> <rest...>", page="merge", kind=Kind.MERGE)
def merge(session: Session, words: Words) -> Result:
    """Counts only for the kinds of clauses that it has, in Snowflake's order."""
    tree = parse(words.text)
    clauses = {_action(when) for when in tree.args["whens"].expressions}
    done = session.cursor.merge(tree, words.parameters)
    counts: dict[str, Any] = {
        f"number of rows {word}": done.count(action)
        for action, word in ACTIONS.items()
        if action in clauses
    }
    return Result(pa.table({k: [v] for k, v in counts.items()}), Kind.MERGE)


def _action(when: exp.Expression) -> str:
    then = when.args["then"]
    match then:
        case exp.Insert():
            return "INSERT"
        case exp.Update():
            return "UPDATE"
        case _:
            return "DELETE"
