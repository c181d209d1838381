"""The audit of training sets: splits, weights, and every step that was fitted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from churn.domain.labels import Event
from churn.domain.windows import DAY
from churn.leakage import futures, labels
from churn.leakage.builder import WorldBuilder, day_of
from churn.leakage.changes import LABEL_KEEPING, LATE, Change, Kind
from churn.leakage.checks import Audit
from churn.leakage.features import rule_of, seen
from churn.leakage.rules import Report
from churn.leakage.subject import Difference, FailureError, Output, differences
from churn.leakage.worlds import Shape, World

SPLIT, WEIGHT = "SPLIT", "WEIGHT"
PARTS = ("train", "valid", "test")

OUTLIER_EVENTS = 2000
"""Events given to one entity to make it an outlier."""

MOVED_SHARE = 0.75
"""The share of the entities asked that must move."""

ENTITIES = 120
"""Enough to leave some for a test part of a twentieth."""

ASKED = 8
"""Entities asked one by one whether their own label is in their features."""


def run(audit: Audit, *, quick: bool) -> Report:
    labels.coverage(audit)
    try:
        for i, builder in enumerate(audit.builders(quick=quick)[:2]):
            world = builder.world(ENTITIES)
            base = audit.function(world, builder.windows)
            audit.require_entities(base)
            labels.require_labels(audit, base)
            if not (parts(audit, base, builder) and labels.values(audit, base)):
                break
            event = labels.event_of(audit, builder, world)
            audit.steadiness(builder, world, base)
            future(audit, builder, world, base, event)
            test_labels(audit, builder, world, base, event)
            test_features(audit, builder, world, base)
            train_labels(audit, builder, world, base, event)
            if not snapshots(base):
                labels.window(audit, builder, world, event)
            if i == 0:
                audit.clock(world, builder.windows)
                audit.memory(world, builder.past_changed(world), builder.windows)
                audit.past_matters(builder, world, base)
                audit.row_order(builder, world)
                audit.column_order(builder, world)
                audit.row_ids(builder, world)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def part(output: Output, *names: str) -> list[str]:
    """The entities of these parts."""
    chosen = output.rows.filter(pl.col(SPLIT).cast(pl.String).str.to_lowercase().is_in(list(names)))
    return list(dict.fromkeys(map(str, chosen[output.key])))


def snapshots(output: Output) -> bool:
    """Whether entities have rows as of several dates; each has a window of its own."""
    dates = [n for n, t in output.rows.schema.items() if t.is_temporal()]
    return bool(output.rows.select(output.key, *dates).unique()[output.key].is_duplicated().any())


def parts(audit: Audit, output: Output, builder: WorldBuilder) -> bool:
    """Whether there are parts to speak of; entities in several of them."""
    if SPLIT not in output.columns:
        raise FailureError("table", f"no column {SPLIT}; it has {', '.join(output.columns)}")
    names = [str(v).lower() for v in output.rows[SPLIT].unique()]
    if set(names) - set(PARTS) or not {"train", "test"} <= set(names):
        audit.add("split-values", SPLIT, f"it holds {', '.join(sorted(names)) or 'nothing'}")
        return False
    in_parts: dict[str, set[str]] = {}
    spelt: dict[str, tuple[str, str]] = {}
    known = sorted(builder.ids[audit.key].taken, key=len, reverse=True)
    for name, where in zip(output.ids, output.rows[SPLIT], strict=True):
        in_parts.setdefault(_owner(name, known), set()).add(str(where).lower())
    for entity, where in in_parts.items():
        if len(where) > 1:
            audit.add("split-entity", SPLIT, f"{entity} is in {' and '.join(sorted(where))}")
            continue
        other, there = spelt.setdefault(_plain(entity) or entity, (entity, next(iter(where))))
        if other != entity and there not in where:
            example = f"{other!r} is in {there}, {entity!r} in {next(iter(where))}"
            audit.add("split-near-duplicate", SPLIT, example)
    test = output.rows.filter(pl.col(SPLIT).cast(pl.String).str.to_lowercase() == "test")
    if test[audit.key].is_duplicated().any() and not snapshots(output):
        twice = test.filter(test[audit.key].is_duplicated())[audit.key][0]
        audit.add("test-resampled", "", f"{twice} stands in the test part more than once")
    return True


def _owner(name: str, known: Sequence[str]) -> str:
    """The entity of which an id like C1@2024-06-30 names a snapshot; otherwise the id."""
    if name in known:
        return name
    marked = (k for k in known if name.startswith(k) and re.match(r"[\W_]+\w", name[len(k) :]))
    return next(marked, name)


def _plain(name: str) -> str:
    """One spelling of an id: without case, kinds of marks, and leading zeros."""
    words = re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", words)


def future(audit: Audit, builder: WorldBuilder, world: World, base: Output, event: Event) -> None:
    """Change what comes after the as-of date but no label: nothing may move."""
    dated = base
    for change in _same_labels(builder, world, event):
        output = audit.function(change.world, builder.windows)
        if change.kind is Kind.DATED:
            dated = output
            continue
        moved = audit.differences(dated if change.kind in LATE else base, output, exact=True)
        if any(d.column == audit.label for d in moved):
            continue  # the label may see this; its own checks judge it
        for d in moved:
            audit.add(rule_of(change, d), d.column, seen(builder, change, d))


def _same_labels(builder: WorldBuilder, world: World, event: Event) -> Iterator[Change]:
    names = builder.entities(world)
    for shape in builder.events:
        yield from _around_the_window(builder, world, shape, names)
    w, shape = builder.windows, builder.example.shapes[event.table]
    back = _with_event(builder, world, event)
    more = [(name, w.outcome.start + DAY * (n % w.outcome.days)) for name in back for n in range(3)]
    yield Change(
        Kind.ADDED,
        shape.name,
        f"more {shape.name} of those who have some in the outcome window",
        builder.with_rows(world, shape, more, where=event.where),
    )
    for change in futures.futures(builder, world):
        if change.table != event.table or change.kind in LABEL_KEEPING:
            yield change


def _around_the_window(
    builder: WorldBuilder, world: World, shape: Shape, names: Sequence[object]
) -> Iterator[Change]:
    """Events that no outcome window holds: after it, and in the gap before it."""
    w, table = builder.windows, shape.name
    day, rows = day_of(str(shape.time)), world[table]
    kept = world.having(**{table: rows.filter(day <= w.outcome_end)})
    yield Change(Kind.REMOVED, table, f"{table} after the outcome window removed", kept)
    beyond = [(name, w.outcome_end + DAY * n) for name in names[::2] for n in (1, 40)]
    added = builder.with_rows(world, shape, beyond)
    yield Change(Kind.ADDED, table, f"{table} added after the outcome window", added)
    if w.gap_days:
        gap = [w.as_of + DAY * (n + 1) for n in range(w.gap_days)]
        kept = world.having(**{table: rows.filter(~day.is_in(gap))})
        yield Change(Kind.REMOVED, table, f"{table} in the gap removed", kept)
        planted = [(name, d) for name in names[::2] for d in gap]
        added = builder.with_rows(world, shape, planted)
        yield Change(Kind.ADDED, table, f"{table} added in the gap", added)


def _decisive(builder: WorldBuilder, event: Event) -> pl.Expr:
    """Whether a row of the event's table decides the label."""
    shape, w = builder.example.shapes[event.table], builder.windows
    inside = day_of(str(shape.time)).is_between(w.outcome.start, w.outcome_end)
    for name, value in event.where.items():
        inside &= pl.col(name) == value
    return inside


