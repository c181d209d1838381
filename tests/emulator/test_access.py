"""Roles restrict what their sessions may do, and a warehouse must be there to compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from churn.emulator.server import Emulator

pytestmark = pytest.mark.emulator

DENIED, UNSEEN, NO_WAREHOUSE = 3001, 2003, 606
Run = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def own() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def admin(own: Emulator) -> Iterator[Run]:
    """After the role R, the database DB, its schema S and the table T in it were made anew."""
    with snowflake.connector.connect(**own.connection) as connection:
        run = runner(connection)
        for statement in (
            "CREATE OR REPLACE ROLE r",
            "GRANT USAGE ON WAREHOUSE compute_wh TO ROLE r",
            "CREATE OR REPLACE DATABASE db",
            "CREATE SCHEMA s",
            "CREATE TABLE t AS SELECT 1 AS a",
        ):
            run(statement)
        yield run


@pytest.fixture
def role(own: Emulator, admin: Run) -> Iterator[Run]:
    """A session of the role R, which may see the schema and nothing in it."""
    admin("GRANT USAGE ON DATABASE db TO ROLE r")
    admin("GRANT USAGE ON SCHEMA db.s TO ROLE r")
    where = own.connection | {"role": "R", "database": "DB", "schema": "S"}
    with snowflake.connector.connect(**where) as connection:
        yield runner(connection)


def runner(connection: Any) -> Run:
    def run(sql: str, refused: int = 0) -> list[Any]:
        cursor = connection.cursor()
        if not refused:
            return list(cursor.execute(sql).fetchall())
        with pytest.raises(ProgrammingError) as error:
            cursor.execute(sql)
        assert error.value.errno == refused, error.value.msg
        return []

    return run


@pytest.mark.parametrize(
    ("sql", "grant"),
    [
        ("SELECT a FROM t", "SELECT ON TABLE db.s.t"),
        ("WITH t2 AS (SELECT a FROM t) SELECT a FROM t2", "SELECT ON ALL TABLES IN SCHEMA db.s"),
        ("INSERT INTO t VALUES (2)", "INSERT ON TABLE db.s.t"),
        ("UPDATE t SET a = 2", "UPDATE ON TABLE db.s.t"),
        ("DELETE FROM t", "DELETE ON TABLE db.s.t"),
        ("TRUNCATE TABLE t", "TRUNCATE ON TABLE db.s.t"),
    ],
)
def test_what_a_table_needs(admin: Run, role: Run, sql: str, grant: str) -> None:
    """Without any privilege it is as if it were not there; with another one, it is denied."""
    role(sql, refused=UNSEEN)
    admin("GRANT REFERENCES ON TABLE db.s.t TO ROLE r")
    role(sql, refused=DENIED)
    admin(f"GRANT {grant} TO ROLE r")
    role(sql)
    admin(f"REVOKE {grant} FROM ROLE r")
    role(sql, refused=DENIED)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("CREATE TABLE n (a INT)", "TABLE"),
        ("CREATE TABLE IF NOT EXISTS t (a INT)", "TABLE"),
        ("CREATE VIEW v AS SELECT 1 AS a", "VIEW"),
        ("CREATE STAGE g", "STAGE"),
        ("CREATE TAG g", "TAG"),
        ("CREATE DATASET d", "DATASET"),
        ("CREATE EXPERIMENT e", "EXPERIMENT"),
        ("CREATE TASK k AS SELECT 1", "TASK"),
        ("CREATE FILE FORMAT f TYPE = CSV", "FILE FORMAT"),
    ],
)
def test_what_creating_needs(admin: Run, role: Run, sql: str, kind: str) -> None:
    role(sql, refused=DENIED)
    admin(f"GRANT CREATE {kind} ON SCHEMA db.s TO ROLE r")
    role(sql)


def test_who_creates_owns(admin: Run, role: Run) -> None:
    admin("GRANT CREATE TABLE ON SCHEMA db.s TO ROLE r")
    role("CREATE TABLE mine AS SELECT 1 AS a")
    for sql in ("INSERT INTO mine VALUES (2)", "ALTER TABLE mine ADD COLUMN b INT"):
        role(sql)
    role("CREATE OR REPLACE TABLE t (a INT)", refused=UNSEEN)
    role("DROP TABLE t", refused=UNSEEN)
    admin("GRANT SELECT ON TABLE db.s.t TO ROLE r")
    role("DROP TABLE t", refused=DENIED)
    role("ALTER TABLE t ADD COLUMN b INT", refused=DENIED)
    role("GRANT SELECT ON TABLE t TO ROLE r", refused=DENIED)
    admin("GRANT OWNERSHIP ON TABLE db.s.t TO ROLE r")
    role("DROP TABLE t")
    role("DROP TABLE mine")


def test_temporary_tables_need_no_privilege(role: Run) -> None:
    role("CREATE TEMPORARY TABLE n AS SELECT 1 AS a")
    role("SELECT a FROM n")
    role("CREATE TEMP STAGE g", refused=DENIED)


def test_nothing_is_seen_without_usage(own: Emulator, admin: Run) -> None:
    where = own.connection | {"role": "R"}
    with snowflake.connector.connect(**where) as connection:
        run = runner(connection)
        run("USE DATABASE db", refused=UNSEEN)
        assert "DB" not in [row[1] for row in run("SHOW DATABASES")]
        admin("GRANT SELECT ON TABLE db.s.t TO ROLE r")
        run("SELECT a FROM db.s.t", refused=UNSEEN)
        admin("GRANT USAGE ON DATABASE db TO ROLE r")
        run("SELECT a FROM db.s.t", refused=UNSEEN)
        admin("GRANT USAGE ON SCHEMA db.s TO ROLE r")
        assert run("SELECT a FROM db.s.t") == [(1,)]


def test_only_what_may_be_seen_is_shown(admin: Run, role: Run) -> None:
    admin("CREATE TABLE u (a INT)")
    admin("CREATE STAGE g")
    assert role("SHOW TABLES") == role("SHOW STAGES") == []
    admin("GRANT SELECT ON TABLE db.s.u TO ROLE r")
    admin("GRANT READ ON STAGE db.s.g TO ROLE r")
    assert [row[1] for row in role("SHOW TABLES")] == ["U"]
    assert [row[1] for row in role("SHOW STAGES")] == ["G"]


def test_a_role_has_what_the_roles_granted_to_it_have(admin: Run, role: Run) -> None:
    admin("CREATE OR REPLACE ROLE reader")
    admin("GRANT SELECT ON TABLE db.s.t TO ROLE reader")
    role("SELECT a FROM t", refused=UNSEEN)
    admin("GRANT ROLE reader TO ROLE r")
    assert role("SELECT a FROM t") == [(1,)]


def test_future_grants_are_of_what_comes(admin: Run, role: Run) -> None:
    admin("GRANT SELECT ON FUTURE TABLES IN SCHEMA db.s TO ROLE r")
    role("SELECT a FROM t", refused=UNSEEN)
    admin("CREATE TABLE n AS SELECT 3 AS a")
    assert role("SELECT a FROM n") == [(3,)]
    admin("CREATE VIEW v AS SELECT a FROM t")
    role("SELECT a FROM v", refused=UNSEEN)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE OR REPLACE TABLE db.s.t AS SELECT 1 AS a"],
        ["DROP TABLE db.s.t", "CREATE TABLE db.s.t AS SELECT 1 AS a"],
        ["CREATE OR REPLACE SCHEMA db.s", "CREATE TABLE db.s.t AS SELECT 1 AS a"],
    ],
    ids=["replaced", "dropped", "schema"],
)
def test_grants_go_with_what_they_are_on(admin: Run, role: Run, statements: list[str]) -> None:
    admin("GRANT SELECT ON TABLE db.s.t TO ROLE r")
    role("SELECT a FROM db.s.t")
    for statement in statements:
        admin(statement)
    role("SELECT a FROM db.s.t", refused=UNSEEN)


def test_grants_stay_with_what_is_renamed(admin: Run, role: Run) -> None:
    admin("GRANT SELECT ON TABLE db.s.t TO ROLE r")
    admin("ALTER TABLE db.s.t RENAME TO db.s.n")
    assert role("SELECT a FROM db.s.n") == [(1,)]
    admin("CREATE TABLE db.s.t AS SELECT 2 AS a")
    role("SELECT a FROM db.s.t", refused=UNSEEN)


def test_grants_go_with_the_role(admin: Run) -> None:
    admin("GRANT USAGE ON DATABASE db TO ROLE r")
    assert len(admin("SHOW GRANTS TO ROLE r")) == 2
    admin("CREATE OR REPLACE ROLE r")
    assert admin("SHOW GRANTS TO ROLE r") == []


def test_a_view_is_read_with_its_owners_rights(admin: Run, role: Run) -> None:
    admin("CREATE VIEW v AS SELECT a FROM t")
    role("SELECT a FROM v", refused=UNSEEN)
    admin("GRANT SELECT ON VIEW db.s.v TO ROLE r")
    assert role("SELECT a FROM v") == [(1,)]
    role("SELECT a FROM t", refused=UNSEEN)


def test_stages_are_read_and_written_with_privileges(admin: Run, role: Run, tmp_path: Any) -> None:
    (tmp_path / "x.csv").write_text("1\n")
    admin("CREATE STAGE g")
    role("LIST @g", refused=UNSEEN)
    admin("GRANT READ ON STAGE db.s.g TO ROLE r")
    role("LIST @g")
    put = f"PUT 'file://{tmp_path}/x.csv' @g AUTO_COMPRESS = FALSE"
    role(put, refused=DENIED)
    admin("GRANT WRITE ON STAGE db.s.g TO ROLE r")
    role(put)


@pytest.mark.parametrize(
    ("sql", "by"),
    [
        ("CREATE OR REPLACE DATABASE other", "SYSADMIN"),
        ("CREATE OR REPLACE WAREHOUSE other", "SYSADMIN"),
        ("CREATE OR REPLACE ROLE other", "USERADMIN"),
        ("CREATE OR REPLACE USER other", "USERADMIN"),
        ("CREATE SCHEMA IF NOT EXISTS db.s", "ACCOUNTADMIN"),
    ],
)
def test_what_only_administrators_may(role: Run, sql: str, by: str) -> None:
    role(sql, refused=DENIED)
    role(f"USE ROLE {by}")
    role(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT a FROM "t"',
        "WITH t AS (SELECT a FROM t) SELECT a FROM t",
        "SELECT a FROM t JOIN (WITH t AS (SELECT 1 AS x) SELECT x FROM t) u ON u.x = t.a",
        "SELECT a FROM t WHERE a IN (SELECT a FROM t)",
        'INSERT INTO "t" VALUES (2)',
        "CREATE TEMPORARY TABLE u AS SELECT a FROM t",
        "LIST @%t",
    ],
)
def test_there_is_no_way_around(role: Run, sql: str) -> None:
    role(sql, refused=UNSEEN)


def test_a_query_of_its_own_names_needs_no_table(role: Run) -> None:
    assert role("WITH t AS (SELECT 5 AS a), u AS (SELECT a FROM t) SELECT a FROM u") == [(5,)]
    counted = "WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n WHERE a < 3)"
    assert role(f"{counted} SELECT MAX(a) FROM n") == [(3,)]


@pytest.mark.parametrize("function", ["query('SELECT 1')", "read_csv('/etc/hostname')"])
def test_functions_of_duckdb_are_no_tables(role: Run, function: str) -> None:
    role(f"SELECT * FROM {function}", refused=2140)


def test_only_who_manages_grants_grants_the_future(role: Run) -> None:
    role("GRANT SELECT ON FUTURE TABLES IN SCHEMA db.s TO ROLE r", refused=DENIED)
    role("REVOKE SELECT ON FUTURE TABLES IN SCHEMA db.s FROM ROLE r", refused=DENIED)


def test_future_grants_stay_with_what_came(admin: Run, role: Run) -> None:
    future = "SELECT ON FUTURE TABLES IN SCHEMA db.s"
    admin(f"GRANT {future} TO ROLE r")
    admin("CREATE TABLE n AS SELECT 3 AS a")
    admin(f"GRANT {future} TO ROLE r")  # twice changes nothing
    assert role("SELECT a FROM n") == [(3,)]
    admin(f"REVOKE {future} FROM ROLE r")
    assert role("SELECT a FROM n") == [(3,)]
    admin("CREATE TABLE late AS SELECT 3 AS a")
    role("SELECT a FROM late", refused=UNSEEN)


def test_all_is_every_privilege_but_ownership(admin: Run, role: Run) -> None:
    admin("GRANT ALL PRIVILEGES ON TABLE db.s.t TO ROLE r")
    role("INSERT INTO t VALUES (2)")
    role("DROP TABLE t", refused=DENIED)
    role("GRANT OWNERSHIP ON TABLE t TO ROLE r", refused=DENIED)
    admin("REVOKE INSERT ON TABLE db.s.t FROM ROLE r")
    role("INSERT INTO t VALUES (2)", refused=DENIED)
    admin("REVOKE ALL ON TABLE db.s.t FROM ROLE r")
    role("SELECT a FROM t", refused=UNSEEN)


def test_a_table_that_could_not_be_replaced_is_as_it_was(admin: Run, role: Run) -> None:
    admin("GRANT SELECT ON TABLE db.s.t TO ROLE r")
    admin("CREATE OR REPLACE TABLE t AS SELECT a FROM nowhere", refused=UNSEEN)
    assert role("SELECT a FROM t") == [(1,)]
    admin("CREATE OR REPLACE TABLE t COPY GRANTS AS SELECT 7 AS a")
    assert role("SELECT a FROM t") == [(7,)]


def test_what_others_own_is_not_replaced(admin: Run, role: Run) -> None:
    admin("GRANT CREATE DATABASE ON ACCOUNT TO ROLE r")
    admin("GRANT CREATE SCHEMA ON DATABASE db TO ROLE r")
    for sql in ("CREATE OR REPLACE DATABASE db", "CREATE OR REPLACE SCHEMA db.s"):
        role(sql, refused=DENIED)
    admin("CREATE USER IF NOT EXISTS victim")
    role("USE ROLE USERADMIN")
    role("CREATE OR REPLACE USER victim RSA_PUBLIC_KEY = 'mine'", refused=UNSEEN)
    for sql in ("CREATE OR REPLACE ROLE accountadmin", "DROP ROLE accountadmin"):
        role(sql, refused=DENIED)
    role("USE ROLE SYSADMIN")
    role("CREATE OR REPLACE WAREHOUSE compute_wh", refused=UNSEEN)


def test_what_a_dropped_role_owned_is_whose_who_dropped_it(admin: Run, role: Run) -> None:
    admin("GRANT CREATE TABLE ON SCHEMA db.s TO ROLE r")
    role("CREATE TABLE mine AS SELECT 1 AS a")
    admin("DROP ROLE r")
    assert admin("SHOW TABLES LIKE 'MINE' ->> SELECT \"owner\" FROM $1") == [("ACCOUNTADMIN",)]


def test_tasks_and_refreshes_run_as_their_owner(admin: Run, role: Run) -> None:
    admin("CREATE DYNAMIC TABLE d TARGET_LAG = '1 day' WAREHOUSE = compute_wh AS SELECT a FROM t")
    admin("CREATE TASK k AS INSERT INTO t SELECT 2")
    admin("GRANT MONITOR ON TASK db.s.k TO ROLE r")
    role("EXECUTE TASK k", refused=DENIED)
    admin("GRANT OPERATE ON TASK db.s.k TO ROLE r")
    admin("GRANT OPERATE ON DYNAMIC TABLE db.s.d TO ROLE r")
    role("EXECUTE TASK k")
    role("ALTER DYNAMIC TABLE d REFRESH")
    assert admin("SELECT a FROM d ORDER BY a") == [(1,), (2,)]
    role("SELECT a FROM t", refused=UNSEEN)


# Warehouses


def test_computing_needs_a_warehouse_that_runs(own: Emulator, admin: Run) -> None:
    admin("SHOW TABLES")
    admin("ALTER WAREHOUSE compute_wh SET AUTO_RESUME = FALSE")
    admin("ALTER WAREHOUSE compute_wh SUSPEND")
    for sql in ("SELECT a FROM t", "INSERT INTO t VALUES (2)", "CREATE TABLE n AS SELECT a FROM t"):
        admin(sql, refused=NO_WAREHOUSE)
    admin("SELECT 1")
    admin("SHOW TABLES")
    admin("ALTER WAREHOUSE compute_wh RESUME")
    admin("SELECT a FROM t")
    admin("ALTER WAREHOUSE compute_wh SET AUTO_RESUME = TRUE")
    admin("ALTER WAREHOUSE compute_wh SUSPEND")
    assert admin("SELECT a FROM t") == [(1,)]
    states = admin("SHOW WAREHOUSES LIKE 'COMPUTE_WH' ->> SELECT \"state\" FROM $1")
    assert states == [("STARTED",)]
    nothing = own.connection | {"warehouse": "", "database": "DB", "schema": "S"}
    with snowflake.connector.connect(**nothing) as connection:
        runner(connection)("SELECT a FROM t", refused=NO_WAREHOUSE)


def test_a_warehouse_is_used_with_a_privilege(admin: Run, role: Run) -> None:
    admin("CREATE OR REPLACE WAREHOUSE mine")
    role("USE WAREHOUSE mine", refused=2043)
    admin("GRANT USAGE ON WAREHOUSE mine TO ROLE r")
    role("USE WAREHOUSE mine")
