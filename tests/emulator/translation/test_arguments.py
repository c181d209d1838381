"""What the rewrites read trees with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlglot import exp

from churn.emulator.account.account import Session
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import Name
from churn.emulator.language.parser import parse
from churn.emulator.translation.arguments import is_macro, macro, table_node, text_of, value_of


def argument(sql: str) -> exp.Expression:
    (node,) = parse(f"SELECT {sql}").expressions
    return node


@pytest.mark.parametrize(
    ("written", "text"),
    [("'a b'", "a b"), ("a", "A"), ('"a"', "a"), ('s."T"', "S.T"), ("12", "12")],
)
def test_the_text_of_a_node(written: str, text: str) -> None:
    assert text_of(argument(written)) == text


def test_the_text_of_nothing() -> None:
    assert text_of(None) == ""


def test_a_table_by_its_full_name() -> None:
    node = table_node(Name("DB", "S", 'a "b"'))
    assert node.sql(dialect="duckdb") == '"DB"."S"."a ""b"""'
    assert table_node("__TABLE_1").sql(dialect="duckdb") == '"__TABLE_1"'


def test_a_macro_is_known_again() -> None:
    node = macro("divisor", exp.column("a"))
    assert is_macro(node, "divisor")
    assert not is_macro(node, "whole")
    assert not is_macro(exp.column("divisor"), "divisor")


@pytest.mark.parametrize(("written", "value"), [("'a'", "a"), ("NULL", None), ("2 * 21", 42)])
def test_the_value_of_a_constant(session: Session, written: str, value: Any) -> None:
    assert value_of(session, argument(written)) == value


def test_the_value_of_a_placeholder_is_the_next_parameter() -> None:
    values = [1, "b"]
    fake: Any = SimpleNamespace(next_parameter=lambda: values.pop(0))
    assert [value_of(fake, argument("?")) for _ in range(2)] == [1, "b"]


def test_a_column_is_no_constant(session: Session) -> None:
    with pytest.raises(SqlError, match="needs to be constant"):
        value_of(session, argument("a + 1"))
