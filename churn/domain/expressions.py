"""The small language that features and labels are written in.

An expression is a frozen value. It knows no engine: each engine has one table from the names in
`OPERATIONS` to its own builders. Semantics are Snowflake's; where an engine differs, its table
corrects it.

>>> print(when(col("STATUS") == "RETURNED", 1, 0).mean())
mean(when((STATUS = 'RETURNED'), 1, 0))
>>> print(col("ORDER_AMOUNT").sum().over("CUSTOMER_ID", order_by="ORDER_DATE"))
sum(ORDER_AMOUNT) over (partition by CUSTOMER_ID order by ORDER_DATE)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NoReturn, Self, SupportsIndex, overload

from churn.domain.errors import UsageError

Scalar = str | int | float | bool | date | None


class Parameter(date):
    """A date with a name, for writing a definition out: `:as_of`, and `:as_of - 30 days`.

    A definition that is computed on parameters says which date it means, where one that is computed
    on dates would say which it happened to be given. Moved by days it keeps its name.
    """

    name: str
    base: str
    offset: timedelta

    @classmethod
    def of(cls, base: str, day: date, offset: timedelta = timedelta()) -> Self:
        made = cls(day.year, day.month, day.day)
        made.base, made.offset = base, offset
        sign = "-" if offset < timedelta() else "+"
        made.name = f":{base} {sign} {abs(offset.days)} days" if offset else f":{base}"
        return made

    def __add__(self, other: timedelta, /) -> Self:
        return type(self).of(self.base, self.plain + other, self.offset + other)

    @overload  # type: ignore[override]
    def __sub__(self, other: date, /) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta, /) -> Self: ...
    def __sub__(self, other: date | timedelta, /) -> timedelta | Self:
        if isinstance(other, timedelta):
            return self + -other
        return self.plain - other

    def replace(
        self,
        year: SupportsIndex | None = None,
        month: SupportsIndex | None = None,
        day: SupportsIndex | None = None,
    ) -> Self:
        given = {"year": year, "month": month, "day": day}
        parts = {name: value for name, value in given.items() if value is not None}
        changed = ", ".join(f"{name}={value}" for name, value in parts.items())
        return type(self).of(f"{self.name[1:]} with {changed}", self.plain.replace(**parts))

    @property
    def plain(self) -> date:
        return date(self.year, self.month, self.day)


class Type(StrEnum):
    """The column types that every engine has."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


AGGREGATES = frozenset(
    {"sum", "mean", "min", "max", "count", "count_rows", "count_distinct", "std", "median"}
    | {"first", "last"}
)
"""Operations that turn the rows of a group into one value."""

RUNNING = frozenset({"sum", "mean", "min", "max", "count", "count_rows"})
"""Aggregates that may run over an ordered window: rows from the first up to the current one."""

ORDERED = frozenset({"lag", "row_number"})
"""Operations that exist over an ordered window only."""

WRITTEN = {
    Type.INTEGER: r"^[+-]?[0-9]{1,18}$",
    Type.FLOAT: r"^[+-]?[0-9]{1,15}([.][0-9]{1,15})?$",
    Type.DATE: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}
"""What `parse` reads, as regular expressions: no more than all engines read alike."""

INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "modulo": "%",
    "equal": "=",
    "not_equal": "<>",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "and": "and",
    "or": "or",
}

OPERATIONS = (
    AGGREGATES
    | ORDERED
    | frozenset(INFIX)
    | frozenset({"negate", "absolute", "floor", "ceil", "round", "sqrt", "ln"})
    | frozenset({"not", "is_in", "is_null", "coalesce", "null_if", "when", "cast", "parse"})
    | frozenset({"greatest", "least"})
    | frozenset({"days_between", "months_between", "years_between", "add_days", "month_start"})
    | frozenset({"year", "quarter", "month", "week", "day", "day_of_week", "day_of_year"})
    | frozenset({"lower", "upper", "trim", "length", "substring", "concat", "replace"})
    | frozenset({"contains", "starts_with", "ends_with"})
)
"""Every operation an engine must offer: the keys of its table, no more and no less."""


