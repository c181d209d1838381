"""Semi-structured values through a session, beyond what the reference pages print."""

from __future__ import annotations

from typing import Any

import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Session
from churn.emulator.language.errors import SqlError


def row(session: Session, sql: str) -> list[Any]:
    table = execution.query(session, sql)
    return [column[0].as_py() for column in table.columns]


@pytest.fixture
def people(session: Session) -> Session:
    execution.run(session, "CREATE TABLE people (v VARIANT, o OBJECT, a ARRAY, n INT, s TEXT)")
    execution.run(
        session,
        """INSERT INTO people SELECT PARSE_JSON('{"name": "Ann", "age": 30, "nil": null}'),
        OBJECT_CONSTRUCT('b', 1, 'a', 'x'), [1, NULL, 'z'], 30, 'Ann'""",
    )
    return session


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("v:name || '-'", "Ann-"),
        ("LENGTH(v:name)", 3),
        ("v:name = s", True),
        ("v:age = n", True),
        ("v:age BETWEEN 4 AND 200", True),
        ("v:age IN (3, 30)", True),
        ("v:age + n", 60.0),
        ("COALESCE(v:none, 'x')", '"x"'),
        ("v:nil::VARCHAR", None),
        ("IS_NULL_VALUE(v:nil)", True),
        ("v:nil IS NULL", False),
        ("a[0]::INT", 1),
        ("a[9]", None),
        ("o:a::TEXT", "x"),
        ("o['b'] + 1", 2.0),
        ("ARRAY_SIZE(a)", 3),
        ("TYPEOF(v:age)", "INTEGER"),
        ("AS_INTEGER(v:name)", None),
        ("AS_INTEGER(v:age)", 30),
        ("IS_VARCHAR(v:name)", True),
        ("TO_JSON(o)", '{"a":"x","b":1}'),
        ("(SELECT q.w:age + 1 FROM (SELECT v AS w FROM people) q)", 31.0),
        ("REDUCE(a, 0, (x, y) -> x + 1)", 3.0),
    ],
)
def test_expressions(people: Session, expression: str, value: object) -> None:
    assert row(people, f"SELECT {expression} FROM people") == [value]


def test_columns_are_declared(people: Session) -> None:
    schema = execution.query(people, "SELECT v, o, a FROM people").schema
    assert [field.metadata[b"logical"] for field in schema] == [b"variant", b"object", b"array"]


def test_numbers_are_ordered_as_numbers(session: Session) -> None:
    sql = "SELECT MAX(v), MIN(v) FROM (SELECT PARSE_JSON(column1) v FROM VALUES ('9'), ('10'))"
    assert row(session, sql) == ["10", "9"]


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("SELECT PARSE_JSON('{a')", 100069),
        ("SELECT OBJECT_INSERT(OBJECT_CONSTRUCT('a', 1), 'a', 2)", 100103),
        ("SELECT * FROM TABLE(FLATTEN(PATH => 'a'))", 1015),
        ("SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 99999999999))", 2),
        ('SELECT "a" FROM (SELECT 1 AS "a", 2 AS "A")', 2),
    ],
)
def test_failures_have_numbers(session: Session, sql: str, number: int) -> None:
    with pytest.raises(SqlError) as failure:
        execution.run(session, sql)
    assert failure.value.number == number


def test_selects_are_nested_deeply(session: Session) -> None:
    sql = "SELECT 1 AS a"
    for level in range(200):
        sql = f"SELECT *, {level} AS c{level} FROM ({sql})"
    assert execution.query(session, sql).num_columns == 201


def test_events_are_counted_from_row_to_row(session: Session) -> None:
    sql = """SELECT LISTAGG(e, ',') WITHIN GROUP (ORDER BY i) FROM (SELECT t.i AS i,
    CONDITIONAL_CHANGE_EVENT(t.x) OVER (ORDER BY t.i) AS e
    FROM (SELECT column1 i, column2 x FROM VALUES (1, 5), (2, 5), (3, 6), (4, 5)) t)"""
    assert row(session, sql) == ["0,0,1,2"]
