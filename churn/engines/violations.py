"""Every way in which tables break their contracts, found with dataframely, counted and located."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import dataframely as dy
import polars as pl

from churn.domain.contracts import (
    ColumnContract,
    Offender,
    Reference,
    Severity,
    Table,
    Violation,
)
from churn.domain.errors import DataError
from churn.domain.expressions import Type
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import files

Source = Callable[[Table], pl.LazyFrame]

FIRST_ROWS = 5
FIRST_COLUMNS = 20
LONGEST_VALUE = 100
"""Rows, columns and characters of a value that a report shows, whatever it is fed."""

LARGEST = 1e30
"""A hundred million such numbers can be added in 32 bits, as XGBoost reckons."""

ROW, WRITTEN = "row", " as written"
PLAIN = {
    Type.TEXT: "text",
    Type.INTEGER: "a whole number",
    Type.FLOAT: "a number",
    Type.BOOLEAN: "true or false",
    Type.DATE: "a date written as 2024-06-30",
    Type.TIMESTAMP: "a time written as 2024-06-30 23:59:59",
}


def find(
    problem: Problem, source: Source, windows: Windows, *, outcome: bool
) -> tuple[Violation, ...]:
    """All violations, table by table, errors before warnings.

    Args:
        source: The rows of a table as they are: text where nothing says otherwise.
        outcome: Whether the outcome window must be covered too.
    """
    violations: list[Violation] = []
    opened = [_opened(source, table) for table in problem.tables]
    typed = {o.table.name: o.typed for o in opened if o.typed is not None}
    for one in opened:
        violations += one.violations
        if one.typed is None or one.empty or not one.usable:
            continue
        try:
            violations += _rows(one.table, one.usable, one.typed, typed)
        except pl.exceptions.PolarsError as error:
            violations.append(_of_table(one.table, "file", f"cannot be read: {error}"))
            del typed[one.table.name]
    violations += _coverage(problem, typed, windows, outcome=outcome)
    return tuple(sorted(violations, key=lambda v: v.severity is Severity.WARNING))


@dataclass(frozen=True)
class _Opened:
    """A table before its rows are looked at: typed columns beside the values as written."""

    table: Table
    violations: list[Violation]
    usable: list[ColumnContract] = field(default_factory=list)
    typed: pl.LazyFrame | None = None
    empty: bool = False


def _opened(source: Source, table: Table) -> _Opened:
    try:
        raw = source(table).with_row_index(ROW, offset=1)
        schema = raw.collect_schema()
        empty = raw.head(1).collect().is_empty()
    except DataError as error:
        return _Opened(table, [_of_table(table, "file", str(error))])
    except (pl.exceptions.PolarsError, OSError) as error:
        return _Opened(table, [_of_table(table, "file", f"cannot be read: {error}")])
    violations = list(_columns(table, schema))
    usable = [c for c in table.columns if c.name in schema and _accepted(schema[c.name], c.type)]
    if empty:
        violations.append(_of_table(table, "empty", "has no rows"))
    typed = raw.select(
        ROW,
        *(
            files.converted(pl.col(c.name), schema[c.name], c.type, strict=False).alias(c.name)
            for c in usable
        ),
        *(pl.col(c.name).cast(pl.String).alias(c.name + WRITTEN) for c in usable),
    )
    return _Opened(table, violations, usable, typed, empty)


def _of_table(table: Table, rule: str, message: str) -> Violation:
    return Violation(table=table.name, rule=rule, count=1, message=message)


def _accepted(found: pl.DataType, wanted: Type) -> bool:
    """Whether a column of a file can hold the wanted type without loss; text is read as a CSV's."""
    match wanted:
        case Type.TEXT:
            return isinstance(found, pl.String | pl.Categorical | pl.Enum)
        case Type.DATE | Type.TIMESTAMP:
            return isinstance(found, pl.Date | pl.Datetime | pl.String)
        case Type.BOOLEAN:
            return isinstance(found, pl.Boolean | pl.String)
        case Type.INTEGER:
            return found.is_integer() or isinstance(found, pl.String)
        case _:
            return found.is_numeric() or isinstance(found, pl.String)


def _columns(table: Table, schema: pl.Schema) -> Iterator[Violation]:
    for column in table.columns:
        if column.name not in schema:
            found = [n[:LONGEST_VALUE] for n in schema if n != ROW]
            message = f"the column is missing; found {', '.join(found[:FIRST_COLUMNS])}"
            if len(found) > FIRST_COLUMNS:
                message += f" and {len(found) - FIRST_COLUMNS:,} more"
            yield Violation(
                table=table.name, column=column.name, rule="missing", count=1, message=message
            )
        elif not _accepted(schema[column.name], column.type):
            message = f"found type {schema[column.name]}, expected {column.type}"
            yield Violation(
                table=table.name, column=column.name, rule="type", count=1, message=message
            )
    extra = [name for name in schema if name != ROW and name not in table.names]
    for name in extra[:FIRST_COLUMNS]:
        message = "the contract has no such column; it is ignored"
        yield _extra(table, name[:LONGEST_VALUE], 1, message)
    more = len(extra) - FIRST_COLUMNS
    if more > 0:
        yield _extra(table, "", more, f"{more:,} more columns that the contract does not have")


