"""GET_DDL: what it gives creates the same again."""

from __future__ import annotations

import pytest

from churn.emulator.account import access, execution
from churn.emulator.account.account import Session
from churn.emulator.account.relations import columns_of
from churn.emulator.language.errors import SqlError


def ddl(session: Session, kind: str, name: str) -> str:
    return str(execution.query(session, f"SELECT GET_DDL('{kind}', '{name}')")[0][0])


@pytest.mark.parametrize(
    "definition",
    [
        "(a INT, b FLOAT, c BOOLEAN, d DATE, e TIMESTAMP_NTZ, f VARIANT)",
        "(a NUMBER(10, 2) NOT NULL, b VARCHAR(7), c TEXT)",
        '("a b" INT, "select" INT, é INT)',
        "(a INT DEFAULT 3, b TEXT DEFAULT 'it''s')",
    ],
    ids=["types", "digits", "names", "defaults"],
)
def test_a_table_made_of_its_ddl_has_the_same_columns(session: Session, definition: str) -> None:
    execution.run(session, f"CREATE TABLE t {definition}")
    name = session.name("t")
    before, text = columns_of(session.account, name), ddl(session, "TABLE", "t")
    execution.run(session, "DROP TABLE t")
    execution.run(session, text)
    assert columns_of(session.account, name) == before
    assert ddl(session, "TABLE", "t") == text


def test_a_tables_comment_is_in_its_ddl(session: Session) -> None:
    execution.run(session, "CREATE TABLE t (a INT)")
    execution.run(session, "COMMENT ON TABLE t IS 'it''s t'")
    assert ddl(session, "TABLE", "t").endswith("\n)COMMENT='it''s t'\n;")


def test_a_view_made_of_its_ddl_gives_the_same_rows(session: Session) -> None:
    execution.run(session, "CREATE VIEW v (x, \"y\") AS SELECT 1, 'as (a)'")
    text = ddl(session, "VIEW", "v")
    execution.run(session, text)
    assert ddl(session, "VIEW", "v") == text
    assert execution.query(session, "SELECT * FROM v").to_pydict() == {"X": [1], "y": ["as (a)"]}


def test_only_who_may_see_it_gets_the_ddl(session: Session) -> None:
    for sql in (
        "CREATE TABLE t (a INT)",
        "CREATE ROLE r",
        "GRANT USAGE ON DATABASE db TO ROLE r",
        "GRANT USAGE ON SCHEMA db.public TO ROLE r",
    ):
        execution.run(session, sql)
    session.role = "R"
    assert not access.unlimited(session)
    with pytest.raises(SqlError, match="does not exist or not authorized"):
        ddl(session, "TABLE", "t")
