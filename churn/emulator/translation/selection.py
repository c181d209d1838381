"""What a query selects from: VALUES, joins, and names that DuckDB would take for one."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.translation.kinds import name_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("selection")


@SUBSYSTEM.rewrite(exp.Values)
def columns_of_values(node: exp.Expression) -> exp.Expression:
    """VALUES (1, 2) AS v has the columns COLUMN1 and COLUMN2.

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    alias = node.args.get("alias")
    if alias is not None and not alias.columns and node.expressions:
        count = len(node.expressions[0].expressions)
        names = [exp.to_identifier(f"COLUMN{i + 1}", quoted=True) for i in range(count)]
        alias.set("columns", names)
    return node


@SUBSYSTEM.rewrite(exp.Select)
def keys_first(node: exp.Expression) -> exp.Expression:
    """SELECT * of a join USING (k): k, then what is left of both sides.

    https://docs.snowflake.com/en/sql-reference/constructs/join
    """
    keys = [key for join in node.args.get("joins") or () for key in join.args.get("using") or ()]
    names = list(dict.fromkeys(name_of(_identifier(key)) for key in keys))
    stars = [item for item in node.expressions if isinstance(item, exp.Star)]
    if not names or len(stars) != 1 or any(stars[0].args.values()):
        return node
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in names]
    rest = exp.Star(except_=[exp.to_identifier(name, quoted=True) for name in names])
    at = node.expressions.index(stars[0])
    items = [*node.expressions[:at], *columns, rest, *node.expressions[at + 1 :]]
    node.set("expressions", items)
    return node


def _identifier(key: exp.Expression) -> exp.Expression:
    return key.this if isinstance(key, exp.Column) else key


@SUBSYSTEM.rewrite(exp.Subquery, exp.CTE)
def distinct_names(node: exp.Expression) -> exp.Expression:
    """Names of columns that differ only in case are one name to DuckDB: refused.

    https://docs.snowflake.com/en/sql-reference/identifiers-syntax
    """
    query = node.this
    if not isinstance(query, exp.Select):
        return node
    names = {
        name_of(item.args["alias"] if isinstance(item, exp.Alias) else item.this)
        for item in query.expressions
        if isinstance(item, exp.Alias | exp.Column)
    }
    same = [name for name, count in Counter(map(str.upper, names)).items() if count > 1]
    if same:
        raise unsupported(f"columns of a subquery whose names differ only in case: {same[0]}")
    return node
