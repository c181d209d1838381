"""Table functions that are computed with the columns beside them: FLATTEN, SPLIT_TO_TABLE.

Each becomes a query that DuckDB runs for every row of what stands left of it.
"""

from __future__ import annotations

import itertools

import sqlglot
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, unsupported
from churn.emulator.translation.arguments import macro
from churn.emulator.translation.variants import array_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("tables of functions")

MOST_ROWS = 100_000_000
"""What GENERATOR may be asked for; beyond it, the machine is busy for minutes."""

ROWS_A_SECOND = 100_000
"""What GENERATOR makes in a second of its TIMELIMIT, whatever the machine."""


@SUBSYSTEM.rewrite(exp.Lateral, exp.TableFromRows)
def table_of_rows(node: exp.Expression) -> exp.Expression:
    """The query in place of the call, under the alias of the call.

    https://docs.snowflake.com/en/sql-reference/functions-table
    """
    build = BUILT.get(type(node.this)) or BUILT_BY_NAME.get(
        str(node.this.this).upper() if isinstance(node.this, exp.Anonymous) else ""
    )
    if build is None:
        return node
    _check_join(node.parent)
    query = build(node.this)
    alias = node.args.get("alias")
    names = [c.name.upper() for c in alias.columns] if alias is not None else []
    own = alias is not None and names not in ([], query.named_selects)
    named = exp.TableAlias(
        this=alias.this.copy()
        if alias is not None and alias.this
        else exp.to_identifier(f"_rows_{next(_NUMBERS)}"),
        columns=[c.copy() for c in alias.columns] if own else [],
    )
    table = exp.Subquery(this=query, alias=named)
    if isinstance(node.parent, exp.From):
        return table
    return exp.Lateral(this=exp.Subquery(this=query), alias=named)


_NUMBERS = itertools.count(1)


def _check_join(join: exp.Expression | None) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    if isinstance(join, exp.Join) and (join.args.get("on") or join.args.get("using")):
        raise SqlError(
            "Unsupported feature 'lateral table function called with OUTER JOIN syntax or a join "
            "predicate (ON clause)'.",
            2,
            "0A000",
        )


def flatten(call: exp.Expression) -> exp.Select:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    named: dict[str, exp.Expression] = {}
    for at, argument in enumerate([call.this, *call.expressions]):
        if isinstance(argument, exp.Kwarg | exp.PropertyEQ):
            named[argument.this.name.upper()] = argument.expression
        else:
            named[FLATTEN_ARGUMENTS[at]] = argument
    if unknown := set(named) - set(FLATTEN_ARGUMENTS):
        raise compilation(f"invalid argument '{min(unknown)}' of FLATTEN", 1015, "22023")
    if "INPUT" not in named:
        raise compilation("missing required argument 'INPUT' of FLATTEN", 1015, "22023")
    given = [named.get(name, exp.Null()) for name in FLATTEN_ARGUMENTS]
    rows = exp.Anonymous(this="__FLATTENED", expressions=[array_of(given)])
    return _query(
        """SELECT CAST(1 AS BIGINT) AS "SEQ", r ->> '$[0]' AS "KEY", r ->> '$[1]' AS "PATH",
        CAST(r ->> '$[2]' AS BIGINT) AS "INDEX", known(r -> '$[3]') AS "VALUE",
        known(r -> '$[4]') AS "THIS" FROM (SELECT unnest(rows_of()) AS r)""",
        rows_of=exp.Anonymous(this="json_extract", expressions=[rows, exp.Literal.string("$[*]")]),
    )


FLATTEN_ARGUMENTS = ("INPUT", "PATH", "OUTER", "RECURSIVE", "MODE")


def _query(written: str, **parts: exp.Expression) -> exp.Select:
    """The query of DuckDB, with the parts in place of the calls of their names."""
    query = sqlglot.parse_one(written, dialect="duckdb")
    for node in list(query.find_all(exp.Explode)):  # to fakesnow, that is FLATTEN
        node.replace(exp.Anonymous(this="unnest", expressions=[node.this.copy()]))
    for node in list(query.find_all(exp.Anonymous)):
        if node.name in parts:
            node.replace(parts[node.name])
        elif node.name == "known":
            node.replace(macro("known", node.expressions[0].copy()))
    if not isinstance(query, exp.Select):
        raise TypeError(f"{written} is no query")
    return query


def split_to_table(call: exp.Expression) -> exp.Select:
    """https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    parts = exp.Anonymous(
        this="string_split", expressions=[call.this.copy(), call.expression.copy()]
    )
    return _numbered(parts)


def strtok_split_to_table(call: exp.Expression) -> exp.Select:
    """https://docs.snowflake.com/en/sql-reference/functions/strtok_split_to_table"""
    text, *marks = call.expressions
    return _numbered(macro("tokens", text.copy(), (marks or [exp.Literal.string(" ")])[0].copy()))


def _numbered(parts: exp.Expression) -> exp.Select:
    return _query(
        'SELECT CAST(1 AS BIGINT) AS "SEQ", CAST(generate_subscripts(p, 1) AS BIGINT) AS "INDEX", '
        'unnest(p) AS "VALUE" FROM (SELECT parts_of() AS p)',
        parts_of=parts,
    )


def generator(call: exp.Expression) -> exp.Select:
    """https://docs.snowflake.com/en/sql-reference/functions/generator"""
    rows, seconds = call.args.get("rowcount"), call.args.get("timelimit")
    count = _constant(rows, "ROWCOUNT")
    if rows is None and seconds is not None:
        count = _constant(seconds, "TIMELIMIT") * ROWS_A_SECOND
    if count > MOST_ROWS:
        raise unsupported(f"GENERATOR of more than {MOST_ROWS} rows")
    source = exp.Anonymous(this="range", expressions=[exp.Literal.number(count)])
    return exp.select(exp.alias_(exp.Null(), "_ROW", quoted=True)).from_(exp.Table(this=source))


def _constant(node: exp.Expression | None, name: str) -> int:
    match node:
        case None | exp.Null():
            return 0
        case exp.Literal() if node.is_int:
            return int(node.this)
        case exp.Cast():
            return _constant(node.this, name)
        case exp.Paren():
            return _constant(node.this, name)
        case _:
            raise compilation(
                f"argument {name} of GENERATOR needs to be constant, found "
                f"'{node.sql(dialect='snowflake')}'",
                1015,
                "22023",
            )


BUILT = {
    exp.Explode: flatten,
    exp.SplitToTable: split_to_table,
    exp.Generator: generator,
}
BUILT_BY_NAME = {"STRTOK_SPLIT_TO_TABLE": strtok_split_to_table}
