"""Implicit casts of text: beside a date, a timestamp or a number, a text is read as one.

DuckDB casts only literals. Since the casts cost time and are seldom needed, a statement is
translated with them when DuckDB has refused it without.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import macro, overloaded, typed

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("coercion")

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod)
OF_NUMBERS = (exp.Sum, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Neg)
OF_MOMENTS = (exp.DateDiff, exp.DateAdd, exp.DateTrunc, exp.TimestampTrunc, exp.LastDay)


def aligned(value: exp.Expression, others: list[exp.Expression]) -> exp.Expression:
    """The value, read as the type of the others if it is a text and one of them is none."""
    return reduce(lambda x, y: macro("aligned", x, typed(y)), others, typed(value))


def _align(values: list[exp.Expression]) -> None:
    for value, new in [(v, aligned(v, [o for o in values if o is not v])) for v in values]:
        value.replace(new)


@SUBSYSTEM.session_rewrite(*COMPARISONS, exp.Nullif)
def comparison(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing:
        _align([node.this, node.expression])
    return node


@SUBSYSTEM.session_rewrite(exp.Between)
def between(session: Session, node: exp.Expression) -> exp.Expression:
    if not session.coercing:
        return node
    low, high = node.args["low"], node.args["high"]
    above = exp.GTE(this=aligned(node.this, [low]), expression=aligned(low, [node.this]))
    below = exp.LTE(this=aligned(node.this, [high]), expression=aligned(high, [node.this]))
    return exp.paren(exp.and_(above, below))


@SUBSYSTEM.session_rewrite(exp.In)
def membership(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing and node.expressions:
        _align([node.this, *node.expressions])
    return node


@SUBSYSTEM.session_rewrite(exp.Coalesce, exp.Greatest, exp.Least)
def choice(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing:
        _align([node.this, *node.expressions])
    return node


@SUBSYSTEM.session_rewrite(exp.Case)
def case(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing:
        results = [branch.args["true"] for branch in node.args["ifs"]]
        _align([r for r in (*results, node.args.get("default")) if r is not None])
        if node.this is not None:
            _align([node.this, *(branch.this for branch in node.args["ifs"])])
    return node


@SUBSYSTEM.session_rewrite(exp.If)
def condition(session: Session, node: exp.Expression) -> exp.Expression:
    otherwise = node.args.get("false")
    if session.coercing and otherwise is not None:
        _align([node.args["true"], otherwise])
    return node


@SUBSYSTEM.session_rewrite(*ARITHMETIC, *OF_NUMBERS)
def arithmetic(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing:
        operands = [node.this, *((node.expression,) if isinstance(node, ARITHMETIC) else ())]
        for operand in operands:
            if not isinstance(operand, exp.Interval | exp.Literal | exp.Distinct):
                operand.replace(overloaded("numeric", operand))
    return node


@SUBSYSTEM.session_rewrite(*OF_MOMENTS)
def moments(session: Session, node: exp.Expression) -> exp.Expression:
    if session.coercing:
        both = isinstance(node, exp.DateDiff)
        for operand in [node.this, *((node.expression,) if both else ())]:
            operand.replace(macro("moment", typed(operand)))
    return node
