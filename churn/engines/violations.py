"""Every way in which tables break their contracts, found with dataframely, counted and located."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import dataframely as dy
import polars as pl

from churn.domain.contracts import (
    ORDERS,
    TABLES,
    ColumnContract,
    Offender,
    Problem,
    Reference,
    Severity,
    Table,
)
from churn.domain.errors import DataError
from churn.domain.expressions import Type
from churn.domain.windows import Windows
from churn.engines import files

Source = Callable[[Table], pl.LazyFrame]

FIRST_ROWS = 5
QUIET_DAYS = 7
"""So many days without an order before the as-of date are a quiet week, more are missing data."""

ROW, WRITTEN = "row", " as written"
PLAIN = {Type.TEXT: "text", Type.INTEGER: "a whole number", Type.FLOAT: "a number"}
PLAIN[Type.DATE] = "a date written as 2024-06-30"


def find(source: Source, windows: Windows, *, outcome: bool) -> tuple[Problem, ...]:
    """All problems, table by table, errors before warnings.

    Args:
        source: The rows of a table as they are: text where nothing says otherwise.
        outcome: Whether the outcome window must be covered too.
    """
    problems: list[Problem] = []
    typed: dict[str, pl.LazyFrame] = {}
    for table in TABLES:
        found, frame = _table(source, table, typed)
        problems += found
        if frame is not None:
            typed[table.name] = frame
    if ORDERS.name in typed and "ORDER_DATE" in typed[ORDERS.name].collect_schema():
        problems += _coverage(typed[ORDERS.name], windows, outcome=outcome)
    return tuple(sorted(problems, key=lambda p: p.severity is Severity.WARNING))


def _table(
    source: Source, table: Table, others: dict[str, pl.LazyFrame]
) -> tuple[list[Problem], pl.LazyFrame | None]:
    """The problems of one table, and its typed columns beside the values as written."""
    try:
        raw = source(table).with_row_index(ROW, offset=1)
        schema = raw.collect_schema()
        empty = raw.head(1).collect().is_empty()
    except DataError as error:
        return [_of_table(table, "file", str(error))], None
    except (pl.exceptions.PolarsError, OSError) as error:
        return [_of_table(table, "file", f"cannot be read: {error}")], None
    problems = list(_columns(table, schema))
    usable = [c for c in table.columns if c.name in schema and _accepted(schema[c.name], c.type)]
    if empty:
        problems.append(_of_table(table, "empty", "has no rows"))
    typed = raw.select(
        ROW,
        *(
            files.converted(pl.col(c.name), schema[c.name], c.type, strict=False).alias(c.name)
            for c in usable
        ),
        *(pl.col(c.name).cast(pl.String).alias(c.name + WRITTEN) for c in usable),
    )
    if usable and not empty:
        try:
            problems += _rows(table, usable, typed, others)
        except pl.exceptions.PolarsError as error:
            return [*problems, _of_table(table, "file", f"cannot be read: {error}")], None
    return problems, typed


def _of_table(table: Table, rule: str, message: str) -> Problem:
    return Problem(table=table.name, rule=rule, count=1, message=message)


def _accepted(found: pl.DataType, wanted: Type) -> bool:
    """Whether a column of a file can hold the wanted type without loss; text is read as a CSV's."""
    match wanted:
        case Type.TEXT:
            return isinstance(found, pl.String | pl.Categorical | pl.Enum)
        case Type.DATE:
            return isinstance(found, pl.Date | pl.Datetime | pl.String)
        case Type.INTEGER:
            return found.is_integer() or isinstance(found, pl.String)
        case _:
            return found.is_numeric() or isinstance(found, pl.String)


def _columns(table: Table, schema: pl.Schema) -> Iterator[Problem]:
    for column in table.columns:
        if column.name not in schema:
            message = f"the column is missing; found {', '.join(n for n in schema if n != ROW)}"
            yield Problem(
                table=table.name, column=column.name, rule="missing", count=1, message=message
            )
        elif not _accepted(schema[column.name], column.type):
            message = f"found type {schema[column.name]}, expected {column.type}"
            yield Problem(
                table=table.name, column=column.name, rule="type", count=1, message=message
            )
    for name in schema:
        if name != ROW and name not in table.names:
            yield Problem(
                table=table.name,
                column=name,
                rule="extra",
                severity=Severity.WARNING,
                count=1,
                message="the contract has no such column; it is ignored",
            )


