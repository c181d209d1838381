"""CREATE, ALTER and DROP: what there is afterwards."""

from __future__ import annotations

import pytest

from churn.emulator.account.account import Session
from churn.emulator.account.relations import relations
from tests.emulator.statements.running import column, refused, rows, run


@pytest.mark.parametrize(
    ("create", "drop"),
    [
        ("TABLE x (a INT)", "TABLE x"),
        ("VIEW x AS SELECT 1 AS a", "VIEW x"),
        ("STAGE x", "STAGE x"),
        ("FILE FORMAT x TYPE = CSV", "FILE FORMAT x"),
        ("TAG x", "TAG x"),
        ("TASK x AS SELECT 1", "TASK x"),
        ("DATASET x", "DATASET x"),
        ("EXPERIMENT x", "EXPERIMENT x"),
        (
            "DYNAMIC TABLE x TARGET_LAG = '1 day' WAREHOUSE = compute_wh AS SELECT 1 AS a",
            "DYNAMIC TABLE x",
        ),
        ("SCHEMA x", "SCHEMA x"),
        ("DATABASE x", "DATABASE x"),
        ("ROLE x", "ROLE x"),
        ("WAREHOUSE x", "WAREHOUSE x"),
    ],
    ids=lambda text: text.rpartition(" x")[0],
)
def test_the_life_of_an_object(session: Session, create: str, drop: str) -> None:
    kind, _, rest = create.partition(" x")
    run(session, f"CREATE {create}")
    with refused(2002, "already exists"):
        run(session, f"CREATE {create}")
    run(
        session,
        f"CREATE {kind} IF NOT EXISTS x{rest}",
        f"CREATE OR REPLACE {create}",
        f"DROP {drop}",
    )
    run(session, "USE DATABASE db")
    with refused(2003, "does not exist"):
        run(session, f"DROP {drop}")
    run(session, f"DROP {kind} IF EXISTS x")


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_table_is_no_view(session: Session, kind: str) -> None:
    other = {"TABLE": "VIEW x AS SELECT 1 AS a", "VIEW": "TABLE x (a INT)"}[kind]
    run(session, f"CREATE {other}")
    with refused(1003, "is a"):
        run(session, f"DROP {kind} x")
    definition = {"TABLE": "(a INT)", "VIEW": "AS SELECT 1 AS a"}[kind]
    with refused(2002):
        run(session, f"CREATE OR REPLACE {kind} x {definition}")


def test_a_table_of_a_query(session: Session) -> None:
    run(session, "CREATE TABLE t (a FLOAT, b TEXT) AS SELECT 1, 2")
    assert rows(session, "SELECT a, b FROM t") == [(1.0, "2")]
    run(session, "CREATE OR REPLACE TABLE t AS SELECT b || 'x' AS c FROM t")
    assert rows(session, "SELECT * FROM t") == [("2x",)]


def test_columns_change(session: Session) -> None:
    run(session, "CREATE TABLE t AS SELECT 1 AS a", "ALTER TABLE t ADD COLUMN b TEXT")
    run(session, "ALTER TABLE t RENAME COLUMN a TO c", "UPDATE t SET b = 'x'")
    assert rows(session, "SELECT c, b FROM t") == [(1, "x")]
    run(session, "ALTER TABLE t DROP COLUMN c")
    assert column(session, "DESCRIBE TABLE t", "name") == ["B"]


def test_a_new_name(session: Session) -> None:
    run(session, "CREATE TABLE t AS SELECT 1 AS a", "CREATE TABLE u (a INT)")
    with refused(2002):
        run(session, "ALTER TABLE t RENAME TO u")
    with refused(2, "RENAME TO another schema"):
        run(session, "ALTER TABLE t RENAME TO other.t")
    run(session, 'ALTER TABLE t RENAME TO "new"')
    assert rows(session, 'SELECT a FROM "new"') == [(1,)]
    assert {r.name.name for r in relations(session.account)} == {"new", "U"}


def test_a_view_has_its_columns_and_their_comments(session: Session) -> None:
    run(session, "CREATE VIEW v (x COMMENT 'the x', y) COMMENT = 'c' AS SELECT 1, 2")
    assert column(session, "DESC VIEW v", "name") == ["X", "Y"]
    assert column(session, "DESC VIEW v", "comment") == ["the x", None]
    with refused(2, "the option SECURE_MODE"):
        run(session, "CREATE VIEW w SECURE_MODE = 1 AS SELECT 1 AS a")


def test_what_a_schema_holds_goes_with_it(session: Session) -> None:
    run(
        session,
        "CREATE SCHEMA s",
        "CREATE TABLE t (a INT)",
        "CREATE STAGE g",
        "CREATE TAG x",
        "DROP SCHEMA s",
    )
    assert relations(session.account) == []
    assert session.account.objects.within("DB", "S") == []
    assert session.schema is None


def test_options_that_would_be_ignored_are_refused(session: Session) -> None:
    for sql in ("CREATE DATABASE x MAX_SIZE = 3", "CREATE SCHEMA x MAX_SIZE = 3"):
        with refused(2, "the option MAX_SIZE"):
            run(session, sql)
