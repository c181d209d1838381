"""GRANT and REVOKE, and what is granted."""

from __future__ import annotations

import re
from dataclasses import replace

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import has_database, has_schema, relation, relations, schemas
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import invalid, missing, unsupported
from churn.emulator.language.names import NAME, Name, identifier
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("grants")


@SUBSYSTEM.statement(
    "GRANT <privileges...> TO [ROLE|USER|DATABASE ROLE] <name> [WITH GRANT OPTION]",
    page="grant-privilege",
    limits="What a role may do with tables, stages, models and what is in a schema is checked.",
)
def grant(session: Session, parsed: Parsed) -> Result:
    if parsed.has("with_grant_option"):
        raise unsupported("GRANT ... WITH GRANT OPTION")
    to_kind, to = _grantee(session, parsed)
    for privilege, kind, on in _privileges(session, parsed["privileges"]):
        _need_grant(session, kind, on)
        if privilege == "OWNERSHIP":
            access.give(session, kind, on, to)
            continue
        session.account.objects.put(_grant(session, privilege, kind, on, to_kind, to))
    return status(DONE)


def _grant(session: Session, privilege: str, kind: str, on: Name, to_kind: str, to: str) -> Object:
    facts = {"privilege": privilege, "granted_on": kind, "on": str(on)}
    made = session.owned("GRANT", Name(), **facts, to=to, to_kind=to_kind)
    return replace(made, name=access.grant_key(made))


def _need_grant(session: Session, kind: str, on: Name) -> None:
    """Who owns it may grant it, and who manages grants."""
    if "MANAGE GRANTS" in access.on_account(session):
        return
    if kind == "ACCOUNT" or kind.startswith("FUTURE"):
        raise access.denied("account", "EMULATOR")
    access.need(session, kind, access.stored(kind, on), "OWNERSHIP")


@SUBSYSTEM.statement(
    "REVOKE <privileges...> FROM [ROLE|USER|DATABASE ROLE] <name>", page="revoke-privilege"
)
def revoke(session: Session, parsed: Parsed) -> Result:
    to_kind, to = _grantee(session, parsed)
    for privilege, kind, on in _privileges(session, parsed["privileges"]):
        _need_grant(session, kind, on)
        session.account.objects.drop(
            "GRANT", _grant(session, privilege, kind, on, to_kind, to).name
        )
    return status(DONE)


def _grantee(session: Session, parsed: Parsed) -> tuple[str, str]:
    kind, name = parsed["role"].upper() or "ROLE", identifier(parsed["name"])
    known = session.account.objects.find(kind, Name(name=name)) is not None
    itself = kind == "USER" and name == session.user
    if kind in ("ROLE", "USER") and not known and not itself:
        raise missing(kind, name)
    return kind, name


ON = re.compile(
    rf"(?P<privileges>.+?)\s+ON\s+(?P<many>(?:ALL|FUTURE)\s+)?(?P<kind>[A-Za-z ]+?)"
    rf"(?:\s+IN\s+(?P<within>DATABASE|SCHEMA))?(?:\s+(?P<name>{NAME}))?\s*",
    re.IGNORECASE | re.DOTALL,
)


def _privileges(session: Session, text: str) -> list[tuple[str, str, Name]]:
    """What is granted: privilege, kind of object, object; for ALL, each object that there is."""
    if match := re.fullmatch(rf"ROLE\s+({NAME})", text, re.IGNORECASE):
        role = Name(name=identifier(match[1]))
        session.account.objects.need("ROLE", role)
        return [("USAGE", "ROLE", role)]
    match = ON.fullmatch(text)
    if match is None:
        raise invalid(f"cannot read the grant of {text}")
    kind = " ".join(match["kind"].upper().split())
    written, many = match["name"] or "", (match["many"] or "").strip().upper()
    listed = [" ".join(p.upper().split()) for p in match["privileges"].split(",")]
    privileges = _all_of(kind.removesuffix("S") if many else kind, listed)
    if kind == "ACCOUNT":
        return [(p, kind, Name()) for p in privileges]
    if not many:
        return [(p, kind, _granted(session, kind, written)) for p in privileges]
    within = (match["within"] or "").upper()
    place = _granted(session, within, written)
    if many == "FUTURE":
        return [(p, f"FUTURE {kind} IN {within}", place) for p in privileges]
    kind = kind.removesuffix("S")
    every = _all_in(session.account, kind, place)
    return [(p, kind, name) for p in privileges for name in every]


