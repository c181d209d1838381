"""The edges of what a feature looks at: its first day, its last day, and large tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from churn.domain.windows import DAY, Windows
from churn.leakage.builder import WorldBuilder
from churn.leakage.checks import Audit
from churn.leakage.subject import FailureError, differences
from churn.leakage.worlds import Shape, World

PLANTED = 4
"""Rows of each entity on one day: enough to move what looks at the day."""

SHIFTS = (0, 2, 4)
"""As-of dates this many days earlier fall on other days of the week."""

EARLIER = timedelta(days=41)
"""How much longer the observation window becomes, to see whether a feature follows."""

LARGEST = 200_000
"""Rows of the largest example that is asked about."""

MEMBERSHIP = "membership"


def as_of_day(audit: Audit, builder: WorldBuilder, world: World) -> None:
    """What happens on the as-of date itself is known: a cut-off must not drop it."""
    for shape in builder.events:
        try:
            if all(_drops_last_day(audit, builder, world, shape, shift) for shift in SHIFTS):
                day = builder.windows.as_of
                example = f"{shape.name} added on {day - DAY} move the result, added on {day} not"
                audit.add("as-of-day", "", example)
        except FailureError:
            audit.skip(f"{shape.name} on the as-of date")


def _drops_last_day(
    audit: Audit, builder: WorldBuilder, world: World, shape: Shape, shift: int
) -> bool:
    windows = builder.windows.ending(builder.windows.as_of - timedelta(days=shift))
    base = audit.function(world, windows)
    members = _half(builder, world, shape)

    def moves(day: date) -> bool:
        planted = [(name, day) for name in members for _ in range(PLANTED)]
        output = audit.function(builder.with_rows(world, shape, planted, hour=1), windows)
        return bool(audit.differences(base, output))

    return not moves(windows.as_of) and moves(windows.as_of - DAY)


def observation_start(audit: Audit, builder: WorldBuilder, world: World) -> None:
    """A feature whose window begins on the observation's first day begins where it is told to."""
    windows = builder.windows
    start = windows.observation_start
    earlier = replace(windows, observation_start=start - EARLIER)
    for shape in builder.events:
        try:
            stuck = _edges(audit, builder, world, shape, windows, start)
            if stuck:
                stuck &= _edges(audit, builder, world, shape, earlier, start)
            if stuck:
                stuck -= _calendar(audit, builder, world, shape)
        except FailureError:
            audit.skip(f"{shape.name} around the first day of the observation window")
            continue
        for column in sorted(stuck):
            example = (
                f"with an observation window from {earlier.observation_start} it still looks at "
                f"{shape.name} from {start} on"
            )
            audit.add("observation-start", "" if column == MEMBERSHIP else column, example)


def _calendar(audit: Audit, builder: WorldBuilder, world: World, shape: Shape) -> set[str]:
    """The columns that begin with the year, the quarter or the month, whatever the window."""
    windows = builder.windows
    start = windows.observation_start
    earlier = windows.ending(windows.as_of - timedelta(days=200))
    columns: set[str] = set()
    for begin in (_year, _quarter, _month):
        if begin(windows.as_of) == start:
            columns |= _edges(audit, builder, world, shape, earlier, begin(earlier.as_of))
    return columns


def _edges(
    audit: Audit,
    builder: WorldBuilder,
    world: World,
    shape: Shape,
    windows: Windows,
    day: date,
) -> set[str]:
    """The columns that see a row on that day and not on the day before, as on no day beside."""
    planted = [(n, day) for n in _half(builder, world, shape) for _ in range(PLANTED)]
    rows = world[shape.name]
    new = builder.with_rows(world.having(**{shape.name: rows.clear()}), shape, planted)[shape.name]

    def columns_between(a: date, b: date) -> set[str]:
        first, second = (
            audit.function(
                world.having(**{shape.name: pl.concat([rows, builder.on_day(new, shape, d)])}),
                windows,
            )
            for d in (a, b)
        )
        common = set(first.ids) & set(second.ids)
        columns = {d.column for d in differences(first, second, entities=common) if d.column}
        return columns | ({MEMBERSHIP} if set(first.ids) != set(second.ids) else set())

    edge = columns_between(day - DAY, day)
    for beside in (day - 3 * DAY, day + DAY):
        edge -= columns_between(beside, beside + DAY) if edge else set()
    return edge - audit.noisy


def large_tables(audit: Audit, *, quick: bool) -> None:
    """The whole example and, in the full form, many copies of it: with and without the future."""
    builder, *_ = audit.builders(quick=True)
    world = _at_most(builder, audit.example.world)
    try:
        _same_without_future(audit, builder, world)
        rows = max(table.height for table in world.tables.values())
        if not quick and rows < LARGEST:
            _same_without_future(audit, builder, _copied(builder, world, LARGEST // rows))
    except FailureError:
        audit.skip("large tables")


def _same_without_future(audit: Audit, builder: WorldBuilder, world: World) -> None:
    base, again = (audit.function(world, builder.windows) for _ in range(2))
    # Ties that are broken at random, which small worlds do not have, are no leak.
    unsteady = [d.column for d in audit.differences(base, again)]
    known = audit.function(builder.without_future(world), builder.windows)
    for d in audit.differences(base, known, unsteady):
        rule = {MEMBERSHIP: MEMBERSHIP, "columns": "output-order"}.get(d.kind, "future")
        rows = max(table.height for table in world.tables.values())
        example = f"as of {builder.windows.as_of}, later rows removed from {rows:,}: {d}"
        audit.add(rule, d.column, example)


def _at_most(builder: WorldBuilder, world: World) -> World:
    """The example with as many entities as `LARGEST` rows allow."""
    rows = max(table.height for table in world.tables.values())
    if rows <= LARGEST:
        return world
    known = builder.example.entities
    chosen = known.head(max(1, len(known) * LARGEST // rows)).implode()
    key = builder.key
    return World(
        {
            name: table.filter(pl.col(key).is_in(chosen)) if key in table.columns else table
            for name, table in world.tables.items()
        }
    )


def _copied(builder: WorldBuilder, world: World, times: int) -> World:
    """The world with so many copies of each entity, under ids of their own."""
    copied = {}
    for name, table in world.tables.items():
        shape = builder.example.shapes[name]
        ids = [n for n in (shape.entity, *shape.ids) if n]
        copies = [table, *(_renamed(table, ids, i) for i in range(1, times) if shape.entity)]
        copied[name] = pl.concat(copies)
    return World(copied)


def _renamed(table: pl.DataFrame, ids: Sequence[str], number: int) -> pl.DataFrame:
    def other(name: str) -> pl.Expr:
        if table.schema[name].is_integer():
            return pl.col(name).add(number * 10 ** len(str(table[name].max())))
        return pl.concat_str(pl.lit(f"{number}_"), pl.col(name))

    return table.with_columns(other(name).cast(table.schema[name]).alias(name) for name in ids)


def _half(builder: WorldBuilder, world: World, shape: Shape) -> Sequence[object]:
    return builder.known_entities(world, shape)[::2]


def _year(day: date) -> date:
    return day.replace(month=1, day=1)


def _quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _month(day: date) -> date:
    return day.replace(day=1)
