"""What the rewrites read trees with, and build them of."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from churn.emulator.account.account import Session
from churn.emulator.duck import macros
from churn.emulator.language.errors import invalid
from churn.emulator.language.names import Name


def text_of(node: exp.Expression | None) -> str:
    """The plain text of a literal, a variable or a name."""
    match node:
        case None:
            return ""
        case exp.Literal() | exp.Var():
            return str(node.this)
        case exp.Identifier():
            return str(node.this) if node.quoted else str(node.this).upper()
        case exp.Column():
            return ".".join(text_of(part) for part in node.parts)
        case exp.Kwarg():
            return text_of(node.expression)
        case _:
            return str(node.sql(dialect="snowflake"))


def table_node(name: Name | str) -> exp.Table:
    if isinstance(name, str):
        return exp.Table(this=exp.to_identifier(name, quoted=True))
    parts = (name.name, name.schema, name.database)
    this, db, catalog = (exp.to_identifier(p, quoted=True) if p else None for p in parts)
    return exp.Table(this=this, db=db, catalog=catalog)


def macro(name: str, *arguments: exp.Expression) -> exp.Expression:
    catalog, schema = macros.SCHEMA.split(".")
    return exp.Dot.build(
        [
            exp.to_identifier(catalog, quoted=True),
            exp.to_identifier(schema, quoted=True),
            exp.Anonymous(this=name, expressions=list(arguments)),
        ]
    )


def is_macro(node: exp.Expression, name: str) -> bool:
    return isinstance(node, exp.Dot) and node.expression.name == name


def value_of(session: Session, node: exp.Expression) -> Any:
    """What a constant argument is worth: a literal, a bound parameter, or a constant expression."""
    match node:
        case exp.Literal(is_string=True):
            return node.this
        case exp.Null():
            return None
        case exp.Placeholder():
            return session.next_parameter()
        case _ if node.find(exp.Column):
            raise invalid(f"argument {node.sql(dialect='snowflake')} needs to be constant")
        case _:
            tree = exp.select(node.copy())
            return session.cursor.run(tree).column(0)[0].as_py()
