"""Example worlds that would show a leak, and the ways in which they are changed.

A world is made of the caller's own rows, so that columns, types and id formats are theirs: some of
their entities with all their rows, and copies of rows moved to every day that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import numpy as np
import polars as pl

from churn.domain.expressions import Scalar
from churn.domain.windows import DAY, Window, Windows
from churn.leakage.worlds import ID, Example, Shape, World, entities

ENTITIES, SINGLES = 36, 8
PLACE, OFFSET = "place of the row", "days moved"

HOURS = (time(0), time(12), time(23, 59, 59))
"""The times of day that filters get wrong."""


class Ids:
    """Hands out ids of the form of others, with other digits at their end, none of them twice."""

    def __init__(self, taken: pl.Series) -> None:
        texts = taken.cast(pl.String)
        self.taken = set(texts)
        numbers = texts.str.extract("([0-9]{1,15})$").cast(pl.Int64, strict=False).drop_nulls()
        self._number = max(numbers, default=0)

    def like(self, models: Sequence[Any]) -> list[Any]:
        return [self._next(model) for model in models]

    def _next(self, model: Any) -> Any:
        text = str(model)
        match = re.search(r"[0-9]+$", text)
        width = len(match[0]) if match else 0
        stem = text[: len(text) - width]
        while True:
            self._number += 1
            new = f"{stem}{self._number:0{width}d}" if width else f"{stem}{self._number}"
            if new not in self.taken:
                self.taken.add(new)
                return type(model)(new)


@dataclass(frozen=True)
class WorldBuilder:
    """Makes worlds from an example; equal seeds make equal worlds.

    Args:
        ids: What hands out new ids, by the name of their column.
    """

    example: Example
    windows: Windows
    random: np.random.Generator
    ids: Mapping[str, Ids]

    @classmethod
    def of(cls, example: Example, windows: Windows, seed: int) -> WorldBuilder:
        ids = {example.key: Ids(example.entities)}
        for shape in example.shapes.values():
            ids |= {name: Ids(example.world[shape.name][name]) for name in shape.ids}
        return cls(example, windows, np.random.default_rng(seed), ids)

    @property
    def key(self) -> str:
        return self.example.key

    @property
    def events(self) -> list[Shape]:
        """The tables in which an entity has any number of dated rows."""
        return [shape for shape in self.example.shapes.values() if shape.has_events]

    @property
    def singles(self) -> list[Shape]:
        """The tables with one row an entity."""
        return [shape for shape in self.example.shapes.values() if shape.single]

    def entities(self, world: World) -> list[Any]:
        return entities(world, self.example.shapes, self.key).to_list()

    # Making

    def world(self, size: int = ENTITIES) -> World:
        """Some entities of the example, some with one row a table, and rows on boundary days."""
        known = self.example.entities
        chosen = known.gather(self.random.permutation(len(known))[:size]).implode()
        base = World(
            {
                name: rows.filter(pl.col(self.key).is_in(chosen))
                if self.example.shapes[name].entity
                else rows
                for name, rows in self.example.world.tables.items()
            }
        )
        world = self.with_entities(base, max(SINGLES + 4, size - 8 - len(chosen[0])))
        ids = self._members(world, chosen[0].to_list())
        single = set(ids[-SINGLES:])
        regular = [name for name in ids if name not in single]
        for shape in self.events:
            planted = [(self.pick(regular), day) for day in self.boundary_days() for _ in range(2)]
            planted += [(name, self._day(self.windows.observation)) for name in regular[::2]]
            planted += [(name, self._day(self.windows.outcome)) for name in regular[::3]]
            planted += [(name, self._before()) for name in regular[::3]]
            rows = world[shape.name].filter(~pl.col(self.key).is_in(list(single)))
            world = self.with_rows(world.having(**{shape.name: rows}), shape, planted)
            once = [(name, self._day(self.windows.observation)) for name in ids[-SINGLES:]]
            world = self.with_rows(world, shape, once)
        return world

    def _members(self, world: World, chosen: Sequence[Any]) -> list[Any]:
        """The entities, with new ones where no table with one row each holds them."""
        ids = self.entities(world)
        if self.singles:
            return ids
        return [*ids, *self.ids[self.key].like([chosen[0]] * max(0, SINGLES + 4))]

    def boundary_days(self) -> list[date]:
        """The edges of the windows and of calendar units nearby, and the days on either side."""
        w = self.windows
        edges = [w.observation.start, w.as_of, w.outcome.start, w.outcome_end]
        near = [edge + DAY * step for edge in edges for step in (-1, 0, 1)]
        return sorted({*near, *self.days_after(w.as_of)})

    def days_after(self, day: date) -> list[date]:
        """Days on which a filter that is off by a day, a week, a month or a year would show."""
        month = (day.replace(day=28) + DAY * 4).replace(day=1)
        steps = [day + DAY * n for n in (1, 2, 6, 7, 8, 14, 28, 30, 31, 62, 92, 183, 366)]
        year = date(day.year, 12, 31)
        return sorted({*steps, month - DAY, month, year, year + DAY} - {day})

    def with_entities(self, world: World, count: int, since: date | None = None) -> World:
        """New entities, copied from others, with ids of the same form.

        Args:
            since: From when they exist, in tables that say it.
        """
        if not (count and self.singles):
            return world
        first, *_ = self.singles
        donors = self._sampled(self.example.world[first.name], count)[self.key]
        new = pl.Series(self.key, self.ids[self.key].like(donors.to_list()), dtype=donors.dtype)
        pairs = pl.DataFrame({self.key: donors, PLACE: new})
        for shape in self.example.shapes.values():
            if not (shape.single or shape.versions):
                continue
            rows = self.example.world[shape.name]
            copies = pairs.join(rows, on=self.key, how="inner", maintain_order="left")
            copies = copies.with_columns(pl.col(PLACE).alias(self.key)).select(rows.columns)
            copies = self._with_new_ids(copies, shape)
            dated = shape.since or (shape.time if shape.versions else None)
            if since and dated:
                copies = copies.with_columns(moment(copies, dated, [since] * copies.height))
            merged = pl.concat([world[shape.name], self.apart(copies, shape)])
            world = world.having(**{shape.name: merged})
        return world

    def with_rows(
        self,
        world: World,
        shape: Shape,
        planted: Sequence[tuple[Any, date]],
        *,
        low: float = 0.3,
        high: float = 2.0,
        hour: int | None = None,
        where: Mapping[str, Scalar] | None = None,
    ) -> World:
        """One more row of the table for each (entity, day), at random places.

        Args:
            low: Their numbers are those of other rows, times this or more.
            high: Times this or less.
            hour: Which of `HOURS`, where the column has a time; at random otherwise.
            where: Values that they have.
        """
        if not planted or shape.time is None:
            return world
        rows = world[shape.name]
        copies = self._sampled(self.example.world[shape.name], len(planted))
        copies = self._moved(
            copies, shape.time, [day for _, day in planted], self.random if hour is None else hour
        ).with_columns(
            pl.Series(self.key, [name for name, _ in planted], dtype=rows.schema[self.key])
        )
        copies = self.scaled(self._with_new_ids(copies, shape, shuffled=True), shape, low, high)
        copies = copies.with_columns(
            pl.lit(value).cast(rows.schema[name]).alias(name)
            for name, value in (where or {}).items()
        )
        places = [*range(rows.height), *self.random.uniform(0, rows.height, len(planted))]
        merged = pl.concat([rows, copies.select(rows.columns)])
        merged = merged.with_columns(pl.Series(PLACE, places, dtype=pl.Float64)).sort(PLACE)
        return world.having(**{shape.name: self.apart(merged.drop(PLACE), shape)})

    def apart(self, rows: pl.DataFrame, shape: Shape) -> pl.DataFrame:
        """Versions of one entity hold from different days."""
        if not (shape.versions and shape.time):
            return rows
        by_day = rows.with_columns(day_of(shape.time).alias(PLACE))
        return by_day.unique([self.key, PLACE], keep="first", maintain_order=True).drop(PLACE)

    def _with_new_ids(
        self, rows: pl.DataFrame, shape: Shape, *, shuffled: bool = False
    ) -> pl.DataFrame:
        for name in shape.ids:
            ids = self.ids[name].like(rows[name].to_list())
            if shuffled:
                self.random.shuffle(ids)
            rows = rows.with_columns(pl.Series(name, ids, dtype=rows.schema[name]))
        return rows

    def scaled(
        self, rows: pl.DataFrame, shape: Shape, low: float, high: float, hold: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Numbers multiplied at random; whole numbers stay whole."""
        for name, dtype in rows.schema.items():
            if dtype.is_numeric() and name not in (*shape.held, *hold) and not ID.search(name):
                factor = pl.Series(self.random.uniform(low, high, rows.height))
                rows = rows.with_columns((pl.col(name) * factor).cast(dtype))
        return rows

    @staticmethod
    def on_day(rows: pl.DataFrame, shape: Shape, day: date) -> pl.DataFrame:
        """All rows on that day."""
        return rows.with_columns(moment(rows, str(shape.time), [day] * rows.height))

    @staticmethod
    def _moved(
        rows: pl.DataFrame, column: str, days: Sequence[date], at: np.random.Generator | int
    ) -> pl.DataFrame:
        """Rows on other days; what else they say of days moves with them."""
        offset = (pl.Series(days, dtype=pl.Date) - rows[column].cast(pl.Date)).rename(OFFSET)
        rows = rows.with_columns(offset)
        others = [n for n, k in rows.schema.items() if isinstance(k, pl.Date | pl.Datetime)]
        rows = rows.with_columns(pl.col(n) + pl.col(OFFSET) for n in others if n != column)
        return rows.drop(OFFSET).with_columns(moment(rows, column, days, at))

    # Changing what is known

    def past_changed(self, world: World) -> World:
        """Numbers, days and texts of known rows, and attributes, all different."""
        for shape in self.example.shapes.values():
            rows = world[shape.name]
            if shape.time is None or shape.single:
                changed = self.other_values(rows, shape)
                world = world.having(**{shape.name: changed})
                continue
            past = self.past(world, shape)
            moved = self.other_values(past, shape)
            days = [self._day(self.windows.observation) for _ in range(past.height)]
            moved = self.scaled(moved, shape, 2, 9).with_columns(moment(moved, shape.time, days))
            merged = pl.concat([moved, self.future(world, shape)])
            world = world.having(**{shape.name: self.apart(merged, shape)})
        return world

    def pasts(self, world: World) -> Iterator[World]:
        """Worlds that differ in what is known: values, dates of entities, numbers of rows."""
        changed = self.past_changed(world)
        yield changed
        for shape in self.singles:
            if shape.since:
                earlier = changed[shape.name].with_columns(pl.col(shape.since).dt.offset_by("-97d"))
                yield changed.having(**{shape.name: earlier})
        for shape in self.events:
            rows = world[shape.name]
            known = day_of(str(shape.time)) <= self.windows.as_of
            half = pl.Series(self.random.random(rows.height) < 0.5)
            yield world.having(**{shape.name: rows.filter(~(known & half))})
            names = self.known_entities(world, shape)
            planted = [
                (n, self._day(self.windows.observation)) for n in names[::2] for _ in range(4)
            ]
            yield self.with_rows(world, shape, planted)

    # The future

    def past(self, world: World, shape: Shape) -> pl.DataFrame:
        return world[shape.name].filter(day_of(str(shape.time)) <= self.windows.as_of)

    def future(self, world: World, shape: Shape) -> pl.DataFrame:
        return world[shape.name].filter(day_of(str(shape.time)) > self.windows.as_of)

    def known_entities(self, world: World, shape: Shape) -> list[Any]:
        """Those with a known row in the table."""
        return self.past(world, shape)[self.key].unique(maintain_order=True).to_list()

    def without_future(self, world: World) -> World:
        """Only what is known, in every table with events."""
        return world.having(**{shape.name: self.past(world, shape) for shape in self.events})

    # Renaming and reordering

    def reordered(self, world: World) -> World:
        return World(
            {
                name: rows.sample(fraction=1, shuffle=True, seed=self._seed())
                for name, rows in world.tables.items()
            }
        )

    def one_row_a_day(self, world: World) -> World:
        """Without ties in time, which an honest function may break by anything."""
        for shape in self.events:
            days = world[shape.name].with_columns(day_of(str(shape.time)).alias(PLACE))
            kept = days.unique([self.key, PLACE], keep="first", maintain_order=True)
            world = world.having(**{shape.name: kept.drop(PLACE)})
        return world

    def renumbered_rows(self, world: World) -> World | None:
        """Ids of rows handed out anew, at random; a column of that name elsewhere follows."""
        columns = dict.fromkeys(n for shape in self.events for n in shape.ids)
        for name in columns:
            owner = next(s.name for s in self.events if name in s.ids)
            old = world[owner][name]
            new = pl.Series(self.shuffled(old), dtype=old.dtype)
            world = World(
                {
                    table: rows.with_columns(pl.col(name).replace(old, new))
                    if name in rows.columns
                    else rows
                    for table, rows in world.tables.items()
                }
            )
        return world if columns else None

    def renumbered_entities(self, world: World, *, ordered: bool) -> tuple[World, dict[str, str]]:
        """New ids of entities, and from which id each came.

        Args:
            ordered: Whether the new ids sort as the old ones do.
        """
        dtype = self.example.entities.dtype
        ids = pl.Series(self.entities(world), dtype=dtype).unique().sort()
        others = pl.Series(self.ids[self.key].like(ids.to_list()), dtype=ids.dtype).sort()
        if not ordered:
            others = others.gather(self.random.permutation(len(others)))
        renamed = World(
            {
                name: rows.with_columns(pl.col(self.key).replace(ids, others))
                if self.key in rows.columns
                else rows
                for name, rows in world.tables.items()
            }
        )
        return renamed, dict(zip(map(str, others), map(str, ids), strict=True))

    # Parts

    @staticmethod
    def where(condition: pl.Expr, changed: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """The changed rows where the condition holds of the old ones, the old rows elsewhere."""
        mask = rows.select(condition.alias("mask"))["mask"]
        return rows.select(
            pl.when(mask).then(changed[name]).otherwise(rows[name]).alias(name)
            for name in rows.columns
        )

    def other_values(
        self, rows: pl.DataFrame, shape: Shape, hold: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Another of the values of its column in each text or boolean field."""
        changed = {}
        for name, dtype in rows.schema.items():
            if name in (*shape.held, *hold) or dtype not in (pl.String, pl.Boolean):
                continue
            values = rows[name].drop_nulls().unique().sort()
            if len(values) > 1:
                places = np.searchsorted(
                    values.to_numpy(), rows[name].fill_null(values[0]).to_numpy()
                )
                step = self.random.integers(1, len(values), rows.height)
                changed[name] = values.gather((places + step) % len(values))
        return rows.with_columns(**changed)

    @staticmethod
    def rarest(rows: pl.DataFrame, shape: Shape) -> pl.DataFrame:
        """The rarest value of its column in every text field."""
        texts = [n for n, t in rows.schema.items() if t == pl.String and n not in shape.held]
        rare = {n: rows[n].value_counts(sort=True)[n][-1] for n in texts}
        return rows.with_columns(**{n: pl.lit(value) for n, value in rare.items()})

    def _sampled(self, rows: pl.DataFrame, count: int) -> pl.DataFrame:
        return rows.select(pl.all().gather(self.random.integers(0, rows.height, count)))

    def shuffled(self, values: pl.Series) -> list[Any]:
        return values.gather(self.random.permutation(len(values))).to_list()

    def pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.random.integers(len(values)))]

    def _seed(self) -> int:
        return int(self.random.integers(2**31))

    def _day(self, window: Window) -> date:
        return window.start + DAY * int(self.random.integers(window.days))

    def _before(self) -> date:
        return self.windows.observation.start - DAY * int(self.random.integers(1, 400))


def as_of_dates(windows: Windows) -> list[Windows]:
    """The windows as given, and as of other days: in mid-month, on its first and on its last."""
    month = windows.as_of.replace(day=1)
    days = [windows.as_of, month - DAY * 17, month, month - DAY]
    return [windows.ending(day) for day in dict.fromkeys(days)]


def day_of(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Date)


def moment(
    rows: pl.DataFrame, column: str, days: Sequence[date], at: np.random.Generator | int = 0
) -> pl.Series:
    """Days in the column's own type; a timestamp at one of `HOURS`, or at any of them."""
    dtype = rows.schema[column]
    if dtype == pl.Date:
        return pl.Series(column, days, dtype=pl.Date)
    chosen = [at] * len(days) if isinstance(at, int) else at.integers(0, len(HOURS), len(days))
    moments = [datetime.combine(day, HOURS[i]) for day, i in zip(days, chosen, strict=True)]
    zone = getattr(dtype, "time_zone", None)
    series = pl.Series(column, moments)
    return (series.dt.replace_time_zone(zone) if zone else series).cast(dtype)
