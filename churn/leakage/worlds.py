"""The tables that a function is called with, and what is known of their form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from churn.domain.contracts import Table
from churn.domain.errors import UsageError
from churn.domain.problem import Problem

Frame = pl.DataFrame | pl.LazyFrame

ID = re.compile(r"(^|_)(ID|KEY|UUID|GUID|NO|NUMBER)$", re.IGNORECASE)
"""Names of columns that name something."""

VERSION_DATE = re.compile(
    r"(^|_)(UPDATED?|MODIFIED|CHANGED|LOADED|VALID|EFFECTIVE|AS_OF|SNAPSHOT)(_|$)", re.IGNORECASE
)
"""Names of dates since when a whole row holds ..."""

VERSION_END = re.compile(r"_(TO|UNTIL|END|THRU)$", re.IGNORECASE)
"""... and of those until when."""

SINCE = re.compile(
    r"(^|_)(REGISTRATION|REGISTERED|SIGN_?UP|SIGNED_UP|JOIN|JOINED|CREATED|CREATION|OPENED|"
    r"ONBOARDED|START|STARTED|SINCE)(_|$)",
    re.IGNORECASE,
)
"""Names of the date since when an entity exists, in a table with one row an entity."""


@dataclass(frozen=True)
class World:
    """Tables by name, in lower case."""

    tables: Mapping[str, pl.DataFrame]

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.tables[name]

    def having(self, **tables: pl.DataFrame) -> World:
        """The same with these tables in place of those of the same name."""
        return World({**self.tables, **tables})


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is known of a table.

    Args:
        entity: The column that names the entity, if it has one.
        time: The column that dates its rows, if they are dated.
        ids: The columns that name a row.
        single: Whether an entity has one row at most.
        versions: Whether a row is a version of an entity's attributes.
        since: The date since when an entity exists, in a table with one row each.
    """

    name: str
    entity: str | None
    time: str | None
    ids: tuple[str, ...] = ()
    single: bool = False
    versions: bool = False
    since: str | None = None

    @property
    def has_events(self) -> bool:
        """Whether an entity has any number of dated rows."""
        return self.time is not None and self.entity is not None and not self.single

    @property
    def held(self) -> tuple[str, ...]:
        """The columns that no change of values touches."""
        named = (self.entity, self.time, self.since)
        return (*self.ids, *(name for name in named if name))

    def __str__(self) -> str:
        if self.time is None:
            return f"{self.name} timeless"
        return f"{self.name} by {self.time}"


@dataclass(frozen=True)
class Example:
    """Somebody's tables, with plain ids, and their shapes."""

    key: str
    world: World
    shapes: Mapping[str, Shape]

    @cached_property
    def entities(self) -> pl.Series:
        return entities(self.world, self.shapes, self.key)

    def only(self, names: Sequence[str]) -> Example:
        """With these tables."""
        return replace(
            self,
            world=World({name: self.world[name] for name in names}),
            shapes={name: self.shapes[name] for name in names},
        )


def entities(world: World, shapes: Mapping[str, Shape], key: str) -> pl.Series:
    """All that have a row in a table with one row each; where there is no such table, in any."""
    named = [shape for shape in shapes.values() if shape.entity]
    chosen = [shape for shape in named if shape.single] or named
    return pl.concat([world[shape.name][key] for shape in chosen]).unique(maintain_order=True)


def example_of(
    tables: Mapping[str, Frame],
    *,
    time: Mapping[str, str | None] | None,
    key: str | None,
    problem: Problem,
) -> Example:
    """
    Args:
        tables: By name, in lower case.
        time: The column that dates a table's rows; None for a timeless table. For tables that are
            not named, the problem's contract says it, or the only date that could.
        key: The column that names the entity; the problem's if it is there, or the one that all
            tables share.

    Raises:
        UsageError: A table is empty or no table at all, a column is missing or is no date, or
            cannot be told.
    """
    collected = {name: _collected(name, frame) for name, frame in tables.items()}
    for name in time or {}:
        if name not in collected:
            raise UsageError.unknown("table of the example", name, collected)
    named = key or _key(collected, problem)
    shapes = {}
    for name, rows in collected.items():
        given = time[name] if time and name in time else _clock(name, rows, named, problem)
        collected[name], shapes[name] = _shaped(name, rows, named, given, problem)
    if not any(shape.entity for shape in shapes.values()):
        raise UsageError.unknown("column of any table of the example", named, collected)
    return Example(named, World(collected), shapes)


