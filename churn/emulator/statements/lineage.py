"""Lineage of models: the datasets and runs that their packages name, one step at a time."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.language.names import Name, identifier
from churn.emulator.statements.model_versions import folder_of, versions
from churn.emulator.statements.packages import package_of
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("lineage")

QUERY = re.compile(
    r'\{V\(domain: (?P<domain>\w+), name:"(?P<name>(?:[^"\\]|\\.)*)"'
    r'(?:, parentName:"(?P<parent>(?:[^"\\]|\\.)*)")?\) \{(?P<direction>\w+):'
)


KINDS = {"MODULE": "MODEL VERSION", "EXPERIMENT": "EXPERIMENT RUN", "DATASET": "DATASET VERSION"}


USER_DOMAINS = {"MODULE": "MODEL"}


@SUBSYSTEM.function("SYSTEM$DGQL", page="system_dgql")
def graph(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """The edges of one node, as Snowpark's `session.lineage` asks for them."""
    asked = str(value_of(session, arguments[0]))
    match = QUERY.match(asked)
    if match is None:
        raise unsupported(f"SYSTEM$DGQL({asked[:60]}...)")
    upstream = match["direction"].lower() == "upstream"
    edges = [
        {"S": source, "T": target}
        for source, target in _edges(session)
        if _is(session, target if upstream else source, match)
    ]
    key = match["direction"]
    return exp.convert(json.dumps({"data": {"V": {key: edges}}}))


def _edges(session: Session) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """From what a model was made of to the model, for every version of every model."""
    account, edges = session.account, []
    for model in account.objects.all("MODEL", parent=""):
        for version in versions(account, model.name):
            target = _node("MODULE", model.name, version)
            for source in package_of(folder_of(account, version)).manifest.get(
                "lineage_sources", []
            ):
                if source["type"] not in ("DATASET", "EXPERIMENT"):
                    continue
                parent = session.name(source["entity"])
                written = str(source["version"])
                kind = KINDS[source["type"]]
                known = account.objects.find(kind, parent.child(written)) or account.objects.find(
                    kind, parent.child(identifier(written) if kind == "EXPERIMENT RUN" else written)
                )
                edges.append((_node(source["type"], parent, known, written), target))
    return edges


def _node(domain: str, parent: Name, stored: Object | None, name: str = "") -> dict[str, Any]:
    return {
        "domain": domain,
        "refinedDomain": domain,
        "userDomain": USER_DOMAINS.get(domain, domain),
        "name": stored.name.name if stored else name,
        "db": parent.database,
        "schema": parent.schema,
        "status": "ACTIVE" if stored else "DELETED",
        "createdOn": str(int(stored.created_on.timestamp() * 1000)) if stored else "0",
        "id": f"{parent}/{stored.name.name if stored else name}",
        "properties": {"parentName": parent.name},
    }


def _is(session: Session, node: dict[str, Any], asked: re.Match[str]) -> bool:
    domain = {"MODEL": "MODULE"}.get(asked["domain"], asked["domain"])
    if node["domain"] != domain:
        return False
    name = asked["name"].replace('\\"', '"')
    parent = session.name((asked["parent"] or asked["name"]).replace('\\"', '"'))
    here = (node["db"], node["schema"], node["properties"]["parentName"])
    same = here == (parent.database, parent.schema, parent.name)
    return same and (not asked["parent"] or node["name"] in (name, name.upper()))