def _extra(table: Table, column: str, count: int, message: str) -> Violation:
    return Violation(
        table=table.name,
        column=column,
        rule="extra",
        severity=Severity.WARNING,
        count=count,
        message=message,
    )


def _rows(
    table: Table,
    columns: list[ColumnContract],
    typed: pl.LazyFrame,
    others: Mapping[str, pl.LazyFrame],
) -> Iterator[Violation]:
    """What dataframely finds row by row."""
    looked_up = typed
    rules: dict[str, pl.Expr] = {}
    present = {c.name for c in columns}
    unique = table.unique if present.issuperset(table.unique) else ()
    for column in columns:
        looked_up, more = _own_rules(column, columns, unique, looked_up, others)
        rules |= {f"{column.name}|{rule}": valid for rule, valid in more.items()}
    schema = _schema(table, columns, looked_up, rules)
    _, failures = schema.filter(looked_up.collect())
    if not len(failures):
        return
    details = failures.details()
    key = f"{table.key}{WRITTEN}" if table.key in details.columns else None
    for name, count in failures.counts().items():
        where, rule = name.split("|")
        column, rule = table.column(where), rule.removeprefix("check__")
        # As written: Python has no dates before the year 1 and after 9999.
        shown = {"row": ROW, "key": key or pl.lit(None), "value": column.name + WRITTEN}
        rows = details.filter(pl.col(name) == "invalid").sort(ROW).head(FIRST_ROWS).select(**shown)
        yield Violation(
            table=table.name,
            column=column.name,
            rule=rule,
            severity=Severity.WARNING if rule == "not_before" else Severity.ERROR,
            count=count,
            message=f"{count:,} {'rows' if count > 1 else 'row'}: {_message(column, rule)}",
            rows=tuple(
                Offender(row, _shown(key), _shown(value)) for row, key, value in rows.iter_rows()
            ),
        )


