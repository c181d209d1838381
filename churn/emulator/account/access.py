"""Roles and privileges: what a session may do.

A role may do what was granted to it or to a role that it has, and everything with what it owns.
ACCOUNTADMIN may do everything. Sources: Snowflake's "Overview of Access Control" and the access
control requirements on each statement's page.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from churn.emulator.account.account import SYSTEM_ROLES, Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.errors import SqlError, missing
from churn.emulator.language.names import Name

RELATIONS = ("TABLE", "VIEW", "DYNAMIC TABLE")


def unlimited(session: Session) -> bool:
    return session.role == "ACCOUNTADMIN" or "ACCOUNTADMIN" in roles(session)


def roles(session: Session) -> set[str]:
    """The session's role and all roles that it has through grants."""
    return {session.role} | closure(session.account, "ROLE", session.role)


def assigned(account: Account, user: str, role: str) -> bool:
    """Whether the user has the role: those that prove nothing, and those with a password here,
    have all of them.
    """
    name = user.upper()
    if account.users is None or name in account.users or role == "PUBLIC":
        return True
    return role in closure(account, "USER", name)


def closure(account: Account, kind: str, name: str) -> set[str]:
    """The roles that a role or user has: those granted to it, and to those."""
    granted = [g for g in account.objects.all("GRANT") if g["granted_on"] == "ROLE"]
    granted_roles = {"PUBLIC"}
    new = {g["on"] for g in granted if (g["to_kind"], g["to"]) == (kind, name)}
    while new := new - granted_roles:
        granted_roles |= new
        new = {g["on"] for g in granted if g["to_kind"] == "ROLE" and g["to"] in new}
    return granted_roles


def held(session: Session, kind: str, name: Name) -> set[str]:
    """The privileges that the session's role has on an object, OWNERSHIP among them."""
    mine, objects = roles(session), session.account.objects
    kinds = RELATIONS if kind in RELATIONS else (kind,)
    there = [o for k in kinds if (o := objects.find(k, name))]
    privileges = {"OWNERSHIP" for o in there if o.owner in mine}
    for grant in objects.all("GRANT"):
        if grant["to"] not in mine or grant["to_kind"] != "ROLE":
            continue
        if grant["granted_on"] in kinds and grant["on"] == str(name):
            privileges.add(grant["privilege"])
    return privileges


def apply_future_grants(
    account: Account, kind: str, name: Name, *, copy_grants: bool = False
) -> None:
    """A new object has the grants on future ones of its kind, and none of an earlier object.

    https://docs.snowflake.com/en/sql-reference/sql/grant-privilege#future-grants-on-database-or-schema-objects
    """
    if not copy_grants:
        revoke_all(account, kind, name)
    schema, database = Name(name.database, name.schema), Name(name.database)
    future = {
        (f"FUTURE {kind}S IN SCHEMA", str(schema)),
        (f"FUTURE {kind}S IN DATABASE", str(database)),
    }
    for grant in account.objects.all("GRANT"):
        if (grant["granted_on"], grant["on"]) in future:
            account.objects.put(on_other(grant, granted_on=kind, on=str(name)))


def on_account(session: Session) -> Container[str]:
    """The privileges that the session's role has on the account."""
    if unlimited(session):
        return Everything()
    mine = roles(session)
    grants = session.account.objects.all("GRANT")
    of_roles = (g for g in grants if g["granted_on"] == "ACCOUNT" and g["to_kind"] == "ROLE")
    granted = {g["privilege"] for g in of_roles if g["to"] in mine}
    return granted.union(*(SYSTEM_ROLES.get(role, ()) for role in mine))


class Everything:
    def __contains__(self, privilege: object) -> bool:
        return True


def stored(kind: str, name: Name) -> Name:
    """The name under which an object is kept: databases and schemas are named by themselves."""
    if kind == "DATABASE":
        return Name(name=name.database)
    return Name(name.database, name=name.schema) if kind == "SCHEMA" else name


