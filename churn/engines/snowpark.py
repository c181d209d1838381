"""The engine in Snowflake: Snowpark DataFrames, which are SQL that runs when asked.

`OPERATIONS` turns expressions into Snowpark columns. Entries that are more than Snowflake's own
word for the operation hold what the language promises: floats where it says so, NULL where
Snowflake would raise.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import polars as pl
from snowflake.connector.errors import Error as ConnectorError
from snowflake.snowpark import Column as Native
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import Window as NativeWindow
from snowflake.snowpark import functions as sf
from snowflake.snowpark import types as st
from snowflake.snowpark.exceptions import SnowparkClientException

from churn.domain.contracts import Table, Violation
from churn.domain.errors import DataError, StoreError, UsageError
from churn.domain.expressions import (
    WRITTEN,
    Column,
    Expression,
    Literal,
    Operand,
    Operation,
    Type,
    Window,
    children,
    require_aggregate,
    require_rows,
)
from churn.domain.frames import Join
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import files, violations
from churn.engines.frames import Checked
from churn.engines.types import TYPES as POLARS_TYPES

CLIENT_ERRORS = (SnowparkClientException, ConnectorError)


def message_of(error: Exception) -> str:
    """What the clients say went wrong, in one line."""
    text = getattr(error, "message", None) or getattr(error, "raw_msg", None) or str(error)
    return " ".join(str(text).split())


def remedy(error: Exception, otherwise: str) -> str:
    """What to do: ask the doctor where the account and not the data is at fault."""
    number = getattr(error, "sql_error_code", None) or getattr(error, "errno", None)
    return DOCTOR if number in (NO_WAREHOUSE, DENIED) else otherwise


NO_WAREHOUSE, DENIED = 606, 3001
DOCTOR = "churn doctor says what is missing, and the statement that fixes it."
SETUP = "Somebody who may make databases runs: churn sql apply setup."

TYPES: Mapping[Type, st.DataType] = {
    Type.TEXT: st.StringType(),
    Type.INTEGER: st.LongType(),
    Type.FLOAT: st.DoubleType(),
    Type.BOOLEAN: st.BooleanType(),
    Type.DATE: st.DateType(),
    Type.TIMESTAMP: st.TimestampType(st.TimestampTimeZone.NTZ),
}


def _float(x: Native) -> Native:
    return x.cast(TYPES[Type.FLOAT])


def _date(x: Native) -> Native:
    return x.cast(TYPES[Type.DATE])


def _zero_is_null(x: Native) -> Native:
    return sf.call_builtin("NULLIF", x, sf.lit(0))


def _parse(x: Native, to: Type) -> Native:
    # REGEXP_LIKE matches the whole text.
    written = sf.iff(sf.call_builtin("REGEXP_LIKE", x, sf.lit(WRITTEN[to])), x, sf.lit(None))
    if to is Type.DATE:
        return sf.call_builtin("TRY_TO_DATE", written, sf.lit("YYYY-MM-DD"))
    return sf.try_cast(written, TYPES[to])


def _first(x: Native, by: Native) -> Native:
    return sf.min_by(x, by)


def _last(x: Native, by: Native) -> Native:
    return sf.max_by(x, by)


OPERATIONS: Mapping[str, Callable[..., Native]] = {
    # Arithmetic
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: _float(x) / _zero_is_null(_float(y)),
    "modulo": lambda x, y: x % _zero_is_null(y),
    "negate": lambda x: -x,
    "absolute": sf.abs,
    "floor": lambda x: sf.floor(_float(x)),
    "ceil": lambda x: sf.ceil(_float(x)),
    "round": lambda x, digits: sf.round(_float(x), sf.lit(digits)),
    "sqrt": lambda x: sf.sqrt(sf.iff(x >= 0, _float(x), sf.lit(None))),
    "ln": lambda x: sf.ln(sf.iff(x > 0, _float(x), sf.lit(None))),
    # Comparison and boolean logic
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "not": lambda x: ~x,
    "is_in": lambda x, *values: x.isin(*(sf.lit(v) for v in values)),
    # NULL, choice and types
    "is_null": lambda x: x.is_null(),
    "coalesce": sf.coalesce,
    "null_if": lambda x, y: sf.call_builtin("NULLIF", x, y),
    "when": sf.iff,
    "cast": lambda x, to: x.cast(TYPES[to]),
    "parse": _parse,
    "greatest": sf.greatest,
    "least": sf.least,
    # Dates
    "days_between": lambda x, y: sf.datediff("day", x, y),
    "months_between": lambda x, y: sf.datediff("month", x, y),
    "years_between": lambda x, y: sf.datediff("year", x, y),
    "add_days": lambda x, days: sf.dateadd("day", days, x),
    "month_start": lambda x: sf.date_trunc("month", _date(x)),
    "year": sf.year,
    "quarter": sf.quarter,
    "month": sf.month,
    "week": lambda x: sf.call_builtin("WEEKISO", x),
    "day": sf.dayofmonth,
    "day_of_week": lambda x: sf.call_builtin("DAYOFWEEKISO", x),
    "day_of_year": sf.dayofyear,
    # Text
    "lower": sf.lower,
    "upper": sf.upper,
    "trim": lambda x: sf.trim(x, sf.lit(" ")),
    "length": sf.length,
    "substring": lambda x, start, length: sf.substring(x, sf.lit(start), sf.lit(length)),
    "concat": sf.concat,
    "replace": lambda x, old, new: sf.replace(x, sf.lit(old), sf.lit(new)),
    "contains": lambda x, text: sf.contains(x, sf.lit(text)),
    "starts_with": lambda x, text: sf.startswith(x, sf.lit(text)),
    "ends_with": lambda x, text: sf.endswith(x, sf.lit(text)),
    # Aggregates
    "sum": sf.sum,
    "mean": lambda x: sf.avg(_float(x)),
    "min": sf.min,
    "max": sf.max,
    "count": sf.count,
    "count_rows": lambda: sf.count(sf.lit(1)),
    "count_distinct": sf.count_distinct,
    "std": lambda x: sf.stddev_samp(_float(x)),
    "median": lambda x: sf.median(_float(x)),
    "first": _first,
    "last": _last,
    # Over an ordered window
    "lag": sf.lag,
    "row_number": sf.row_number,
}


def native(expression: Operand) -> Native:
    """The Snowpark column."""
    match expression:
        case Column(name=name):
            return sf.col(quoted(name))
        case Literal(value=value):
            return _literal(value)
        case Operation(name=name, operands=operands, options=options):
            return OPERATIONS[name](*map(native, operands), *options)
        case Window(operation=operation) if operation.name in ("first", "last"):
            return _end_of_window(expression)
        case Window(operation=operation, partition_by=partition, order_by=order):
            window = NativeWindow.partition_by(*(sf.col(quoted(k)) for k in partition))
            if order:
                window = window.order_by(*(sf.col(quoted(k)).asc_nulls_last() for k in order))
            if order and operation.name not in ("lag", "row_number"):
                window = window.rows_between(
                    NativeWindow.UNBOUNDED_PRECEDING, NativeWindow.CURRENT_ROW
                )
            return native(operation).over(window)
        case Expression():
            raise UsageError(f"{type(expression).__name__} is not an expression of this engine")
        case _:
            return _literal(expression)


def _end_of_window(expression: Window) -> Native:
    """FIRST_VALUE in the order of the keys, since MIN_BY and MAX_BY are no window functions."""
    value, *by = map(native, expression.operation.operands)
    known = reduce(and_, (b.is_not_null() for b in by))
    first = expression.operation.name == "first"
    window = NativeWindow.partition_by(
        *(sf.col(quoted(k)) for k in expression.partition_by)
    ).order_by(
        sf.iff(known, sf.lit(0), sf.lit(1)).asc(),
        *(b.asc_nulls_last() if first else b.desc_nulls_last() for b in by),
    )
    return sf.first_value(sf.iff(known, value, sf.lit(None))).over(window)


def _literal(value: Any) -> Native:
    """A bare NULL, and numbers and texts of the declared type."""
    match value:
        case bool() | None | str() | int():
            return sf.lit(value)
        case float():
            return sf.lit(value, TYPES[Type.FLOAT])
        case _:
            return sf.lit(value)


def quoted(name: str) -> str:
    """The identifier in SQL, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def unquoted(name: str) -> str:
    """A name as Snowpark gives it back."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


@dataclass(frozen=True)
class SnowparkFrame(Checked):
    """The verbs on a Snowpark DataFrame."""

    data: DataFrame

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(map(unquoted, self.data.columns))

    def filter(self, *conditions: Expression) -> Self:
        for condition in conditions:
            require_rows(condition)
        if not conditions:
            return self
        return self._with(self.data.filter(reduce(and_, map(native, conditions))))

    def select(self, *names: str, **expressions: Operand) -> Self:
        self.require(*names)
        return self._select({**{n: Column(n) for n in names}, **expressions})

    def with_columns(self, **expressions: Operand) -> Self:
        return self._select({**{n: Column(n) for n in self.columns}, **expressions})

    def group_by(self, *keys: str) -> SnowparkGroups[Self]:
        self.require(*keys)
        return SnowparkGroups(self, keys)

    def join(self, other: Self, on: str | tuple[str, ...], how: Join = "inner") -> Self:
        keys = [on] if isinstance(on, str) else list(on)
        self.require(*keys)
        other.require(*keys)
        if how in ("inner", "left"):
            self.require_distinct(other, keys)
        by = {"inner": "inner", "left": "left", "semi": "leftsemi", "anti": "leftanti"}
        joined = self.data.join(other.data, on=[quoted(k) for k in keys], how=by[how])
        rest = [n for n in other.columns if n not in keys] if how in ("inner", "left") else []
        return self._with(joined).select(*self.columns, *rest)

    def join_asof(
        self, other: Self, *, left_time: str, right_time: str, by: str | tuple[str, ...], tie: str
    ) -> Self:
        keys = [by] if isinstance(by, str) else list(by)
        self.require(left_time, *keys)
        other.require(right_time, tie, *keys)
        self.require_distinct(other, keys)
        # Snowflake takes any of several rows of the same time: leave only the one that counts.
        moment = NativeWindow.partition_by(*(sf.col(quoted(k)) for k in [*keys, right_time]))
        last = sf.row_number().over(moment.order_by(sf.col(quoted(tie)).desc_nulls_last()))
        known = other.data.filter(sf.col(quoted(right_time)).is_not_null())
        right = known.with_column(quoted("_LAST"), last).filter(sf.col(quoted("_LAST")) == 1)
        theirs = {k: f"_RIGHT_{k}" for k in keys}
        right = right.select(
            *(sf.col(quoted(k)).alias(quoted(r)) for k, r in theirs.items()),
            *(sf.col(quoted(n)) for n in other.columns if n not in keys),
        )
        joined = self.data.join(
            right,
            on=reduce(and_, (self.data[quoted(k)] == right[quoted(r)] for k, r in theirs.items())),
            how="asof",
            match_condition=self.data[quoted(left_time)] >= right[quoted(right_time)],
        )
        return self._with(joined).select(
            *self.columns, *(n for n in other.columns if n not in keys)
        )

    def union(self, other: Self) -> Self:
        self.require_same(other)
        return self._with(self.data.union_all(other.data))

    def distinct(self) -> Self:
        return self._with(self.data.distinct())

    def sort(self, *by: str, descending: bool = False) -> Self:
        self.require(*by)
        columns = [sf.col(quoted(name)) for name in by]
        return self._with(
            self.data.sort(
                [c.desc_nulls_last() if descending else c.asc_nulls_last() for c in columns]
            )
        )

    def _select(self, expressions: Mapping[str, Operand]) -> Self:
        for expression in expressions.values():
            if isinstance(expression, Expression):
                require_rows(expression)
        return self._with(
            self.data.select(*(_named(name, native(e)) for name, e in expressions.items()))
        )

    def _with(self, data: DataFrame) -> Self:
        return type(self)(data)


F = TypeVar("F", bound=SnowparkFrame)


def _named(name: str, column: Native) -> Native:
    return column.alias(quoted(name))


@dataclass(frozen=True)
class SnowparkGroups(Generic[F]):
    frame: F
    keys: tuple[str, ...]

    def agg(self, **aggregates: Expression) -> F:
        for aggregate in aggregates.values():
            require_aggregate(aggregate)
        data, ranked = self._ranked(aggregates)
        keys = [sf.col(quoted(k)) for k in self.keys]
        columns = [_named(name, native(aggregate)) for name, aggregate in ranked.items()]
        if not columns:
            return type(self.frame)(data.select(*keys).distinct())
        grouped = data.group_by(*keys) if keys else data
        return type(self.frame)(grouped.agg(*columns))

    def _ranked(
        self, aggregates: Mapping[str, Expression]
    ) -> tuple[DataFrame, dict[str, Expression]]:
        """MIN_BY orders by one column: an order by several becomes a number first."""
        data = self.frame.data
        numbers: dict[tuple[str, ...], str] = {}
        for each in aggregates.values():
            for by in _orders(each):
                numbers.setdefault(by, f"_ORDER_{len(numbers)}")
        for by, number in numbers.items():
            columns = [sf.col(quoted(name)) for name in by]
            window = NativeWindow.partition_by(*(sf.col(quoted(k)) for k in self.keys))
            order = sf.row_number().over(window.order_by(*(c.asc_nulls_last() for c in columns)))
            known = reduce(and_, (c.is_not_null() for c in columns))
            data = data.with_column(quoted(number), sf.iff(known, order, sf.lit(None)))
        return data, {name: _by_number(e, numbers) for name, e in aggregates.items()}


def _orders(expression: Expression) -> Iterator[tuple[str, ...]]:
    """The orders by several columns in it."""
    match expression:
        case Operation(name="first" | "last", operands=(_, *by)) if len(by) > 1:
            yield tuple(str(b) for b in by)
        case _:
            for child in children(expression):
                yield from _orders(child)


def _by_number(expression: Expression, numbers: Mapping[tuple[str, ...], str]) -> Expression:
    match expression:
        case Operation(name="first" | "last" as name, operands=(value, *by)) if len(by) > 1:
            return Operation(name, (value, Column(numbers[tuple(str(b) for b in by)])))
        case Operation(name=name, operands=operands, options=options):
            return Operation(name, tuple(_by_number(o, numbers) for o in operands), options)
        case _:
            return expression


@dataclass(frozen=True)
class SnowparkEngine:
    """Tables in one schema of a Snowflake account."""

    session: Session
    database: str
    schema: str

    @property
    def source(self) -> str:
        return f"{self.database}.{self.schema}"

    def violations(
        self, problem: Problem, windows: Windows, *, outcome: bool
    ) -> tuple[Violation, ...]:
        return violations.find(problem, self._fetched, windows, outcome=outcome)

    def _fetched(self, table: Table) -> pl.LazyFrame:
        return fetch(self._table(table)).lazy()

    def read(self, table: Table) -> SnowparkFrame:
        data = self._table(table)
        found = {unquoted(f.name): f.datatype for f in data.schema.fields}
        missing = [name for name in table.names if name not in found]
        if missing:
            raise DataError(
                f"table {table.name} in {self.source} has no column {', '.join(missing)}; "
                f"it has {', '.join(found)}",
                "See churn data check.",
            )
        columns = [
            sf.col(quoted(c.name))
            if found[c.name] == TYPES[c.type]
            else _named(c.name, sf.col(quoted(c.name)).cast(TYPES[c.type]))
            for c in table.columns
        ]
        return SnowparkFrame(data.select(*columns))

    def _table(self, table: Table) -> DataFrame:
        data = self.session.table([self.database, self.schema, table.name])
        try:
            _ = data.schema  # asks for it
        except CLIENT_ERRORS as error:
            raise DataError(
                f"table {table.name} cannot be read in {self.source}: {message_of(error)}",
                remedy(error, "Load it with: churn data load, or sql/02_load.sql."),
            ) from error
        return data

    def save(self, table: Table, rows: pl.DataFrame) -> int:
        """The rows become the table in one statement."""
        with self._translated(f"table {table.name} cannot be written in {self.source}"):
            return replace(self.session, (self.database, self.schema, table.name), rows)

    def collect(self, frame: SnowparkFrame) -> pl.DataFrame:
        with self._translated(f"{self.source} cannot be computed on", "See churn data check."):
            return fetch(frame.data)

    def write(self, frame: SnowparkFrame, destination: Path | str) -> int:
        """Into a file; or into a table, by one statement, computed where it stays."""
        if isinstance(destination, Path):
            return files.write_for_people(self.collect(frame), destination)
        place = [self.database, self.schema, destination]
        with self._translated(f"table {destination} cannot be written in {self.source}"):
            frame.data.write.save_as_table(place, mode="overwrite")
            return self.session.table(place).count()

    @contextmanager
    def _translated(self, what: str, otherwise: str = DOCTOR) -> Iterator[None]:
        try:
            yield
        except CLIENT_ERRORS as error:
            raise DataError(f"{what}: {message_of(error)}", remedy(error, otherwise)) from error

    def prepare(self, schemas: Sequence[str]) -> None:
        """Make the database and its schemas, where they are missing.

        CREATE ... IF NOT EXISTS needs the privilege to create also where nothing is created.
        """
        with self._translated(f"{self.database} cannot be prepared", SETUP):
            if self.database not in self._names(f"SHOW DATABASES LIKE '{self.database}'"):
                self.session.sql(f"CREATE DATABASE {self.database}").collect()
            there = self._names(f"SHOW SCHEMAS IN DATABASE {self.database}")
            for schema in {self.schema, *schemas} - there:
                self.session.sql(f"CREATE SCHEMA {self.database}.{schema}").collect()
        self.enter()

    def _names(self, show: str) -> set[str]:
        return {row["name"] for row in self.session.sql(show).collect()}

    def enter(self) -> None:
        """Make the schema the current one, where clients put their temporary files.

        Raises:
            StoreError: It is not there, or not for this role.
        """
        try:
            self.session.use_schema(self.source)
        except CLIENT_ERRORS as error:
            raise StoreError(
                f"the schema {self.source} cannot be used: {message_of(error)}",
                "Make it with: churn sql apply setup; or load tables with: churn data load.",
            ) from error


def replace(session: Session, place: tuple[str, str, str], rows: pl.DataFrame) -> int:
    """Make these rows the table of that name, whole or not at all."""
    upload(session, rows).write.save_as_table(list(place), mode="overwrite")
    return rows.height


def upload(session: Session, rows: pl.DataFrame) -> DataFrame:
    """The rows in Snowflake, as long as the session lasts.

    They travel as Parquet, which keeps NaN apart from NULL, as pandas would not.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{uuid.uuid4().hex}.parquet"
        rows.write_parquet(file)
        stage = session.get_session_stage()
        session.file.put(file.as_posix(), stage, auto_compress=False)
        staged = f"{stage}/{file.name}"
    columns = [
        _named(name, sf.col(quoted(name)).cast(_snowpark_type(kind)))
        for name, kind in rows.schema.items()
    ]
    return session.read.parquet(staged).select(*columns)


