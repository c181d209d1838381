"""Aggregates and window functions that DuckDB has not, or answers otherwise."""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.translation.arguments import macro
from churn.emulator.translation.variants import as_variant, row_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("aggregates")


@SUBSYSTEM.rewrite(exp.Count)
def count(node: exp.Expression) -> exp.Expression:
    """COUNT(t.*) and COUNT(a, b) count the rows in which nothing is NULL.

    https://docs.snowflake.com/en/sql-reference/functions/count
    """
    plain = node.this.this if isinstance(node.this, exp.Column) else node.this
    filters = isinstance(plain, exp.Star) and any(plain.args.values())
    of_table = isinstance(node.this, exp.Column) and isinstance(plain, exp.Star)
    if filters or of_table:
        return exp.Count(this=macro("one_if_known", row_of(node.this)), big_int=True)
    if node.expressions:
        known = [
            exp.Not(this=exp.Is(this=part.copy(), expression=exp.Null()))
            for part in (node.this, *node.expressions)
        ]
        one = exp.If(this=exp.and_(*known), true=exp.Literal.number(1))
        return exp.Count(this=exp.Case(ifs=[one]), big_int=True)
    return node


@SUBSYSTEM.rewrite(exp.GroupConcat)
def listagg(node: exp.Expression) -> exp.Expression:
    """LISTAGG of nothing is the empty text, as is its delimiter when none is given.

    https://docs.snowflake.com/en/sql-reference/functions/listagg
    """
    if node.args.get("separator") is None:
        node.set("separator", exp.Literal.string(""))
    if node.meta.get("whole") or isinstance(node.parent, exp.Window | exp.Filter):
        return node
    return _or_empty(node)


def _or_empty(node: exp.Expression) -> exp.Expression:
    node.find(exp.GroupConcat).meta["whole"] = True
    return exp.Coalesce(this=node.copy(), expressions=[exp.Literal.string("")])


@SUBSYSTEM.rewrite(exp.ArrayAgg, exp.WithinGroup)
def array_agg(node: exp.Expression) -> exp.Expression:
    """ARRAY_AGG leaves NULLs out; of nothing it is the empty array.

    https://docs.snowflake.com/en/sql-reference/functions/array_agg
    """
    if isinstance(node.parent, exp.WithinGroup | exp.Window | exp.Filter):
        return node
    return _collected(node) or node


def _collected(node: exp.Expression, window: exp.Expression | None = None) -> exp.Expression | None:
    """The list of what is known; None where the node is no ARRAY_AGG."""
    order = node.expression if isinstance(node, exp.WithinGroup) else None
    call = node.this if isinstance(node, exp.WithinGroup) else node
    if not isinstance(call, exp.ArrayAgg):
        return None
    item = call.this
    distinct = isinstance(item, exp.Distinct)
    value = item.expressions[0] if distinct else item
    listed = exp.Distinct(expressions=[value.copy()]) if distinct else value.copy()
    if order is not None:
        listed = exp.Order(this=listed, expressions=[e.copy() for e in order.expressions])
    known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    made: exp.Expression = exp.Filter(
        this=exp.Anonymous(this="list", expressions=[listed]), expression=exp.Where(this=known)
    )
    if window is not None:
        whole = window.copy()
        whole.set("this", made)
        made = whole
    return macro("array_of_list", made)


