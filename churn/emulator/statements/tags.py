"""Tags, and what carries them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import has_database, has_schema, need_relation
from churn.emulator.language.clauses import split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, missing
from churn.emulator.language.names import NAME, Name, identifier
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable, replace_object
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("tags")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] TAG [IF NOT EXISTS] <name> [<options...>]",
    page="create-tag",
)
def create_tag(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "TAG", name):
        return answer
    allowed = [unquote(v) for v in re.findall(QUOTED, _allowed(parsed["options"]))]
    comment = re.search(
        rf"\bCOMMENT\s*=\s*({QUOTED})", parsed["options"], re.IGNORECASE | re.DOTALL
    )
    new = session.owned("TAG", name, unquote(comment[1]) if comment else "", allowed=allowed)
    replace_object(session, new)
    return status(f"Tag {name.name} successfully created.")


def _allowed(options: str) -> str:
    match = re.search(
        rf"\bALLOWED_VALUES\s+((?:{QUOTED}\s*,?\s*)+)",
        options,
        re.IGNORECASE | re.DOTALL,
    )
    return match[1] if match else ""


def _drop_references(account: Account, name: Name) -> Sequence[Path]:
    for reference in account.objects.all("TAGGED"):
        if reference["tag"] == str(name):
            account.objects.drop("TAGGED", reference.name)
    return ()


droppable(SUBSYSTEM, "TAG", "drop-tag", _drop_references)


@SUBSYSTEM.statement(
    "ALTER TAG [IF EXISTS] <name> {ADD ALLOWED_VALUES|DROP ALLOWED_VALUES|SET COMMENT =|"
    "UNSET ALLOWED_VALUES|UNSET COMMENT} [<values...>]",
    page="alter-tag",
)
def alter_tag(session: Session, parsed: Parsed) -> Result:
    tag = access.need_object(session, "TAG", session.name(parsed["name"]))
    values = [unquote(v) for v in re.findall(QUOTED, parsed["values"])]
    allowed = list(tag["allowed"])
    match " ".join(parsed["add_allowed_values"].upper().split()):
        case "ADD ALLOWED_VALUES":
            tag = tag.having(allowed=[*allowed, *(v for v in values if v not in allowed)])
        case "DROP ALLOWED_VALUES":
            tag = tag.having(allowed=[v for v in allowed if v not in values])
        case "UNSET ALLOWED_VALUES":
            tag = tag.having(allowed=[])
        case "UNSET COMMENT":
            tag = Object("TAG", tag.name, tag.properties, "", tag.owner, tag.created_on)
        case _:
            comment = values[0]
            tag = Object("TAG", tag.name, tag.properties, comment, tag.owner, tag.created_on)
    session.account.objects.put(tag)
    return status(DONE)


@SUBSYSTEM.statement(f"SHOW TAGS {SHOW}", page="show-tags")
def show_tags(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
        **dict.fromkeys(("allowed_values", "owner_role_type"), TEXT),
    }
    rows = [
        common(o) | {"allowed_values": json.dumps(o["allowed"]) if o["allowed"] else None}
        for o in shown(session, parsed, "TAG")
    ]
    return Result(table_of(rows, columns))


KINDS = "TABLE|VIEW|DYNAMIC TABLE|TASK|SCHEMA|MODEL|DATASET|STAGE|WAREHOUSE|DATABASE"
ASSIGNED = re.compile(rf"(?P<tag>{NAME})\s*=\s*(?P<value>{QUOTED})", re.DOTALL)


@SUBSYSTEM.statement(f"ALTER {{{KINDS}}} [IF EXISTS] <name> SET TAG <tags...>", page="alter-table")
def set_tag(session: Session, parsed: Parsed) -> Result:
    kind, name = tagged(session, parsed["table"], parsed["name"])
    set_all(session, kind, name, parsed["tags"])
    return status(DONE)


@SUBSYSTEM.statement(
    f"ALTER {{{KINDS}}} [IF EXISTS] <name> UNSET TAG <tags...>", page="alter-table"
)
def unset_tag(session: Session, parsed: Parsed) -> Result:
    kind, name = tagged(session, parsed["table"], parsed["name"])
    for written in split(parsed["tags"]):
        tag = session.name(written)
        access.need_object(session, "TAG", tag)
        session.account.objects.drop("TAGGED", _reference(kind, name, tag))
    return status(DONE)


def tagged(session: Session, kind: str, written: str) -> tuple[str, Name]:
    """The object that carries a tag, under the kind it is stored as; it must be there."""
    kind = kind.upper()
    account = session.account
    if kind in ("DATABASE", "WAREHOUSE"):
        name = Name(name=identifier(written))
        if kind == "WAREHOUSE":
            access.need_object(session, kind, name)
        elif not has_database(account, name.name):
            raise missing(kind, name)
        return kind, name
    if kind == "SCHEMA":
        place = session.schema_name(written)
        if not has_schema(account, place.database, place.schema):
            raise missing(kind, place)
        return kind, Name(place.database, name=place.schema)
    name = session.name(written)
    if kind in ("TABLE", "VIEW", "DYNAMIC TABLE"):
        there = need_relation(account, name, kind)
        return ("VIEW" if there.kind == "VIEW" else "TABLE"), name
    access.need_object(session, "MODEL" if kind == "MODULE" else kind, name)
    return kind, name


def set_all(session: Session, kind: str, name: Name, written: str) -> None:
    """Set the tags of `T1 = 'a', T2 = 'b'`, all or none.

    Raises:
        SqlError: A tag is not there, or does not allow the value.
    """
    assigned = []
    for each in ASSIGNED.finditer(written):
        tag = access.need_object(session, "TAG", session.name(each["tag"]))
        text = unquote(each["value"])
        if tag["allowed"] and text not in tag["allowed"]:
            raise compilation(
                f"Value {text} is not allowed for tag {tag.name}: {', '.join(tag['allowed'])}",
                90293,
                "42601",
            )
        assigned.append((tag.name, text))
    with session.account.objects.together():
        for tag_name, text in assigned:
            session.account.objects.put(
                session.owned(
                    "TAGGED", _reference(kind, name, tag_name), tag=str(tag_name), value=text
                )
            )


def _reference(kind: str, name: Name, tag: Name) -> Name:
    return name.child(kind).child(str(tag))


def references(session: Session, kind: str, name: Name) -> list[Object]:
    where = name.child(kind).child("")
    return session.account.objects.all(
        "TAGGED", database=where.database, schema=where.schema, parent=where.parent
    )


@SUBSYSTEM.function("SYSTEM$GET_TAG", page="system_get_tag")
def get_tag(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    tag, name, kind = (str(value_of(session, a)) for a in arguments)
    stored, where = tagged(session, _domain(kind), name)
    access.need_object(session, "TAG", session.name(tag))
    reference = session.account.objects.find("TAGGED", _reference(stored, where, session.name(tag)))
    return exp.convert(reference["value"] if reference else None)


def _domain(kind: str) -> str:
    return {"MODULE": "MODEL"}.get(kind.upper(), kind.upper())


REFERENCE_COLUMNS = {
    **dict.fromkeys(("TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE"), TEXT),
    **dict.fromkeys(("LEVEL", "OBJECT_DATABASE", "OBJECT_SCHEMA", "OBJECT_NAME", "DOMAIN"), TEXT),
    "COLUMN_NAME": TEXT,
}


@SUBSYSTEM.table_function("TAG_REFERENCES", page="tag_references")
def tag_references(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    name, kind = arguments
    stored, where = tagged(session, _domain(kind), name)
    rows = [
        dict(zip(REFERENCE_COLUMNS, _reference_row(session, reference), strict=False))
        | {"LEVEL": kind.upper(), "OBJECT_DATABASE": where.database, "DOMAIN": kind.upper()}
        | {"OBJECT_SCHEMA": where.schema, "OBJECT_NAME": where.name}
        for reference in references(session, stored, where)
    ]
    return table_of(rows, REFERENCE_COLUMNS)


def _reference_row(session: Session, reference: Object) -> tuple[str, str, str, str]:
    tag = session.name(reference["tag"])
    return tag.database, tag.schema, tag.name, reference["value"]
