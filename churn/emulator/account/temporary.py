"""Temporary objects: dropped with their session, or at the next start if the process was killed."""

from __future__ import annotations

from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import relation
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import Name, duck_name
from churn.emulator.language.results import Parsed


def remember_temporary(session: Session, kind: str, name: Name) -> None:
    """On disk too, should the process be killed before."""
    session.temporary.append((kind, name))
    session.account.objects.put(Object("TEMPORARY", name.child(kind), {"kind": kind}))


def is_of_temporaries(session: Session, parsed: Parsed) -> bool:
    """Whether DDL is of an object that ends with the session: it commits nothing.

    https://docs.snowflake.com/en/user-guide/tables-temp-transient
    """
    if not session.cursor.in_transaction:
        return False
    if "TEMP" in (parsed.groups.get("temporary") or "").upper():
        return True
    try:
        name = session.name(parsed.groups.get("name") or "")
    except SqlError:
        return False
    return any(known == name for _, known in session.temporary)


def drop_temporary(account: Account, kind: str, name: Name) -> None:
    if kind in ("TABLE", "VIEW"):
        if (there := relation(account, name)) is not None and there.kind == kind:
            with account.tables.duck.cursor() as duck:
                duck.execute(f"DROP {kind} IF EXISTS {duck_name(name)}")
        account.objects.drop(kind, name)
    else:
        account.dialect.drops[kind](account, name)
    account.objects.drop("TEMPORARY", name.child(kind))


def drop_orphaned_temporaries(account: Account) -> None:
    """Drop what sessions of a process that was killed left behind."""
    for left in account.objects.all("TEMPORARY"):
        name = Name(left.name.database, left.name.schema, left.name.parent)
        drop_temporary(account, left["kind"], name)
