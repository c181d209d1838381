"""Which expressions are VARIANT, ARRAY or OBJECT: what the rewrites of their operators ask.

DuckDB tells the types of tables; the kind of an expression follows from its nodes and the columns
from where they come. An expression of no kind is an ordinary value, or not known.
https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp

from churn.emulator.duck.semistructured import ARRAY, FUNCTIONS, JSON, OBJECT, VARIANT

Columns = Mapping[str, str]
"""Kinds by the names of columns: "" where it is an ordinary value."""
Lookup = Callable[[exp.Table], Columns]

TEXT = "TEXT"
"""What a lookup says of a column of text; to the rest, that is an ordinary value."""

TYPES = {
    exp.DataType.Type.VARIANT: VARIANT,
    exp.DataType.Type.JSON: VARIANT,
    exp.DataType.Type.ARRAY: ARRAY,
    exp.DataType.Type.OBJECT: OBJECT,
    exp.DataType.Type.STRUCT: OBJECT,
    exp.DataType.Type.MAP: OBJECT,
}

SAME = (
    exp.Paren, exp.Alias, exp.Min, exp.Max, exp.AnyValue, exp.Window, exp.IgnoreNulls,
    exp.RespectNulls, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead, exp.Distinct,
    exp.Nullif,
)  # fmt: skip
"""What has the kind of what it is of."""

FIXED: dict[type[exp.Expression], str] = {
    exp.JSONExtract: VARIANT,
    exp.Bracket: VARIANT,
    exp.Array: ARRAY,
    exp.Struct: OBJECT,
    exp.StarMap: OBJECT,
    exp.ArrayAgg: ARRAY,
    exp.ArrayUniqueAgg: ARRAY,
    exp.ArrayUnionAgg: ARRAY,
    exp.ArrayFilter: ARRAY,
    exp.Transform: ARRAY,
    exp.Split: ARRAY,
    exp.ObjectAgg: OBJECT,
    exp.ToVariant: VARIANT,
}

QUERIES = (exp.Select, exp.Update, exp.Delete, exp.Merge)


def duck_kind(written: str) -> str:
    """The kind of a type of DuckDB."""
    if written == "JSON":
        return VARIANT
    if written.endswith("]"):
        return ARRAY
    return OBJECT if written.startswith(("MAP(", "STRUCT(")) else ""


def name_of(node: exp.Expression | None) -> str:
    """A name as Snowflake keeps it."""
    if not isinstance(node, exp.Identifier):
        return str(node.name).upper() if node is not None else ""
    return str(node.this) if node.quoted else str(node.this).upper()


class Kinds:
    """The kinds of the expressions of one statement."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[int, str] = {}

    def of(self, node: exp.Expression | None) -> str:
        """VARIANT, ARRAY, OBJECT, or "" for what is none or is not known."""
        if node is None:
            return ""
        if id(node) not in self._known:
            self._known[id(node)] = ""  # a query that selects from itself
            self._known[id(node)] = self._kind(node)
        return self._known[id(node)]

    def text_columns(self, target: exp.Expression) -> set[int]:
        """Which of the columns that an INSERT fills hold text, by their places."""
        table = target.this if isinstance(target, exp.Schema) else target
        if not isinstance(table, exp.Table):
            return set()
        kinds = self._lookup(table)
        named = target.expressions if isinstance(target, exp.Schema) else None
        names = [name_of(each) for each in named] if named else list(kinds)
        return {at for at, name in enumerate(names) if kinds.get(name) == TEXT}

    def _kind(self, node: exp.Expression) -> str:
        if type(node) in FIXED:
            return "" if self._of_file(node) else FIXED[type(node)]
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Identifier():
                return VARIANT if self._is_parameter(node) else ""
            case exp.Cast():
                return TYPES.get(node.to.this, "")
            case exp.Anonymous():
                returns = FUNCTIONS.get(str(node.this).upper(), (None, "", False))[1]
                return returns if returns in JSON else ""
            case exp.Subquery() | exp.Select() | exp.SetOperation():
                projections = node.selects
                return self.of(projections[0]) if len(projections) == 1 else ""
            case exp.ArgMax() | exp.ArgMin() if node.args.get("count") is not None:
                return ARRAY
            case exp.WithinGroup() | exp.ArgMax() | exp.ArgMin():
                return self.of(node.this)
            case exp.Case() | exp.If() | exp.Coalesce():
                return joined([self.of(branch) for branch in branches(node)])
            case _ if isinstance(node, SAME):
                return self.of(node.this)
            case _:
                return ""

    def _of_file(self, node: exp.Expression) -> bool:
        """$1:name of a staged file, whose columns have types of their own."""
        return isinstance(node, exp.JSONExtract) and isinstance(node.this, exp.Parameter)

    def _is_parameter(self, node: exp.Expression) -> bool:
        function = node.find_ancestor(exp.Lambda)
        while function is not None:
            if name_of(node) in map(name_of, function.expressions):
                return not function.meta.get("native")
            function = function.find_ancestor(exp.Lambda)
        return False

    def _column(self, node: exp.Column) -> str:
        if isinstance(node.this, exp.Star):
            return ""
        name, table = name_of(node.this), name_of(node.args.get("table"))
        query = node.find_ancestor(*QUERIES)
        while query is not None:
            for alias, source in self._sources(query):
                if table in ("", alias):
                    kind = self._of_source(source, name)
                    if kind is not None:
                        return kind
            if not table and isinstance(query, exp.Select):
                for item in query.expressions:
                    if isinstance(item, exp.Alias) and name_of(item.args["alias"]) == name:
                        return self.of(item.this) if item.this is not node else ""
            query = query.find_ancestor(*QUERIES)
        return ""

    def _sources(self, query: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
        parts = [query.args.get("from_"), *(query.args.get("joins") or ())]
        parts += query.args.get("laterals") or []
        sources = [part.this if isinstance(part, exp.From | exp.Join) else part for part in parts]
        if not isinstance(query, exp.Select):
            sources += [query.this, query.args.get("using")]
        for source in sources:
            if isinstance(source, exp.Expression):
                yield from _with_joins(source)

    def _of_source(self, source: exp.Expression, name: str) -> str | None:
        """The kind of a column; None where the source has no such column."""
        match source:
            case exp.Table():
                named = _common(source)
                if named is not None:
                    return self._of_query(named.this, name, _aliases(named))
                kind = self._lookup(source).get(name)
                return "" if kind == TEXT else kind
            case exp.Subquery():
                return self._of_query(source.this, name, _aliases(source))
            case exp.Lateral() | exp.TableFromRows() if isinstance(source.this, exp.Explode):
                return {
                    **dict.fromkeys(("SEQ", "KEY", "PATH", "INDEX"), ""),
                    **dict.fromkeys(("VALUE", "THIS"), VARIANT),
                }.get(name)
            case exp.Lateral() | exp.TableFromRows() if isinstance(source.this, exp.Subquery):
                return self._of_query(source.this.this, name, _aliases(source))
            case exp.Values():
                return self._of_values(source, name)
            case _:
                return None

    def _of_values(self, source: exp.Values, name: str) -> str | None:
        rows = source.expressions
        names = _aliases(source) or [f"COLUMN{i + 1}" for i in range(len(rows[0].expressions))]
        if name not in names:
            return None
        return self.of(rows[0].expressions[names.index(name)])

    def _of_query(self, query: exp.Expression, name: str, aliases: list[str]) -> str | None:
        while isinstance(query, exp.SetOperation | exp.Subquery):
            query = query.this
        if isinstance(query, exp.Values):
            return self._of_values(query, name)
        if not isinstance(query, exp.Select):
            return None
        if aliases:
            at = aliases.index(name) if name in aliases else -1
            return self.of(query.expressions[at]) if 0 <= at < len(query.expressions) else None
        for item in query.expressions:
            written = item.args.get("alias") if isinstance(item, exp.Alias) else item.this
            if isinstance(item, exp.Alias | exp.Column) and name_of(written) == name:
                return self.of(item)
        stars = [item for item in query.expressions if item.is_star]
        for star in stars:
            table = name_of(star.args.get("table")) if isinstance(star, exp.Column) else ""
            for alias, source in self._sources(query):
                if table in ("", alias):
                    kind = self._of_source(source, name)
                    if kind is not None:
                        return kind
        return None


def branches(node: exp.Expression) -> list[exp.Expression]:
    """The values that a CASE, an IFF or a COALESCE may have."""
    match node:
        case exp.Case():
            values = [each.args.get("true") for each in node.args["ifs"]]
            values.append(node.args.get("default"))
        case exp.If():
            values = [node.args.get("true"), node.args.get("false")]
        case _:
            values = [node.this, *node.expressions]
    return [value for value in values if value is not None]


def joined(kinds: list[str]) -> str:
    """The kind of what may be any of them; a value beside a VARIANT becomes one."""
    known = {kind for kind in kinds if kind}
    if not known:
        return ""
    return known.pop() if len(known) == 1 else VARIANT


def _with_joins(source: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    yield name_of(_alias(source)), source
    for join in source.args.get("joins") or ():
        yield from _with_joins(join.this)


def _alias(source: exp.Expression) -> exp.Expression | None:
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        return alias.this
    return source.this if isinstance(source, exp.Table) else None


def _aliases(source: exp.Expression) -> list[str]:
    alias = source.args.get("alias")
    return [name_of(c) for c in alias.columns] if isinstance(alias, exp.TableAlias) else []


def _common(table: exp.Table) -> exp.Expression | None:
    """The common table expression of that name."""
    if table.args.get("db"):
        return None
    node: exp.Expression | None = table
    while node is not None:
        defined = node.args.get("with_")
        for each in defined.expressions if defined else ():
            if name_of(each.args["alias"].this) == name_of(table.this) and not _within(table, each):
                return each
        node = node.parent
    return None


def _within(node: exp.Expression, other: exp.Expression) -> bool:
    return node is other or (node.parent is not None and _within(node.parent, other))
