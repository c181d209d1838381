"""Operators and functions over VARIANT, ARRAY and OBJECT, as DuckDB computes them."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.duck.semistructured import ARRAY, FUNCTIONS, OBJECT, VARIANT
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import is_macro, macro
from churn.emulator.translation.kinds import (
    TEXT,
    TYPES,
    Columns,
    Kinds,
    branches,
    duck_kind,
    name_of,
)

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("variants")

DUCK = {VARIANT: "JSON", ARRAY: "JSON[]", OBJECT: "MAP(VARCHAR, JSON)"}


@SUBSYSTEM.session_rewrite(
    exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Alter, first=True
)
def semistructured(session: Session, node: exp.Expression) -> exp.Expression:
    """Every operator of the statement, once its kinds are known.

    https://docs.snowflake.com/en/sql-reference/data-types-semistructured
    """
    if node.parent is not None:
        return node
    known: dict[str, Columns] = {}

    def lookup(table: exp.Table) -> Columns:
        written = table_text(table)
        if written not in known:
            known[written] = columns_of(session, written)
        return known[written]

    return rewritten(node, Kinds(lookup))


def table_text(table: exp.Table) -> str:
    parts = [name_of(part) for part in table.parts]
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def columns_of(session: Session, table: str) -> Columns:
    """Kinds of a table's columns; none of what is no table."""
    try:
        described = session.cursor.duck.execute(f"SELECT * FROM {table} LIMIT 0").description
    except duckdb.Error:
        return {}
    kinds = {name: str(kind) for name, kind, *_ in described or ()}
    return {name: TEXT if kind == "VARCHAR" else duck_kind(kind) for name, kind in kinds.items()}


def rewritten(tree: exp.Expression, kinds: Kinds) -> exp.Expression:
    """The tree, with what its operators mean."""
    nodes = list(tree.dfs())
    for node in nodes:
        if isinstance(node, exp.Reduce):
            mark_constants(node)
    if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Select):
        tree.meta["texts"] = kinds.text_columns(tree.this)
        for item in tree.expression.expressions:
            item.meta["kind"] = kinds.of(item)
    for node in nodes:  # all kinds first: a rewrite changes what they are read from
        if type(node) in RULES:
            for part in (node, *node.iter_expressions()):
                part.meta["kind"] = kinds.of(part)
    for node in reversed(nodes):
        rule = RULES.get(type(node))
        new = rule(node) if rule else node
        if new is node:
            continue
        new.meta["kind"] = kind_of(node)
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def kind_of(node: exp.Expression | None) -> str:
    return str(node.meta.get("kind", "")) if node is not None else ""


def as_variant(node: exp.Expression) -> exp.Expression:
    if kind_of(node) == VARIANT:
        return node.copy()
    return macro("array_variant" if kind_of(node) == ARRAY else "to_variant", node.copy())


def as_text(node: exp.Expression, kind: str = VARIANT) -> exp.Expression:
    value = node.copy() if kind == VARIANT else as_variant(node)
    return macro("variant_text", value)


def as_number(node: exp.Expression) -> exp.Expression:
    return duck_cast(as_text(node), "DOUBLE")


def as_boolean(node: exp.Expression) -> exp.Expression:
    return duck_cast(as_text(node), "BOOLEAN")


def duck_cast(node: exp.Expression, kind: str) -> exp.Expression:
    """A cast to a type of DuckDB, which no other rewrite reads."""
    cast = exp.Cast(this=node, to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=kind))
    cast.meta["exact"] = True
    return cast


def array_of(items: list[exp.Expression]) -> exp.Expression:
    """A list of JSON."""
    if not items:
        return duck_cast(exp.Anonymous(this="list_value"), "JSON[]")
    return exp.Anonymous(this="list_value", expressions=[as_variant(item) for item in items])


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """One of Snowflake's functions of arrays and objects."""
    made = exp.Anonymous(this=f"__{name}", expressions=[array_of(list(arguments))])
    returns = FUNCTIONS[name][1]
    if returns == ARRAY:
        return macro("elements", made)
    return duck_cast(made, DUCK[OBJECT]) if returns == OBJECT else made


COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv)
NUMBERS = (
    exp.Neg, exp.Abs, exp.Round, exp.Ceil, exp.Floor, exp.Sqrt, exp.Pow, exp.Sign, exp.Ln, exp.Exp,
    exp.Sum, exp.Avg, exp.Median, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance,
    exp.VariancePop, exp.PercentileCont,
)  # fmt: skip
TEXTS = (
    exp.Length, exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.StartsWith,
    exp.EndsWith, exp.Contains, exp.Replace, exp.Split, exp.SplitPart, exp.Initcap, exp.Reverse,
    exp.MD5, exp.SHA, exp.SHA2, exp.Pad, exp.StrPosition, exp.ToChar, exp.RegexpLike,
    exp.RegexpReplace, exp.RegexpExtract, exp.RegexpCount, exp.RegexpInstr, exp.Repeat,
    exp.GroupConcat, exp.Concat, exp.ConcatWs, exp.DPipe, exp.Like, exp.ILike, exp.ToNumber,
    exp.ToDouble, exp.ToBoolean, exp.TsOrDsToDate, exp.DateTrunc, exp.TimestampTrunc, exp.DateAdd,
    exp.DateDiff, exp.Extract, exp.Year, exp.Month, exp.Day,
    exp.Levenshtein, exp.Translate, exp.Ascii, exp.Base64Encode, exp.Hex,
)  # fmt: skip
"""What reads a VARIANT as text; a conversion of that text is DuckDB's."""


def converted(node: exp.Expression, convert: Callable[[exp.Expression], exp.Expression]) -> None:
    """Convert those operands in place that are a VARIANT."""
    for part in list(node.iter_expressions()):
        if kind_of(part) == VARIANT:
            part.replace(convert(part))


