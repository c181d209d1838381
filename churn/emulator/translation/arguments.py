"""The list of tree rewrites: what Snowflake means, said in the dialect that DuckDB is spoken to.

Each takes a node and returns what to put in its place. They come before fakesnow's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator import macros
from churn.emulator.errors import compilation, invalid, unsupported
from churn.emulator.objects import Name

if TYPE_CHECKING:
    from churn.emulator.session import Session

Rewrite = Callable[["Session", exp.Expression], exp.Expression]
TableFunction = Callable[["Session", list[Any], dict[str, Any]], pa.Table]
Function = Callable[["Session", list[exp.Expression]], exp.Expression]

REWRITES: list[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], Rewrite]] = []
TABLE_FUNCTIONS: dict[str, tuple[TableFunction, str]] = {}
FUNCTIONS: dict[str, tuple[Function, str]] = {}
"""Scalar functions that need the session, with their page."""


def rewrite(*kinds: type[exp.Expression]) -> Callable[[Rewrite], Rewrite]:
    def declare(function: Rewrite) -> Rewrite:
        REWRITES.append((kinds, function))
        return function

    return declare


def table_function(name: str, page: str) -> Callable[[TableFunction], TableFunction]:
    """A function in FROM TABLE(...): computed now, spliced in as a table."""

    def declare(function: TableFunction) -> TableFunction:
        TABLE_FUNCTIONS[name] = (function, page)
        return function

    return declare


def function(name: str, page: str) -> Callable[[Function], Function]:
    def declare(build: Function) -> Function:
        FUNCTIONS[name] = (build, page)
        return build

    return declare


def rewritten(session: Session, tree: exp.Expression) -> exp.Expression:
    """The tree with every rewrite applied, from the leaves up."""
    for kinds, change in REWRITES:
        for node in [n for n in tree.dfs() if isinstance(n, kinds)][::-1]:
            new = change(session, node)
            if new is node:
                continue
            if node is tree:
                tree = new
            else:
                node.replace(new)
    return tree


def text(node: exp.Expression | None) -> str:
    """The plain text of a literal, a variable or a name."""
    match node:
        case None:
            return ""
        case exp.Literal() | exp.Var():
            return str(node.this)
        case exp.Identifier():
            return str(node.this) if node.quoted else str(node.this).upper()
        case exp.Column():
            return ".".join(text(part) for part in node.parts)
        case exp.Kwarg():
            return text(node.expression)
        case _:
            return str(node.sql(dialect="snowflake"))


def table(name: Name | str) -> exp.Table:
    if isinstance(name, str):
        return exp.Table(this=exp.to_identifier(name, quoted=True))
    parts = (name.name, name.schema, name.database)
    this, db, catalog = (exp.to_identifier(p, quoted=True) if p else None for p in parts)
    return exp.Table(this=this, db=db, catalog=catalog)


# Names of columns


@rewrite(exp.Select)
def name_columns(session: Session, node: exp.Expression) -> exp.Expression:
    """A column without a name has its text, in upper case."""
    if node.meta.get("named"):
        return node
    for item in node.expressions:
        plain = isinstance(item, exp.Alias | exp.Column | exp.Star | exp.Aliases | exp.Parameter)
        if not plain and not item.is_star:
            name = item.meta.get("text") or item.sql(dialect="snowflake")
            item.replace(exp.alias_(item.copy(), str(name).upper(), quoted=True))
    return node


@rewrite(exp.Parameter)
def columns_by_number(session: Session, node: exp.Expression) -> exp.Expression:
    """$1 is the first column of VALUES or of a file; $name a variable of the session."""
    if isinstance(node.this, exp.Literal) and node.this.is_int:
        return exp.column(exp.to_identifier(f"COLUMN{node.this.this}", quoted=True))
    name = text(node.this).upper()
    if name not in session.variables:
        raise compilation(f"Session variable '${name}' does not exist", 2211, "02000")
    return constant(session.variables[name])


@rewrite(exp.Create)
def declared_columns(session: Session, node: exp.Expression) -> exp.Expression:
    """CREATE TABLE n (a INT, b TEXT) AS query: the query's columns under these names and types."""
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


# Numbers


@rewrite(exp.Sum)
def exact_sum(session: Session, node: exp.Expression) -> exp.Expression:
    """Whole numbers add up to whole numbers; fakesnow would make them floats."""
    return exp.Anonymous(this="sum", expressions=[node.this])


@rewrite(exp.Div, exp.Mod, exp.IntDiv)
def division(session: Session, node: exp.Expression) -> exp.Expression:
    """Division by zero is an error, unless the divisor cannot be zero."""
    divisor = node.expression.unnest()
    safe = isinstance(divisor, exp.Nullif) or (
        isinstance(divisor, exp.Literal) and float(divisor.this) != 0
    )
    if not safe and not _is_macro(divisor, "divisor"):
        node.set("expression", _macro("divisor", divisor.copy()))
    return node


INTEGERS = {
    *(exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT),
    *(exp.DataType.Type.TINYINT,),
}


@rewrite(exp.Cast)
def rounding_cast(session: Session, node: exp.Expression) -> exp.Expression:
    """A float becomes the nearest integer, half away from zero."""
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
    return _macro("whole", node.this.copy())


def _macro(name: str, *arguments: exp.Expression) -> exp.Expression:
    catalog, schema = macros.SCHEMA.split(".")
    return exp.Dot.build(
        [
            exp.to_identifier(catalog, quoted=True),
            exp.to_identifier(schema, quoted=True),
            exp.Anonymous(this=name, expressions=list(arguments)),
        ]
    )


def _is_macro(node: exp.Expression, name: str) -> bool:
    return isinstance(node, exp.Dot) and node.expression.name == name


