"""Snowflake's SQL as a tree."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError

from churn.emulator.language.errors import SqlError, compilation


class _Parser(Snowflake.Parser):
    """Remembers how an expression was written, which names its column when nothing else does."""

    def _parse_expression(self) -> exp.Expression | None:
        start = self._curr
        node = super()._parse_expression()
        if node is not None and start is not None and self._prev is not None:
            node.meta["text"] = self._find_sql(start, self._prev)
        return node


class _Snowflake(Snowflake):
    Parser = _Parser


def parse(sql: str) -> exp.Expression:
    """One statement's tree.

    Raises:
        SqlError: It is not SQL, or more than one statement.
    """
    try:
        trees = [
            e for e in _DIALECT.parse(sql) if e is not None and not isinstance(e, exp.Semicolon)
        ]
    except ParseError as error:
        raise syntax_error(error) from None
    if len(trees) != 1:
        raise compilation(f"expected one statement, found {len(trees)}", 8, "0A000")
    if ".." in sql:
        _name_public(trees[0])
    return trees[0]


def _name_public(tree: exp.Expression) -> None:
    """DB..NAME is in the schema PUBLIC.

    https://docs.snowflake.com/en/sql-reference/name-resolution
    """
    for table in tree.find_all(exp.Table):
        if table.args.get("catalog") and not table.text("db"):
            table.set("db", exp.to_identifier("PUBLIC", quoted=True))


_DIALECT = _Snowflake()


def syntax_error(error: ParseError) -> SqlError:
    first = error.errors[0] if error.errors else {}
    where = f"line {first.get('line', 1)} at position {first.get('col', 0)}"
    return compilation(
        f"syntax error {where} unexpected '{first.get('highlight', '')}'. "
        f"{first.get('description', error)}",
        1003,
        "42000",
    )
