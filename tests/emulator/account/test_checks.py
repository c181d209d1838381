"""What a statement reads and changes, seen by the scopes of its tree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.account import checks, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.language.errors import SqlError
from churn.emulator.language.parser import parse
from churn.emulator.statements import SNOWFLAKE


def used(session: Session, sql: str) -> set[tuple[str, str]]:
    return {(str(name), privilege) for name, privilege in checks._used(session, parse(sql))}


def reads(session: Session, sql: str) -> set[str]:
    return {
        name.rpartition(".")[2] for name, privilege in used(session, sql) if privilege == "SELECT"
    }


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM t", {"T"}),
        ('SELECT * FROM "t"', {'"t"'}),
        ("SELECT * FROM t AS u, v JOIN w ON TRUE", {"T", "V", "W"}),
        ("SELECT * FROM (SELECT * FROM t) u WHERE a IN (SELECT a FROM v)", {"T", "V"}),
        ("SELECT a FROM t UNION ALL (SELECT a FROM u EXCEPT SELECT a FROM v)", {"T", "U", "V"}),
        ("SELECT (SELECT MAX(a) FROM t)", {"T"}),
        ("WITH t AS (SELECT 1 AS a) SELECT * FROM t", set()),
        ("WITH t AS (SELECT 1 AS a) SELECT * FROM T", set()),
        ('WITH t AS (SELECT 1 AS a) SELECT * FROM "t"', {'"t"'}),
        ("WITH t AS (SELECT a FROM t) SELECT * FROM t", {"T"}),
        ("WITH t AS (SELECT 1 AS a) SELECT * FROM public.t", {"T"}),
        ("WITH t AS (SELECT 1 AS a), u AS (SELECT a FROM t) SELECT * FROM u", set()),
        ("WITH u AS (SELECT a FROM t), t AS (SELECT 1 AS a) SELECT * FROM u", {"T"}),
        ("SELECT * FROM t JOIN (WITH t AS (SELECT 1 AS a) SELECT * FROM t) u ON TRUE", {"T"}),
        ("WITH t AS (SELECT 1 AS a) SELECT * FROM (SELECT * FROM t) u", set()),
        ("WITH t AS (SELECT 1 AS a) SELECT (SELECT MAX(a) FROM t)", set()),
        ("WITH t AS (SELECT 1 AS a) SELECT 1 WHERE EXISTS (SELECT 1 FROM t)", set()),
        ("WITH t AS (SELECT 1 AS a) SELECT a FROM t UNION SELECT a FROM u", {"U"}),
        (
            "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT * FROM t",
            set(),
        ),
        ("WITH t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT * FROM t", {"T"}),
        ("CREATE TABLE n AS WITH t AS (SELECT 1 AS a) SELECT * FROM t, u", {"U"}),
        ("CREATE VIEW n AS SELECT * FROM t", {"T"}),
        ("INSERT INTO n WITH t AS (SELECT 1 AS a) SELECT * FROM t, u", {"U"}),
        ("UPDATE n SET a = u.a FROM u WHERE u.a IN (SELECT a FROM v)", {"U", "V"}),
        ("DELETE FROM n USING u WHERE n.a = u.a", {"U"}),
        ("MERGE INTO n USING (SELECT a FROM t) s ON n.a = s.a WHEN MATCHED THEN DELETE", {"T"}),
    ],
)
def test_the_tables_that_are_read(session: Session, sql: str, tables: set[str]) -> None:
    assert reads(session, sql) == tables


@pytest.mark.parametrize(
    ("sql", "privilege"),
    [
        ("INSERT INTO t VALUES (1)", "INSERT"),
        ("INSERT INTO t (a) SELECT 1", "INSERT"),
        ("UPDATE t SET a = 1", "UPDATE"),
        ("DELETE FROM t", "DELETE"),
    ],
)
def test_the_table_that_is_changed(session: Session, sql: str, privilege: str) -> None:
    assert used(session, sql) == {("DB.PUBLIC.T", privilege)}


def test_a_merge_takes_what_its_branches_do(session: Session) -> None:
    sql = (
        "MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED AND s.a > 1 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET a = 2 WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)"
    )
    ((name, privileges),) = used(session, sql)
    assert (name, set(privileges.split())) == ("DB.PUBLIC.T", {"DELETE", "INSERT", "UPDATE"})


def test_names_are_completed(session: Session) -> None:
    assert {n for n, _ in used(session, "SELECT * FROM a.b.t, b.t, t")} == {
        "A.B.T",
        "DB.B.T",
        "DB.PUBLIC.T",
    }


def test_functions_of_duckdb_are_no_tables(session: Session) -> None:
    with pytest.raises(SqlError, match="FROM READ_CSV"):
        reads(session, "SELECT * FROM read_csv('/etc/hostname')")


def test_a_table_of_this_statement_is_nobodys(session: Session) -> None:
    import pyarrow as pa

    name = session.register(pa.table({"A": [1]}))
    assert reads(session, f'SELECT * FROM "{name}"') == set()


@pytest.fixture(scope="module")
def shared() -> Iterator[Session]:
    """A session for many examples, which change nothing."""
    account = Account(SNOWFLAKE)
    session = execution.open_session(account, "ANN", "ACCOUNTADMIN")
    execution.run(session, "CREATE DATABASE db")
    yield session
    execution.close_account(account)


NAMES = st.sampled_from(["t", "u", "v"])


@pytest.mark.property
@given(st.lists(st.tuples(NAMES, NAMES), max_size=3, unique_by=lambda pair: pair[0]), NAMES)
def test_a_loop_over_the_names_agrees(
    shared: Session, ctes: list[tuple[str, str]], last: str
) -> None:
    """Each expression sees those before it; the query sees all."""
    known: set[str] = set()
    expected = set()
    for name, source in ctes:
        expected |= {source} - known
        known.add(name)
    expected |= {last} - known
    parts = ", ".join(f"{name} AS (SELECT a FROM {source})" for name, source in ctes)
    sql = f"{f'WITH {parts} ' if parts else ''}SELECT a FROM {last}"
    assert reads(shared, sql) == {name.upper() for name in expected}


def test_a_suspended_warehouse_is_resumed_if_it_may_be(session: Session) -> None:
    execution.run(session, "ALTER WAREHOUSE compute_wh SUSPEND")
    checks.need_warehouse(session)
    (warehouse,) = session.account.objects.all("WAREHOUSE")
    assert warehouse["state"] == "STARTED"
    execution.run(session, "ALTER WAREHOUSE compute_wh SET AUTO_RESUME = FALSE")
    execution.run(session, "ALTER WAREHOUSE compute_wh SUSPEND")
    with pytest.raises(SqlError, match="No active warehouse selected") as error:
        checks.need_warehouse(session)
    assert error.value.number == 606
