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
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Parameter):
            name = exp.to_identifier(item.this.sql(dialect="snowflake"), quoted=True)
            item.replace(exp.Alias(this=item.copy(), alias=name))
            continue
        plain = isinstance(item, exp.Alias | exp.Column | exp.Star | exp.Aliases)
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
        name = exp.to_identifier(_at(node, int(node.this.this)), quoted=True)
        return name if isinstance(node.parent, exp.Column) else exp.column(name)
    name = text_of(node.this).upper()
    if name not in session.variables:
        raise compilation(f"Session variable '${name}' does not exist", 2211, "02000")
    return exp.convert(session.variables[name])


def _at(node: exp.Expression, number: int) -> str:
    """The name of the column at that place in the FROM of its query.

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    select = node.find_ancestor(exp.Select)
    source = select.args.get("from_") if select else None
    query = source.this.unnest() if source and not (select and select.args.get("joins")) else None
    if isinstance(query, exp.Select) and not any(item.is_star for item in query.expressions):
        if number > len(query.expressions):
            raise compilation(f"invalid identifier '${number}'", 904, "42000")
        item = query.expressions[number - 1]
        known = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
        quoted = isinstance(known, exp.Identifier) and known.args.get("quoted")
        name = str(item.alias_or_name)
        return name if quoted else name.upper()
    return f"COLUMN{number}"


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