def revoke_all(account: Account, kind: str, name: Name) -> None:
    """The grants on what is dropped or replaced, and on all in it; those to a role or user."""
    kinds = RELATIONS if kind in RELATIONS else (kind,)
    within = f"{name}." if kind in ("DATABASE", "SCHEMA") else None
    for grant in account.objects.all("GRANT"):
        on = grant["granted_on"] in kinds and grant["on"] == str(name)
        inside = within is not None and grant["on"].startswith(within)
        future = within is not None and grant["granted_on"].endswith(f"IN {kind}")
        to = (grant["to_kind"], grant["to"]) == (kind, name.name)
        if on or inside or to or (future and grant["on"] == str(name)):
            account.objects.drop("GRANT", grant.name)


def rename_all(account: Account, kind: str, name: Name, new: Name) -> None:
    """The grants on what has a new name."""
    for grant in account.objects.all("GRANT"):
        if (grant["granted_on"], grant["on"]) == (kind, str(name)):
            account.objects.drop("GRANT", grant.name)
            account.objects.put(on_other(grant, on=str(new)))


def on_other(grant: Object, **changes: str) -> Object:
    """The same grant on something else."""
    changed = grant.having(**changes)
    return replace(changed, name=grant_key(changed))


def grant_key(grant: Object) -> Name:
    """One grant of a privilege on an object to somebody."""
    parts = (grant[k] for k in ("privilege", "granted_on", "on", "to_kind", "to"))
    return Name(name=" ".join(parts))


def give(session: Session, kind: str, name: Name, role: str) -> None:
    """Make the role the owner."""
    if existing_object := existing(session, kind, stored(kind, name)):
        session.account.objects.put(replace(existing_object, owner=role))


def visible(session: Session, kind: str, name: Name) -> bool:
    return unlimited(session) or bool(held(session, kind, name))


def existing(session: Session, kind: str, name: Name) -> Object | None:
    kinds = RELATIONS if kind in RELATIONS else (kind,)
    return next((o for k in kinds if (o := session.account.objects.find(k, name))), None)


def need(session: Session, kind: str, name: Name, *privileges: str) -> None:
    """One of the privileges on the object, or to own it; none named: any.

    Raises:
        SqlError: As if it were not there for a role without any privilege on it or on what it is
            in; access control error for a role with another one.
    """
    if unlimited(session):
        return
    if name.schema:
        need_place(session, name)
    mine = held(session, kind, name)
    if not mine:
        raise missing(kind, name)
    if privileges and not mine & {"OWNERSHIP", *privileges}:
        raise denied(kind, name.name or name.schema or name.database)


def need_object(session: Session, kind: str, name: Name, *privileges: str) -> Object:
    """The object, for a role that has one of the privileges on it; none named: any.

    Raises:
        SqlError: It is not there, or not for this role.
    """
    stored = session.account.objects.need(kind, name)
    need(session, kind, name, *privileges)
    return stored


def need_place(session: Session, name: Name) -> None:
    """Any privilege on the database and on the schema, as for everything that is in them."""
    if unlimited(session):
        return
    if not held(session, "DATABASE", Name(name=name.database)):
        raise missing("database", name.database)
    schema = Name(name.database, name=name.schema)
    if name.schema != "INFORMATION_SCHEMA" and not held(session, "SCHEMA", schema):
        raise missing("schema", schema)


def need_account(session: Session, privilege: str) -> None:
    if privilege not in on_account(session):
        raise denied("account", "EMULATOR")


def need_creation(session: Session, kind: str, name: Name, *, temporary: bool) -> None:
    """CREATE <kind> on the schema; temporary tables and functions need none."""
    if unlimited(session):
        return
    need_place(session, name)
    if not (temporary and kind in ("TABLE", "FUNCTION", "PROCEDURE")):
        need(session, "SCHEMA", Name(name.database, name=name.schema), f"CREATE {kind}")


def denied(kind: str, name: str) -> SqlError:
    return SqlError(
        f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} "
        f"'{name}'.",
        3001,
        "42501",
    )


CHANGED = (*RELATIONS, "DATASET", "EXPERIMENT", "FILE FORMAT", "MODEL", "STAGE", "TAG", "TASK")


CREATED = (*CHANGED, "FUNCTION", "PROCEDURE", "SEQUENCE")
