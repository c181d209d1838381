"""ENTITY_DETAIL, which the feature store asks for tags."""

from __future__ import annotations

import json
from typing import Any

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import need_relation
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.names import Name
from churn.emulator.statements.tags import references
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("entity_detail")


@SUBSYSTEM.function("ENTITY_DETAIL", page="entity_detail")
def entity_detail(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """What the feature store asks: the tags of a table or view, or what carries a tag."""
    kind, written = (str(value_of(session, a)) for a in arguments[:2])
    name = session.name(written)
    if kind.upper() == "TAG":
        access.need_object(session, "TAG", name)
        rows = [
            _tag_row(session, r, *_carrier(r))
            for r in session.account.objects.all("TAGGED")
            if r["tag"] == str(name)
        ]
    else:
        relation = need_relation(session.account, name, kind)
        stored = "VIEW" if relation.kind == "VIEW" else "TABLE"
        rows = [_tag_row(session, r, stored, name) for r in references(session, stored, name)]
    key = "referencedEntities" if kind.upper() == "TAG" else "tagReferencesInfo"
    detail = {key: {"tagReferenceList": rows}}
    return exp.convert(json.dumps(detail))


def _carrier(reference: Object) -> tuple[str, Name]:
    """What carries the tag: the kind and name in the path of the reference."""
    path, _, kind = reference.name.parent.rpartition("/")
    return kind, Name(reference.name.database, reference.name.schema, path)


def _tag_row(session: Session, reference: Object, kind: str, name: Name) -> dict[str, Any]:
    tag = session.name(reference["tag"])
    domain = "TABLE" if kind == "VIEW" else kind
    return {
        "tagDatabase": tag.database,
        "tagSchema": tag.schema,
        "tagName": tag.name,
        "tagValue": reference["value"],
        "level": kind,
        "entityDatabase": name.database,
        "entitySchema": name.schema,
        "entityName": name.name,
        "domain": domain,
        "entityDomain": domain,
    }
