"""Calls of functions: SQL in, SQL out, with two functions that a subsystem declares."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from churn.emulator.language.dialect import Dialect, Subsystem
from churn.emulator.language.errors import SqlError
from churn.emulator.language.parser import parse
from churn.emulator.translation import arguments, calls

OWN: Subsystem[Any, Any] = Subsystem("own")


@OWN.function("CURRENT_ROLE", page="current_role")
def current_role(session: Any, given: list[exp.Expression]) -> exp.Expression:
    return exp.convert("ANALYST")


@OWN.function("SHOUT", page="shout")
def shout(session: Any, given: list[exp.Expression]) -> exp.Expression:
    return exp.convert(str(arguments.value_of(session, given[0])).upper())


@OWN.table_function("TWICE", page="twice")
def twice(session: Any, positional: list[Any], named: dict[str, Any]) -> pa.Table:
    session.calls.append((positional, named))
    return pa.table({"N": positional * 2})


DIALECT: Dialect[Any, Any] = Dialect.of(calls.SUBSYSTEM, OWN)


@pytest.fixture
def fake() -> Any:
    session = SimpleNamespace(account=SimpleNamespace(dialect=DIALECT), calls=[], tables=[])

    def register(table: pa.Table) -> str:
        session.tables.append(table)
        return f"__TABLE_{len(session.tables)}"

    session.register = register
    return session


def out(session: Any, sql: str) -> str:
    tree = DIALECT.rewritten(session, parse(sql))
    return str(tree.sql(dialect="duckdb")).replace('"_fs_global"."_emulator".', "")


def test_a_function_of_a_subsystem(fake: Any) -> None:
    assert out(fake, "SELECT shout('a'), Shout('b')") == "SELECT 'A', 'B'"


def test_a_function_that_sqlglot_knows_by_type(fake: Any) -> None:
    assert out(fake, "SELECT CURRENT_ROLE()") == "SELECT 'ANALYST'"


def test_a_function_of_the_session_that_nobody_declares_is_refused_by_name(fake: Any) -> None:
    with pytest.raises(SqlError, match="CURRENT_WAREHOUSE") as error:
        out(fake, "SELECT CURRENT_WAREHOUSE()")
    assert error.value.number == 2


def test_functions_whose_results_would_differ_are_refused(fake: Any) -> None:
    with pytest.raises(SqlError, match="HASH: its values are Snowflake's own"):
        out(fake, "SELECT HASH(a)")


def test_other_functions_are_left_alone(fake: Any) -> None:
    assert out(fake, "SELECT nobody_knows(a), UPPER(b)") == "SELECT NOBODY_KNOWS(a), UPPER(b)"


def test_a_table_function_is_computed_and_spliced_in(fake: Any) -> None:
    assert out(fake, "SELECT n FROM TABLE(TWICE('7')) AS x") == 'SELECT n FROM "__TABLE_1" AS x'
    assert fake.tables[0].to_pydict() == {"N": ["7", "7"]}


def test_arguments_by_position_and_by_name(fake: Any) -> None:
    out(fake, "SELECT * FROM TABLE(TWICE('a', NULL, LIMIT => 'b'))")
    assert fake.calls == [(["a", None], {"LIMIT": "b"})]


def test_a_table_function_in_a_schema(fake: Any) -> None:
    assert '"__TABLE_1"' in out(fake, "SELECT * FROM TABLE(db.INFORMATION_SCHEMA.TWICE('a'))")


def test_other_table_functions_are_left_alone(fake: Any) -> None:
    out(fake, "SELECT * FROM TABLE(FLATTEN(x))")
    assert fake.tables == []