def _snowpark_type(kind: pl.DataType) -> st.DataType:
    found = next((t for t, polars in POLARS_TYPES.items() if polars == kind), None)
    if found is None:
        raise UsageError(f"a column of type {kind} has no type in Snowflake")
    return TYPES[found]


def fetch(data: DataFrame) -> pl.DataFrame:
    """The rows as Arrow, in the types that the language has."""
    schema = {unquoted(f.name): polars_type(f.datatype) for f in data.schema.fields}
    found = data.to_arrow()
    if found is None or not found.num_rows:
        return pl.DataFrame(schema=schema)
    frame = pl.DataFrame(pl.from_arrow(found))
    columns = [frame[name].alias(n) for name, n in zip(frame.columns, schema, strict=True)]
    return pl.DataFrame(columns).with_columns(pl.col(n).cast(k) for n, k in schema.items())


def polars_type(kind: st.DataType) -> pl.DataType:
    """Whole numbers are integers, whatever their declared precision; other decimals floats."""
    match kind:
        case st.DecimalType() | st.FloatType() | st.DoubleType():
            return POLARS_TYPES[Type.FLOAT]
        case st.ByteType() | st.ShortType() | st.IntegerType() | st.LongType():
            return POLARS_TYPES[Type.INTEGER]
        case st.BooleanType():
            return POLARS_TYPES[Type.BOOLEAN]
        case st.DateType():
            return POLARS_TYPES[Type.DATE]
        case st.TimestampType():
            return POLARS_TYPES[Type.TIMESTAMP]
        case st.StringType():
            return POLARS_TYPES[Type.TEXT]
        case _:
            raise DataError(f"a column of type {kind} is none that the language has")