def numbers(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    converted(node, as_number)
    return node


def texts(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    for part in list(node.iter_expressions()):
        if kind_of(part):
            part.replace(as_text(part, kind_of(part)))
    return node


def conditions(node: exp.Expression) -> exp.Expression:
    """A VARIANT where a truth value is needed."""
    converted(node, as_boolean)
    return node


def comparison(node: exp.Expression) -> exp.Expression:
    """A VARIANT is compared as the other side's type; two of them as they are.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion
    """
    if node.meta.get("assigns") or _assigns(node):
        return node
    left, right = node.this, node.expression
    if not kind_of(left) and not kind_of(right):
        return node
    if kind_of(left) and kind_of(right):
        order = isinstance(node, ORDERS)
        for side in (left, right):
            made = as_variant(side)
            side.replace(macro("variant_order", made) if order else made)
        return node
    for side, other in ((left, right), (right, left)):
        if not kind_of(side):
            continue
        if (convert := _like(other)) is not None:
            side.replace(convert(side))
        else:
            side.replace(macro("variant_like", as_variant(side), other.copy()))
            other.replace(macro("value_like", other.copy()))
        break
    return node


def _assigns(node: exp.Expression) -> bool:
    """Whether it is the SET of an UPDATE."""
    return isinstance(node.parent, exp.Update) and node.arg_key == "expressions"


def _like(other: exp.Expression) -> Callable[[exp.Expression], exp.Expression] | None:
    """How a VARIANT becomes comparable with a constant; None where its type is not known."""
    plain = other.unnest()
    if isinstance(plain, exp.Neg):
        plain = plain.this
    if (isinstance(plain, exp.Literal) and not plain.is_string) or isinstance(plain, ARITHMETIC):
        return as_number
    if isinstance(plain, exp.Boolean):
        return as_boolean
    if isinstance(plain, exp.Literal | exp.Null):
        return as_text
    return None


def choice(node: exp.Expression) -> exp.Expression:
    """CASE, IFF, COALESCE: a value beside a VARIANT is one, too."""
    if isinstance(node, exp.If) and kind_of(node.this) == VARIANT:
        node.this.replace(as_boolean(node.this))
    if kind_of(node) == VARIANT:
        for branch in branches(node):
            if kind_of(branch) != VARIANT and not isinstance(branch, exp.Null):
                branch.replace(as_variant(branch))
    return node


def membership(node: exp.Expression) -> exp.Expression:
    """V IN (1, 2), v BETWEEN 1 AND 2: compared as the first of them."""
    others = [part for part in node.iter_expressions() if part is not node.this]
    if kind_of(node.this) and others:
        node.this.replace((_like(others[0]) or as_text)(node.this))
    return node


def cast(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/cast"""
    to, kind = TYPES.get(node.args["to"].this), kind_of(node.this)
    if to == VARIANT:
        return node.this.copy() if kind == VARIANT else as_variant(node.this)
    if to == ARRAY:
        return node.this.copy() if kind == ARRAY else call("TO_ARRAY", node.this)
    if to == OBJECT and node.args["to"].this is not exp.DataType.Type.MAP:
        return node.this.copy() if kind == OBJECT else call("TO_OBJECT", node.this)
    if kind:
        node.this.replace(as_text(node.this, kind))
    return node


def column_type(node: exp.Expression) -> exp.Expression:
    """The type of a column of a table."""
    kind = TYPES.get(node.this)
    if not isinstance(node.parent, exp.ColumnDef | exp.AlterColumn) or kind is None:
        return node
    return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=DUCK[kind])


def bracket(node: exp.Expression) -> exp.Expression:
    """v['key'] and v[0].

    https://docs.snowflake.com/en/user-guide/querying-semistructured
    """
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        return node
    return call("GET", node.this, node.expressions[0])


def path(node: exp.Expression) -> exp.Expression:
    """v:a.b of what is stored as no JSON."""
    if kind_of(node.this) in (ARRAY, OBJECT):
        node.this.replace(as_variant(node.this))
    return node


def array(node: exp.Expression) -> exp.Expression:
    if node.meta.get("native"):
        return node
    return array_of(list(node.expressions))


def obj(node: exp.Expression) -> exp.Expression:
    """{'a': 1}, {*}.

    https://docs.snowflake.com/en/sql-reference/data-types-semistructured
    """
    items: list[exp.Expression] = []
    for pair in node.expressions:
        if not isinstance(pair, exp.PropertyEQ):
            return star_object(pair)
        key = pair.this
        named = isinstance(key, exp.Identifier)
        items += [exp.Literal.string(key.name) if named else key, pair.expression]
    return call("OBJECT_CONSTRUCT", *items)


def star_object(star: exp.Expression) -> exp.Expression:
    """OBJECT_CONSTRUCT(* EXCLUDE a): all columns that are not NULL."""
    return call("WITHOUT_NULLS", row_of(star))


def row_of(star: exp.Expression) -> exp.Expression:
    """The columns that a star stands for, as DuckDB expands it, in one struct."""
    table = star.args.get("table") if isinstance(star, exp.Column) else None
    plain = star.this if isinstance(star, exp.Column) else star
    if table is not None and not any(plain.args.values()):
        return exp.Column(this=table.copy())
    columns: exp.Expression = plain.copy()
    if (pattern := plain.args.get("ilike")) is not None:
        columns = exp.Literal.string(_expression_of(str(pattern.this)))
    every = exp.Anonymous(this="*COLUMNS", expressions=[columns])
    return exp.Anonymous(this="struct_pack", expressions=[every])


def _expression_of(pattern: str) -> str:
    """The regular expression of a pattern of ILIKE."""
    wild = {"%": ".*", "_": "."}
    return "(?i)^" + "".join(wild.get(mark) or re.escape(mark) for mark in pattern) + "$"


def order(node: exp.Expression) -> exp.Expression:
    """Numbers in a VARIANT have the order of numbers."""
    inside = node.parent.parent if node.parent is not None else None
    distinct = isinstance(inside, exp.Select) and inside.args.get("distinct")
    if kind_of(node.this) == VARIANT and not distinct and not isinstance(inside, exp.SetOperation):
        node.this.replace(macro("variant_order", node.this.copy()))
    return node


def extreme(node: exp.Expression) -> exp.Expression:
    """MIN and MAX of a VARIANT, by the order of its values."""
    if kind_of(node.this) != VARIANT:
        return node
    name = "arg_max" if isinstance(node, exp.Max) else "arg_min"
    key = macro("variant_order", node.this.copy())
    return exp.Anonymous(this=name, expressions=[node.this.copy(), key])


def counted(node: exp.Expression) -> exp.Expression:
    """COUNT of a VARIANT leaves JSON null out, too.

    https://docs.snowflake.com/en/sql-reference/functions/count
    """
    if kind_of(node.this) == VARIANT:
        node.this.replace(macro("not_null", node.this.copy()))
    return node


def inserted(node: exp.Expression) -> exp.Expression:
    """A VARIANT in a column of text is text: its quotes stay behind."""
    query = node.expression
    texts = node.meta.get("texts")
    if texts and isinstance(query, exp.Select):
        for at, item in enumerate(list(query.expressions)):
            value = item.this if isinstance(item, exp.Alias) else item
            if at in texts and item.meta.get("kind") == VARIANT:
                value.replace(as_text(value))
    return node


def split(node: exp.Expression) -> exp.Expression:
    """SPLIT gives an ARRAY of texts."""
    texts(node)
    parts = exp.Anonymous(this="string_split", expressions=[node.this, node.expression])
    return macro("elements", exp.Anonymous(this="to_json", expressions=[parts]))


def function(node: exp.Expression) -> exp.Expression:
    """A call by name of a function of arrays and objects."""
    name = str(node.this).upper()
    arguments = list(node.expressions)
    if name in ("OBJECT_CONSTRUCT", "OBJECT_CONSTRUCT_KEEP_NULL") and len(arguments) == 1:
        return star_object(arguments[0])
    if name in PARSING and len(arguments) == 1:
        text = as_text(arguments[0], kind_of(arguments[0])) if kind_of(arguments[0]) else None
        return exp.Anonymous(this=f"__{name}_OF", expressions=[text or arguments[0].copy()])
    if name == "TYPEOF" and is_macro(arguments[0], "to_variant"):
        return macro("type_of_value", arguments[0].expression.expressions[0].copy())
    if name in FUNCTIONS:
        return call(name, *arguments)
    if name == "TO_VARIANT":
        return as_variant(arguments[0])
    if name == "TO_JSON":
        return macro("json_text", as_variant(arguments[0]))
    if name in TESTS:
        types = exp.Tuple(expressions=[exp.Literal.string(t) for t in TESTS[name]])
        return exp.In(this=call("TYPEOF", arguments[0]), expressions=types.expressions)
    if name in PARTS:
        return part_of_type(name, arguments)
    return node


PARSING = ("PARSE_JSON", "TRY_PARSE_JSON", "CHECK_JSON")

_EXACT = ("INTEGER", "DECIMAL")
TESTS = {
    "IS_ARRAY": ("ARRAY",),
    "IS_OBJECT": ("OBJECT",),
    "IS_BOOLEAN": ("BOOLEAN",),
    "IS_CHAR": ("VARCHAR",),
    "IS_VARCHAR": ("VARCHAR",),
    "IS_INTEGER": ("INTEGER",),
    "IS_DECIMAL": _EXACT,
    "IS_DOUBLE": (*_EXACT, "DOUBLE"),
    "IS_REAL": (*_EXACT, "DOUBLE"),
}
"""IS_...: the types for which it is true."""

PARTS: dict[str, tuple[tuple[str, ...], str]] = {
    "AS_ARRAY": (("ARRAY",), ARRAY),
    "AS_OBJECT": (("OBJECT",), OBJECT),
    "AS_BOOLEAN": (("BOOLEAN",), "BOOLEAN"),
    "AS_CHAR": (("VARCHAR",), "VARCHAR"),
    "AS_VARCHAR": (("VARCHAR",), "VARCHAR"),
    "AS_INTEGER": (_EXACT, "BIGINT"),
    "AS_DECIMAL": (_EXACT, "DECIMAL(38, 0)"),
    "AS_NUMBER": (_EXACT, "DECIMAL(38, 0)"),
    "AS_DOUBLE": ((*_EXACT, "DOUBLE"), "DOUBLE"),
    "AS_REAL": ((*_EXACT, "DOUBLE"), "DOUBLE"),
}
"""AS_...: the types for which it is not NULL, and its own."""


def part_of_type(name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/as"""
    types, to = PARTS[name]
    if len(arguments) > 1:
        digits = ", ".join(a.sql() for a in arguments[1:])
        to = f"DECIMAL({digits})"
    made = as_variant(arguments[0])
    if to == ARRAY:
        value = macro("elements", made)
    elif to == OBJECT:
        value = duck_cast(made, DUCK[OBJECT])
    else:
        value = duck_cast(macro("variant_text", made), to)
    literals = [exp.Literal.string(t) for t in types]
    test = exp.In(this=call("TYPEOF", arguments[0]), expressions=literals)
    return exp.Case(ifs=[exp.If(this=test, true=value)])


def filtered(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/filter"""
    return exp.Anonymous(
        this="list_filter", expressions=[items_of(node.this), node.expression.copy()]
    )


def transformed(node: exp.Expression) -> exp.Expression:
    """https://docs.snowflake.com/en/sql-reference/functions/transform"""
    made = node.expression.copy()
    made.set("this", as_variant(made.this))
    return exp.Anonymous(this="list_transform", expressions=[items_of(node.this), made])


def items_of(node: exp.Expression) -> exp.Expression:
    """The elements of an array, as a list of JSON."""
    return node.copy() if kind_of(node) == ARRAY else macro("elements", as_variant(node))


def reduced(node: exp.Expression) -> exp.Expression:
    """REDUCE computes with the values of an array of constants; with those of others as VARIANT.

    https://docs.snowflake.com/en/sql-reference/functions/reduce
    """
    if node.this.meta.get("native"):
        return node
    initial = node.args["initial"]
    merged = node.args["merge"].copy()
    merged.set("this", as_variant(merged.this))
    made = exp.Anonymous(
        this="list_reduce", expressions=[items_of(node.this), merged, as_variant(initial)]
    )
    if not isinstance(initial, exp.Literal):
        return made
    return macro("variant_text", made) if initial.is_string else duck_cast(made, "DOUBLE")


def mark_constants(node: exp.Expression) -> None:
    """An array of constants is one of DuckDB's for REDUCE, whose lambda computes with them."""
    constant = exp.Literal | exp.Null | exp.Neg
    if isinstance(node.this, exp.Array) and all(
        isinstance(item, constant) for item in node.this.expressions
    ):
        node.this.meta["native"] = True
        node.args["merge"].meta["native"] = True


RULES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    **dict.fromkeys(COMPARISONS, comparison),
    **dict.fromkeys((*ARITHMETIC, *NUMBERS), numbers),
    **dict.fromkeys(TEXTS, texts),
    **dict.fromkeys((exp.And, exp.Or, exp.Not, exp.Where, exp.Having, exp.Qualify), conditions),
    **dict.fromkeys((exp.In, exp.Between), membership),
    **dict.fromkeys((exp.Case, exp.If, exp.Coalesce), choice),
    **dict.fromkeys((exp.Cast, exp.TryCast), cast),
    **dict.fromkeys((exp.Min, exp.Max), extreme),
    exp.DataType: column_type,
    exp.Bracket: bracket,
    exp.JSONExtract: path,
    exp.Array: array,
    exp.Struct: obj,
    exp.StarMap: lambda node: star_object(node.this),
    exp.Ordered: order,
    exp.Split: split,
    exp.Anonymous: function,
    exp.ArrayFilter: filtered,
    exp.Transform: transformed,
    exp.Reduce: reduced,
    exp.Count: counted,
    exp.Insert: inserted,
}