def _shown(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _schema(
    table: Table, columns: list[ColumnContract], frame: pl.LazyFrame, rules: dict[str, pl.Expr]
) -> type[dy.Schema]:
    others = [name for name in frame.collect_schema() if name not in table.names]
    members: dict[str, Any] = {c.name: _dataframely(c) for c in columns}
    members |= {name: dy.Any() for name in others}
    members |= {name: dy.rule()(partial(_constant, valid)) for name, valid in rules.items()}
    return type(table.name, (dy.Schema,), members)


def _constant(expression: pl.Expr, _schema: object) -> pl.Expr:
    return expression


def _dataframely(column: ColumnContract) -> dy.Column:
    """The contract in dataframely's words; NULL is judged by a rule on the value as written."""
    limits: dict[str, Any] = {"nullable": True, "min": column.minimum, "max": column.maximum}
    match column.type:
        case Type.TEXT:
            allowed = list(column.values)
            check = {"values": lambda x: x.is_in(allowed)} if allowed else None
            return dy.String(nullable=True, check=check)
        case Type.DATE:
            return dy.Date(**limits)
        case Type.TIMESTAMP:
            return dy.Datetime(nullable=True, time_unit="us")
        case Type.BOOLEAN:
            return dy.Bool(nullable=True)
        case Type.INTEGER:
            return dy.Int64(**limits)
        case _:
            return dy.Float64(**limits)


def _own_rules(
    column: ColumnContract,
    present: list[ColumnContract],
    unique: tuple[str, ...],
    frame: pl.LazyFrame,
    others: Mapping[str, pl.LazyFrame],
) -> tuple[pl.LazyFrame, dict[str, pl.Expr]]:
    """The rules that need more than the column itself, and the frame with what they need."""
    value, written = pl.col(column.name), pl.col(column.name + WRITTEN)
    rules = {"written": written.is_null() | value.is_not_null()}
    if not column.nullable:
        rules = {"null": written.is_not_null()} | rules
    if column.type is Type.DATE:
        # A timestamp is a date only at midnight.
        rules["written"] &= written.str.contains(r"^\d{4}-\d\d-\d\d( 00:00:00[.0]*)?$")
    if column.type is Type.FLOAT:
        # What is not finite has words of its own.
        rules["addable"] = value.is_null() | ~value.is_finite() | (value.abs() <= LARGEST)
    if column.name in unique[-1:]:
        rules["unique"] = value.is_null() | (pl.len().over(*unique) == 1)
    reference = column.refers_to
    if reference and _has(others, reference):
        known = others[reference.table].select(reference.column).drop_nulls().unique()
        found = f"{column.name} found"
        frame = frame.join(
            known.with_columns(pl.lit(value=True).alias(found)),
            left_on=column.name,
            right_on=reference.column,
            how="left",
            maintain_order="left",
        )
        rules["refers_to"] = value.is_null() | pl.col(found).is_not_null()
    reference = column.not_before
    if reference and _has(others, reference):
        link = next((c for c in present if c.refers_to), None)
        if link and link.refers_to:
            start = f"{column.name} start"
            starts = (
                others[reference.table]
                .select(
                    pl.col(link.refers_to.column).alias(link.name),
                    pl.col(reference.column).alias(start),
                )
                .drop_nulls()
                .group_by(link.name)
                .agg(pl.col(start).min())
            )
            frame = frame.join(starts, on=link.name, how="left", maintain_order="left")
            rules["not_before"] = value >= pl.col(start)
    return frame, rules


def _has(others: Mapping[str, pl.LazyFrame], reference: Reference) -> bool:
    table = others.get(reference.table)
    return table is not None and reference.column in table.collect_schema()


def _message(column: ColumnContract, rule: str) -> str:
    match rule:
        case "null":
            return "no value"
        case "written":
            return f"not {PLAIN[column.type]}"
        case "unique":
            return "the key stands on more than one row"
        case "min":
            return f"below {column.minimum}"
        case "max":
            return f"above {column.maximum}"
        case "values":
            return f"not one of {', '.join(column.values)}"
        case "refers_to":
            return f"not in {column.refers_to}"
        case "addable":
            return f"beyond {LARGEST:g}, so that sums would overflow"
        case "not_before":
            return f"before {column.not_before}"
        case _:  # dataframely's own words: nan, inf
            return f"is {rule}"


@dataclass(frozen=True)
class _Reach:
    """From when to when a table has events, and how many in the observation window."""

    table: Table
    first: date
    last: date
    inside: int

    @property
    def span(self) -> str:
        return f"{self.table.parameter} run from {self.first} to {self.last}"

    def violation(self, rule: str, count: int, message: str, severity: Severity) -> Violation:
        return Violation(
            table=self.table.name,
            column=str(self.table.time),
            rule=rule,
            severity=severity,
            count=count,
            message=message,
        )


def _coverage(
    problem: Problem, typed: Mapping[str, pl.LazyFrame], windows: Windows, *, outcome: bool
) -> Iterator[Violation]:
    """Whether the events reach the windows."""
    reaches = [
        reach
        for table in problem.tables
        if table.has_events and table.name in typed
        for reach in _reach(table, typed[table.name], windows)
    ]
    if not reaches:
        return
    nothing = not any(reach.inside for reach in reaches)
    outside = [r for r in reaches if nothing or (windows.as_of - r.last).days > r.table.quiet_days]
    for reach in outside:
        yield reach.violation(
            "as_of",
            max((windows.as_of - reach.last).days, 0),
            f"as-of date {windows.as_of} is outside the data: {reach.span}; the observation "
            f"window {windows.observation} holds {reach.inside:,} {reach.table.parameter}",
            Severity.ERROR,
        )
    if outside:
        return
    for reach in reaches:
        yield from _of_observation(reach, windows)
    if outcome:
        yield from _of_outcome(problem, reaches, windows)


def _reach(table: Table, rows: pl.LazyFrame, windows: Windows) -> Iterator[_Reach]:
    if table.time not in rows.collect_schema():
        return
    day = pl.col(str(table.time)).cast(pl.Date)
    rows = rows.filter(day.is_between(date.min, date.max))  # a Parquet file may hold other years
    within = day.is_between(windows.observation.start, windows.observation.end, closed="left")
    asked = rows.select(first=day.min(), last=day.max(), inside=within.sum())
    first, last, inside = asked.collect().row(0)
    if first is not None:
        yield _Reach(table, first, last, inside)


def _of_observation(reach: _Reach, windows: Windows) -> Iterator[Violation]:
    if windows.as_of > reach.last:
        days = (windows.as_of - reach.last).days
        message = f"{reach.span}, {days} days before the as-of date {windows.as_of}"
        yield reach.violation("as_of", days, message, Severity.WARNING)
    if reach.first > windows.observation.start:
        days = (reach.first - windows.observation.start).days
        yield reach.violation(
            "observation_window",
            days,
            f"{reach.span}, but the observation window is {windows.observation}: "
            f"its first {days} days are not covered",
            Severity.WARNING,
        )


def _of_outcome(problem: Problem, reaches: list[_Reach], windows: Windows) -> Iterator[Violation]:
    """By the table that reaches furthest, and whether the label's own keeps up with it."""
    furthest = max(reaches, key=lambda reach: reach.last)
    wanted = windows.outcome.last_day
    if furthest.last < wanted:
        days = (wanted - furthest.last).days
        reached = furthest.last >= windows.outcome.start
        yield furthest.violation(
            "outcome_window",
            days,
            f"{furthest.span}, but the outcome window is {windows.outcome}: its last {days} days "
            "are not covered, and what happens only then is not in the label"
            if reached
            else f"{furthest.span}, so none of the outcome window {windows.outcome} is covered",
            Severity.WARNING if reached else Severity.ERROR,
        )
    for reach in reaches:
        behind = (min(furthest.last, wanted) - reach.last).days
        if reach.table.name == problem.label.event.table and behind > reach.table.quiet_days:
            yield reach.violation(
                "behind",
                behind,
                f"{reach.span}, {behind} days less than {furthest.table.parameter}: the label "
                f"{problem.label} may not know what happened since",
                Severity.WARNING,
            )
