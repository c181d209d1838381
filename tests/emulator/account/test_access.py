"""What a role has: through grants on roles, by owning, and by being an administrator."""

from __future__ import annotations

import pytest

from churn.emulator.account import access, execution
from churn.emulator.account.account import SYSTEM_ROLES, Account, Session
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import Name

T = Name("DB", "PUBLIC", "T")


def run(session: Session, *statements: str) -> None:
    for sql in statements:
        execution.run(session, sql)


@pytest.fixture
def analyst(session: Session) -> Session:
    """Of the role ANALYST, which may use the schema and nothing in it."""
    run(
        session,
        "CREATE TABLE t (a INT)",
        "CREATE ROLE analyst",
        "GRANT USAGE ON DATABASE db TO ROLE analyst",
        "GRANT USAGE ON SCHEMA db.public TO ROLE analyst",
    )
    other = execution.open_session(session.account, "BOB", "ANALYST")
    other.cursor.use("DB", "PUBLIC")
    return other


def test_roles_reach_through_each_other_and_circles_end(session: Session) -> None:
    run(session, *(f"CREATE ROLE {r}" for r in "abc"))
    run(session, "GRANT ROLE b TO ROLE a", "GRANT ROLE c TO ROLE b", "GRANT ROLE a TO ROLE c")
    session.role = "A"
    assert access.roles(session) == {"A", "B", "C", "PUBLIC"}
    assert access.closure(session.account, "ROLE", "C") >= {"A", "B"}


def test_a_user_has_the_roles_granted_to_it(session: Session) -> None:
    account = session.account
    account.users = {"ADMIN": "secret"}
    run(session, "CREATE ROLE r", "CREATE USER bob", "GRANT ROLE r TO USER bob")
    assert access.assigned(account, "bob", "R")
    assert access.assigned(account, "bob", "PUBLIC")
    assert not access.assigned(account, "bob", "SYSADMIN")
    assert access.assigned(account, "admin", "SYSADMIN")  # with a password here: all of them


def test_without_passwords_everybody_has_all_roles(account: Account) -> None:
    assert access.assigned(account, "anybody", "ACCOUNTADMIN")


def test_what_is_held_is_what_was_granted_and_what_is_owned(
    session: Session, analyst: Session
) -> None:
    assert access.held(analyst, "TABLE", T) == set()
    run(
        session, "GRANT SELECT ON TABLE t TO ROLE analyst", "GRANT INSERT ON TABLE t TO ROLE public"
    )
    assert access.held(analyst, "TABLE", T) == {"SELECT", "INSERT"}
    access.give(session, "TABLE", T, "ANALYST")
    assert access.held(analyst, "TABLE", T) == {"SELECT", "INSERT", "OWNERSHIP"}


def test_nothing_held_looks_like_nothing_there(session: Session, analyst: Session) -> None:
    with pytest.raises(SqlError, match="does not exist or not authorized"):
        access.need(analyst, "TABLE", T, "SELECT")
    run(session, "GRANT REFERENCES ON TABLE t TO ROLE analyst")
    with pytest.raises(SqlError, match="Insufficient privileges to operate on table 'T'"):
        access.need(analyst, "TABLE", T, "SELECT")
    access.need(analyst, "TABLE", T)  # any will do
    run(session, "GRANT SELECT ON TABLE t TO ROLE analyst")
    access.need(analyst, "TABLE", T, "INSERT", "SELECT")  # one of them will do
    assert access.visible(analyst, "TABLE", T)


def test_a_place_is_needed_for_everything_in_it(session: Session, analyst: Session) -> None:
    run(
        session,
        "GRANT SELECT ON TABLE t TO ROLE analyst",
        "REVOKE USAGE ON SCHEMA public FROM ROLE analyst",
    )
    with pytest.raises(SqlError, match=r"Schema 'DB.PUBLIC' does not exist"):
        access.need(analyst, "TABLE", T, "SELECT")
    run(session, "REVOKE USAGE ON DATABASE db FROM ROLE analyst")
    with pytest.raises(SqlError, match="Database 'DB' does not exist"):
        access.need(analyst, "TABLE", T, "SELECT")


def test_administrators_need_nothing(session: Session) -> None:
    assert access.unlimited(session)
    assert "ANYTHING AT ALL" in access.on_account(session)
    access.need(session, "TABLE", Name("NO", "SUCH", "TABLE"), "SELECT")


@pytest.mark.parametrize("role", [r for r in SYSTEM_ROLES if r != "ACCOUNTADMIN"])
def test_system_roles_have_their_privileges_on_the_account(session: Session, role: str) -> None:
    session.role = role
    privileges = access.on_account(session)
    every = {p for granted in SYSTEM_ROLES.values() for p in granted}
    assert {p for p in every if p in privileges} == SYSTEM_ROLES[role]


def test_the_key_of_a_grant_is_what_is_granted_on_what_to_whom(session: Session) -> None:
    run(session, "CREATE TABLE t (a INT)")
    for _ in range(2):
        run(session, "GRANT SELECT ON TABLE t TO ROLE public")
    (grant,) = session.account.objects.all("GRANT")
    assert access.grant_key(grant) == grant.name
    moved = access.on_other(grant, on="DB.PUBLIC.U")
    assert (moved["on"], moved.name) == ("DB.PUBLIC.U", access.grant_key(moved))
    assert moved.name != grant.name
