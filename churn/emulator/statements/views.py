"""Tags, and views with their text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator import access, catalog, statements
from churn.emulator.catalog import SHOW, TEXT, WHEN, clauses, common, shown, split
from churn.emulator.errors import compilation, missing
from churn.emulator.fake import parse
from churn.emulator.objects import Name, Object
from churn.emulator.rewrite import constant, function, table, table_function, value
from churn.emulator.session import DONE, identifier, status
from churn.emulator.statements import Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

# Tags


@statement(
    "CREATE [OR REPLACE] TAG [IF NOT EXISTS] <name> [<options...>]",
    page="create-tag",
)
def create_tag(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "TAG", name):
        return answer
    allowed = [unquote(v) for v in re.findall(statements.QUOTED, _allowed(words["options"]))]
    comment = re.search(
        rf"\bCOMMENT\s*=\s*({statements.QUOTED})", words["options"], re.IGNORECASE | re.DOTALL
    )
    new = session.owned("TAG", name, unquote(comment[1]) if comment else "", allowed=allowed)
    catalog.renew(session, new)
    return status(f"Tag {name.name} successfully created.")


def _allowed(options: str) -> str:
    found = re.search(
        rf"\bALLOWED_VALUES\s+((?:{statements.QUOTED}\s*,?\s*)+)",
        options,
        re.IGNORECASE | re.DOTALL,
    )
    return found[1] if found else ""


def _drop_references(account: Account, name: Name) -> Sequence[Path]:
    for reference in account.objects.all("TAGGED"):
        if reference["tag"] == str(name):
            account.objects.drop("TAGGED", reference.name)
    return ()


catalog.droppable("TAG", "drop-tag", _drop_references)


@statement(
    "ALTER TAG [IF EXISTS] <name> {ADD ALLOWED_VALUES|DROP ALLOWED_VALUES|SET COMMENT =|"
    "UNSET ALLOWED_VALUES|UNSET COMMENT} [<values...>]",
    page="alter-tag",
)
def alter_tag(session: Session, words: Words) -> Result:
    found = session.need("TAG", session.name(words["name"]))
    values = [unquote(v) for v in re.findall(statements.QUOTED, words["values"])]
    allowed = list(found["allowed"])
    match " ".join(words["add_allowed_values"].upper().split()):
        case "ADD ALLOWED_VALUES":
            found = found.having(allowed=[*allowed, *(v for v in values if v not in allowed)])
        case "DROP ALLOWED_VALUES":
            found = found.having(allowed=[v for v in allowed if v not in values])
        case "UNSET ALLOWED_VALUES":
            found = found.having(allowed=[])
        case "UNSET COMMENT":
            found = Object("TAG", found.name, found.properties, "", found.owner, found.created_on)
        case _:
            comment = values[0]
            found = Object(
                "TAG", found.name, found.properties, comment, found.owner, found.created_on
            )
    session.account.objects.put(found)
    return status(DONE)


@statement(f"SHOW TAGS {SHOW}", page="show-tags")
def show_tags(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
        **dict.fromkeys(("allowed_values", "owner_role_type"), TEXT),
    }
    found = [
        common(o) | {"allowed_values": json.dumps(o["allowed"]) if o["allowed"] else None}
        for o in shown(session, words, "TAG")
    ]
    return Result(statements.rows(found, columns))


KINDS = "TABLE|VIEW|DYNAMIC TABLE|TASK|SCHEMA|MODEL|DATASET|STAGE|WAREHOUSE|DATABASE"

ASSIGNED = re.compile(
    rf"(?P<tag>{statements.NAME})\s*=\s*(?P<value>{statements.QUOTED})", re.DOTALL
)


@statement(f"ALTER {{{KINDS}}} [IF EXISTS] <name> SET TAG <tags...>", page="alter-table")
def set_tag(session: Session, words: Words) -> Result:
    kind, name = tagged(session, words["table"], words["name"])
    set_all(session, kind, name, words["tags"])
    return status(DONE)


@statement(f"ALTER {{{KINDS}}} [IF EXISTS] <name> UNSET TAG <tags...>", page="alter-table")
def unset_tag(session: Session, words: Words) -> Result:
    kind, name = tagged(session, words["table"], words["name"])
    for written in split(words["tags"]):
        tag = session.name(written)
        session.need("TAG", tag)
        session.account.objects.drop("TAGGED", _reference(kind, name, tag))
    return status(DONE)


def tagged(session: Session, kind: str, written: str) -> tuple[str, Name]:
    """The object that carries a tag, under the kind it is stored as; it must be there."""
    kind = kind.upper()
    account = session.account
    if kind in ("DATABASE", "WAREHOUSE"):
        name = Name(name=identifier(written))
        if kind == "WAREHOUSE":
            session.need(kind, name)
        elif not catalog.has_database(account, name.name):
            raise missing(kind, name)
        return kind, name
    if kind == "SCHEMA":
        place = session.schema_name(written)
        if not catalog.has_schema(account, place.database, place.schema):
            raise missing(kind, place)
        return kind, Name(place.database, name=place.schema)
    name = session.name(written)
    if kind in ("TABLE", "VIEW", "DYNAMIC TABLE"):
        found = catalog.need_relation(account, name, kind)
        return ("VIEW" if found.kind == "VIEW" else "TABLE"), name
    session.need("MODEL" if kind == "MODULE" else kind, name)
    return kind, name


def set_all(session: Session, kind: str, name: Name, written: str) -> None:
    """Set the tags of `T1 = 'a', T2 = 'b'`, all or none.

    Raises:
        SqlError: A tag is not there, or does not allow the value.
    """
    found = []
    for each in ASSIGNED.finditer(written):
        tag = session.need("TAG", session.name(each["tag"]))
        text = unquote(each["value"])
        if tag["allowed"] and text not in tag["allowed"]:
            raise compilation(
                f"Value {text} is not allowed for tag {tag.name}: {', '.join(tag['allowed'])}",
                90293,
                "42601",
            )
        found.append((tag.name, text))
    with session.account.objects.together():
        for tag_name, text in found:
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


@function("SYSTEM$GET_TAG", page="system_get_tag")
def get_tag(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    tag, name, kind = (str(value(session, a)) for a in arguments)
    stored, where = tagged(session, _domain(kind), name)
    session.need("TAG", session.name(tag))
    found = session.account.objects.find("TAGGED", _reference(stored, where, session.name(tag)))
    return constant(found["value"] if found else None)


def _domain(kind: str) -> str:
    return {"MODULE": "MODEL"}.get(kind.upper(), kind.upper())


REFERENCE_COLUMNS = {
    **dict.fromkeys(("TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE"), TEXT),
    **dict.fromkeys(("LEVEL", "OBJECT_DATABASE", "OBJECT_SCHEMA", "OBJECT_NAME", "DOMAIN"), TEXT),
    "COLUMN_NAME": TEXT,
}


@table_function("TAG_REFERENCES", page="tag_references")
def tag_references(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    name, kind = arguments
    stored, where = tagged(session, _domain(kind), name)
    found = [
        dict(zip(REFERENCE_COLUMNS, _reference_row(session, reference), strict=False))
        | {"LEVEL": kind.upper(), "OBJECT_DATABASE": where.database, "DOMAIN": kind.upper()}
        | {"OBJECT_SCHEMA": where.schema, "OBJECT_NAME": where.name}
        for reference in references(session, stored, where)
    ]
    return statements.rows(found, REFERENCE_COLUMNS)


def _reference_row(session: Session, reference: Object) -> tuple[str, str, str, str]:
    tag = session.name(reference["tag"])
    return tag.database, tag.schema, tag.name, reference["value"]


# Views


@statement(
    "CREATE [OR REPLACE] [SECURE] [TEMPORARY|TEMP|SCOPED TEMPORARY] VIEW [IF NOT EXISTS] "
    "<name> <definition...>",
    page="create-view",
)
def create_view(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "VIEW", name):
        return answer
    head = clauses(words["definition"]).only("COMMENT", "TAG", "COPY GRANTS", "CHANGE_TRACKING")
    columns = split(head.columns)
    names = [catalog.column_name(c) for c in columns]
    declared = exp.Schema(
        this=table(name), expressions=[exp.to_identifier(n, quoted=True) for n in names]
    )
    session.cursor.run(
        exp.Create(
            this=declared if names else table(name),
            kind="VIEW",
            replace=words.has("or_replace"),
            expression=parse(head.query),
        )
    )
    session.account.objects.put(
        session.owned(
            "VIEW",
            name,
            head.text("COMMENT"),
            text=words.text,
            **{"column comments": comments(columns)},
        )
    )
    session.account.objects.drop("TAGGED", name.child("VIEW"))
    access.made(session.account, "VIEW", name, copy_grants="COPY GRANTS" in head.options)
    set_all(session, "VIEW", name, head.get("TAG"))
    if "TEMP" in words["temporary"].upper():
        catalog.remember_temporary(session, "VIEW", name)
    return status(f"View {name.name} successfully created.")


def comments(columns: list[str]) -> dict[str, str]:
    """The comments in a list of columns."""
    found = {}
    for column in columns:
        comment = re.search(
            rf"\bCOMMENT\s*=?\s*({statements.QUOTED})", column, re.IGNORECASE | re.DOTALL
        )
        if comment:
            found[catalog.column_name(column)] = unquote(comment[1])
    return found