def _rows(
    table: Table,
    columns: list[ColumnContract],
    typed: pl.LazyFrame,
    others: dict[str, pl.LazyFrame],
) -> Iterator[Problem]:
    """What dataframely finds row by row."""
    looked_up = typed
    rules: dict[str, pl.Expr] = {}
    for column in columns:
        looked_up, more = _own_rules(column, columns, looked_up, others)
        rules |= {f"{column.name}|{rule}": valid for rule, valid in more.items()}
    schema = _schema(table, columns, looked_up, rules)
    _, failures = schema.filter(looked_up.collect())
    if not len(failures):
        return
    details = failures.details()
    key = table.key if table.key in details.columns else None
    for name, count in failures.counts().items():
        where, rule = name.split("|")
        column, rule = table.column(where), rule.removeprefix("check__")
        rows = details.filter(pl.col(name) == "invalid").sort(ROW).head(FIRST_ROWS)
        yield Problem(
            table=table.name,
            column=column.name,
            rule=rule,
            severity=Severity.WARNING if rule == "not_before" else Severity.ERROR,
            count=count,
            message=f"{count:,} {'rows' if count > 1 else 'row'}: {_message(column, rule)}",
            rows=tuple(
                Offender(row[ROW], row[key] if key else None, row[column.name + WRITTEN])
                for row in rows.iter_rows(named=True)
            ),
        )


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
        case Type.INTEGER:
            return dy.Int64(**limits)
        case _:
            return dy.Float64(**limits)


def _own_rules(
    column: ColumnContract,
    present: list[ColumnContract],
    frame: pl.LazyFrame,
    others: dict[str, pl.LazyFrame],
) -> tuple[pl.LazyFrame, dict[str, pl.Expr]]:
    """The rules that need more than the column itself, and the frame with what they need."""
    value, written = pl.col(column.name), pl.col(column.name + WRITTEN)
    rules = {"null": written.is_not_null(), "written": written.is_null() | value.is_not_null()}
    if column.type is Type.DATE:
        # A timestamp is a date only at midnight.
        rules["written"] &= written.str.contains(r"^\d{4}-\d\d-\d\d( 00:00:00[.0]*)?$")
    if column.key:
        rules["unique"] = value.is_null() | (pl.len().over(column.name) == 1)
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
                .unique(link.name, keep="first")
            )
            frame = frame.join(starts, on=link.name, how="left", maintain_order="left")
            rules["not_before"] = value >= pl.col(start)
    return frame, rules


def _has(others: dict[str, pl.LazyFrame], reference: Reference) -> bool:
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
        case "not_before":
            return f"before {column.not_before}"
        case _:  # dataframely's own words: nan, inf
            return f"is {rule}"


def _coverage(orders: pl.LazyFrame, windows: Windows, *, outcome: bool) -> Iterator[Problem]:
    """Whether the orders reach the windows."""
    day = pl.col("ORDER_DATE")
    within = day.is_between(windows.observation.start, windows.observation.end, closed="left")
    reach = orders.select(first=day.min(), last=day.max(), inside=within.sum())
    first, last, inside = reach.collect().row(0)
    if first is None:
        return
    span = f"orders run from {first} to {last}"

    def problem(rule: str, count: int, message: str, severity: Severity) -> Problem:
        return Problem(
            table=ORDERS.name,
            column="ORDER_DATE",
            rule=rule,
            severity=severity,
            count=count,
            message=message,
        )

    if not inside or (windows.as_of - last) > timedelta(days=QUIET_DAYS):
        yield problem(
            "as_of",
            max((windows.as_of - last).days, 0),
            f"as-of date {windows.as_of} is outside the data: {span}; "
            f"the observation window {windows.observation} holds {inside:,} orders",
            Severity.ERROR,
        )
        return
    if windows.as_of > last:
        days = (windows.as_of - last).days
        yield problem(
            "as_of",
            days,
            f"{span}, {days} days before the as-of date {windows.as_of}",
            Severity.WARNING,
        )
    if first > windows.observation.start:
        days = (first - windows.observation.start).days
        yield problem(
            "observation_window",
            days,
            f"{span}, but the observation window is {windows.observation}: "
            f"its first {days} days are not covered",
            Severity.WARNING,
        )
    if outcome and last < windows.outcome.last_day:
        days = (windows.outcome.last_day - last).days
        reached = last >= windows.outcome.start
        yield problem(
            "outcome_window",
            days,
            f"{span}, but the outcome window is {windows.outcome}: its last {days} days are not "
            "covered, and who orders only then counts as churned"
            if reached
            else f"{span}, so none of the outcome window {windows.outcome} is covered",
            Severity.WARNING if reached else Severity.ERROR,
        )
