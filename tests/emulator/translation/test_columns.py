"""Columns of queries: SQL in, SQL out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from churn.emulator.language.errors import SqlError
from churn.emulator.language.parser import parse
from churn.emulator.translation import columns
from tests.emulator.translation.trees import rewritten


def out(sql: str, **variables: Any) -> str:
    return rewritten(columns.SUBSYSTEM, sql, SimpleNamespace(variables=variables))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("1+1", "1+1"),
        ("COUNT(*)", "COUNT(*)"),
        ("Lower( a )", "LOWER( A )"),
        ("a || 'x'", "A || 'X'"),
        ("CASE WHEN a THEN 1 END", "CASE WHEN A THEN 1 END"),
    ],
)
def test_a_column_without_a_name_has_its_text_in_upper_case(written: str, name: str) -> None:
    assert out(f"SELECT {written} FROM t").endswith(f' AS "{name}" FROM t')


@pytest.mark.parametrize("sql", ["SELECT a FROM t", "SELECT a AS b FROM t", "SELECT t.* FROM t"])
def test_a_column_with_a_name_keeps_it(sql: str) -> None:
    assert out(sql) == sql


def test_columns_of_subqueries_have_names_too() -> None:
    assert '"COUNT(*)"' in out("SELECT * FROM (SELECT COUNT(*) FROM t)")


def test_a_query_of_our_own_is_left_alone() -> None:
    tree = parse("SELECT COUNT(*) FROM t")
    tree.meta["named"] = True
    assert columns.name_columns(tree).sql() == "SELECT COUNT(*) FROM t"


def test_a_number_is_a_column() -> None:
    expected = 'SELECT "COLUMN1" AS "$1", "COLUMN2" AS "$2" FROM (VALUES (1, 2))'
    assert out("SELECT $1, $2 FROM VALUES (1, 2)") == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [(5, "5"), ("it's", "'it''s'"), (None, "NULL"), (0.5, "0.5"), (True, "TRUE")],
)
def test_a_name_is_a_variable_of_the_session(value: Any, written: str) -> None:
    assert out("SELECT a FROM t WHERE a = $x", X=value) == f"SELECT a FROM t WHERE a = {written}"


def test_a_variable_that_is_not_set_is_an_error() -> None:
    with pytest.raises(SqlError, match=r"Session variable '\$Y' does not exist") as error:
        out("SELECT $y", X=1)
    assert error.value.number == 2211


def test_a_table_has_the_columns_that_it_declares() -> None:
    assert out("CREATE TABLE n (a INT, b TEXT) AS SELECT x, y FROM t") == (
        'CREATE TABLE n AS SELECT CAST("_0" AS INT) AS a, CAST("_1" AS TEXT) AS b '
        'FROM (SELECT x, y FROM t) AS "_declared"("_0", "_1")'
    )


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE n (a INT)",
        "CREATE TABLE n AS SELECT 1 AS a",
        "CREATE VIEW v (a) AS SELECT b FROM t",
    ],
)
def test_other_definitions_are_left_alone(sql: str) -> None:
    assert out(sql) == sql