ALL = {
    "DATABASE": ("CREATE SCHEMA", "MODIFY", "MONITOR", "USAGE"),
    "DATASET": ("USAGE",),
    "DYNAMIC TABLE": ("MONITOR", "OPERATE", "SELECT"),
    "EXPERIMENT": ("USAGE",),
    "FILE FORMAT": ("USAGE",),
    "FUNCTION": ("USAGE",),
    "MODEL": ("READ", "USAGE"),
    "PROCEDURE": ("USAGE",),
    "SCHEMA": ("MODIFY", "MONITOR", "USAGE", *(f"CREATE {kind}" for kind in access.CREATED)),
    "SEQUENCE": ("USAGE",),
    "STAGE": ("READ", "USAGE", "WRITE"),
    "TABLE": ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRUNCATE", "UPDATE"),
    "TASK": ("MONITOR", "OPERATE"),
    "VIEW": ("REFERENCES", "SELECT"),
    "WAREHOUSE": ("MODIFY", "MONITOR", "OPERATE", "USAGE"),
}
"""What GRANT ALL grants: every privilege but OWNERSHIP."""


def _all_of(kind: str, listed: list[str]) -> list[str]:
    if listed not in (["ALL"], ["ALL PRIVILEGES"]):
        return listed
    if kind not in ALL:
        raise unsupported(f"GRANT ALL ON {kind}")
    return list(ALL[kind])


def _all_in(account: Account, kind: str, place: Name) -> list[Name]:
    if kind == "SCHEMA":
        return [Name(place.database, s) for s in schemas(account, place.database)]
    if kind in ("TABLE", "VIEW"):
        there = relations(account, place.database, place.schema or None)
        return [r.name for r in there if r.kind == kind]
    objects = account.objects.all(kind, database=place.database, schema=place.schema or None)
    return [o.name for o in objects if not o.name.parent]


def _granted(session: Session, kind: str, written: str) -> Name:
    """The object of a grant, which must be there."""
    account = session.account
    if kind == "DATABASE":
        name = Name(identifier(written))
        if not has_database(account, name.database):
            raise missing(kind, name)
    elif kind == "SCHEMA":
        name = session.schema_name(written)
        if not has_schema(account, name.database, name.schema):
            raise missing(kind, name)
    elif kind in ("WAREHOUSE", "ROLE", "USER", "INTEGRATION"):
        name = Name(name=identifier(written))
        account.objects.need(kind, name)
    else:
        name = session.name(written)
        if account.objects.find(kind, name) is None and relation(account, name) is None:
            raise missing(kind, name)
    return name


@SUBSYSTEM.statement("SHOW GRANTS [TO {ROLE|USER} <name>|ON <on...>]", page="show-grants")
def show_grants(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("privilege", "granted_on", "name", "granted_to", "grantee_name"), TEXT),
        **dict.fromkeys(("grant_option", "granted_by"), TEXT),
    }
    to = identifier(parsed["name"]) if parsed.has("name") else None
    on = parsed["on"].split()[-1].upper() if parsed.has("on") else None
    rows = [
        {
            "created_on": o.created_on,
            "privilege": o["privilege"],
            "granted_on": o["granted_on"],
            "name": o["on"],
            "granted_to": o["to_kind"],
            "grantee_name": o["to"],
            "grant_option": "false",
            "granted_by": o.owner,
        }
        for o in session.account.objects.all("GRANT")
        if to in (None, o["to"]) and on in (None, o["on"].upper())
    ]
    return Result(table_of(rows, columns))
