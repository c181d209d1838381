"""Expressions that mean something else in DuckDB: each a pure function of a node.

They come before fakesnow's own, whose meaning some of them correct.
"""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.translation.arguments import is_macro, macro, overloaded, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("expressions")


@SUBSYSTEM.rewrite(exp.Sum)
def exact_sum(node: exp.Expression) -> exp.Expression:
    """Whole numbers add up to whole numbers; fakesnow would make them floats.

    https://docs.snowflake.com/en/sql-reference/functions/sum
    """
    distinct = isinstance(node.this, exp.Distinct)
    value = node.this.expressions[0] if distinct else node.this
    # As decimals: of DuckDB's widest integers it would make floats later.
    wide = overloaded("wide", value)
    return exp.Anonymous(
        this="sum", expressions=[exp.Distinct(expressions=[wide]) if distinct else wide]
    )


@SUBSYSTEM.rewrite(exp.Mod, exp.IntDiv)
def division(node: exp.Expression) -> exp.Expression:
    """Division by zero is an error, unless the divisor cannot be zero.

    https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    """
    divisor = node.expression.unnest()
    safe = isinstance(divisor, exp.Nullif) or (
        isinstance(divisor, exp.Literal) and float(divisor.this) != 0
    )
    if not safe and not is_macro(divisor, "divisor"):
        node.set("expression", macro("divisor", divisor.copy()))
    return node


INTEGERS = {
    exp.DataType.Type.INT,
    exp.DataType.Type.BIGINT,
    exp.DataType.Type.SMALLINT,
    exp.DataType.Type.TINYINT,
}


@SUBSYSTEM.rewrite(exp.Cast)
def rounding_cast(node: exp.Expression) -> exp.Expression:
    """A float becomes the nearest integer, half away from zero.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion
    """
    to = node.args["to"]
    whole = to.this in INTEGERS or (
        to.this is exp.DataType.Type.DECIMAL
        and [e.name for e in to.expressions] in ([], ["38"], ["38", "0"])
    )
    if (
        not whole
        or node.meta.get("exact")
        or isinstance(node, exp.TryCast)
        or isinstance(node.this, exp.Literal | exp.Null)
    ):
        return node
    if isinstance(node.this, exp.JSONExtract | exp.Bracket):
        return node  # fakesnow reads numbers out of VARIANT itself
    return macro("whole", node.this.copy())


STEPS = {"DAY": ("add_days", 1), "WEEK": ("add_days", 7), "MONTH": ("add_months", 1)}
STEPS |= {"QUARTER": ("add_months", 3), "YEAR": ("add_months", 12)}


@SUBSYSTEM.rewrite(exp.DateAdd)
def dateadd(node: exp.Expression) -> exp.Expression:
    """A date plus days is a date, where DuckDB would make it a timestamp.

    https://docs.snowflake.com/en/sql-reference/functions/dateadd
    """
    step = STEPS.get(text_of(node.args.get("unit")).upper())
    if step is None:
        return node
    name, factor = step
    count = node.expression.copy()
    if factor > 1:
        count = exp.Mul(this=exp.paren(count), expression=exp.Literal.number(factor))
    return macro(name, node.this.copy(), count)


@SUBSYSTEM.rewrite(exp.DateTrunc, exp.TimestampTrunc)
def date_trunc(node: exp.Expression) -> exp.Expression:
    """A date stays a date, where DuckDB would make it a timestamp.

    https://docs.snowflake.com/en/sql-reference/functions/date_trunc
    """
    return macro("truncated", node.this.copy(), exp.Literal.string(text_of(node.args["unit"])))


@SUBSYSTEM.rewrite(exp.ArgMax, exp.ArgMin)
def value_at_extreme(node: exp.Expression) -> exp.Expression:
    """MAX_BY gives the value of that row even when it is NULL.

    https://docs.snowflake.com/en/sql-reference/functions/max_by
    """
    if (count := node.args.get("count")) is not None:
        name = "arg_max" if isinstance(node, exp.ArgMax) else "arg_min"
        most = [node.this.copy(), node.expression.copy(), count.copy()]
        return macro("list_of_variants", exp.Anonymous(this=name, expressions=most))
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"
    return exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()])


@SUBSYSTEM.rewrite(exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)
def sequence(node: exp.Expression) -> exp.Expression:
    """0, 1, 2, ... in the order of the rows; an order by it is no order.

    https://docs.snowflake.com/en/sql-reference/functions/seq1
    """
    ordered = node.find_ancestor(exp.Order)
    if ordered is not None and isinstance(ordered.parent, exp.Window):
        return exp.Null()
    number = exp.Window(this=exp.RowNumber())
    return exp.paren(exp.Sub(this=number, expression=exp.Literal.number(1)))


@SUBSYSTEM.rewrite(exp.Join)
def asof(node: exp.Expression) -> exp.Expression:
    """The match condition beside the keys; unmatched rows of the left stay, as in Snowflake.

    https://docs.snowflake.com/en/sql-reference/constructs/asof-join
    """
    condition = node.args.get("match_condition")
    if condition is None:
        return node
    node.set("match_condition", None)
    node.set("side", "LEFT")
    condition = condition.unnest()
    using = node.args.get("using")
    if using:
        raise unsupported("ASOF JOIN ... USING; write ON instead")
    on = node.args.get("on")
    node.set("on", exp.and_(on.copy(), condition.copy()) if on is not None else condition.copy())
    return node
