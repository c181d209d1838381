"""Snowflake's SQL as a tree."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError
from sqlglot.tokens import TokenType

from churn.emulator.language.errors import SqlError, compilation

BY_NAME = {
    *("PARSE_JSON", "TRY_PARSE_JSON", "CHECK_JSON", "TYPEOF", "TO_JSON", "TO_VARIANT", "TO_ARRAY"),
    *("GET", "GET_IGNORE_CASE", "IS_NULL_VALUE", "STRIP_NULL_VALUE", "ARRAY_APPEND", "ARRAY_CAT"),
    *("OBJECT_CONSTRUCT_KEEP_NULL", "OBJECT_CONSTRUCT", "OBJECT_INSERT", "OBJECT_DELETE"),
    *("OBJECT_PICK", "OBJECT_KEYS", "ARRAY_COMPACT", "ARRAY_CONTAINS", "ARRAY_POSITION"),
    *("ARRAY_DISTINCT", "ARRAY_EXCEPT", "ARRAY_INTERSECTION", "ARRAYS_OVERLAP", "ARRAY_FLATTEN"),
    *("ARRAY_INSERT", "ARRAY_SIZE", "ARRAY_SLICE", "ARRAY_SORT", "ARRAY_TO_STRING", "ARRAY_MAX"),
    *("ARRAY_MIN", "ARRAY_PREPEND", "ARRAY_REMOVE", "ARRAY_REMOVE_AT", "ARRAY_REVERSE"),
    *("ARRAY_GENERATE_RANGE", "ARRAYS_TO_OBJECT", "ARRAYS_ZIP", "TO_OBJECT"),
}
"""Functions whose calls keep their name and arguments: their translation is one by name."""
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

    FUNCTIONS: ClassVar[dict[str, Any]] = {
        k: v
        for k, v in Snowflake.Parser.FUNCTIONS.items()
        if k not in BY_NAME and k not in OWN_FUNCTIONS
    }
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        k: v for k, v in Snowflake.Parser.FUNCTION_PARSERS.items() if k not in BY_NAME
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

    def _parse_function_call(self, *args: Any, **options: Any) -> exp.Expression | None:
        token, following = self._curr, self._next
        node = super()._parse_function_call(*args, **options)
        called = following is not None and following.token_type == TokenType.L_PAREN
        if node is not None and token is not None and called and node.meta.get("called") is None:
            node.meta["called"] = token.text.upper()
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


def parts_of(dotted: exp.Dot) -> list[exp.Expression]:
    """Of a.b.f(): a, b and the call. `Dot.parts` leaves out a first name that is no column."""
    first, *others = dotted.flatten()
    return [*(first.parts if isinstance(first, exp.Column) else [first]), *others]
