"""GET_DDL: the statement that would create a table or a view again."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import columns_of, need_relation
from churn.emulator.language.clauses import clauses
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import missing, unsupported
from churn.emulator.language.names import Name, sql_identifier
from churn.emulator.language.text import quote
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("ddl")


@SUBSYSTEM.function("GET_DDL", page="get_ddl")
def get_ddl(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """GET_DDL('TABLE' | 'VIEW', name [, whether the name is written in full])."""
    kind, written, *rest = (value_of(session, a) for a in arguments)
    kind, name = str(kind).upper(), session.name(str(written))
    if kind not in ("TABLE", "VIEW"):
        raise unsupported(f"GET_DDL('{kind}', ...)")
    relation = need_relation(session.account, name, kind)
    access.need(session, kind, name)
    if relation.kind != kind:
        raise missing(kind, name)
    short = str(name) if rest and rest[0] else sql_identifier(name.name)
    text = _table if kind == "TABLE" else _view
    return exp.convert(text(session.account, name, short, relation.comment))


def _table(account: Account, name: Name, short: str, comment: str) -> str:
    columns = ",\n".join(f"\t{_column(column)}" for column in columns_of(account, name))
    remark = f"COMMENT={quote(comment)}\n" if comment else ""
    return f"create or replace TABLE {short} (\n{columns}\n){remark};"


def _column(column: dict[str, Any]) -> str:
    parts = [sql_identifier(column["name"]), column["type"]]
    if column["null?"] == "N":
        parts.append("NOT NULL")
    if column["default"]:
        parts.append(f"DEFAULT {column['default']}")
    if column["comment"]:
        parts.append(f"COMMENT {quote(column['comment'])}")
    return " ".join(parts)


def _view(account: Account, name: Name, short: str, comment: str) -> str:
    stored = account.objects.need("VIEW", name)
    statement = account.dialect.find(stored["text"])
    if statement is None:
        raise missing("VIEW", name)
    _, parsed = statement
    known = stored.get("column comments", {})
    columns = ",\n".join(
        f"\t{sql_identifier(c)}" + (f" COMMENT {quote(known[c])}" if c in known else "")
        for c in (column["name"] for column in columns_of(account, name))
    )
    remark = f" COMMENT={quote(stored.comment or comment)}" if stored.comment or comment else ""
    query = clauses(parsed["definition"]).query
    return f"create or replace view {short}(\n{columns}\n){remark} as {query};"
