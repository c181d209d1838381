"""Snowflake's SQL as a tree."""

from __future__ import annotations

import pytest

from churn.emulator.language.errors import SqlError
from churn.emulator.language.parser import parse


def test_one_statement() -> None:
    assert parse("SELECT a FROM t;").sql(dialect="snowflake") == "SELECT a FROM t"


def test_an_expression_remembers_how_it_was_written() -> None:
    first, second = parse("SELECT Count( * ), a+1 FROM t").expressions
    assert (first.meta["text"], second.meta["text"]) == ("Count( * )", "a+1")


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", ";"])
def test_more_or_less_than_one_statement_is_refused(sql: str) -> None:
    with pytest.raises(SqlError, match="expected one statement, found") as error:
        parse(sql)
    assert error.value.state == "0A000"


def test_an_error_says_where() -> None:
    with pytest.raises(SqlError, match=r"syntax error line 2 at position \d+ unexpected") as error:
        parse("SELECT a\nFROM t WHERE (")
    assert (error.value.number, error.value.state) == (1003, "42000")
