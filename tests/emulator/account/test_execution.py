"""How a statement is run, and how sessions begin and end."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from churn.emulator.account import account as accounts
from churn.emulator.account import execution
from churn.emulator.account.account import Account, RecentResults, Session
from churn.emulator.account.relations import databases, relation, relations, schemas
from churn.emulator.account.temporary import drop_orphaned_temporaries
from churn.emulator.language.errors import SqlError
from churn.emulator.language.results import Kind, Result
from churn.emulator.statements import SNOWFLAKE


def rows(session: Session, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    table = execution.query(session, sql, parameters)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_a_query_is_kept_under_its_id(session: Session) -> None:
    query, result = execution.execute(session, "SELECT 1 AS a")
    assert session.results[query] is result
    assert rows(session, f"SELECT a FROM TABLE(RESULT_SCAN('{query}'))") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "number"),
    [("", 900), ("-- only words", 900), ("DANCE", 2), ("CREATE PIPE p", 2), ("SELECT (", 1003)],
)
def test_what_is_no_statement(session: Session, sql: str, number: int) -> None:
    with pytest.raises(SqlError) as error:
        execution.execute(session, sql)
    assert error.value.number == number
    assert len(session.results) == 0


def test_to_describe_is_not_to_run(session: Session) -> None:
    execution.run(session, "CREATE TABLE t (a INT, b TEXT)")
    _, described = execution.execute(session, "INSERT INTO t VALUES (1, 'x')", describe=True)
    assert (described.table.num_rows, described.table.column_names) == (
        0,
        ["number of rows inserted"],
    )
    _, described = execution.execute(session, "SELECT a, b FROM t", describe=True)
    assert (described.table.column_names, described.kind) == (["A", "B"], Kind.QUERY)
    assert rows(session, "SELECT COUNT(*) FROM t") == [(0,)]
    assert len(session.results) == 0


def test_each_step_of_a_chain_reads_the_one_before(session: Session) -> None:
    execution.run(session, "CREATE TABLE t (a INT)")
    chain = 'SHOW TABLES ->> SELECT "name" AS n FROM $1 ->> SELECT LOWER(n) FROM $1'
    assert rows(session, chain) == [("t",)]


def test_parameters(session: Session) -> None:
    assert rows(session, "SELECT ? + 1, ?", 41, "x") == [(42, "x")]


def test_ddl_commits_what_is_open(session: Session) -> None:
    for sql in ("CREATE TABLE t (a INT)", "BEGIN", "INSERT INTO t VALUES (1)", "CREATE TAG g"):
        execution.run(session, sql)
    assert not session.cursor.in_transaction
    execution.run(session, "ROLLBACK")
    assert rows(session, "SELECT a FROM t") == [(1,)]


def test_what_waits_for_the_commit(session: Session) -> None:
    done: list[str] = []
    session.once_committed("a", lambda: done.append("at once"))
    execution.run(session, "BEGIN")
    session.once_committed("b", lambda: done.append("never"))
    execution.run(session, "ROLLBACK")
    execution.run(session, "BEGIN")
    session.once_committed("c", lambda: done.append("committed"))
    assert done == ["at once"]
    execution.run(session, "COMMIT")
    assert done == ["at once", "committed"]


def test_nothing_registered_outlives_its_statement(session: Session) -> None:
    execution.execute(session, "SHOW TABLES ->> SELECT * FROM $1")
    with pytest.raises(SqlError):
        execution.execute(session, "SHOW TABLES ->> SELECT nope FROM $1")
    assert not session.registered("__TABLE_1")
    views = session.cursor.duck.execute("SELECT view_name FROM duckdb_views() WHERE temporary")
    assert not [name for (name,) in views.fetchall() if name.startswith("__")]


def test_a_session_that_ends_leaves_nothing(session: Session) -> None:
    account = session.account
    for sql in ("CREATE TEMP TABLE t (a INT)", "CREATE TEMP STAGE s", "CREATE TABLE stays (a INT)"):
        execution.run(session, sql)
    execution.close_session(account, session.token)
    assert [r.name.name for r in relations(account)] == ["STAYS"]
    assert account.objects.all("STAGE") == account.objects.all("TEMPORARY") == []
    assert account.sessions == {}
    execution.close_session(account, session.token)  # twice does no harm


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path) -> None:
    account = Account(SNOWFLAKE, tmp_path)
    session = execution.open_session(account, "ANN", "ACCOUNTADMIN")
    for sql in ("CREATE DATABASE db", "CREATE TEMP TABLE t (a INT)", "CREATE TABLE stays (a INT)"):
        execution.run(session, sql)
    account.release()
    again = Account(SNOWFLAKE, tmp_path)
    assert len(relations(again)) == 2
    drop_orphaned_temporaries(again)
    assert [r.name.name for r in relations(again)] == ["STAYS"]
    again.release()


def test_a_task_runs_as_its_owner_where_it_was_written(session: Session) -> None:
    stored = session.owned("TASK", session.name("k"), context=["DB", "PUBLIC"])
    execution.run(session, "CREATE SCHEMA other")
    session.role = "PUBLIC"
    with execution.as_owner(session, stored):
        assert (session.role, session.schema) == ("ACCOUNTADMIN", "PUBLIC")
    assert (session.role, session.schema) == ("PUBLIC", "OTHER")


def test_names_need_a_place(account: Account) -> None:
    nowhere = execution.open_session(account, "ANN", "ACCOUNTADMIN")
    with pytest.raises(SqlError, match="does not have a current database") as error:
        nowhere.name("t")
    assert error.value.number == 90105
    execution.run(nowhere, "CREATE DATABASE db")
    execution.run(nowhere, "DROP SCHEMA public")
    with pytest.raises(SqlError, match="does not have a current schema") as error:
        nowhere.name("t")
    assert error.value.number == 90106
    assert str(nowhere.name("a.b.t")) == "A.B.T"
    assert str(nowhere.schema_name("s")) == "DB.S"
    with pytest.raises(SqlError, match="more than three parts"):
        nowhere.name("a.b.c.d")


def test_what_there_is(session: Session) -> None:
    account = session.account
    for sql in ("CREATE SCHEMA s", "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t"):
        execution.run(session, sql)
    assert databases(account) == ["DB"]
    assert schemas(account, "DB") == ["PUBLIC", "S"]
    assert [(r.name.name, r.kind) for r in relations(account, "DB", "S")] == [
        ("T", "TABLE"),
        ("V", "VIEW"),
    ]
    assert relation(account, session.name("none")) is None


def result(size: int) -> Result:
    return Result(pa.table({"a": pa.array(range(size), pa.int64())}))


def test_the_last_results_are_kept_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "KEPT_RESULTS", 3)
    recent = RecentResults()
    for i in range(5):
        recent.keep(str(i), result(1))
    assert list(recent) == ["2", "3", "4"]
    recent.clear()
    assert len(recent) == 0


def test_the_last_results_are_kept_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "KEPT_BYTES", 100)
    recent = RecentResults()
    for i, size in enumerate((5, 5, 5, 1000, 1)):
        recent.keep(str(i), result(size))
        assert str(i) in recent  # the last one always
    assert list(recent) == ["4"]


def test_a_one_time_password_is_known_meanwhile(account: Account) -> None:
    with account.one_time_password("ANN") as password:
        assert account.one_time_passwords == {password: "ANN"}
    assert account.one_time_passwords == {}


def test_shared_files_are_forgotten_from_the_oldest(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST_SHARED", 2)
    tokens = [account.share(Path(str(i))) for i in range(3)]
    assert list(account.shared) == tokens[1:]
