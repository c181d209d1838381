"""The audit of labels: they see the outcome window, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from churn.domain.labels import Event
from churn.domain.windows import DAY, Windows
from churn.leakage.builder import HOURS, WorldBuilder
from churn.leakage.checks import Audit
from churn.leakage.features import future, invariances
from churn.leakage.rules import Report
from churn.leakage.subject import FailureError, Output, differences
from churn.leakage.worlds import Shape, World

EVENTS_A_DAY = 6
"""Events of each entity on one day: enough to see whether a label looks at that day."""

FEW_VALUES = 12
"""Values that a column may have for a label to be decided by one of them."""


def run(audit: Audit, *, quick: bool) -> Report:
    coverage(audit)
    try:
        for i, builder in enumerate(audit.builders(quick=quick)):
            world = builder.world()
            base = audit.function(world, builder.windows)
            audit.require_entities(base)
            require_labels(audit, base)
            if not values(audit, base):
                break
            event = event_of(audit, builder, world)
            audit.steadiness(builder, world, base)
            future(audit, builder, world, base, ordered=False, without=(audit.label,))
            past(audit, builder, world, base, event)
            window(audit, builder, world, event)
            if i == 0:
                invariances(audit, builder, world)
                last = [(name, builder.windows.outcome_end) for name in base.rows[audit.key]]
                silent = builder.without_future(world)
                audit.clock(_with_events(builder, silent, event, last), builder.windows)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def require_labels(audit: Audit, output: Output) -> None:
    """The label's column; the only one beside the key, if no name was given.

    Raises:
        FailureError: It is not there.
    """
    others = [name for name in output.columns if name != audit.key]
    if audit.label not in others and len(others) == 1 and not audit.label_is_given:
        audit.label = audit.function.label = others[0]
    if audit.label not in others:
        there = ", ".join(output.columns)
        raise FailureError("table", f"no column {audit.label}; it has {there}")


def values(audit: Audit, output: Output) -> bool:
    """Whether the labels are 0 and 1."""
    labels = output.rows[audit.label]
    if not labels.dtype.is_numeric() and labels.dtype != pl.Boolean:
        audit.add("label-values", audit.label, f"its type is {labels.dtype}")
        return False
    strange = labels.filter(~labels.cast(pl.Float64).is_in([0.0, 1.0]).fill_null(value=False))
    if len(strange):
        audit.add("label-values", audit.label, f"{len(strange)} rows hold {strange[0]}")
    return not len(strange)


def coverage(audit: Audit) -> None:
    """Whether the example reaches the end of the outcome window, as far as its rhythm can tell."""
    last, quiet, name = date.min, 0, ""
    for shape in audit.example.shapes.values():
        if not shape.has_events:
            continue
        days = audit.example.world[shape.name][str(shape.time)].cast(pl.Date).unique().sort()
        if days[-1] > last:
            gaps = days.diff().drop_nulls().dt.total_days()
            last, quiet, name = days[-1], int(max(gaps, default=0)), shape.name
    missing = (audit.windows.outcome_end - last).days
    if name and missing > max(7, 3 * quiet):
        example = f"{name} end on {last}, {missing} days before the outcome window does"
        audit.add("label-coverage", audit.label, example)


def event_of(audit: Audit, builder: WorldBuilder, world: World) -> Event:
    """What decides the label: as declared, or the rows that move it when they are planted.

    Raises:
        FailureError: No table of the function has events.
    """
    if audit.event is None:
        if not builder.events:
            raise FailureError("label-past", "no table of the function has events")
        audit.event = _discovered(audit, builder, world)
    return audit.event


def _discovered(audit: Audit, builder: WorldBuilder, world: World) -> Event:
    """The first table whose rows move the label, and the value that they must have for it."""
    try:
        base = audit.function(world, builder.windows)
        for shape in builder.events:
            for column, distinct in _categories(builder, shape):
                tried = [
                    _decides(audit, builder, world, base, shape, {column: value})
                    for value in distinct
                ]
                if any(tried) and not all(tried):
                    return next(event for event in tried if event)
            if event := _decides(audit, builder, world, base, shape, {}):
                return event
    except FailureError:
        audit.skip("which events decide the label")
    return Event(table=builder.events[0].name, makes=0)


def _decides(
    audit: Audit,
    builder: WorldBuilder,
    world: World,
    base: Output,
    shape: Shape,
    where: Mapping[str, str],
) -> Event | None:
    """The event, if such rows in mid-window give everybody one label, and some another one."""
    w = builder.windows
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    asked = base.rows[audit.key].unique(maintain_order=True).to_list()[::2]
    planted = [(name, middle) for name in asked for _ in range(EVENTS_A_DAY)]
    event = Event(table=shape.name, where=where)
    output = audit.function(_with_events(builder, world, event, planted), w)
    chosen = pl.col(audit.key).is_in(pl.Series(asked).implode())
    before, after = (side.rows.filter(chosen)[audit.label].to_list() for side in (base, output))
    if before == after or len(set(after)) != 1:
        return None
    return replace(event, makes=int(after[0]))


def _categories(builder: WorldBuilder, shape: Shape) -> Iterator[tuple[str, list[str]]]:
    rows = builder.example.world[shape.name]
    for name, kind in rows.schema.items():
        if kind == pl.String and name not in shape.held:
            distinct = rows[name].drop_nulls().unique().sort().to_list()
            if len(distinct) <= FEW_VALUES:
                yield name, distinct


def _with_events(
    builder: WorldBuilder,
    world: World,
    event: Event,
    planted: Sequence[tuple[object, date]],
    hour: int | None = None,
) -> World:
    """Events that decide the label, planted."""
    shape = builder.example.shapes[event.table]
    return builder.with_rows(world, shape, planted, hour=hour, where=event.where)


def window(audit: Audit, builder: WorldBuilder, world: World, event: Event) -> None:
    """Give entities events on one day at a time, and see on which days their label moves.

    A third of them have events in mid-window and another third never, so that what is fitted finds
    both classes; the last third is asked.
    """
    w = builder.windows
    shape = builder.example.shapes[event.table]
    quiet = builder.without_future(world)
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    hours = (
        [None] if world[event.table].schema[str(shape.time)] == pl.Date else [*range(len(HOURS))]
    )
    try:
        known = {n for s in builder.events for n in builder.known_entities(quiet, s)}
        ids = sorted(known)
        silent = _with_events(builder, quiet, event, [(name, middle) for name in ids[::3]])
        asked = ids[1::3]
        base = audit.function(silent, w)

        def sees(day: date) -> list[bool]:
            return [_sees(audit, builder, silent, base, event, asked, day, hour) for hour in hours]

        inside = {day: all(sees(day)) for day in _inside(w)}
        for day in (*_known(w), *_gap(w)):
            if any(sees(day)):
                example = f"as of {w.as_of}, the label moves with {event.table} on {day}"
                audit.add("label-overlap", audit.label, example)
        for day in _beyond(w):
            if any(sees(day)):
                example = (
                    f"the label moves with {event.table} on {day}, after the window {w.outcome}"
                )
                audit.add("label-endless", audit.label, example)
    except FailureError:
        audit.skip("on which days the label looks")
        return
    if not set(map(str, asked)) & set(base.ids):
        audit.skip("on which days the label looks, since it is of other entities")
        return
    judge(audit, w, event, inside)


def judge(audit: Audit, w: Windows, event: Event, inside: dict[date, bool]) -> None:
    """Name what is wrong with a window of which these days were seen and the others not."""
    seen = [day for day, sees in inside.items() if sees]
    if not seen:
        example = f"no {event.table} on any day of {w.outcome} move the label"
        audit.add("label-past", audit.label, example)
    for day, sees in inside.items():
        if seen and not sees:
            early, late = day < seen[0], day > seen[-1]
            rule = "label-late" if early else "label-early-end" if late else "label-hole"
            example = f"{event.table} on {day} do not move the label; the window is {w.outcome}"
            audit.add(rule, audit.label, example)


def past(audit: Audit, builder: WorldBuilder, world: World, base: Output, event: Event) -> None:
    """More known events, of any table, of those who are in the population anyway."""
    members = base.rows[audit.key].to_list()
    kinds = [event, *(Event(table=s.name) for s in builder.events if s.name != event.table)]
    for day in (*_known(builder.windows), builder.windows.observation.start - DAY):
        planted = [(name, day) for name in members for _ in range(EVENTS_A_DAY)]
        for kind in kinds:
            added = audit.function(_with_events(builder, world, kind, planted), builder.windows)
            common = set(base.ids) & set(added.ids)
            for d in _of_label(audit, base, added, common):
                audit.add("label-overlap", audit.label, f"{kind.table} added on {day}: {d}")


def _of_label(audit: Audit, a: Output, b: Output, common: set[str]) -> list[str]:
    return [
        str(d)
        for d in differences(a, b, entities=common, without=audit.noisy)
        if d.column == audit.label
    ]


def _sees(
    audit: Audit,
    builder: WorldBuilder,
    silent: World,
    base: Output,
    event: Event,
    asked: Sequence[object],
    day: date,
    hour: int | None,
) -> bool:
    planted = [(name, day) for name in asked for _ in range(EVENTS_A_DAY)]
    world = _with_events(builder, silent, event, planted, hour)
    output = audit.function(world, builder.windows)
    common = set(base.ids) & set(output.ids) & set(map(str, asked))
    columns = pl.col(audit.key).cast(pl.String), audit.label
    sides = [set(side.rows.select(*columns).rows()) for side in (base, output)]
    sides = [{row for row in side if row[0] in common} for side in sides]
    return sides[0] != sides[1]


def _inside(w: Windows) -> list[date]:
    start, end = w.outcome.start, w.outcome_end
    near = [
        *(start + DAY * n for n in (0, 1, 6, 13, 30)),
        *(end - DAY * n for n in (0, 1, 6, 13, 30)),
    ]
    every = [start + DAY * n for n in range(0, w.outcome.days, 14)]
    return sorted({d for d in (*near, *every) if start <= d <= end})


def _known(w: Windows) -> list[date]:
    start, middle = w.observation.start, w.observation.days // 2
    near = [w.as_of - DAY * n for n in (0, 1, 6, 13, 30, 60, 89)]
    near += [start + DAY * n for n in (0, 1, 10, middle)]
    return sorted({d for d in near if start <= d <= w.as_of})


def _gap(w: Windows) -> list[date]:
    days = [w.as_of + DAY * n for n in range(1, w.gap_days + 1)]
    return sorted({days[0], days[len(days) // 2], days[-1]}) if days else []


def _beyond(w: Windows) -> list[date]:
    return [w.outcome_end + DAY * n for n in (1, 2, 7, 8, 31, 62, 200, 400)]
