"""Queries and changes of rows."""

from __future__ import annotations

from typing import Any

import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Session
from churn.emulator.language.results import Kind
from churn.emulator.statements.queries import _model_aliases
from tests.emulator.statements.running import refused, rows, run


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("WITH a AS MODEL m SELECT a!f(x) FROM t", "SELECT MODEL(m)!f(x) FROM t"),
        ("WITH a AS MODEL db.s.m VERSION v SELECT A!f(x)", "SELECT MODEL(db.s.m, v)!f(x)"),
        (
            "WITH u AS (SELECT 1 AS x), a AS MODEL m SELECT a!f(x) FROM u",
            "WITH u AS (SELECT 1 AS x), SELECT MODEL(m)!f(x) FROM u",
        ),
        ("WITH u AS (SELECT 1 AS x) SELECT x FROM u", "WITH u AS (SELECT 1 AS x) SELECT x FROM u"),
        ("SELECT m!f(x) FROM t", "SELECT m!f(x) FROM t"),
    ],
    ids=["one", "version", "beside a query", "no model", "no alias"],
)
def test_a_models_alias_is_the_model(sql: str, rewritten: str) -> None:
    assert " ".join(_model_aliases(sql).split()) == rewritten


@pytest.fixture
def table(session: Session) -> Session:
    run(session, "CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, NULL)")
    return session


@pytest.mark.parametrize(
    ("sql", "kind", "counts"),
    [
        ("INSERT INTO t VALUES (3, 'z'), (4, 'z')", Kind.INSERT, (2,)),
        ("INSERT INTO t (a) SELECT a FROM t", Kind.INSERT, (2,)),
        ("UPDATE t SET b = 'y' WHERE a > 1", Kind.UPDATE, (1, 0)),
        ("DELETE FROM t WHERE b IS NULL", Kind.DELETE, (1,)),
    ],
)
def test_changes_are_counted(table: Session, sql: str, kind: Kind, counts: tuple[int, ...]) -> None:
    result = execution.run(table, sql)
    assert result.kind is kind
    assert tuple(c[0].as_py() for c in result.table.columns) == counts


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (?, ?)",
        "INSERT INTO t (a, b) SELECT ?, ?",
        "INSERT INTO t VALUES (?, UPPER(?))",
    ],
)
def test_many_rows_are_bound_to_one_statement(table: Session, sql: str) -> None:
    result = execution.run(table, sql, [[3, 4, 5], ["P", "Q", None]])
    assert result.table.to_pydict() == {"number of rows inserted": [3]}
    expected = [(3, "P"), (4, "Q"), (5, None)]
    assert rows(table, "SELECT a, b FROM t WHERE a > 2 ORDER BY a") == expected


def test_many_rows_need_an_insert_of_values(table: Session) -> None:
    with refused(1003, "an array binding needs INSERT"):
        execution.run(table, "INSERT INTO t SELECT ?, b FROM t", [[3, 4]])


MERGE = "MERGE INTO t USING (SELECT column1 AS a FROM VALUES (2), (3), (4)) s ON t.a = s.a"


@pytest.mark.parametrize(
    ("clauses", "counts"),
    [
        ("WHEN MATCHED THEN UPDATE SET b = 'm'", {"number of rows updated": [1]}),
        ("WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)", {"number of rows inserted": [2]}),
        ("WHEN MATCHED THEN DELETE", {"number of rows deleted": [1]}),
        (
            "WHEN MATCHED THEN UPDATE SET b = 'm' WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)",
            {"number of rows inserted": [2], "number of rows updated": [1]},
        ),
    ],
    ids=["update", "insert", "delete", "both"],
)
def test_a_merge_counts_what_it_has_clauses_for(
    table: Session, clauses: str, counts: dict[str, list[int]]
) -> None:
    assert execution.query(table, f"{MERGE} {clauses}").to_pydict() == counts


def test_rows_are_kept_or_not_with_their_transaction(table: Session) -> None:
    for ending, expected in (("ROLLBACK", 2), ("COMMIT", 0)):
        run(table, "BEGIN", "DELETE FROM t", ending)
        assert rows(table, "SELECT COUNT(*) FROM t") == [(expected,)]
    run(table, "TRUNCATE TABLE IF EXISTS none")
    with refused(2003):
        run(table, "TRUNCATE TABLE none")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT SUM(a) FROM t WHERE a > 9", [(None,)]),
        ("SELECT 7 / 2, 7 % 4", [(3.5, 3)]),
        ("SELECT 2.5::FLOAT::INT, -2.5::FLOAT::INT", [(3, -3)]),
        ("SELECT MAX_BY(b, a) FROM t", [(None,)]),
        ("SELECT DATEADD(month, 1, '2024-01-31'::DATE)::TEXT", [("2024-02-29",)]),
        ("SELECT ARRAY_CONTAINS('x'::VARIANT, ARRAY_CONSTRUCT('x', 'y'))", [(True,)]),
    ],
)
def test_answers_are_snowflakes(table: Session, sql: str, expected: list[Any]) -> None:
    assert rows(table, sql) == expected


def test_variables(table: Session) -> None:
    run(table, "SET low = 1", "SET name = 'it''s'")
    assert rows(table, "SELECT a, $name FROM t WHERE a > $low") == [(2, "it's")]
