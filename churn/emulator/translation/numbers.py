"""Numbers: the scale of quotients, products and means, formats, functions without a result.

https://docs.snowflake.com/en/sql-reference/operators-arithmetic
"""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import is_macro, macro, overloaded, text_of, typed

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("numbers")


@SUBSYSTEM.rewrite(exp.Div)
def quotient(node: exp.Expression) -> exp.Expression:
    """A scale of 6 more digits than the dividend's, 12 at most; division by zero is an error.

    https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    """
    divisor = node.expression.unnest()
    if is_macro(divisor, "divisor"):
        divisor = divisor.expression.expressions[0]
    name = "quotient_of" if _is_guarded(node, divisor) else "quotient_checked"
    return macro(name, _numeric(node.this.unnest()), _numeric(divisor))


def _numeric(node: exp.Expression) -> exp.Expression:
    """The value as a number; a text is read as one."""
    plain = isinstance(node, exp.Literal) and not node.is_string
    return node.copy() if plain else overloaded("numeric", node)


def _is_guarded(node: exp.Expression, divisor: exp.Expression) -> bool:
    """Whether the divisor cannot be zero: a number, NULLIF, or the last branch of DIV0."""
    if isinstance(divisor, exp.Literal):
        return not divisor.is_string and float(divisor.this) != 0
    branch = node.parent
    guarded = isinstance(branch, exp.If) and node.arg_key == "false"
    return isinstance(divisor, exp.Nullif) or (
        guarded
        and any(
            equal.this == divisor and text_of(equal.expression) == "0"
            for equal in branch.this.find_all(exp.EQ)
        )
    )


@SUBSYSTEM.rewrite(exp.Mul)
def product(node: exp.Expression) -> exp.Expression:
    """The scales add up, to 12 or the larger of the two.

    https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    """
    operands = (node.this.unnest(), node.expression.unnest())
    if any(_keeps_scale(operand) for operand in operands):
        return node
    return macro("product", *(operand.copy() for operand in operands))


def _keeps_scale(node: exp.Expression) -> bool:
    """Whether a product has the scale of its other operand: an integer; or is none of numbers."""
    node = node.this if isinstance(node, exp.Neg) else node
    return isinstance(node, exp.Interval | exp.Null | exp.Count) or (
        isinstance(node, exp.Literal) and not node.is_string and node.is_int
    )


@SUBSYSTEM.rewrite(exp.Avg, exp.Median, exp.Filter, exp.Window, exp.WithinGroup)
def mean(node: exp.Expression) -> exp.Expression:
    """AVG has six digits more than its values; over a window, and MEDIAN, three.

    https://docs.snowflake.com/en/sql-reference/functions/avg
    """
    if node.meta.get("scaled"):
        return node
    if (
        isinstance(node.parent, exp.Filter | exp.Window | exp.WithinGroup)
        and node.arg_key == "this"
    ):
        return node
    inner, over = node, False
    while isinstance(inner, exp.Filter | exp.Window):
        over = over or isinstance(inner, exp.Window)
        inner = inner.this
    match inner:
        case exp.Avg():
            return _average(node, inner, over=over)
        case exp.Median():
            # Under its plain name: fakesnow would make its argument a float.
            values = macro("thousandths", _numeric(inner.this))
            plain = exp.Anonymous(this="median", expressions=[values])
            if inner is node:
                return plain
            inner.replace(plain)
        case exp.WithinGroup(this=exp.PercentileCont()):
            ordered = inner.expression.find(exp.Ordered)
            if ordered is not None:
                ordered.set("this", macro("thousandths", _numeric(ordered.this)))
    node.meta["scaled"] = True
    return node


def _average(outer: exp.Expression, node: exp.Expression, *, over: bool) -> exp.Expression:
    distinct = isinstance(node.this, exp.Distinct)
    value = node.this.expressions[0] if distinct else node.this
    numeric = _numeric(value)
    values = exp.Distinct(expressions=[numeric.copy()]) if distinct else numeric.copy()
    # Under its plain name: fakesnow would make its argument a float.
    average = exp.Anonymous(this="avg", expressions=[values])
    if outer is node:
        whole = average
    else:
        node.replace(average)
        whole = outer.copy()
        whole.meta["scaled"] = True
    if over:
        return macro("scaled_over", whole, numeric)
    return macro("scaled", whole, exp.Anonymous(this="any_value", expressions=[numeric]))


@SUBSYSTEM.rewrite(exp.Sqrt)
def square_root(node: exp.Expression) -> exp.Expression:
    """Of a negative number it is an error.

    https://docs.snowflake.com/en/sql-reference/functions/sqrt
    """
    return macro("root", _numeric(node.this))


@SUBSYSTEM.rewrite(exp.Ln)
def logarithm(node: exp.Expression) -> exp.Expression:
    """Of zero and less it is an error.

    https://docs.snowflake.com/en/sql-reference/functions/ln
    """
    return macro("logarithm", _numeric(node.this))


@SUBSYSTEM.rewrite(exp.ToNumber)
def to_number(node: exp.Expression) -> exp.Expression:
    """A text in a format, as a number of the precision and scale: 38 and 0 unless they are given.

    https://docs.snowflake.com/en/sql-reference/functions/to_decimal
    """
    model = node.args.get("format")
    if model is None or not model.is_string:
        return node
    strict = exp.Boolean(this=not node.args.get("safe"))
    read = macro("read_number", typed(node.this), model.copy(), strict)
    size = [text_of(node.args.get(key)) or default for key, default in SIZE]
    return exp.cast(read, f"DECIMAL({size[0]}, {size[1]})")


SIZE = (("precision", "38"), ("scale", "0"))
