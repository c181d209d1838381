"""CREATE TABLE as DuckDB must read it: keys that nobody enforces, numbers that count up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from churn.emulator.language.errors import compilation, invalid
from churn.emulator.language.names import Name
from churn.emulator.translation.arguments import text_of


@dataclass
class Keys:
    """What a definition declares and DuckDB must not enforce."""

    primary: list[str] = field(default_factory=list)
    unique: list[str] = field(default_factory=list)
    identity: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    """By column: its first value, its step, and whether ORDER was written."""


def taken_out(tree: exp.Expression) -> Keys:
    """Remove the keys of a CREATE TABLE; a primary key leaves NOT NULL behind.

    https://docs.snowflake.com/en/sql-reference/constraints-overview
    """
    keys = Keys()
    schema = tree.this
    if not isinstance(schema, exp.Schema):
        return keys
    kept: list[exp.Expression] = []
    for item in schema.expressions:
        if isinstance(item, exp.ColumnDef):
            kept.append(_column(item, keys))
        elif not _is_key(item, keys):
            kept.append(item)
    for column in (c for c in kept if isinstance(c, exp.ColumnDef)):
        if text_of(column.this) in keys.primary:
            _not_null(column)
    schema.set("expressions", kept)
    need_distinct(text_of(c.this) for c in kept if isinstance(c, exp.ColumnDef))
    return keys


def need_distinct(names: Iterable[str]) -> None:
    """A table has each name of a column once."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise compilation(f"duplicate column name '{name}'", 2025, "42S21")
        known.add(name)


def _column(column: exp.ColumnDef, keys: Keys) -> exp.ColumnDef:
    """The column without its keys."""
    name = text_of(column.this)
    kept = []
    for constraint in column.args.get("constraints") or []:
        match constraint.kind:
            case exp.PrimaryKeyColumnConstraint():
                keys.primary.append(name)
            case exp.UniqueColumnConstraint():
                keys.unique.append(name)
            case exp.GeneratedAsIdentityColumnConstraint() as counted:
                keys.identity[name] = _steps(counted)
            case exp.AutoIncrementColumnConstraint():
                keys.identity[name] = (1, 1, False)
            case exp.Reference():
                pass
            case _:
                kept.append(constraint)
    column.set("constraints", kept)
    return column


def _steps(counted: exp.Expression) -> tuple[int, int, bool]:
    def number(key: str) -> int:
        written = counted.args.get(key)
        return 1 if written is None else int(written.sql())

    return number("start"), number("increment"), bool(counted.args.get("order"))


def _is_key(item: exp.Expression, keys: Keys) -> bool:
    """Whether it is a key of the table; remembers which columns are in it."""
    match item:
        case exp.Constraint():
            return all(_is_key(each, keys) for each in item.expressions)
        case exp.PrimaryKey():
            keys.primary += [text_of(_bare(c)) for c in item.expressions]
            return True
        case exp.UniqueColumnConstraint():
            columns = item.this.expressions if item.this else []
            keys.unique += [text_of(_bare(c)) for c in columns]
            return True
        case exp.ForeignKey():
            return True
        case _:
            return False


def _bare(column: exp.Expression) -> exp.Expression:
    return column.this if isinstance(column, exp.Ordered) else column


def _not_null(column: exp.ColumnDef) -> None:
    declared = column.args.get("constraints") or []
    if not any(isinstance(c.kind, exp.NotNullColumnConstraint) for c in declared):
        column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))


def count_up(tree: exp.Expression, keys: Keys, create: Callable[[str, int, int], Name]) -> None:
    """Give AUTOINCREMENT columns the next value of a sequence of their own as their default.

    Args:
        create: Makes the sequence of a column, from its first value and its step.

    https://docs.snowflake.com/en/sql-reference/sql/create-table
    """
    for column in tree.find_all(exp.ColumnDef):
        name = text_of(column.this)
        if name in keys.identity:
            start, step, _ = keys.identity[name]
            if step == 0:
                raise invalid("the increment of an AUTOINCREMENT column cannot be 0")
            following = next_value(create(name, start, step))
            column.append(
                "constraints",
                exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=following)),
            )


def next_value(sequence: Name) -> exp.Expression:
    return exp.Anonymous(this="nextval", expressions=[exp.Literal.string(quoted(sequence))])


def quoted(name: Name) -> str:
    """The name of a sequence as DuckDB's nextval reads it."""
    parts = (name.database, name.schema, name.name)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
