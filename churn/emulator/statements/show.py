"""What all SHOW statements have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from churn.emulator.account import access
from churn.emulator.account.account import Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import has_database, has_schema
from churn.emulator.language.errors import missing
from churn.emulator.language.names import Name, identifier, identifiers, like
from churn.emulator.language.results import Parsed
from churn.emulator.language.text import unquote


@dataclass(frozen=True)
class Scope:
    """Where SHOW looks: LIKE, IN, STARTS WITH, LIMIT."""

    database: str | None
    schema: str | None
    pattern: str | None
    prefix: str
    limit: int | None

    def cut(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [
            row
            for row in rows
            if like(self.pattern, row["name"]) and row["name"].startswith(self.prefix)
        ]
        return kept[: self.limit]


SHOW = "[LIKE <'pattern'>] [IN <scope...>] [STARTS WITH <'prefix'>] [LIMIT <count...>]"


def scope(session: Session, parsed: Parsed) -> Scope:
    """What a SHOW statement asks for; without IN: the current schema, database, or the account."""
    where = re.sub(r"\s+", " ", parsed["scope"]).strip()
    kind, _, written = where.partition(" ")
    if kind.upper() == "ACCOUNT":
        database = schema = None
    elif kind.upper() == "DATABASE":
        database, schema = (identifier(written) if written else session.need_database()), None
        if not has_database(session.account, database):
            raise missing("database", database)
    elif where.upper() == "SCHEMA":
        database, schema = session.need_database(), session.need_schema()
    elif where:
        name = session.schema_name(written if kind.upper() == "SCHEMA" else where)
        if len(identifiers(written or where)) == 1 and kind.upper() != "SCHEMA":
            one = identifiers(where)[0]
            if has_database(session.account, one):
                name = Name(one, "")
        database, schema = name.database, name.schema or None
        if schema and not has_schema(session.account, database, schema):
            raise missing("schema", name)
    else:
        database, schema = session.database, session.schema
    limit = re.match(r"\d+", parsed["count"])
    return Scope(
        database,
        schema,
        unquote(parsed["pattern"]) if parsed.has("pattern") else None,
        unquote(parsed["prefix"]) if parsed.has("prefix") else "",
        int(limit.group()) if limit else None,
    )


def shown(session: Session, parsed: Parsed, kind: str) -> list[Object]:
    """The objects of a kind in SHOW's scope."""
    where = scope(session, parsed)
    objects = session.account.objects.all(
        kind, database=where.database, schema=where.schema, parent="", pattern=where.pattern
    )
    matching = (o for o in objects if o.name.name.startswith(where.prefix))
    return [o for o in matching if access.visible(session, kind, o.name)][: where.limit]


def common(stored: Object) -> dict[str, Any]:
    """The columns that every SHOW has."""
    return {
        "created_on": stored.created_on,
        "name": stored.name.name,
        "database_name": stored.name.database,
        "schema_name": stored.name.schema,
        "owner": stored.owner,
        "comment": stored.comment,
        "owner_role_type": "ROLE",
    }