def _with_event(builder: WorldBuilder, world: World, event: Event) -> set[object]:
    """Who has an event in the outcome window."""
    return set(world[event.table].filter(_decisive(builder, event))[builder.key])


def flipped(
    audit: Audit,
    builder: WorldBuilder,
    world: World,
    output: Output,
    chosen: Sequence[str],
    event: Event,
) -> World:
    """These entities with the other label: events planted, or removed where there were some."""
    w, key = builder.windows, pl.col(audit.key).cast(pl.String)
    theirs = key.is_in(list(chosen))
    without = output.rows.filter(theirs, pl.col(audit.label).cast(pl.Int64) != event.makes)
    lacking = set(map(str, without[audit.key]))
    rows = world[event.table]
    gone = _decisive(builder, event) & theirs & ~key.is_in(list(lacking))
    kept = world.having(**{event.table: rows.filter(~gone)})
    ids = {str(v): v for v in builder.entities(world)}
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    planted = [(ids[c], middle) for c in sorted(lacking) if c in ids for _ in range(3)]
    shape = builder.example.shapes[event.table]
    return builder.with_rows(kept, shape, planted, where=event.where)


def test_labels(
    audit: Audit, builder: WorldBuilder, world: World, base: Output, event: Event
) -> None:
    """Turn the labels of the test part around: nothing else may move."""
    test = part(base, "test")
    for chosen in (test, test[::2], *_other_labels(audit, builder, world, base, test)):
        try:
            world_flipped = flipped(audit, builder, world, base, chosen, event)
            output = audit.function(world_flipped, builder.windows)
        except FailureError:
            audit.skip("labels of the test part turned around")
            continue
        for d in audit.differences(base, output, (audit.label,)):
            if d.column == SPLIT:
                audit.add("split-label", SPLIT, f"labels of the test part turned around: {d}")
            else:
                own = d.kind == "value" and d.entity in test
                rule = (
                    "own-label"
                    if own and not _others(base, output, d.column, test)
                    else "test-label"
                )
                audit.add(rule, d.column, f"labels of the test part turned around: {d}")


