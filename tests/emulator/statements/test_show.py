"""What all SHOW statements have in common: LIKE, IN, STARTS WITH, LIMIT."""

from __future__ import annotations

import pytest

from churn.emulator.account.account import Session
from tests.emulator.statements.running import column, refused, run


@pytest.fixture
def tagged(session: Session) -> Session:
    """Tags A1, A2, b in DB.PUBLIC, where the session is, A3 in DB.S and A4 in OTHER.PUBLIC."""
    run(session, "CREATE TAG a1", "CREATE TAG a2", 'CREATE TAG "b"')
    run(session, "CREATE SCHEMA s", "CREATE TAG a3")
    run(session, "CREATE DATABASE other", "CREATE TAG a4", "USE SCHEMA db.public")
    return session


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        ("", ["A1", "A2", "b"]),
        ("LIKE 'a%'", ["A1", "A2"]),
        ("LIKE 'B'", ["b"]),
        ("STARTS WITH 'A'", ["A1", "A2"]),
        ("STARTS WITH 'a'", []),
        ("LIMIT 1", ["A1"]),
        ("LIKE 'a%' IN ACCOUNT STARTS WITH 'A' LIMIT 3", ["A1", "A2", "A3"]),
        ("IN ACCOUNT", ["A1", "A2", "b", "A3", "A4"]),
        ("IN DATABASE", ["A1", "A2", "b", "A3"]),
        ("IN DATABASE other", ["A4"]),
        ("IN SCHEMA s", ["A3"]),
        ("IN SCHEMA other.public", ["A4"]),
        ("IN db.s", ["A3"]),
        ("IN other", ["A4"]),
    ],
)
def test_what_is_shown(tagged: Session, rest: str, names: list[str]) -> None:
    assert column(tagged, f"SHOW TAGS {rest}", "name") == names


@pytest.mark.parametrize("where", ["DATABASE none", "SCHEMA none", "SCHEMA db.none", "db.none"])
def test_a_place_that_is_not_there(tagged: Session, where: str) -> None:
    with refused(2003, "does not exist"):
        run(tagged, f"SHOW TAGS IN {where}")


def test_schemas_and_databases(tagged: Session) -> None:
    assert column(tagged, "SHOW DATABASES", "name") == ["DB", "OTHER"]
    assert column(tagged, "SHOW DATABASES LIKE 'o%'", "name") == ["OTHER"]
    assert column(tagged, "SHOW DATABASES", "is_current") == ["Y", "N"]
    assert column(tagged, "SHOW SCHEMAS", "name") == ["PUBLIC", "S", "INFORMATION_SCHEMA"]
    assert column(tagged, "SHOW SCHEMAS", "is_current") == ["Y", "N", "N"]
    assert column(tagged, "SHOW SCHEMAS IN other", "name") == ["PUBLIC", "INFORMATION_SCHEMA"]


def test_tables_and_views(session: Session) -> None:
    run(
        session,
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TEMP TABLE x (a INT)",
    )
    assert column(session, "SHOW TABLES", "name") == ["T", "X"]
    assert column(session, "SHOW TABLES", "kind") == ["TABLE", "TEMPORARY"]
    assert column(session, "SHOW VIEWS", "text") == ["CREATE VIEW v AS SELECT a FROM t"]
    assert column(session, "SHOW TERSE OBJECTS", "name") == ["T", "V", "X"]
    run(session, "INSERT INTO t VALUES (1), (2)")
    assert column(session, "SHOW TABLES LIKE 'T'", "rows") == [2]


def test_columns(session: Session) -> None:
    run(session, "CREATE TABLE t (a INT NOT NULL, b TEXT DEFAULT 'x')")
    assert column(session, "SHOW COLUMNS IN TABLE t", "column_name") == ["A", "B"]
    assert column(session, "SHOW COLUMNS IN t", "null?") == ["false", "true"]
    assert column(session, "SHOW COLUMNS LIKE 'b' IN t", "data_type") == ["VARCHAR(16777216)"]
    assert column(session, "DESCRIBE TABLE t", "null?") == ["N", "Y"]
    with refused(2003):
        run(session, "SHOW COLUMNS IN none")
