"""Roles, users and warehouses."""

from __future__ import annotations

from churn.emulator.account import access
from churn.emulator.account.account import SYSTEM_ROLES, Account, Session
from churn.emulator.language.clauses import clauses
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.language.names import Name, identifier
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.lifecycle import answer_existing, answer_if_missing
from churn.emulator.statements.show import SHOW, common, scope

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("account_objects")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] {ROLE|USER|WAREHOUSE} [IF NOT EXISTS] <name> [<options...>]",
    page="create-warehouse",
    limits="Users and warehouses are names with options; nothing is billed.",
)
def create_account_object(session: Session, parsed: Parsed) -> Result:
    kind, name = parsed["role"].upper(), identifier(parsed["name"])
    access.need_account(session, f"CREATE {kind}")
    head = clauses(parsed["options"])
    if any("PASSWORD" in key for key in head.options):
        raise unsupported(f"CREATE {kind} ... PASSWORD: passwords are the emulator's own argument")
    new = session.owned(
        kind,
        Name(name=name),
        head.text("COMMENT"),
        **{k.lower(): unquote(v) for k, v in head.options.items() if k != "COMMENT"},
    )
    if session.account.objects.find(kind, new.name) is not None:
        if answer := answer_existing(parsed, name, name):
            return answer
        _need_own(session, kind, name)
        access.revoke_all(session.account, kind, new.name)
    if new.get("initially_suspended", "").upper() == "TRUE":
        new = new.having(state="SUSPENDED")
    session.account.objects.put(new)
    if kind == "WAREHOUSE":
        session.warehouse = name
    return status(f"{kind.capitalize()} {name} successfully created.")


@SUBSYSTEM.statement("ALTER USER [IF EXISTS] <name> {SET|UNSET} <options...>", page="alter-user")
def alter_user(session: Session, parsed: Parsed) -> Result:
    user = session.account.objects.need("USER", Name(name=identifier(parsed["name"])))
    access.need(session, "USER", user.name, "OWNERSHIP")
    head = clauses(parsed["options"])
    if any("PASSWORD" in key for key in head.options):
        raise unsupported("ALTER USER ... PASSWORD: passwords are the emulator's own argument")
    unset = parsed["set"].upper() == "UNSET"
    changed = {k.lower(): None if unset else unquote(v) for k, v in head.options.items()}
    session.account.objects.put(user.having(**changed))
    return status(DONE)


@SUBSYSTEM.statement("DROP {ROLE|USER|WAREHOUSE} [IF EXISTS] <name>", page="drop-warehouse")
def drop_account_object(session: Session, parsed: Parsed) -> Result:
    kind, name = parsed["role"].upper(), identifier(parsed["name"])
    if session.account.objects.find(kind, Name(name=name)) is None:
        return answer_if_missing(parsed, kind, name, name)
    _need_own(session, kind, name)
    if kind == "ROLE":
        session.account.objects.reassign(name, session.role)
    session.account.objects.drop(kind, Name(name=name))
    access.revoke_all(session.account, kind, Name(name=name))
    return status(f"{name} successfully dropped.")


@SUBSYSTEM.statement(
    "ALTER WAREHOUSE [IF EXISTS] <name> {SET|SUSPEND|RESUME|RESUME IF SUSPENDED} [<options...>]",
    page="alter-warehouse",
)
def alter_warehouse(session: Session, parsed: Parsed) -> Result:
    warehouse = session.account.objects.need("WAREHOUSE", Name(name=identifier(parsed["name"])))
    access.need(session, "WAREHOUSE", warehouse.name, "MODIFY", "OPERATE")
    verb = parsed["set"].upper()
    if verb == "SET":
        head = clauses(parsed["options"])
        changed = warehouse.having(**{k.lower(): unquote(v) for k, v in head.options.items()})
    else:
        changed = warehouse.having(state="SUSPENDED" if verb == "SUSPEND" else "STARTED")
    session.account.objects.put(changed)
    return status(DONE)


@SUBSYSTEM.statement(f"SHOW {{WAREHOUSES|ROLES|USERS}} {SHOW}", page="show-warehouses")
def show_account_objects(session: Session, parsed: Parsed) -> Result:
    kind = parsed["warehouses"].upper().removesuffix("S")
    columns = {
        **dict.fromkeys(("name", "state", "type", "size", "owner", "comment"), TEXT),
        "created_on": WHEN,
        "auto_suspend": TEXT,
        "auto_resume": TEXT,
        "is_current": TEXT,
    }
    rows = [
        {
            **common(o),
            "state": o.get("state", "STARTED"),
            "type": "STANDARD",
            "size": o.get("warehouse_size", o.get("size", "X-Small")),
            "auto_suspend": o.get("auto_suspend"),
            "auto_resume": str(o.get("auto_resume", "true")).lower(),
            "is_current": "Y" if o.name.name in (session.warehouse, session.role) else "N",
        }
        for o in session.account.objects.all(kind)
    ]
    bare = Parsed(parsed.text, {**parsed.groups, "scope": None})
    return Result(table_of(scope(session, bare).cut(rows), columns))


def _need_own(session: Session, kind: str, name: str) -> None:
    if kind == "ROLE" and name in SYSTEM_ROLES:
        raise access.denied(kind, name)
    access.need(session, kind, Name(name=name), "OWNERSHIP")