def _other_labels(
    audit: Audit, builder: WorldBuilder, world: World, base: Output, test: list[str]
) -> Iterator[list[str]]:
    """Whose labels to turn around so that they follow a simple feature, or its opposite."""
    key = audit.key
    positive = set(map(str, base.rows.filter(pl.col(audit.label).cast(pl.Int64) == 1)[key]))
    for shape in builder.events:
        time = str(shape.time)
        grouped = builder.past(world, shape).group_by(pl.col(key).cast(pl.String))
        numbers = [n for n, t in world[shape.name].schema.items() if t.is_float()]
        last = day_of(time).dt.epoch("d").max().alias(time)
        simple = grouped.agg(pl.len(), last, pl.col(numbers).sum()).filter(pl.col(key).is_in(test))
        for feature in ("len", time, *numbers):
            for high in (True, False):
                middle = pl.col(feature).median()
                side = pl.col(feature) > middle if high else pl.col(feature) <= middle
                wanted = set(simple.filter(side)[key])
                yield [name for name in test if (name in wanted) != (name in positive)]


def _others(a: Output, b: Output, column: str, test: list[str]) -> bool:
    others = set(a.ids) - set(test)
    return any(d.column == column for d in differences(a, b, entities=others))


def test_features(audit: Audit, builder: WorldBuilder, world: World, base: Output) -> None:
    """Change what is known of the test part: rows of the other parts may not move."""
    test = part(base, "test")
    _test_features(audit, base, test, builder, _other_tests(builder, world, test))
    # With everybody alike, whatever the test part does is the largest, the smallest, the latest.
    middle = builder.windows.as_of - DAY * (builder.windows.observation.days // 2)
    alike = world
    for shape in builder.events:
        known = day_of(str(shape.time)) <= builder.windows.as_of
        rows = world[shape.name]
        moved = builder.where(known, builder.on_day(rows, shape, middle), rows)
        alike = alike.having(**{shape.name: moved})
    try:
        even = audit.function(alike, builder.windows)
    except FailureError:
        audit.skip("known events of the test part moved")
        return
    _test_features(audit, even, test, builder, _moved_tests(builder, alike, test))


def _test_features(
    audit: Audit,
    base: Output,
    test: list[str],
    builder: WorldBuilder,
    changes: Iterator[tuple[str, World]],
) -> None:
    others = set(base.ids) - set(test)
    for what, changed in changes:
        try:
            output = audit.function(changed, builder.windows)
        except FailureError:
            audit.skip(what)  # a category of its own may be refused
            continue
        for d in differences(base, output, entities=others):
            if d.column not in audit.noisy:
                audit.add("test-fit", d.column, f"{what}: {d}")


def _other_tests(
    builder: WorldBuilder, world: World, test: list[str]
) -> Iterator[tuple[str, World]]:
    theirs = pl.col(builder.key).cast(pl.String).is_in(test)
    ids = [v for v in builder.entities(world) if str(v) in test]
    start, days = builder.windows.observation.start, builder.windows.observation.days
    for shape in builder.events:
        table, rows = shape.name, world[shape.name]
        known = day_of(str(shape.time)) <= builder.windows.as_of
        for factor, word in ((50.0, "larger"), (0.01, "smaller")):
            scaled = builder.scaled(rows, shape, factor, factor * 2)
            changed = builder.where(theirs & known, scaled, rows)
            yield f"numbers of the test part {word}", world.having(**{table: changed})
        planted = [(name, start + DAY * (n % days)) for name in ids for n in range(5)]
        yield f"more known {table} of the test part", builder.with_rows(world, shape, planted)
        crowd = [
            (name, start + DAY * (n % days)) for name in ids[:1] for n in range(OUTLIER_EVENTS)
        ]
        yield (
            f"{OUTLIER_EVENTS} known {table} worth nothing of one entity of the test part",
            builder.with_rows(world, shape, crowd, low=0, high=0),
        )
    for shape in builder.singles:
        rows = world[shape.name]
        text = [n for n, t in rows.schema.items() if t == pl.String and n not in shape.held]
        new = rows.with_columns(pl.lit("ANOTHER").alias(n) for n in text)
        changed = builder.where(theirs, new, rows)
        yield "the test part in a category of its own", world.having(**{shape.name: changed})


def _moved_tests(
    builder: WorldBuilder, world: World, test: list[str]
) -> Iterator[tuple[str, World]]:
    theirs = pl.col(builder.key).cast(pl.String).is_in(test)
    for shape in builder.events:
        rows = world[shape.name]
        known = day_of(str(shape.time)) <= builder.windows.as_of
        for day in (builder.windows.observation.start, builder.windows.as_of):
            moved = builder.where(theirs & known, builder.on_day(rows, shape, day), rows)
            yield (
                f"known {shape.name} of the test part moved to {day}",
                world.having(**{shape.name: moved}),
            )


def train_labels(
    audit: Audit, builder: WorldBuilder, world: World, base: Output, event: Event
) -> None:
    """The part of an entity does not move with labels, nor a row's features with its own."""
    train = part(base, "train")
    try:
        half = flipped(audit, builder, world, base, train[::2], event)
        for d in differences(base, audit.function(half, builder.windows)):
            if d.column == SPLIT:
                audit.add("split-label", SPLIT, f"labels of the training part turned around: {d}")
        asked = train[:: max(1, len(train) // ASKED)][:ASKED]
        own_labels(audit, builder, world, base, event, asked)
    except FailureError:
        audit.skip("labels of the training part turned around")


def own_labels(
    audit: Audit,
    builder: WorldBuilder,
    world: World,
    base: Output,
    event: Event,
    asked: Sequence[str],
) -> None:
    """Turn one label at a time around: a feature that follows its own label moves with most.

    Folds that are stratified by the label also move, but this way and that.
    """
    moves: dict[str, list[tuple[float, str]]] = {}
    for entity in asked:
        output = audit.function(
            flipped(audit, builder, world, base, [entity], event), builder.windows
        )
        was = int(base.rows.filter(pl.col(audit.key).cast(pl.String) == entity)[audit.label][0])
        hold = (audit.label, SPLIT, WEIGHT, *audit.noisy)
        for d in differences(base, output, without=hold, entities={entity}):
            if d.kind == "value":
                example = f"only the label of {entity} turned around: {d}"
                moves.setdefault(d.column, []).append((_direction(d) * (1 - 2 * was), example))
    for column, each in moves.items():
        ways = {way for way, _ in each}
        if len(each) >= MOVED_SHARE * len(asked) and len(ways) == 1:
            audit.add("own-label", column, each[0][1])


def _direction(d: Difference) -> int:
    """Whether a number rose or fell; anything else has no direction."""
    if isinstance(d.before, int | float) and isinstance(d.after, int | float):
        return 1 if d.after > d.before else -1
    return 0
