"""Nothing of DuckDB's is reached that Snowflake has not: each door, from each place in a query."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.language.errors import SqlError

DOORS = [
    "read_csv('{file}')",
    "read_csv_auto('{file}')",
    "read_text('{file}')",
    "read_blob('{file}')",
    "read_json('{file}')",
    "read_parquet('{file}')",
    "parquet_scan('{file}')",
    "sqlite_scan('{file}', 't')",
    "query('SELECT 1')",
    "query_table('t')",
    "duckdb_settings()",
    "pragma_table_info('t')",
    "duckdb_tables",
    '"{file}"',
    "'{file}'",
]

PLACES = [
    "SELECT * FROM {door}",
    "WITH a AS (SELECT * FROM {door}) SELECT * FROM a",
    "SELECT (SELECT COUNT(*) FROM {door})",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM {door})",
    "CREATE VIEW w AS SELECT * FROM {door}",
    "CREATE TABLE w AS SELECT * FROM {door}",
    "INSERT INTO t SELECT 1 FROM {door}",
    "MERGE INTO t USING (SELECT 1 AS a FROM {door}) s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "DELETE FROM t WHERE a IN (SELECT 1 FROM {door})",
]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    file = tmp_path / "secret.csv"
    file.write_text("a\n42\n", "utf-8")
    return file


@pytest.mark.parametrize("place", PLACES)
def test_no_door_is_open(session: Session, outside: Path, place: str) -> None:
    execution.run(session, "CREATE TABLE t (a INT)")
    for door in DOORS:
        with pytest.raises(SqlError) as refused:
            execution.run(session, place.format(door=door.format(file=outside)))
        assert refused.value.number in {2140, 2003}, door


@pytest.mark.parametrize(
    "call",
    ["getenv('HOME')", "system.main.getenv('HOME')", "current_setting('threads')", "nextval('s')"],
)
def test_no_function_of_duckdb_answers(session: Session, call: str) -> None:
    with pytest.raises(SqlError, match="Unknown function") as refused:
        execution.run(session, f"SELECT {call}")
    assert refused.value.number == 2140


@pytest.mark.parametrize(
    "written",
    [
        "SELECT * FROM read_csv('{file}')",
        "ATTACH '{file}' AS other",
        "COPY (SELECT 1) TO '{file}.parquet'",
        "INSTALL sqlite",
        "SET enable_external_access = true",
    ],
)
def test_duckdb_itself_stays_in_the_folder(account: Account, outside: Path, written: str) -> None:
    with pytest.raises(duckdb.Error):
        account.tables.duck.execute(written.format(file=outside))


def test_a_table_may_have_the_name_of_a_file(session: Session) -> None:
    execution.run(session, 'CREATE TABLE "a.csv" AS SELECT 1 AS x')
    assert execution.query(session, 'SELECT x FROM "a.csv"').to_pylist() == [{"X": 1}]


def test_spilling_has_a_bound(session: Session) -> None:
    session.account.tables.duck.execute("SET memory_limit = '60MB'")
    session.account.tables.duck.execute("SET max_temp_directory_size = '1MB'")
    rows = "SELECT MD5(SEQ4()::VARCHAR) AS r FROM TABLE(GENERATOR(ROWCOUNT => 3000000))"
    with pytest.raises(SqlError, match="memory") as refused:
        execution.run(session, f"CREATE TABLE big AS {rows}")
    assert refused.value.number == 300005
