"""Columns of queries: their names, their numbers, the types that a table declares for them."""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation
from churn.emulator.translation.arguments import text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("columns")


# First: it needs the text as the user wrote it, before others have put macros into it.
@SUBSYSTEM.rewrite(exp.Select, first=True)
def name_columns(node: exp.Expression) -> exp.Expression:
    """A column without a name has its text, in upper case.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    if node.meta.get("named"):
        return node
    for item in node.expressions:
        plain = isinstance(item, exp.Alias | exp.Column | exp.Star | exp.Aliases | exp.Parameter)
        if not plain and not item.is_star:
            name = item.meta.get("text") or item.sql(dialect="snowflake")
            item.replace(exp.alias_(item.copy(), str(name).upper(), quoted=True))
    return node


# Before staged files, which read $1:name as a path in the column COLUMN1.
@SUBSYSTEM.session_rewrite(exp.Parameter)
def columns_by_number(session: Session, node: exp.Expression) -> exp.Expression:
    """$1 is the first column of VALUES or of a file; $name a variable of the session.

    https://docs.snowflake.com/en/sql-reference/session-variables
    """
    if isinstance(node.this, exp.Literal) and node.this.is_int:
        return exp.column(exp.to_identifier(f"COLUMN{node.this.this}", quoted=True))
    name = text_of(node.this).upper()
    if name not in session.variables:
        raise compilation(f"Session variable '${name}' does not exist", 2211, "02000")
    return exp.convert(session.variables[name])


@SUBSYSTEM.rewrite(exp.Create)
def declared_columns(node: exp.Expression) -> exp.Expression:
    """CREATE TABLE n (a INT, b TEXT) AS query: the query's columns under these names and types.

    https://docs.snowflake.com/en/sql-reference/sql/create-table
    """
    query, schema = node.expression, node.this
    if node.args.get("kind") != "TABLE" or query is None or not isinstance(schema, exp.Schema):
        return node
    declared = [d for d in schema.expressions if isinstance(d, exp.ColumnDef)]
    places = [exp.to_identifier(f"_{i}", quoted=True) for i in range(len(declared))]
    source = exp.Subquery(
        this=query.unnest(),
        alias=exp.TableAlias(this=exp.to_identifier("_declared", quoted=True), columns=places),
    )
    columns = [
        exp.alias_(
            exp.cast(exp.column(place.copy()), d.kind) if d.kind else exp.column(place.copy()),
            d.this.copy(),
        )
        for d, place in zip(declared, places, strict=True)
    ]
    node.set("expression", exp.Select(expressions=columns).from_(source))
    node.set("this", schema.this)
    return node
