"""What CREATE and DROP have in common, whatever they create and drop."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import need_schema, relation
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import exists, missing
from churn.emulator.language.names import Name
from churn.emulator.language.results import Parsed, Result, status


def answer_if_exists(session: Session, parsed: Parsed, kind: str, name: Name) -> Result | None:
    """CREATE's answer where there is one of that name; None where it goes on.

    Raises:
        SqlError: Neither OR REPLACE nor IF NOT EXISTS was written, or the schema is not there.
    """
    need_schema(session.account, name)
    temporary = parsed.has("temporary") and "TEMP" in parsed["temporary"].upper()
    access.need_creation(session, kind, name, temporary=temporary)
    if kind in access.RELATIONS:
        held = relation(session.account, name)
        there = held is not None
        other = held is not None and held.kind != kind.removeprefix("DYNAMIC ")
    else:
        there, other = session.account.objects.find(kind, name) is not None, False
    if not there:
        return None
    if parsed.has("or_replace"):
        access.need(session, kind, name, "OWNERSHIP")
    return answer_existing(parsed, name.name, name, replaceable=not other)


def answer_existing(
    parsed: Parsed, short: str, full: object, *, replaceable: bool = True
) -> Result | None:
    if parsed.has("if_not_exists"):
        return status(f"{short} already exists, statement succeeded.")
    if parsed.has("or_replace") and replaceable:
        return None
    raise exists("object", full)


def answer_if_missing(parsed: Parsed, kind: str, short: str, full: object) -> Result:
    """DROP's answer where there is none of that name."""
    if parsed.has("if_exists"):
        return status(f"Drop statement executed successfully ({short} already dropped).")
    raise missing(kind, full)


def replace_object(session: Session, new: Object) -> None:
    """Add an object in place of the one of its name, which goes with its files."""
    objects = session.account.objects
    with objects.together():
        # Even if no such object is there: a killed process may have left files of it.
        session.account.dialect.drops[new.kind](session.account, new.name)
        objects.add(new)
        access.apply_future_grants(session.account, new.kind, new.name)


def droppable(
    subsystem: Subsystem[Account, Session],
    kind: str,
    page: str,
    drop: Callable[[Account, Name], Sequence[Path]] = lambda account, name: (),
    rest: str = "",
) -> None:
    """Declare DROP for a kind of object.

    Args:
        drop: Drops what is no row of its own, and returns the folders that go, too.
        rest: The syntax after the name.
    """

    def remove(account: Account, name: Name) -> None:
        with account.objects.together():
            for folder in drop(account, name):
                account.objects.afterwards(partial(shutil.rmtree, folder, ignore_errors=True))
            account.objects.drop(kind, name)
            account.objects.drop("TAGGED", name.child(kind))
            access.revoke_all(account, kind, name)

    def answer(session: Session, parsed: Parsed) -> Result:
        name = session.name(parsed["name"])
        if session.account.objects.find(kind, name) is None:
            return answer_if_missing(parsed, kind.lower(), name.name, name)
        access.need(session, kind, name, "OWNERSHIP")
        session.account.dialect.drops[kind](session.account, name)
        forget_relation(session, kind, name)
        return status(f"{name.name} successfully dropped.")

    answer.__name__ = f"drop_{kind.lower().replace(' ', '_')}"
    subsystem.drop(kind)(remove)
    subsystem.statement(f"DROP {kind} [IF EXISTS] <name>{rest}", page=page)(answer)


def drop_objects(account: Account, database: str, schema: str | None = None) -> None:
    """The objects beside tables, with their files."""
    for each in account.objects.within(database, schema):
        if drop := account.dialect.drops.get(each.kind):
            drop(account, each.name)
    account.objects.drop_in(database, schema)


def forget_loads(account: Account, name: Name) -> None:
    """A new table, or an emptied one, has been loaded from nothing."""
    where = name.child("LOADED").child("")
    for load in account.objects.all(
        "LOADED FILE", database=name.database, schema=name.schema, parent=where.parent
    ):
        account.objects.drop("LOADED FILE", load.name)


def forget_relation(session: Session, kind: str, name: Name) -> None:
    objects = session.account.objects
    forget_loads(session.account, name)
    objects.drop(kind, name)
    objects.drop("TAGGED", name.child(kind))
    objects.drop("TEMPORARY", name.child(kind))
    access.revoke_all(session.account, kind, name)
    session.temporary[:] = [t for t in session.temporary if t != (kind, name)]