@SUBSYSTEM.rewrite(exp.ObjectAgg)
def object_agg(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/object_agg"""
    if isinstance(node.parent, exp.Window):
        raise unsupported("OBJECT_AGG ... OVER")
    key, value = node.this, node.expression
    known = exp.and_(
        *(exp.Not(this=exp.Is(this=part.copy(), expression=exp.Null())) for part in (key, value))
    )
    lists = [
        exp.Filter(
            this=exp.Anonymous(this="list", expressions=[part]),
            expression=exp.Where(this=known.copy()),
        )
        for part in (key.copy(), as_variant(value))
    ]
    return macro("object_of_lists", *lists)


@SUBSYSTEM.rewrite(exp.ArrayUniqueAgg)
def array_unique_agg(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/array_unique_agg"""
    distinct = exp.ArrayAgg(this=exp.Distinct(expressions=[node.this.copy()]))
    return _collected(distinct) or node


@SUBSYSTEM.rewrite(exp.Window)
def window(node: exp.Expression) -> exp.Expression:
    """Window functions by name.

    https://docs.snowflake.com/en/sql-reference/functions-window
    """
    call = node.this
    if isinstance(call, exp.GroupConcat):
        return node if call.meta.get("whole") else _or_empty(node)
    if (collected := _collected(call, node)) is not None:
        return collected
    name = str(call.this).upper() if isinstance(call, exp.Anonymous) else ""
    build = WINDOWS.get(name)
    return build(node, call.expressions[0]) if build else node


def ratio_to_report(node: exp.Expression, value: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/ratio_to_report"""
    total = node.copy()
    total.set("this", exp.Anonymous(this="sum", expressions=[value.copy()]))
    nothing = exp.Nullif(this=total, expression=exp.Literal.number(0))
    return exp.paren(exp.Div(this=exp.paren(value.copy()), expression=nothing))


def conditional_true_event(node: exp.Expression, value: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/conditional_true_event"""
    happens = exp.If(this=exp.cast(value.copy(), "BOOLEAN"), true=exp.Literal.number(1))
    return _running(node, exp.Case(ifs=[happens], default=exp.Literal.number(0)))


def _running(node: exp.Expression, value: exp.Expression) -> exp.Expression:
    """The sum so far, row by row."""
    total = node.copy()
    total.set("this", exp.Anonymous(this="sum", expressions=[value]))
    frame = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
    )
    total.set("spec", frame)
    return exp.cast(total, "BIGINT")


WINDOWS = {
    "RATIO_TO_REPORT": ratio_to_report,
    "CONDITIONAL_TRUE_EVENT": conditional_true_event,
}


@SUBSYSTEM.rewrite(exp.Select, first=True)
def conditional_change_event(node: exp.Expression) -> exp.Expression:
    """The value of the row before comes from a query of its own, below the one that counts.

    https://docs.snowflake.com/en/sql-reference/functions/conditional_change_event
    """
    calls = [each for item in node.expressions for each in item.find_all(exp.Window)]
    events = [each for each in calls if _is_change(each)]
    if not events:
        return node
    if node.args.get("joins") or node.args.get("group") or node.args.get("from_") is None:
        raise unsupported("CONDITIONAL_CHANGE_EVENT beside a join or GROUP BY")
    if any(item.is_star for item in node.expressions):
        raise unsupported("CONDITIONAL_CHANGE_EVENT beside *")
    before = []
    for at, event in enumerate(events):
        value, name = event.this.expressions[0], f"_BEFORE_{at}"
        lag = event.copy()
        lag.set("this", exp.Lag(this=value.copy()))
        before.append(exp.alias_(lag, name, quoted=True))
        changed = exp.NEQ(
            this=exp.paren(value.copy()),
            expression=exp.column(exp.to_identifier(name, quoted=True)),
        )
        one = exp.If(this=changed, true=exp.Literal.number(1))
        event.replace(_running(event, exp.Case(ifs=[one], default=exp.Literal.number(0))))
    source = node.args["from_"].this
    inner = exp.Select(expressions=[exp.Star(), *before]).from_(source.copy())
    inner.set("where", node.args.get("where"))
    node.set("where", None)
    alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "_events"))
    node.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    return node


def _is_change(window: exp.Expression) -> bool:
    call = window.this
    return isinstance(call, exp.Anonymous) and call.name.upper() == "CONDITIONAL_CHANGE_EVENT"


@SUBSYSTEM.rewrite(exp.WidthBucket)
def width_bucket(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/width_bucket"""
    names = ("min_value", "max_value", "num_buckets")
    return macro("width_bucket", node.this.copy(), *(node.args[name].copy() for name in names))


@SUBSYSTEM.rewrite(exp.Order, first=True)
def order_by_all(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    for each in node.expressions:
        name = each.this.this if isinstance(each.this, exp.Column) else None
        if isinstance(name, exp.Identifier) and not name.quoted and name.name.upper() == "ALL":
            each.set("this", exp.Var(this="ALL"))
    return node
