"""DuckDB's errors, with Snowflake's numbers."""

from __future__ import annotations

import duckdb
import pytest
from snowflake.connector.errors import ProgrammingError
from sqlglot.errors import OptimizeError, ParseError, UnsupportedError

from churn.emulator.duck import python_functions
from churn.emulator.duck.errors import TranslatedErrors
from churn.emulator.duck.macros import CREATION
from churn.emulator.language.errors import SqlError, missing


def translated(error: Exception) -> SqlError:
    with pytest.raises(SqlError) as caught, TranslatedErrors():
        raise error
    return caught.value


@pytest.fixture
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS _fs_global")
    python_functions.create(connection)
    connection.execute(CREATION)
    connection.execute("CREATE TABLE t (a INT PRIMARY KEY)")
    return connection


@pytest.mark.parametrize(
    ("sql", "number", "state", "words"),
    [
        ("SELECT 1 / _fs_global._emulator.divisor(0)", 100051, "22012", "Division by zero"),
        ("SELECT nobody_knows(1)", 2140, "42601", "Unknown function NOBODY_KNOWS"),
        ("SELECT * FROM none", 2003, "42S02", "Object 'none' does not exist"),
        ("CREATE TABLE t (a INT)", 2002, "42710", "Object 't' already exists"),
        ("SELECT b FROM t", 904, "42000", "invalid identifier 'b'"),
        ("SELECT t.b FROM t", 904, "42000", "invalid identifier 'b'"),
        ("SELECT CAST('x' AS INT)", 100038, "22018", "Numeric value 'x' is not recognized"),
        ("SELECT CAST(1e20 AS INT)", 100035, "22007", "out of range"),
        ("SELECT 9223372036854775807 + 1::BIGINT", 100046, "22003", "Overflow"),
        ("INSERT INTO t VALUES (1), (1)", 100072, "22000", "duplicate key"),
        ("SELECT * FROM read_csv('/none.csv')", 100016, "22000", "No files found"),
        ("SELECT FROM FROM", 2, "0A000", "Unsupported feature"),
    ],
)
def test_what_duckdb_refuses(
    duck: duckdb.DuckDBPyConnection, sql: str, number: int, state: str, words: str
) -> None:
    with pytest.raises(SqlError) as caught, TranslatedErrors():
        duck.execute(sql)
    assert (caught.value.number, caught.value.state) == (number, state), caught.value
    assert words in caught.value.message
    assert "LINE" not in caught.value.message


def test_an_error_of_our_own_passes() -> None:
    own = missing("TABLE", "T")
    assert translated(own) is own


def test_fakesnows_errors_keep_their_numbers() -> None:
    error = translated(ProgrammingError(msg="no", errno=2043, sqlstate="02000"))
    assert (error.number, error.state) == (2043, "02000")


@pytest.mark.parametrize(
    "error",
    [
        UnsupportedError("PIVOT of pivots"),
        OptimizeError("PIVOT of pivots"),
        NotImplementedError("PIVOT of pivots"),
        KeyError("PIVOT of pivots"),
        AssertionError("PIVOT of pivots"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_the_translation_cannot_do_is_refused_by_name(error: Exception) -> None:
    refused = translated(error)
    assert (refused.number, refused.state) == (2, "0A000")
    assert "PIVOT of pivots" in refused.message


def test_a_syntax_error_is_one() -> None:
    assert translated(ParseError("no")).number == 1003


def test_other_errors_are_faults_and_pass() -> None:
    with pytest.raises(ZeroDivisionError), TranslatedErrors():
        raise ZeroDivisionError