@dataclass(frozen=True, eq=False)
class Expression:
    """Base of all expressions: `==`, `<`, `&` and so on build expressions, as in the engines.

    Two expressions are the same definition when they print the same.
    """

    def __bool__(self) -> NoReturn:
        raise UsageError(
            f"the truth of the expression {self} is not known before an engine runs it",
            "Combine conditions with &, | and ~, and use when(...) instead of if.",
        )

    def __hash__(self) -> int:
        return hash(str(self))

    # Arithmetic. NULL if any operand is.

    def __add__(self, other: Operand) -> Expression:
        return _operation("add", self, other)

    def __radd__(self, other: Operand) -> Expression:
        return _operation("add", other, self)

    def __sub__(self, other: Operand) -> Expression:
        return _operation("subtract", self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return _operation("subtract", other, self)

    def __mul__(self, other: Operand) -> Expression:
        return _operation("multiply", self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return _operation("multiply", other, self)

    def __truediv__(self, other: Operand) -> Expression:
        """Float division; NULL where the divisor is zero."""
        return _operation("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return _operation("divide", other, self)

    def __mod__(self, other: Operand) -> Expression:
        """Remainder of integers with the sign of the dividend; NULL where the divisor is zero."""
        return _operation("modulo", self, other)

    def __neg__(self) -> Expression:
        return _operation("negate", self)

    def __abs__(self) -> Expression:
        return _operation("absolute", self)

    def round(self, digits: int = 0) -> Expression:
        """Half away from zero, to `digits` decimals; a float."""
        return _operation("round", self, options=(digits,))

    def floor(self) -> Expression:
        """The largest whole number not above; a float."""
        return _operation("floor", self)

    def ceil(self) -> Expression:
        """The smallest whole number not below; a float."""
        return _operation("ceil", self)

    def sqrt(self) -> Expression:
        """NULL below zero."""
        return _operation("sqrt", self)

    def ln(self) -> Expression:
        """Natural logarithm; NULL at and below zero."""
        return _operation("ln", self)

    # Comparison and boolean logic, three-valued: NULL compares to NULL, and filters drop NULL.

    def __eq__(self, other: Operand) -> Expression:  # type: ignore[override]
        return _operation("equal", self, other)

    def __ne__(self, other: Operand) -> Expression:  # type: ignore[override]
        return _operation("not_equal", self, other)

    def __lt__(self, other: Operand) -> Expression:
        return _operation("less", self, other)

    def __le__(self, other: Operand) -> Expression:
        return _operation("less_equal", self, other)

    def __gt__(self, other: Operand) -> Expression:
        return _operation("greater", self, other)

    def __ge__(self, other: Operand) -> Expression:
        return _operation("greater_equal", self, other)

    def between(self, low: Operand, high: Operand) -> Expression:
        """Both ends included."""
        return (self >= low) & (self <= high)

    def is_in(self, *values: Scalar) -> Expression:
        """Equal to any of the values, none of which may be None."""
        if not values or None in values:
            raise UsageError(
                f"is_in needs at least one value and none of them None, found {values!r}",
                "Test for NULL with is_null().",
            )
        return _operation("is_in", self, options=values)

    def __and__(self, other: Operand) -> Expression:
        return _operation("and", self, other)

    def __or__(self, other: Operand) -> Expression:
        return _operation("or", self, other)

    def __invert__(self) -> Expression:
        return _operation("not", self)

    # NULL

    def is_null(self) -> Expression:
        return _operation("is_null", self)

    def is_not_null(self) -> Expression:
        return ~self.is_null()

    def fill_null(self, *others: Operand) -> Expression:
        """The first that is not NULL: this, or one of the others in turn."""
        return _operation("coalesce", self, *others)

    def null_if(self, other: Operand) -> Expression:
        """NULL where equal to the other."""
        return _operation("null_if", self, other)

    # Types

    def cast(self, to: Type) -> Expression:
        """Between numbers (half away from zero), between date and timestamp; or to text.

        Float to text is not offered, since engines print floats differently. From text: `parse`.
        """
        return _operation("cast", self, options=(to,))

    def parse(self, to: Type) -> Expression:
        """Text read as an integer, a float or a date (2024-06-30); NULL where it is no such value.

        `WRITTEN` says what is accepted.
        """
        if to not in WRITTEN:
            raise UsageError.unknown("type to read text as", to, WRITTEN)
        return _operation("parse", self, options=(to,))

    # Dates

    def year(self) -> Expression:
        return _operation("year", self)

    def quarter(self) -> Expression:
        return _operation("quarter", self)

    def month(self) -> Expression:
        return _operation("month", self)

    def week(self) -> Expression:
        """ISO week of the year, 1 to 53."""
        return _operation("week", self)

    def day(self) -> Expression:
        return _operation("day", self)

    def day_of_week(self) -> Expression:
        """ISO: Monday is 1, Sunday is 7."""
        return _operation("day_of_week", self)

    def day_of_year(self) -> Expression:
        return _operation("day_of_year", self)

    def month_start(self) -> Expression:
        """The first day of the month."""
        return _operation("month_start", self)

    def add_days(self, days: Operand) -> Expression:
        return _operation("add_days", self, days)

    # Text

    def lower(self) -> Expression:
        return _operation("lower", self)

    def upper(self) -> Expression:
        return _operation("upper", self)

    def trim(self) -> Expression:
        """Without the spaces at both ends; other white space stays."""
        return _operation("trim", self)

    def length(self) -> Expression:
        """In characters."""
        return _operation("length", self)

    def substring(self, start: int, length: int) -> Expression:
        """`length` characters from the `start`-th, counted from 1."""
        if start < 1 or length < 0:
            raise UsageError(f"substring counts from 1, found start {start}, length {length}")
        return _operation("substring", self, options=(start, length))

    def replace(self, old: str, new: str) -> Expression:
        """Every occurrence of the text `old`, taken literally."""
        if not old:
            raise UsageError("replace needs a text to look for, found an empty one")
        return _operation("replace", self, options=(old, new))

    def contains(self, text: str) -> Expression:
        return _operation("contains", self, options=(text,))

    def starts_with(self, text: str) -> Expression:
        return _operation("starts_with", self, options=(text,))

    def ends_with(self, text: str) -> Expression:
        return _operation("ends_with", self, options=(text,))

    # Aggregates. They pass over NULL; of no rows at all they are NULL, and counts are 0.

    def sum(self) -> Expression:
        return _operation("sum", self)

    def mean(self) -> Expression:
        return _operation("mean", self)

    def min(self) -> Expression:
        return _operation("min", self)

    def max(self) -> Expression:
        """NaN is the largest float."""
        return _operation("max", self)

    def count(self) -> Expression:
        """How many are not NULL."""
        return _operation("count", self)

    def count_distinct(self) -> Expression:
        """How many different values that are not NULL."""
        return _operation("count_distinct", self)

    def std(self) -> Expression:
        """Standard deviation of a sample; NULL of fewer than two values."""
        return _operation("std", self)

    def median(self) -> Expression:
        """A float; the mean of the two in the middle of an even number."""
        return _operation("median", self)

    def first(self, *, by: str | tuple[str, ...]) -> Expression:
        """The value of the row that comes first by these columns, which must tell rows apart.

        Rows with NULL in any of them are passed over. The value itself may be NULL.
        """
        return _operation("first", self, *map(Column, _names(by)))

    def last(self, *, by: str | tuple[str, ...]) -> Expression:
        """The value of the row that comes last by these columns; see `first`."""
        return _operation("last", self, *map(Column, _names(by)))

    # Windows

    def lag(self, rows: int = 1) -> Expression:
        """The value `rows` rows earlier, NULL where there is none; needs `over(..., order_by=)`."""
        if rows < 1:
            raise UsageError(f"lag looks back by at least one row, found {rows}", "Never ahead.")
        return _operation("lag", self, options=(rows,))

    def over(self, *partition_by: str, order_by: str | tuple[str, ...] | None = None) -> Expression:
        """The aggregate of each row's partition, repeated on its rows.

        With `order_by` the aggregate runs: over the rows from the partition's first up to this
        one (ROWS, not RANGE). The columns must tell rows apart, or the order among equals is not
        defined. Ascending, NULL last.
        """
        if not (isinstance(self, Operation) and self.name in AGGREGATES | ORDERED):
            raise UsageError(
                f"over(...) follows an aggregate, lag or row_number(), found {self}",
                'Write for instance col("AMOUNT").sum().over("KEY").',
            )
        order = _names(order_by) if order_by is not None else ()
        if order and self.name not in RUNNING | ORDERED:
            raise UsageError(
                f"{self.name} does not run over an ordered window",
                f"These do: {', '.join(sorted(RUNNING | ORDERED))}.",
            )
        if not order and self.name in ORDERED:
            raise UsageError(f"{self.name} needs an order", "Give over(..., order_by=...).")
        return Window(self, partition_by, order)


@dataclass(frozen=True, eq=False)
class Column(Expression):
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Literal(Expression):
    value: Scalar

    def __str__(self) -> str:
        match self.value:
            case None:
                return "NULL"
            case str():
                return "'" + self.value.replace("'", "''") + "'"
            case Parameter():
                return self.value.name
            case datetime():
                return f"timestamp '{self.value}'"
            case date():
                return f"date '{self.value}'"
            case _:
                return str(self.value)


@dataclass(frozen=True, eq=False)
class Operation(Expression):
    """`options` are plain values that are part of the operation: digits, a type, a list."""

    name: str
    operands: tuple[Expression, ...]
    options: tuple[Scalar, ...] = ()

    def __str__(self) -> str:
        if self.name in INFIX:
            left, right = self.operands
            return f"({left} {INFIX[self.name]} {right})"
        arguments = [str(o) for o in self.operands]
        arguments += [o if isinstance(o, Type) else str(Literal(o)) for o in self.options]
        return f"{self.name}({', '.join(arguments)})"


@dataclass(frozen=True, eq=False)
class Window(Expression):
    operation: Operation
    partition_by: tuple[str, ...]
    order_by: tuple[str, ...]

    def __str__(self) -> str:
        clauses = []
        if self.partition_by:
            clauses.append("partition by " + ", ".join(self.partition_by))
        if self.order_by:
            clauses.append("order by " + ", ".join(self.order_by))
        return f"{self.operation} over ({' '.join(clauses)})"


Operand = Expression | Scalar


def col(name: str) -> Expression:
    """The column of that name."""
    return Column(name)


def lit(value: Scalar) -> Expression:
    """A constant. Plain values beside an expression become one by themselves."""
    return Literal(value)


def when(condition: Operand, then: Operand, otherwise: Operand = None) -> Expression:
    """`then` where the condition is true, `otherwise` where it is false or NULL."""
    return _operation("when", condition, then, otherwise)


def count() -> Expression:
    """How many rows."""
    return _operation("count_rows")


def row_number() -> Expression:
    """1, 2, ... in the order of `over(..., order_by=)`."""
    return _operation("row_number")


def greatest(*values: Operand) -> Expression:
    """The largest; NULL if any is."""
    return _operation("greatest", *values)


def least(*values: Operand) -> Expression:
    """The smallest; NULL if any is."""
    return _operation("least", *values)


def concat(*texts: Operand) -> Expression:
    """The texts joined; NULL if any is."""
    return _operation("concat", *texts)


def days_between(start: Operand, end: Operand) -> Expression:
    """Midnights crossed from start to end; negative if end comes first."""
    return _operation("days_between", start, end)


def months_between(start: Operand, end: Operand) -> Expression:
    """First days of a month crossed: 28 November to 5 December is 1, as DATEDIFF counts."""
    return _operation("months_between", start, end)


def years_between(start: Operand, end: Operand) -> Expression:
    """New Year's Days crossed: 31 December to 1 January is 1, as DATEDIFF counts."""
    return _operation("years_between", start, end)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside."""
    match expression:
        case Operation(operands=operands):
            return operands
        case Window(operation=operation, partition_by=partition, order_by=order):
            return (operation, *map(Column, partition + order))
        case _:
            return ()


def columns(expression: Expression) -> Iterator[str]:
    """The names of the columns it reads, once for each time."""
    if isinstance(expression, Column):
        yield expression.name
    for child in children(expression):
        yield from columns(child)


def require_rows(expression: Expression) -> None:
    """Refuse what has no value for a single row.

    Raises:
        UsageError: An aggregate outside `group_by().agg` and outside `over`.
    """
    match expression:
        case Window(operation=operation):
            for operand in operation.operands:
                require_rows(operand)
        case Operation(name=name) if name in AGGREGATES | ORDERED:
            raise UsageError(
                f"{expression} needs a group or a window",
                "Use it in group_by(...).agg(...), or add .over(...).",
            )
        case _:
            for child in children(expression):
                require_rows(child)


def require_aggregate(expression: Expression) -> None:
    """Refuse what has no single value for a group.

    Raises:
        UsageError: A column outside of an aggregate, a window, or an aggregate of an aggregate.
    """
    match expression:
        case Column() | Window():
            raise UsageError(
                f"{expression} has one value a row, not one a group",
                f"Aggregate it: for instance {expression}.max().",
            )
        case Operation(name=name) if name in AGGREGATES:
            for child in children(expression):
                require_rows(child)
        case Operation(name=name) if name in ORDERED:
            raise UsageError(f"{expression} needs a window", "Add .over(..., order_by=...).")
        case _:
            for child in children(expression):
                require_aggregate(child)


def _operation(name: str, *operands: Operand, options: tuple[Scalar, ...] = ()) -> Operation:
    return Operation(name, tuple(map(_expression, operands)), options)


def _expression(value: Operand) -> Expression:
    if isinstance(value, Expression):
        return value
    if value is None or isinstance(value, str | int | float | bool | date):
        return Literal(value)
    raise UsageError(
        f"an expression is made of columns and plain values, found {type(value).__name__}",
        "Plain values are text, numbers, booleans, dates and None.",
    )


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    found = (names,) if isinstance(names, str) else tuple(names)
    if not found:
        raise UsageError("an order needs at least one column, found none")
    return found
