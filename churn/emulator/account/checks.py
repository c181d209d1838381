"""What a statement needs before it runs: privileges on what it names, a warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import traverse_scope

from churn.emulator.account.access import CHANGED, existing, need, need_place, unlimited
from churn.emulator.account.account import Session
from churn.emulator.account.doors import check_doors
from churn.emulator.language.errors import SqlError, unsupported
from churn.emulator.language.names import NAME, Name

CHANGE = re.compile(
    rf"(?:ALTER|COMMENT\s+(?:IF\s+EXISTS\s+)?ON)\s+(?P<kind>{'|'.join(CHANGED)})\s+"
    rf"(?:IF\s+EXISTS\s+)?(?P<name>{NAME})\s*(?P<rest>\w*)",
    re.IGNORECASE,
)


OPERATIONS = ("REFRESH", "RESUME", "SUSPEND")


def check_statement(session: Session, text: str) -> None:
    """What changes an object needs its ownership."""
    change = None if unlimited(session) else CHANGE.match(text)
    if change is None:
        return
    kind, name = " ".join(change["kind"].upper().split()), session.name(change["name"])
    if existing(session, kind, name):
        operation = change["rest"].upper() in OPERATIONS
        need(session, kind, name, "OPERATE" if operation else "OWNERSHIP")


def check_tree(session: Session, tree: exp.Expression) -> None:
    """The privileges on each table that a query or DML names, and a warehouse to run it."""
    check_doors(session, tree)
    used = list(_used(session, tree))
    if (session.computing or session.changing) and used:
        need_warehouse(session)
    if unlimited(session):
        return
    for name, privilege in used:
        if name.schema == "INFORMATION_SCHEMA":
            need_place(session, name)
            continue
        for each in privilege.split():
            need(session, "TABLE", name, each)


def _used(session: Session, tree: exp.Expression) -> Iterator[tuple[Name, str]]:
    """The tables and views that the tree names, with the privilege that it takes."""
    tree, own = _with_own_names(tree)
    target = (
        tree.this if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge) else None
    )
    target = target.this if isinstance(target, exp.Schema) else target
    created = tree.find(exp.Table) if isinstance(tree, exp.Create) else None
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func):
            raise unsupported(f"FROM {node.this.sql(dialect='snowflake')[:60]}")
        if node is created or id(node) in own or not isinstance(node.this, exp.Identifier):
            continue
        parts = [str(p.this if p.quoted else p.this.upper()) for p in node.parts]
        if len(parts) == 1 and session.registered(parts[0]):
            continue
        database = parts[-3] if len(parts) > 2 else session.database
        schema = parts[-2] if len(parts) > 1 else session.schema
        if database and schema:
            privilege = _changes(tree) if node is target else "SELECT"
            yield Name(database, schema, parts[-1]), privilege


def _with_own_names(tree: exp.Expression) -> tuple[exp.Expression, set[int]]:
    """The tree, and which of its tables are names of its own common table expressions.

    What a scope cannot tell counts as a table, for which a privilege is needed.
    """
    if tree.find(exp.With) is None:
        return tree, set()
    folded = normalize_identifiers(tree.copy(), dialect="snowflake")
    own = {
        id(node)
        for scope in traverse_scope(folded)
        for node in scope.tables
        if not node.db and node.name in scope.cte_sources
    }
    return folded, own


def _changes(tree: exp.Expression) -> str:
    """The privileges that a change of rows takes."""
    if isinstance(tree, exp.Merge):
        thens = [when.args["then"] for when in tree.args["whens"].expressions]
        return " ".join(
            {then.key.upper() if isinstance(then, exp.DML) else "DELETE" for then in thens}
        )
    return str(tree.meta.get("privilege", tree.key.upper()))


def need_warehouse(session: Session) -> None:
    """One that runs; a suspended one is resumed, if it may be."""
    objects = session.account.objects
    warehouse = objects.find("WAREHOUSE", Name(name=session.warehouse or ""))
    if warehouse is not None and warehouse.get("state") == "SUSPENDED":
        resumes = str(warehouse.get("auto_resume", "TRUE")).upper() == "TRUE"
        warehouse = warehouse.having(state="STARTED") if resumes else None
        if warehouse:
            objects.put(warehouse)
    if warehouse is None:
        raise SqlError(
            "No active warehouse selected in the current session.  Select an active warehouse "
            "with the 'use warehouse' command.",
            606,
            "57P03",
        )