UNLIKE = {"HASH": "its values are Snowflake's own", "HASH_AGG": "its values are Snowflake's own"}
"""Functions that DuckDB has under the same name, with other results."""


@rewrite(exp.Anonymous)
def scalar_functions(session: Session, node: exp.Expression) -> exp.Expression:
    name = str(node.this)
    if name.upper() in UNLIKE:
        raise unsupported(f"{name.upper()}: {UNLIKE[name.upper()]}")
    if (found := FUNCTIONS.get(name.upper())) is not None:
        return found[0](session, list(node.expressions))
    if name.lower() in MACROS and not isinstance(node.parent, exp.Dot):
        return _macro(name.lower(), *node.expressions)
    return node


MACROS = (
    {*macros.DEFINITIONS}
    - {"divisor", "whole", "add_days", "add_months", "truncated"}
    - {"object_of", "contains_text"}
)
"""Those that Snowflake has under the same name."""

# Dates

STEPS = {"DAY": ("add_days", 1), "WEEK": ("add_days", 7), "MONTH": ("add_months", 1)}
STEPS |= {"QUARTER": ("add_months", 3), "YEAR": ("add_months", 12)}


@rewrite(exp.DateAdd)
def dateadd(session: Session, node: exp.Expression) -> exp.Expression:
    """A date plus days is a date, where DuckDB would make it a timestamp."""
    step = STEPS.get(text(node.args.get("unit")).upper())
    if step is None:
        return node
    macro, factor = step
    count = node.expression.copy()
    if factor > 1:
        count = exp.Mul(this=exp.paren(count), expression=exp.Literal.number(factor))
    return _macro(macro, node.this.copy(), count)


@rewrite(exp.DateTrunc, exp.TimestampTrunc)
def date_trunc(session: Session, node: exp.Expression) -> exp.Expression:
    return _macro("truncated", node.this.copy(), exp.Literal.string(text(node.args["unit"])))


@rewrite(exp.ArgMax, exp.ArgMin)
def value_at_extreme(session: Session, node: exp.Expression) -> exp.Expression:
    """MAX_BY gives the value of that row even when it is NULL."""
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"
    return exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()])


@rewrite(exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)
def sequence(session: Session, node: exp.Expression) -> exp.Expression:
    """0, 1, 2, ... in the order of the rows; an order by it is no order."""
    ordered = node.find_ancestor(exp.Order)
    if ordered is not None and isinstance(ordered.parent, exp.Window):
        return exp.Null()
    number = exp.Window(this=exp.RowNumber())
    return exp.paren(exp.Sub(this=number, expression=exp.Literal.number(1)))


@rewrite(exp.ArrayContains)
def array_contains(session: Session, node: exp.Expression) -> exp.Expression:
    """Elements are compared as texts, whether the array is one of DuckDB or of JSON."""
    element = node.expression.this if isinstance(node.expression, exp.Cast) else node.expression
    return _macro("contains_text", node.this.copy(), element.copy())


# Joins


@rewrite(exp.Join)
def asof(session: Session, node: exp.Expression) -> exp.Expression:
    """The match condition beside the keys; unmatched rows of the left stay, as in Snowflake."""
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


# Functions of the session


def constant(value: Any) -> exp.Expression:
    return exp.convert(value)


@rewrite(exp.Func)
def context(session: Session, node: exp.Expression) -> exp.Expression:
    """CURRENT_DATABASE() and its kin, which sqlglot knows by type."""
    name = CONTEXT.get(type(node))
    return FUNCTIONS[name][0](session, []) if name else node


CONTEXT: dict[type[exp.Expression], str] = {
    kind: name
    for kind, name in (
        (getattr(exp, python, None), sql)
        for python, sql in {
            "CurrentDatabase": "CURRENT_DATABASE",
            "CurrentSchema": "CURRENT_SCHEMA",
            "CurrentSchemas": "CURRENT_SCHEMAS",
            "CurrentRole": "CURRENT_ROLE",
            "CurrentWarehouse": "CURRENT_WAREHOUSE",
            "CurrentUser": "CURRENT_USER",
            "CurrentAccount": "CURRENT_ACCOUNT",
            "CurrentAccountName": "CURRENT_ACCOUNT_NAME",
            "CurrentSession": "CURRENT_SESSION",
            "CurrentVersion": "CURRENT_VERSION",
            "CurrentRegion": "CURRENT_REGION",
            "CurrentClient": "CURRENT_CLIENT",
            "CurrentStatement": "CURRENT_STATEMENT",
            "CurrentTransaction": "CURRENT_TRANSACTION",
            "CurrentSecondaryRoles": "CURRENT_SECONDARY_ROLES",
            "CurrentAvailableRoles": "CURRENT_AVAILABLE_ROLES",
            "CurrentIpAddress": "CURRENT_IP_ADDRESS",
            "CurrentOrganizationName": "CURRENT_ORGANIZATION_NAME",
            "CurrentOrganizationUser": "CURRENT_ORGANIZATION_USER",
        }.items()
    )
    if kind is not None
}


# Table functions


@rewrite(exp.TableFromRows)
def table_functions(session: Session, node: exp.Expression) -> exp.Expression:
    """TABLE(f(...)): the result, registered for the time of the statement."""
    call = node.this
    if isinstance(call, exp.Dot):
        call = call.expression
    if not isinstance(call, exp.Anonymous):
        return node
    found = TABLE_FUNCTIONS.get(str(call.this).upper())
    if found is None:
        return node
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in call.expressions:
        if isinstance(argument, exp.Kwarg | exp.PropertyEQ | exp.EQ):
            named[text(argument.this).upper()] = value(session, argument.expression)
        else:
            positional.append(value(session, argument))
    new = table(session.register(found[0](session, positional, named)))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new


def value(session: Session, node: exp.Expression) -> Any:
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
