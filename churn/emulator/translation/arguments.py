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


def typed(node: exp.Expression) -> exp.Expression:
    """The node; NULL as a text, since overloads cannot be told apart by it."""
    return exp.cast(exp.Null(), "TEXT") if isinstance(node, exp.Null) else node.copy()


def overloaded(name: str, value: exp.Expression, *rest: exp.Expression) -> exp.Expression:
    """A macro that DuckDB chooses by the type of its value; of an aggregate, by a sample's."""
    if aggregates(value):
        return macro(f"{name}_by", sample(value), value.copy(), *rest)
    return macro(name, typed(value), *rest)


AGGREGATES = {"SUM", "AVG", "MEDIAN", "ANY_VALUE", "ARG_MAX_NULL", "ARG_MIN_NULL"}


RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.PercentRank, exp.CumeDist)


def aggregates(node: exp.Expression) -> list[exp.Expression]:
    """Aggregates and windows in an expression, the outermost ones."""
    nodes = node.walk(prune=lambda n: _is_aggregate(n) or isinstance(n, exp.Query))
    return [each for each in nodes if _is_aggregate(each)]


def _is_aggregate(node: exp.Expression) -> bool:
    return isinstance(node, exp.AggFunc | exp.Window | exp.WithinGroup | exp.Filter) or (
        isinstance(node, exp.Anonymous) and str(node.this).upper() in AGGREGATES
    )


def sample(node: exp.Expression) -> exp.Expression:
    """An expression of the same type without aggregates: of MAX(x), x."""
    whole = exp.paren(node.copy())
    while outer := aggregates(whole):
        for each in outer:
            each.replace(_of_one(each))
    return whole


def _of_one(node: exp.Expression) -> exp.Expression:
    match node:
        case exp.WithinGroup():
            ordered = node.expression.find(exp.Ordered)
            return ordered.this.copy() if ordered else exp.Literal.string("")
        case exp.Anonymous():
            value = node.expressions[0]
            return (value.expressions[0] if isinstance(value, exp.Distinct) else value).copy()
        case exp.GroupConcat():
            return exp.Literal.string("")
        case exp.Count() | exp.CountIf() | exp.ApproxDistinct():
            return exp.Literal.number(1)
        case exp.Window() if isinstance(node.this, RANKS):
            return exp.Literal.number(1)
        case _ if isinstance(node.this, exp.Expression):
            return node.this.copy()
        case _:
            return exp.Literal.number(1)


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
