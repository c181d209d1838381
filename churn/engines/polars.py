"""The engine on a laptop: Polars, lazy until asked, streaming when asked.

`OPERATIONS` turns expressions into Polars ones. Entries that are more than Polars' own word for
the operation correct it to Snowflake's semantics.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from pathlib import Path
from typing import Generic, Self, TypeVar

import polars as pl

from churn.domain.contracts import Table, Violation
from churn.domain.errors import DataError, UsageError
from churn.domain.expressions import (
    WRITTEN,
    Column,
    Expression,
    Literal,
    Operand,
    Operation,
    Scalar,
    Type,
    Window,
    require_aggregate,
    require_rows,
)
from churn.domain.frames import Join
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import files, violations
from churn.engines.frames import Checked
from churn.engines.types import TYPES


def _float(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Float64)


def _integer(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Int64)


def _divide(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    return _float(x) / pl.when(y != 0).then(_float(y))


def _modulo(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    # Polars gives the remainder the sign of the divisor.
    remainder = x.abs() % y.abs()
    return pl.when(x < 0).then(-remainder).otherwise(remainder)


def _round(x: pl.Expr, digits: int) -> pl.Expr:
    return _float(x).round(digits, mode="half_away_from_zero") + 0.0  # -0.0 becomes 0.0


def _cast(x: pl.Expr, to: Type) -> pl.Expr:
    if to is Type.INTEGER:
        x = x.round(0, mode="half_away_from_zero")  # Polars cuts the decimals off
    return x.cast(TYPES[to])


def _parse(x: pl.Expr, to: Type) -> pl.Expr:
    written = pl.when(x.str.contains(WRITTEN[to])).then(x)
    if to is Type.DATE:
        return written.str.to_date("%Y-%m-%d", strict=False)
    return written.cast(TYPES[to], strict=False)


def _extreme(better: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Callable[..., pl.Expr]:
    def build(*values: pl.Expr) -> pl.Expr:
        # Polars' own passes over NULL and NaN; its comparisons do not.
        known = pl.all_horizontal(*(v.is_not_null() for v in values))
        found = reduce(lambda x, y: pl.when(better(x, y)).then(x).otherwise(y), values)
        return pl.when(known).then(found)

    return build


def _sum(x: pl.Expr) -> pl.Expr:
    # The sum of no values is 0 in Polars.
    return pl.when(x.count() > 0).then(x.sum())


def _months(x: pl.Expr) -> pl.Expr:
    return _integer(x.dt.year()) * 12 + x.dt.month()


def _pick(end: Callable[[pl.Expr], pl.Expr]) -> Callable[..., pl.Expr]:
    def build(x: pl.Expr, *by: pl.Expr) -> pl.Expr:
        ordered = pl.all_horizontal(*(b.is_not_null() for b in by))
        return end(x.filter(ordered).sort_by(*(b.filter(ordered) for b in by)))

    return build


def _running_sum(x: pl.Expr) -> pl.Expr:
    # Polars leaves a gap where the value itself is NULL.
    return pl.when(x.cum_count() > 0).then(x.fill_null(0).cum_sum())


def _running_max(x: pl.Expr) -> pl.Expr:
    # Polars passes over NaN: what is larger than the largest of all is one, and stays.
    nan = pl.when(x > x.max()).then(x).forward_fill()
    return pl.coalesce(nan, x.cum_max().forward_fill())


OPERATIONS: Mapping[str, Callable[..., pl.Expr]] = {
    # Arithmetic
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": _divide,
    "modulo": _modulo,
    "negate": operator.neg,
    "absolute": abs,
    "floor": lambda x: _float(x).floor() + 0.0,
    "ceil": lambda x: _float(x).ceil() + 0.0,
    "round": _round,
    "sqrt": lambda x: pl.when(x >= 0).then(_float(x).sqrt()),
    "ln": lambda x: pl.when(x > 0).then(_float(x).log()),
    # Comparison and boolean logic
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "is_in": lambda x, *values: x.is_in(list(values)),
    # NULL, choice and types
    "is_null": lambda x: x.is_null(),
    "coalesce": pl.coalesce,
    "null_if": lambda x, y: pl.when((x != y) | x.is_null() | y.is_null()).then(x),
    "when": lambda condition, then, otherwise: pl.when(condition).then(then).otherwise(otherwise),
    "cast": _cast,
    "parse": _parse,
    "greatest": _extreme(operator.ge),
    "least": _extreme(operator.le),
    # Dates
    "days_between": lambda x, y: (y.cast(pl.Date) - x.cast(pl.Date)).dt.total_days(),
    "months_between": lambda x, y: _months(y) - _months(x),
    "years_between": lambda x, y: _integer(y.dt.year()) - _integer(x.dt.year()),
    "add_days": lambda x, days: x + pl.duration(days=days),
    "month_start": lambda x: x.cast(pl.Date).dt.month_start(),
    "year": lambda x: _integer(x.dt.year()),
    "quarter": lambda x: _integer(x.dt.quarter()),
    "month": lambda x: _integer(x.dt.month()),
    "week": lambda x: _integer(x.dt.week()),
    "day": lambda x: _integer(x.dt.day()),
    "day_of_week": lambda x: _integer(x.dt.weekday()),
    "day_of_year": lambda x: _integer(x.dt.ordinal_day()),
    # Text
    "lower": lambda x: x.str.to_lowercase(),
    "upper": lambda x: x.str.to_uppercase(),
    "trim": lambda x: x.str.strip_chars(" "),  # Polars' own default strips all white space
    "length": lambda x: _integer(x.str.len_chars()),
    "substring": lambda x, start, length: x.str.slice(start - 1, length),
    "concat": lambda *texts: pl.concat_str(list(texts)),
    "replace": lambda x, old, new: x.str.replace_all(old, new, literal=True),
    "contains": lambda x, text: x.str.contains(text, literal=True),
    "starts_with": lambda x, text: x.str.starts_with(text),
    "ends_with": lambda x, text: x.str.ends_with(text),
    # Aggregates
    "sum": _sum,
    "mean": lambda x: _float(x).mean(),
    "min": lambda x: x.min(),
    "max": lambda x: x.nan_max(),  # Polars' own max passes over NaN
    "count": lambda x: _integer(x.count()),
    "count_rows": lambda: _integer(pl.len()),
    "count_distinct": lambda x: _integer(x.drop_nulls().n_unique()),  # NULL counts in Polars
    "std": lambda x: _float(x).std(),
    "median": lambda x: _float(x).median(),
    "first": _pick(lambda x: x.first()),
    "last": _pick(lambda x: x.last()),
    # Over an ordered window
    "lag": lambda x, rows: x.shift(rows),
    "row_number": lambda: pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
}

RUNNING: Mapping[str, Callable[..., pl.Expr]] = {
    "sum": _running_sum,
    "mean": lambda x: _running_sum(_float(x)) / pl.when(x.cum_count() > 0).then(x.cum_count()),
    "min": lambda x: x.cum_min().forward_fill(),
    "max": _running_max,
    "count": lambda x: _integer(x.cum_count()),
    "count_rows": lambda: pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
}
"""The aggregates over an ordered window: from its first row to the current one."""


def native(expression: Operand) -> pl.Expr:
    """The Polars expression."""
    match expression:
        case Column(name=name):
            return pl.col(name)
        case Literal(value=value):
            return _literal(value)
        case Operation(name=name, operands=operands, options=options):
            return OPERATIONS[name](*map(native, operands), *options)
        case Window(operation=operation, partition_by=partition, order_by=order):
            table = RUNNING if order and operation.name in RUNNING else OPERATIONS
            built = table[operation.name](*map(native, operation.operands), *operation.options)
            keys = [pl.col(k) for k in partition] or [pl.lit(1)]
            if not order:
                return built.over(keys)
            return built.over(keys, order_by=list(order), nulls_last=True)
        case Expression():
            raise UsageError(f"{type(expression).__name__} is not an expression of this engine")
        case _:
            return _literal(expression)


def _literal(value: Scalar) -> pl.Expr:
    match value:
        case bool() | None | str():
            return pl.lit(value)
        case int():
            return pl.lit(value, dtype=pl.Int64)
        case float():
            return pl.lit(value, dtype=pl.Float64)
        case datetime():
            return pl.lit(value, dtype=pl.Datetime("us"))
        case date():
            return pl.lit(value, dtype=pl.Date)


@dataclass(frozen=True)
class PolarsFrame(Checked):
    """The verbs on a lazy Polars frame."""

    lazy: pl.LazyFrame

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.lazy.collect_schema().names())

    def filter(self, *conditions: Expression) -> Self:
        for condition in conditions:
            require_rows(condition)
        return self._with(self.lazy.filter(*map(native, conditions)))

    def select(self, *names: str, **expressions: Operand) -> Self:
        self.require(*names)
        return self._with(self.lazy.select(*names, **_rows(expressions)))

    def with_columns(self, **expressions: Operand) -> Self:
        return self._with(self.lazy.with_columns(**_rows(expressions)))

    def group_by(self, *keys: str) -> PolarsGroups[Self]:
        self.require(*keys)
        return PolarsGroups(self, keys)

    def join(self, other: Self, on: str | tuple[str, ...], how: Join = "inner") -> Self:
        keys = [on] if isinstance(on, str) else list(on)
        self.require(*keys)
        other.require(*keys)
        if how in ("inner", "left"):
            self.require_distinct(other, keys)
        return self._with(self.lazy.join(other.lazy, on=keys, how=how))

    def join_asof(
        self, other: Self, *, left_time: str, right_time: str, by: str | tuple[str, ...], tie: str
    ) -> Self:
        keys = [by] if isinstance(by, str) else list(by)
        self.require(left_time, *keys)
        other.require(right_time, tie, *keys)
        self.require_distinct(other, keys)
        # Sorted by time and tie, the last row at or before is the one with the largest tie.
        right = other.lazy.drop_nulls(right_time).sort(right_time, tie, nulls_last=False)
        return self._with(
            self.lazy.sort(left_time, nulls_last=False).join_asof(
                right,
                left_on=left_time,
                right_on=right_time,
                by=keys,
                strategy="backward",
                coalesce=False,
                check_sortedness=False,
            )
        )

    def union(self, other: Self) -> Self:
        self.require_same(other)
        return self._with(pl.concat([self.lazy, other.lazy]))

    def distinct(self) -> Self:
        return self._with(self.lazy.unique())

    def sort(self, *by: str, descending: bool = False) -> Self:
        self.require(*by)
        return self._with(self.lazy.sort(*by, descending=descending, nulls_last=True))

    def _with(self, lazy: pl.LazyFrame) -> Self:
        return type(self)(lazy)


F = TypeVar("F", bound=PolarsFrame)


@dataclass(frozen=True)
class PolarsGroups(Generic[F]):
    frame: F
    keys: tuple[str, ...]

    def agg(self, **aggregates: Expression) -> F:
        for aggregate in aggregates.values():
            require_aggregate(aggregate)
        built = {name: native(aggregate) for name, aggregate in aggregates.items()}
        lazy = self.frame.lazy
        return type(self.frame)(
            lazy.group_by(*self.keys).agg(**built) if self.keys else lazy.select(**built)
        )


def _rows(expressions: Mapping[str, Operand]) -> dict[str, pl.Expr]:
    for expression in expressions.values():
        if isinstance(expression, Expression):
            require_rows(expression)
    return {name: native(expression) for name, expression in expressions.items()}


@dataclass(frozen=True)
class PolarsEngine:
    """Tables as CSV or Parquet files in a folder, named after the tables."""

    folder: Path

    @property
    def source(self) -> str:
        return str(self.folder)

    def violations(
        self, problem: Problem, windows: Windows, *, outcome: bool
    ) -> tuple[Violation, ...]:
        return violations.find(problem, self._raw, windows, outcome=outcome)

    def _raw(self, table: Table) -> pl.LazyFrame:
        return files.scan(files.locate(self.folder, table))

    def read(self, table: Table) -> PolarsFrame:
        return PolarsFrame(files.read(self.folder, table))

    def save(self, table: Table, rows: pl.DataFrame) -> int:
        return files.write(rows, self.folder / f"{table.name.lower()}.csv")

    def collect(self, frame: PolarsFrame) -> pl.DataFrame:
        try:
            return frame.lazy.collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"{self.folder} cannot be computed on: {error}", "See churn data check."
            ) from error

    def write(self, frame: PolarsFrame, destination: Path | str) -> int:
        if not isinstance(destination, Path):
            raise UsageError(
                f"the local target has no table {destination} to write to",
                "Name a file: --out FILE.csv or FILE.parquet.",
            )
        return files.write_for_people(self.collect(frame), destination)
