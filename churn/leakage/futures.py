"""The ways in which worlds are changed after the as-of date, in every table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from churn.domain.windows import DAY
from churn.leakage.builder import WorldBuilder, day_of, moment
from churn.leakage.changes import Change, Kind
from churn.leakage.worlds import VERSION_DATE, VERSION_END, Shape, World


def futures(builder: WorldBuilder, world: World) -> Iterator[Change]:
    """Worlds that differ from this one only after the as-of date; the known rows stay put."""
    for shape in builder.example.shapes.values():
        if shape.has_events:
            yield from _future_events(builder, world, shape)
        elif shape.time is not None and (shape.entity is None or VERSION_DATE.search(shape.time)):
            yield from _future_of_all(builder, world, shape)
    yield from _newcomers(builder, world)
    for shape in builder.example.shapes.values():
        yield from _late_attributes(builder, world, shape)


def _future_events(builder: WorldBuilder, world: World, shape: Shape) -> Iterator[Change]:
    name, what = shape.name, shape.name
    rows = world[name]
    later = day_of(str(shape.time)) > builder.windows.as_of
    names = builder.entities(world)
    days = builder.days_after(builder.windows.as_of)

    def change(kind: Kind, text: str, changed: pl.DataFrame) -> Change:
        return Change(kind, name, text, world.having(**{name: builder.apart(changed, shape)}))

    yield change(Kind.REMOVED, f"all later {what} removed", builder.past(world, shape))
    half = pl.Series(builder.random.random(rows.height) < 0.5)
    yield change(Kind.REMOVED, f"half of the later {what} removed", rows.filter(~(later & half)))
    many = [(builder.pick(names), builder.pick(days)) for _ in range(4 * len(names))]
    added = builder.with_rows(world, shape, many)
    yield Change(Kind.ADDED, name, f"many later {what} added", added)
    crowd = builder.with_rows(world, shape, many)[name]
    rarest = builder.rarest(crowd, shape)
    yield change(
        Kind.ADDED,
        f"many later {what} added, all of the rarest kind",
        builder.where(later, rarest, crowd),
    )
    for factor, word in ((1000.0, "larger"), (0.001, "smaller")):
        scaled = builder.scaled(rows, shape, factor, factor * 1.5)
        yield change(
            Kind.VALUES, f"numbers of later {what} {word}", builder.where(later, scaled, rows)
        )
    shuffled = rows.with_columns(
        pl.Series(builder.key, builder.shuffled(rows[builder.key]), dtype=rows.schema[builder.key])
    )
    yield change(
        Kind.SWAPPED,
        f"later {what} swapped between entities",
        builder.where(later, shuffled, rows),
    )
    other = builder.other_values(rows, shape)
    yield change(Kind.VALUES, f"texts of later {what} changed", builder.where(later, other, rows))
    moved = rows.with_columns(
        moment(rows, str(shape.time), [builder.pick(days) for _ in range(rows.height)])
    )
    yield change(
        Kind.MOVED, f"later {what} moved to other later days", builder.where(later, moved, rows)
    )
    if shape.ids:
        yield change(
            Kind.AMENDED, f"later rows for known {what} added", _amended(builder, world, shape)
        )


def _future_of_all(builder: WorldBuilder, world: World, shape: Shape) -> Iterator[Change]:
    """A dated table without events of entities: its later rows removed and changed."""
    name, rows = shape.name, world[shape.name]
    later = day_of(str(shape.time)) > builder.windows.as_of
    changed = {
        (Kind.REMOVED, f"all later {name} removed"): builder.past(world, shape),
        (Kind.VALUES, f"numbers of later {name} larger"): builder.where(
            later, builder.scaled(rows, shape, 1000.0, 1500.0), rows
        ),
        (Kind.VALUES, f"texts of later {name} changed"): builder.where(
            later, builder.other_values(rows, shape), rows
        ),
    }
    for (kind, text), table in changed.items():
        yield Change(kind, name, text, world.having(**{name: table}))


def _newcomers(builder: WorldBuilder, world: World) -> Iterator[Change]:
    """Entities that exist only later, with and without rows of their own."""
    days = builder.days_after(builder.windows.as_of)
    table = next((shape.name for shape in builder.singles), "")
    for joined in (days[0], days[-1]):
        before = set(builder.entities(world))
        newcomers = builder.with_entities(world, 5, joined)
        new = [name for name in builder.entities(newcomers) if name not in before]
        if new:
            text = f"entities added to {table} that begin on {joined} and have no events"
            yield Change(Kind.NEWCOMERS, table, text, newcomers)
        else:
            new = builder.ids[builder.key].like(builder.example.entities[:1].to_list() * 5)
        for shape in builder.events:
            planted = [(name, joined + DAY * i) for name in new for i in range(3)]
            yield Change(
                Kind.NEWCOMERS,
                shape.name,
                f"entities added whose first {shape.name} are on {joined}",
                builder.with_rows(newcomers, shape, planted),
            )
    known = {name for shape in builder.events for name in builder.known_entities(world, shape)}
    for shape in builder.singles:
        if shape.since:
            later = day_of(shape.since) > builder.windows.as_of
            unknown = ~pl.col(builder.key).is_in(list(known))
            kept = world[shape.name].filter(~(later & unknown))
            yield Change(
                Kind.NEWCOMERS,
                shape.name,
                f"entities removed from {shape.name} that begin later",
                world.having(**{shape.name: kept}),
            )


def one_later_row(builder: WorldBuilder, world: World) -> Iterator[Change]:
    """The known rows alone, and a single later one: the smallest example of a leak."""
    known = builder.without_future(world)
    for shape in builder.events:
        names = builder.known_entities(known, shape)
        for day in builder.days_after(builder.windows.as_of) if names else ():
            name = builder.pick(names)
            yield Change(
                Kind.ADDED,
                shape.name,
                f"one row of {shape.name} of {name} added on {day}",
                builder.with_rows(known, shape, [(name, day)]),
            )


def _late_attributes(builder: WorldBuilder, world: World, shape: Shape) -> Iterator[Change]:
    """Dates after the as-of date in any other column, and the values that were set then.

    A column named UPDATED_AT and the like dates its whole row; TIER_SET or TIER_SINCE date
    TIER; any other date is a fact of its own, unknown before its day.
    """
    table, rows = shape.name, world[shape.name]
    dates = [n for n, k in rows.schema.items() if isinstance(k, pl.Date | pl.Datetime)]
    for name in [n for n in dates if n not in shape.held]:
        dated = _some_late(builder, rows, name)
        late = (day_of(name) > builder.windows.as_of).fill_null(value=False)
        governed = [
            n for n in rows.columns if n not in shape.held and _dates(name, rows[n], rows.columns)
        ]
        kept = [n for n in rows.columns if n not in governed]
        later = dated.with_columns(pl.col(name).dt.offset_by("40d"))
        changed = builder.scaled(builder.other_values(later, shape, kept), shape, 3, 9, kept)
        unset = dated.with_columns(pl.lit(None, dtype=rows.schema[name]).alias(name))
        yield Change(
            Kind.DATED, table, f"rows of {table} dated late", world.having(**{table: dated})
        )
        yield Change(
            Kind.LATE_VALUE,
            table,
            f"what {table} say since {name} changed after the as-of date",
            world.having(**{table: builder.where(late, changed, dated)}),
        )
        yield Change(
            Kind.LATE_DATE,
            table,
            f"{table}.{name} not set before the as-of date",
            world.having(**{table: builder.where(late, unset, dated)}),
        )


def _amended(builder: WorldBuilder, world: World, shape: Shape) -> pl.DataFrame:
    """Known rows that change later: another row with the same id."""
    past = builder.past(world, shape)
    if past.is_empty():
        return world[shape.name]
    half = builder.random.permutation(past.height)[: max(1, past.height // 2)]
    again = past.select(pl.all().gather(half))
    days = [builder.pick(builder.days_after(builder.windows.as_of)) for _ in range(again.height)]
    again = builder.other_values(again, shape).with_columns(moment(again, str(shape.time), days))
    return pl.concat([world[shape.name], again])


def _some_late(builder: WorldBuilder, rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """A third of the rows have the date after the as-of date."""
    chosen = pl.Series(builder.random.random(rows.height) < 1 / 3)
    days = [builder.pick(builder.days_after(builder.windows.as_of)) for _ in range(rows.height)]
    return builder.where(pl.lit(chosen), rows.with_columns(moment(rows, name, days)), rows)


def _dates(name: str, column: pl.Series, names: Sequence[str]) -> bool:
    """Whether a date of that name says since when the column's values hold.

    TIER_SET dates TIER alone, UPDATED_AT its whole row, and RETURNED_AT a column in which RETURNED
    is one of the values.
    """
    owners = [n for n in names if name.upper().startswith(f"{n.upper()}_")]
    if owners:
        return column.name in owners
    if VERSION_DATE.search(name):
        return not VERSION_END.search(name)
    event = name.upper().split("_")[0][:6]
    texts = column.dtype == pl.String and len(event) > 3
    return texts and any(v.upper().startswith(event) for v in column.drop_nulls().unique())
