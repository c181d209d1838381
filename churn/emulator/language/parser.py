"""Snowflake's SQL as a tree."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError

from churn.emulator.language.errors import SqlError, compilation

OWN_FUNCTIONS = {
    *("TO_CHAR", "TO_VARCHAR", "TO_BINARY", "TRY_TO_BINARY", "DATE", "TIME"),
    *(
        f"{prefix}{name}"
        for prefix in ("", "TRY_")
        for name in (
            *("TO_DATE", "TO_TIME", "TO_TIMESTAMP"),
            *("TO_TIMESTAMP_NTZ", "TO_TIMESTAMP_LTZ"),
        )
    ),
}
"""Functions of dates, texts and bytes that `translation` builds from their arguments as written."""


class _Parser(Snowflake.Parser):
    """Remembers how an expression was written, which names its column when nothing else does."""

    FUNCTIONS: ClassVar = {
        name: build
        for name, build in Snowflake.Parser.FUNCTIONS.items()
        if name not in OWN_FUNCTIONS
    }

    def _parse_ordered(self, parse_method: Any = None) -> exp.Ordered | None:
        """Remembers whether NULLS FIRST or LAST was written."""
        node = super()._parse_ordered(parse_method)
        if node is not None and self._prev is not None:
            node.meta["nulls"] = self._prev.text.upper() in ("FIRST", "LAST")
        return node

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
    return trees[0]


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