def _collected(name: str, frame: Frame) -> pl.DataFrame:
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise UsageError(
            f"the table {name} of the example is a {type(frame).__name__}", "Give a Polars frame."
        )
    return frame.lazy().collect()


def _key(tables: Mapping[str, pl.DataFrame], problem: Problem) -> str:
    if any(problem.key in rows.columns for rows in tables.values()):
        return problem.key
    first, *rest = tables.values()
    shared = [n for n in first.columns if ID.search(n) and all(n in r.columns for r in rest)]
    if not shared:
        raise UsageError(
            "no column of the example names the entity: the tables share none that is called "
            "like an id",
            "Name it with key=.",
        )
    return shared[0]


def _clock(name: str, rows: pl.DataFrame, key: str, problem: Problem) -> str | None:
    """The date that a table's rows are known from, as far as contract and names can tell."""
    contract = problem.by_parameter.get(name)
    if contract and (contract.time is None or contract.time in rows.columns):
        return contract.time
    if contract and contract.time:
        raise UsageError.unknown(f"column of {name}", contract.time, rows.columns)
    if _single(rows, key, _ids(name, rows, key, problem), contract):
        return None  # its dates are attributes
    dates = _dates(rows)
    stem = re.escape(name.upper().rstrip("S"))
    own = [n for n in dates if re.fullmatch(rf"{stem}_(DATE|DAY|AT|ON|TIME|TS)", n.upper())]
    starts = [n for n in dates if VERSION_DATE.search(n) and not VERSION_END.search(n)]
    for likely in (own, dates, starts):
        if len(likely) == 1:
            return likely[0]
    if not dates:
        return None
    raise UsageError(
        f"the example's table {name} has the dates {', '.join(dates)}: which one dates its rows?",
        f"Say it: time={{{name!r}: {dates[0]!r}}}; or None for a table that has no such date.",
    )


def _shaped(
    name: str, rows: pl.DataFrame, key: str, time: str | None, problem: Problem
) -> tuple[pl.DataFrame, Shape]:
    """The table with ids as plain text or whole numbers, and its shape."""
    if time is not None and time not in rows.columns:
        raise UsageError.unknown(f"column of {name}", time, rows.columns)
    entity = key if key in rows.columns else None
    contract = problem.by_parameter.get(name)
    ids = _ids(name, rows, key, problem)
    rows = rows.drop_nulls([n for n in (entity, *ids, time) if n])
    if rows.is_empty():
        raise UsageError(f"the example has no {name}", "Give at least one row of each table.")
    texts = [n for n in (entity, *ids) if n and not rows.schema[n].is_integer()]
    rows = rows.with_columns(pl.col(texts).cast(pl.String))
    if time is not None and not isinstance(rows.schema[time], pl.Date | pl.Datetime):
        raise UsageError(f"{time} is {rows.schema[time]}", "It must be a date or datetime.")
    single = _single(rows, key, ids, contract)
    versions = bool(
        contract.versions if contract else time and not single and VERSION_DATE.search(time)
    )
    dates = [name for name in _dates(rows) if SINCE.search(name)]
    since = (time or next(iter(dates), None)) if single else None
    shape = Shape(
        name=name, entity=entity, time=time, ids=ids, single=single, versions=versions, since=since
    )
    return rows, shape


def _ids(name: str, rows: pl.DataFrame, key: str, problem: Problem) -> tuple[str, ...]:
    """The columns that name rows: the contract's key, and what is called so and never repeats."""
    contract = problem.by_parameter.get(name)
    declared = contract.key if contract else None
    return tuple(n for n in rows.columns if n != key and (n == declared or _names_rows(rows[n])))


def _names_rows(column: pl.Series) -> bool:
    plain = column.dtype.is_integer() or column.dtype == pl.String
    return plain and bool(ID.search(column.name)) and not column.drop_nulls().is_duplicated().any()


def _single(rows: pl.DataFrame, key: str, ids: tuple[str, ...], contract: Table | None) -> bool:
    """Whether an entity has one row at most by nature, and not by the smallness of the example."""
    if key not in rows.columns or rows[key].is_duplicated().any():
        return False
    return contract.key == key if contract else not ids


def _dates(rows: pl.DataFrame) -> list[str]:
    return [n for n, kind in rows.schema.items() if isinstance(kind, pl.Date | pl.Datetime)]
