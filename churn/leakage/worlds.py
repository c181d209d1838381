"""Example worlds that would show a leak, and the ways in which they are changed.

A world is made of the caller's own rows, so that columns, types and id formats are theirs: some of
their customers with all their orders, and copies of orders moved to every day that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

import numpy as np
import polars as pl

from churn.domain.errors import UsageError
from churn.domain.features import KEY
from churn.domain.windows import DAY, Window, Windows
from churn.leakage.boxes import World

DATE, ORDER_ID = "ORDER_DATE", "ORDER_ID"
REGISTERED = "REGISTRATION_DATE"
CUSTOMERS, SINGLES = 36, 8
PLACE = "place of the row"
ROW_DATE = re.compile(
    r"(^|_)(UPDATED?|MODIFIED|CHANGED|LOADED|VALID|EFFECTIVE|AS_OF|SNAPSHOT)(_|$)", re.IGNORECASE
)
"""Names of dates since when a whole row holds ..."""
ROW_END = re.compile(r"_(TO|UNTIL|END|THRU)$", re.IGNORECASE)
"""... and of those until when."""


class Ids:
    """Hands out ids of the form of others, with other digits at their end, none of them twice."""

    def __init__(self, taken: pl.Series) -> None:
        texts = taken.cast(pl.String)
        self._taken = set(texts)
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
            if new not in self._taken:
                self._taken.add(new)
                return type(model)(new)


@dataclass(frozen=True)
class Maker:
    """Makes worlds from an example; equal seeds make equal worlds."""

    example: World
    windows: Windows
    random: np.random.Generator
    ids: dict[str, Ids]

    @classmethod
    def of(cls, example: World, windows: Windows, seed: int) -> Maker:
        ids = {KEY: Ids(example.customers[KEY])}
        if ORDER_ID in example.orders.columns:
            ids[ORDER_ID] = Ids(example.orders[ORDER_ID])
        return cls(example, windows, np.random.default_rng(seed), ids)

    # Making

    def world(self, size: int = CUSTOMERS) -> World:
        """Some customers of the example, some of one order, and orders on every boundary day."""
        orders, customers = self.example.orders, self.example.customers
        known = customers[KEY].unique(maintain_order=True)
        chosen = known.gather(self.random.permutation(len(known))[:size])
        base = World(
            orders.filter(pl.col(KEY).is_in(chosen.implode())),
            customers.filter(pl.col(KEY).is_in(chosen.implode())),
        )
        world = self.with_customers(base, max(SINGLES + 4, size - 8 - len(chosen)))
        ids = world.customers[KEY].unique(maintain_order=True).to_list()
        single = set(ids[-SINGLES:])
        regular = [name for name in ids if name not in single]
        planted = [(self._pick(regular), day) for day in self.boundary_days() for _ in range(2)]
        planted += [(name, self._day(self.windows.observation)) for name in regular[::2]]
        planted += [(name, self._day(self.windows.outcome)) for name in regular[::3]]
        planted += [(name, self._before()) for name in regular[::3]]
        world = replace(world, orders=world.orders.filter(~pl.col(KEY).is_in(list(single))))
        world = self.with_orders(world, planted)
        return self.with_orders(world, [(n, self._day(self.windows.observation)) for n in single])

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

    def with_customers(self, world: World, count: int, registered: date | None = None) -> World:
        """New customers, copied from others, with ids of the same form."""
        if not count:
            return world
        copies = self._sampled(self.example.customers, count)
        ids = pl.Series(KEY, self.ids[KEY].like(copies[KEY].to_list()), dtype=copies.schema[KEY])
        copies = copies.with_columns(ids)
        if registered and REGISTERED in copies.columns:
            copies = copies.with_columns(_moment(copies, REGISTERED, [registered] * count))
        return replace(world, customers=pl.concat([world.customers, copies]))

    def with_orders(
        self,
        world: World,
        planted: Sequence[tuple[Any, date]],
        low: float = 0.3,
        high: float = 2.0,
        hour: int | None = None,
    ) -> World:
        """One more order for each (customer, day), at random places of the table.

        Args:
            low: Their numbers are those of other orders, times this or more.
            high: Times this or less.
            hour: Which of `HOURS`, where the column has a time; at random otherwise.
        """
        if not planted:
            return world
        orders = world.orders
        copies = self._sampled(self.example.orders, len(planted))
        days = [day for _, day in planted]
        copies = copies.with_columns(
            pl.Series(KEY, [name for name, _ in planted], dtype=orders.schema[KEY]),
            _moment(copies, DATE, days, self.random if hour is None else hour),
        )
        if ORDER_ID in orders.columns:
            ids = self.ids[ORDER_ID].like(copies[ORDER_ID].to_list())
            self.random.shuffle(ids)
            copies = copies.with_columns(pl.Series(ORDER_ID, ids, dtype=orders.schema[ORDER_ID]))
        copies = self.scaled(copies, low, high)
        places = [*range(orders.height), *self.random.uniform(0, orders.height, len(planted))]
        merged = pl.concat([orders, copies.select(orders.columns)])
        merged = merged.with_columns(pl.Series(PLACE, places, dtype=pl.Float64)).sort(PLACE)
        return replace(world, orders=merged.drop(PLACE))

    def scaled(
        self, orders: pl.DataFrame, low: float, high: float, hold: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Numbers multiplied at random; whole numbers stay whole."""
        for name, dtype in orders.schema.items():
            if dtype.is_numeric() and name not in (KEY, ORDER_ID, *hold):
                factor = pl.Series(self.random.uniform(low, high, orders.height))
                orders = orders.with_columns((pl.col(name) * factor).cast(dtype))
        return orders

    @staticmethod
    def moved(orders: pl.DataFrame, day: date) -> pl.DataFrame:
        """All orders on that day."""
        return orders.with_columns(_moment(orders, DATE, [day] * orders.height))

    # Changing what is known

    def past_changed(self, world: World) -> World:
        """Amounts, days and statuses of known orders, and attributes, all different."""
        past = self.past(world)
        moved = self._other_values(past, hold=(KEY, ORDER_ID, DATE))
        days = [self._day(self.windows.observation) for _ in range(past.height)]
        moved = self.scaled(moved, 2, 9).with_columns(_moment(moved, DATE, days))
        customers = self._other_values(world.customers, hold=(KEY, REGISTERED))
        return World(pl.concat([moved, self.future(world)]), customers)

    def pasts(self, world: World) -> Iterator[World]:
        """Worlds that differ in what is known: values, days of registration, numbers of orders."""
        changed = self.past_changed(world)
        yield changed
        if REGISTERED in world.customers.columns:
            earlier = pl.col(REGISTERED).dt.offset_by("-97d")
            yield replace(changed, customers=changed.customers.with_columns(earlier))
        known = _day(DATE) <= self.windows.as_of
        half = pl.Series(self.random.random(world.orders.height) < 0.5)
        yield replace(world, orders=world.orders.filter(~(known & half)))
        names = self.past(world)[KEY].unique(maintain_order=True).to_list()
        yield self.with_orders(
            world, [(n, self._day(self.windows.observation)) for n in names[::2] for _ in range(4)]
        )

    # The future

    def past(self, world: World) -> pl.DataFrame:
        return world.orders.filter(_day(DATE) <= self.windows.as_of)

    def future(self, world: World) -> pl.DataFrame:
        return world.orders.filter(_day(DATE) > self.windows.as_of)

    def futures(self, world: World) -> Iterator[tuple[str, World]]:
        """Worlds that differ from this one only after the as-of date; the known rows stay put."""
        orders = world.orders
        later = _day(DATE) > self.windows.as_of
        names = world.customers[KEY].unique(maintain_order=True).to_list()
        days = self.days_after(self.windows.as_of)
        yield "all later orders removed", replace(world, orders=self.past(world))
        half = pl.Series(self.random.random(orders.height) < 0.5)
        yield (
            "half of the later orders removed",
            replace(world, orders=orders.filter(~(later & half))),
        )
        many = [(self._pick(names), self._pick(days)) for _ in range(4 * len(names))]
        yield "many later orders added", self.with_orders(world, many)
        crowd = self.with_orders(world, many)
        rarest = self._rarest(crowd.orders, hold=(KEY, ORDER_ID))
        yield (
            "many later orders added, all of the rarest status",
            replace(world, orders=self.where(later, rarest, crowd.orders)),
        )
        for factor, word in ((1000.0, "larger"), (0.001, "smaller")):
            scaled = self.scaled(orders, factor, factor * 1.5)
            yield f"later amounts {word}", replace(world, orders=self.where(later, scaled, orders))
        shuffled = orders.with_columns(
            pl.Series(KEY, self._shuffled(orders[KEY]), dtype=orders.schema[KEY])
        )
        yield (
            "later orders swapped between customers",
            replace(world, orders=self.where(later, shuffled, orders)),
        )
        other = self._other_values(orders, hold=(KEY, ORDER_ID, DATE))
        yield "later statuses changed", replace(world, orders=self.where(later, other, orders))
        moved = orders.with_columns(
            _moment(orders, DATE, [self._pick(days) for _ in range(orders.height)])
        )
        yield (
            "later orders moved to other later days",
            replace(world, orders=self.where(later, moved, orders)),
        )
        yield "later rows for known orders added", self._events(world)
        for joined in (days[0], days[-1]):
            newcomers = self.with_customers(world, 5, joined)
            new = newcomers.customers[KEY].to_list()[-5:]
            yield f"customers added who register on {joined} and never order", newcomers
            yield (
                f"customers added who first order on {joined}",
                self.with_orders(
                    newcomers, [(name, joined + DAY * i) for name in new for i in range(3)]
                ),
            )
        if REGISTERED in world.customers.columns:
            later = _day(REGISTERED) > self.windows.as_of
            unknown = ~pl.col(KEY).is_in(self.past(world)[KEY].unique().implode())
            yield (
                "customers removed who register later",
                replace(world, customers=world.customers.filter(~(later & unknown))),
            )
        yield from self.late_attributes(world)

    def one_later_order(self, world: World) -> Iterator[tuple[str, World]]:
        """The known orders alone, and a single later one: the smallest example of a leak."""
        known = replace(world, orders=self.past(world))
        names = known.orders[KEY].unique(maintain_order=True).to_list()
        for day in self.days_after(self.windows.as_of):
            name = self._pick(names)
            yield f"one order of {name} added on {day}", self.with_orders(known, [(name, day)])

    def late_attributes(self, world: World) -> Iterator[tuple[str, World]]:
        """Dates after the as-of date in any other column, and the values that were set then.

        A column named UPDATED_AT and the like dates its whole row; TIER_SET or TIER_SINCE date
        TIER; any other date is a fact of its own, unknown before its day.
        """
        for table in ("orders", "customers"):
            rows: pl.DataFrame = getattr(world, table)
            hold = (KEY, ORDER_ID, DATE, REGISTERED)
            for name in [n for n, t in rows.schema.items() if t.is_temporal() and n not in hold]:
                dated = self._some_late(rows, name)
                late = (_day(name) > self.windows.as_of).fill_null(value=False)
                governed = [
                    n for n in rows.columns if n not in hold and _dates(name, rows[n], rows.columns)
                ]
                held = [n for n in rows.columns if n not in governed]
                later = dated.with_columns(pl.col(name).dt.offset_by("40d"))
                changed = self.scaled(self._other_values(later, held), 3, 9, held)
                unset = dated.with_columns(pl.lit(None, dtype=rows.schema[name]).alias(name))
                yield f"rows of {table} dated late", replace(world, **{table: dated})
                yield (
                    f"what {table} say since {name} changed after the as-of date",
                    replace(world, **{table: self.where(late, changed, dated)}),
                )
                yield (
                    f"{table}.{name} not set before the as-of date",
                    replace(world, **{table: self.where(late, unset, dated)}),
                )

    # Renaming and reordering

    def reordered(self, world: World) -> World:
        return World(
            world.orders.sample(fraction=1, shuffle=True, seed=self._seed()),
            world.customers.sample(fraction=1, shuffle=True, seed=self._seed()),
        )

    def one_order_a_day(self, world: World) -> World:
        """Without ties in time, which an honest function may break by anything."""
        days = world.orders.with_columns(_day(DATE).alias(PLACE))
        return replace(
            world, orders=days.unique([KEY, PLACE], keep="first", maintain_order=True).drop(PLACE)
        )

    def renumbered_orders(self, world: World) -> World | None:
        """Order ids handed out anew, at random."""
        if ORDER_ID not in world.orders.columns:
            return None
        ids = pl.Series(
            ORDER_ID, self._shuffled(world.orders[ORDER_ID]), dtype=world.orders.schema[ORDER_ID]
        )
        return replace(world, orders=world.orders.with_columns(ids))

    def renumbered_customers(self, world: World, *, ordered: bool) -> tuple[World, dict[str, str]]:
        """New customer ids, and from which id each came.

        Args:
            ordered: Whether the new ids sort as the old ones do.
        """
        ids = world.customers[KEY].unique().sort()
        others = pl.Series(self.ids[KEY].like(ids.to_list()), dtype=ids.dtype).sort()
        if not ordered:
            others = others.gather(self.random.permutation(len(others)))
        renamed = World(
            *(
                table.with_columns(pl.col(KEY).replace(ids, others))
                for table in (world.orders, world.customers)
            )
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

    def _events(self, world: World) -> World:
        """Known orders that change later: another row with the same order id."""
        past = self.past(world)
        if past.is_empty():
            return world
        half = self.random.permutation(past.height)[: max(1, past.height // 2)]
        again = past.select(pl.all().gather(half))
        days = [self._pick(self.days_after(self.windows.as_of)) for _ in range(again.height)]
        again = self._other_values(again, hold=(KEY, ORDER_ID, DATE)).with_columns(
            _moment(again, DATE, days)
        )
        return replace(world, orders=pl.concat([world.orders, again]))

    def _some_late(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """A third of the rows have the date after the as-of date."""
        chosen = pl.Series(self.random.random(rows.height) < 1 / 3)
        days = [self._pick(self.days_after(self.windows.as_of)) for _ in range(rows.height)]
        return self.where(pl.lit(chosen), rows.with_columns(_moment(rows, name, days)), rows)

    def _other_values(self, rows: pl.DataFrame, hold: Sequence[str]) -> pl.DataFrame:
        """Another of the values of its column in each text or boolean field."""
        changed = {}
        for name, dtype in rows.schema.items():
            if name in hold or dtype not in (pl.String, pl.Boolean):
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
    def _rarest(rows: pl.DataFrame, hold: Sequence[str]) -> pl.DataFrame:
        """The rarest value of its column in every text field."""
        texts = [n for n, t in rows.schema.items() if t == pl.String and n not in hold]
        rare = {n: rows[n].value_counts(sort=True)[n][-1] for n in texts}
        return rows.with_columns(**{n: pl.lit(value) for n, value in rare.items()})

    def _sampled(self, rows: pl.DataFrame, count: int) -> pl.DataFrame:
        return rows.select(pl.all().gather(self.random.integers(0, rows.height, count)))

    def _shuffled(self, values: pl.Series) -> list[Any]:
        return values.gather(self.random.permutation(len(values))).to_list()

    def _pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.random.integers(len(values)))]

    def _seed(self) -> int:
        return int(self.random.integers(2**31))

    def _day(self, window: Window) -> date:
        return window.start + DAY * int(self.random.integers(window.days))

    def _before(self) -> date:
        return self.windows.observation.start - DAY * int(self.random.integers(1, 400))


def example_of(
    orders: pl.DataFrame | pl.LazyFrame, customers: pl.DataFrame | pl.LazyFrame
) -> World:
    """The example, with ids as plain text or whole numbers.

    Raises:
        UsageError: A column is missing, a table is empty, or the dates are no dates.
    """
    tables = []
    for name, lazy, columns in (
        ("orders", orders.lazy(), (KEY, DATE)),
        ("customers", customers.lazy(), (KEY,)),
    ):
        table = lazy.collect()
        for column in columns:
            if column not in table.columns:
                raise UsageError.unknown(f"column of {name}", column, table.columns)
        ids = [n for n in (KEY, ORDER_ID) if n in table.columns]
        table = table.drop_nulls(ids)
        if table.is_empty():
            raise UsageError(f"the example has no {name}", "Give at least one row of each table.")
        named = [n for n in ids if not table.schema[n].is_integer()]
        tables.append(table.with_columns(pl.col(named).cast(pl.String)))
    if not tables[0].schema[DATE].is_temporal():
        raise UsageError(f"{DATE} is {tables[0].schema[DATE]}", "It must be a date or datetime.")
    return World(*tables)


def as_of_dates(windows: Windows) -> list[Windows]:
    """The windows as given, and as of other days: in mid-month, on its first and on its last."""
    month = windows.as_of.replace(day=1)
    days = [windows.as_of, month - DAY * 17, month, month - DAY]
    return [windows.ending(day) for day in dict.fromkeys(days)]


def _dates(name: str, column: pl.Series, names: Sequence[str]) -> bool:
    """Whether a date of that name says since when the column's values hold.

    TIER_SET dates TIER alone, UPDATED_AT its whole row, and RETURNED_AT a column in which RETURNED
    is one of the values.
    """
    owners = [n for n in names if name.upper().startswith(f"{n.upper()}_")]
    if owners:
        return column.name in owners
    if ROW_DATE.search(name):
        return not ROW_END.search(name)
    event = name.upper().split("_")[0][:6]
    texts = column.dtype == pl.String and len(event) > 3
    return texts and any(v.upper().startswith(event) for v in column.drop_nulls().unique())


def _day(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Date)


HOURS = (time(0), time(12), time(23, 59, 59))
"""The times of day that filters get wrong."""


def _moment(
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
