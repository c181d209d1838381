"""Text functions that mean something else in DuckDB, and regular expressions.

https://docs.snowflake.com/en/sql-reference/functions-string
"""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import macro, overloaded, typed

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("texts")

SIDES = {"LEADING": "ltrim", "TRAILING": "rtrim"}


@SUBSYSTEM.rewrite(exp.Trim)
def trim(node: exp.Expression) -> exp.Expression:
    """Any of the characters at the ends; blanks unless others are given, and only those.

    https://docs.snowflake.com/en/sql-reference/functions/trim
    """
    name = SIDES.get(str(node.args.get("position") or "").upper(), "trim")
    given = node.expression
    characters = typed(given) if given is not None else exp.Literal.string(" ")
    text = exp.cast(node.this.copy(), "TEXT") if isinstance(node.this, exp.Null) else node.this
    return exp.Anonymous(this=name, expressions=[macro("bare", text.copy()), characters])


@SUBSYSTEM.rewrite(exp.Length)
def length(node: exp.Expression) -> exp.Expression:
    """Characters of a text, bytes of a binary.

    https://docs.snowflake.com/en/sql-reference/functions/length
    """
    return overloaded("length_of", node.this)


@SUBSYSTEM.rewrite(exp.Levenshtein)
def edit_distance(node: exp.Expression) -> exp.Expression:
    """Counted in characters, up to a maximum that is at least zero.

    https://docs.snowflake.com/en/sql-reference/functions/editdistance
    """
    distance = exp.Anonymous(
        this="emulator_edit_distance", expressions=[node.this.copy(), node.expression.copy()]
    )
    most = node.args.get("max_dist")
    if most is None:
        return distance
    least = exp.Greatest(this=most.copy(), expressions=[exp.Literal.number(0)])
    return exp.Least(this=distance, expressions=[least])


def _expression(node: exp.Expression, default: exp.Expression, key: str) -> exp.Expression:
    value = node.args.get(key)
    return default if value is None else value.copy()


def _number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


@SUBSYSTEM.rewrite(exp.RegexpInstr)
def regexp_instr(node: exp.Expression) -> exp.Expression:
    """Where a match, or a group of it, begins or ends; 0 if there is none.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_instr
    """
    return exp.Anonymous(
        this="emulator_regexp_instr",
        expressions=[
            node.this.copy(),
            node.expression.copy(),
            _expression(node, _number(1), "position"),
            _expression(node, _number(1), "occurrence"),
            _expression(node, _number(0), "option"),
            _expression(node, exp.Literal.string("c"), "parameters"),
            _expression(node, _number(-1), "group"),
        ],
    )


@SUBSYSTEM.rewrite(exp.RegexpCount)
def regexp_count(node: exp.Expression) -> exp.Expression:
    """How many matches there are.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_count
    """
    return exp.Anonymous(
        this="emulator_regexp_count",
        expressions=[
            node.this.copy(),
            node.expression.copy(),
            _expression(node, _number(1), "position"),
            _expression(node, exp.Literal.string("c"), "parameters"),
        ],
    )


@SUBSYSTEM.rewrite(exp.RegexpReplace)
def regexp_replace(node: exp.Expression) -> exp.Expression:
    """Every match, or one of them, from a position on.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_replace
    """
    return exp.Anonymous(
        this="emulator_regexp_replace",
        expressions=[
            node.this.copy(),
            node.expression.copy(),
            _expression(node, exp.Literal.string(""), "replacement"),
            _expression(node, _number(1), "position"),
            _expression(node, _number(0), "occurrence"),
            _expression(node, exp.Literal.string("c"), "modifiers"),
        ],
    )
