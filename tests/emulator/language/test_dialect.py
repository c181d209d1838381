"""Subsystems declare; a dialect joins them, and refuses what two of them claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from churn.emulator.language.dialect import Dialect, Subsystem
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Kind, Parsed, Result
from churn.emulator.statements import SNOWFLAKE


def answer(session: Any, parsed: Parsed) -> Result:
    return Result(pa.table({"answer": [parsed["name"]]}))


def declaring(name: str, *syntaxes: str) -> Subsystem[Any, Any]:
    subsystem: Subsystem[Any, Any] = Subsystem(name)
    for number, syntax in enumerate(syntaxes):
        handler = type("Handler", (), {"__call__": lambda self, s, p: answer(s, p)})()
        handler.__name__ = f"answer_{number}"
        subsystem.statement(syntax, page="page")(handler)
    return subsystem


def test_a_statement_is_found_by_its_syntax() -> None:
    dialect = Dialect.of(declaring("a", "DROP THING <name>"), declaring("b", "SHOW THINGS"))
    known = dialect.find("drop thing x")
    assert known
    statement, parsed = known
    assert (statement.subsystem, parsed["name"]) == ("a", "x")
    assert dialect.find("DROP THINGS x") is None
    assert dialect.find("") is None


@pytest.mark.parametrize("reverse", [False, True])
def test_the_one_of_most_words_answers_whatever_the_order(reverse: bool) -> None:
    short, long = (
        declaring("a", "SHOW THINGS [<rest...>]"),
        declaring("b", "SHOW THINGS IN BOX <name>"),
    )
    dialect: Dialect[Any, Any] = Dialect.of(*([long, short] if reverse else [short, long]))
    known = dialect.find("SHOW THINGS IN BOX x")
    assert known
    assert known[0].subsystem == "b"


@pytest.mark.parametrize("text", ["DESC THING x", "DESCRIBE THING x"])
def test_alternatives_of_the_first_word(text: str) -> None:
    assert Dialect.of(declaring("a", "{DESCRIBE|DESC} THING <name>")).find(text)


@pytest.mark.parametrize(
    ("syntax", "kind", "ddl", "reads"),
    [
        ("CREATE THING <name>", Kind.COMMAND, True, False),
        ("ALTER SESSION SET <rest...>", Kind.COMMAND, False, False),
        ("SHOW THINGS", Kind.COMMAND, False, True),
        ("{DESCRIBE|DESC} THING <name>", Kind.COMMAND, False, True),
        ("CALL <name>", Kind.QUERY, False, True),
        ("INSERT INTO <name>", Kind.INSERT, False, False),
    ],
)
def test_what_commits_and_what_only_reads(syntax: str, kind: Kind, ddl: bool, reads: bool) -> None:
    subsystem: Subsystem[Any, Any] = Subsystem("a")
    subsystem.statement(syntax, page="page", kind=kind)(answer)
    (statement,) = subsystem.statements
    assert (statement.ddl, statement.reads) == (ddl, reads)


def test_an_example_is_keyed_by_subsystem_and_function() -> None:
    """Two modules may each have a function `rename`."""
    keys = [
        s.example
        for s in Dialect.of(declaring("a", "A <name>"), declaring("b", "B <name>")).statements
    ]
    assert keys == ["a.answer_0", "b.answer_0"]


def test_two_subsystems_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two subsystems declare a subsystem tags"):
        Dialect.of(declaring("tags", "A"), declaring("tags", "B"))


def test_two_statements_of_one_syntax_are_refused() -> None:
    with pytest.raises(ValueError, match="a syntax DROP THING"):
        Dialect.of(declaring("a", "DROP THING <name>"), declaring("b", "DROP THING <name>"))


Declare = Callable[[Subsystem[Any, Any]], Callable[[Any], Any]]


@pytest.mark.parametrize(
    ("declare", "what"),
    [
        (lambda s: s.function("F", page="f"), "a function"),
        (lambda s: s.table_function("F", page="f"), "a table function"),
        (lambda s: s.drop("F"), "a kind of object"),
        (lambda s: s.place("F"), "a kind of place"),
        (lambda s: s.view("F"), "a view"),
    ],
    ids=["function", "table function", "drop", "place", "view"],
)
def test_two_modules_that_claim_one_name_fail_at_once(declare: Declare, what: str) -> None:
    one: Subsystem[Any, Any] = Subsystem("one")
    two: Subsystem[Any, Any] = Subsystem("two")
    for subsystem in (one, two):
        declare(subsystem)(lambda *_: None)
    with pytest.raises(ValueError, match=f"two subsystems declare {what} F"):
        Dialect.of(one, two)
    with pytest.raises(ValueError, match="F is declared twice"):
        declare(one)(lambda *_: None)


def test_a_subsystem_that_changes_later_does_not_change_the_dialect() -> None:
    subsystem: Subsystem[Any, Any] = declaring("a", "A")
    dialect = Dialect.of(subsystem)
    subsystem.statement("B", page="b")(answer)
    subsystem.function("F", page="f")(lambda session, arguments: exp.Null())
    assert dialect.find("B") is None
    assert not dialect.functions
    with pytest.raises(TypeError):
        dialect.functions["G"] = None  # type: ignore[index]


def appending(text: str) -> Callable[[exp.Expression], exp.Expression]:
    return lambda node: exp.Literal.string(node.name + text)


def test_rewrites_run_in_the_order_of_the_list_but_the_first_ones() -> None:
    one: Subsystem[Any, Any] = Subsystem("one")
    two: Subsystem[Any, Any] = Subsystem("two")
    one.rewrite(exp.Literal)(appending("1"))
    two.rewrite(exp.Literal)(appending("2"))
    two.rewrite(exp.Literal, first=True)(appending("0"))
    for order, expected in (((one, two), "012"), ((two, one), "021")):
        tree = Dialect.of(*order).rewritten(None, parse("SELECT ''"))
        assert tree.sql() == f"SELECT '{expected}'"


def test_a_rewrite_may_need_the_session_and_replace_the_root() -> None:
    subsystem: Subsystem[Any, Any] = Subsystem("a")
    subsystem.session_rewrite(exp.Select)(lambda session, node: exp.select(session))
    assert Dialect.of(subsystem).rewritten("b", parse("SELECT a")).sql() == "SELECT b"


def test_rewrites_go_from_the_leaves_up() -> None:
    seen: list[str] = []
    subsystem: Subsystem[Any, Any] = Subsystem("a")

    def look(node: exp.Expression) -> exp.Expression:
        seen.append(node.sql())
        return node

    subsystem.rewrite(exp.Add)(look)
    Dialect.of(subsystem).rewritten(None, parse("SELECT (a + b) + c"))
    assert seen == ["a + b", "(a + b) + c"]


def test_snowflake_names_the_columns_before_anything_else() -> None:
    first, *others = SNOWFLAKE.rewrites
    assert first.first
    assert first.kinds == (exp.Select,)
    assert [rewrite.kinds for rewrite in others if rewrite.first] == [
        (exp.Anonymous,),  # calls of functions in SQL become SQL that others rewrite
        (exp.Select,),
    ]
