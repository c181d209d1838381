"""The audit of training sets: splits, weights, and every step that was fitted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from churn.domain.features import KEY
from churn.domain.labels import LABEL
from churn.domain.windows import DAY
from churn.leakage import labels
from churn.leakage.boxes import Difference, FailureError, Output, World, differences
from churn.leakage.checks import Audit
from churn.leakage.features import LATE
from churn.leakage.rules import Report
from churn.leakage.worlds import DATE, Maker

SPLIT, WEIGHT = "SPLIT", "WEIGHT"
PARTS = ("train", "valid", "test")

CROWD = 2000
"""So many orders make one customer stand out from all."""

MOST = 0.75
"""So large a share of the customers asked must move."""

SIZE = 120
"""So many customers leave some for a test part of a twentieth."""

OWN = 8
"""So many customers are asked one by one whether their own label is in their features."""


def run(audit: Audit, *, quick: bool) -> Report:
    labels.coverage(audit)
    try:
        for i, maker in enumerate(audit.makers(quick=quick)[:2]):
            world = maker.world(SIZE)
            base = audit.box(world, maker.windows)
            audit.require_customers(base)
            labels.require_labels(base)
            if not (parts(audit, base, world) and labels.values(audit, base)):
                break
            audit.steadiness(maker, world, base)
            future(audit, maker, world, base)
            test_labels(audit, maker, world, base)
            test_features(audit, maker, world, base)
            train_labels(audit, maker, world, base)
            if not snapshots(base):
                labels.window(audit, maker, world)
            if i == 0:
                audit.clock(world, maker.windows)
                audit.memory(world, maker.past_changed(world), maker.windows)
                audit.past_matters(maker, world, base)
                audit.row_order(maker, world)
                audit.order_ids(maker, world)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def part(output: Output, *names: str) -> list[str]:
    """The customers of these parts."""
    chosen = output.rows.filter(pl.col(SPLIT).cast(pl.String).str.to_lowercase().is_in(list(names)))
    return list(dict.fromkeys(map(str, chosen[KEY])))


def snapshots(output: Output) -> bool:
    """Whether customers have rows as of several dates; each has a window of its own."""
    dates = [n for n, t in output.rows.schema.items() if t.is_temporal()]
    return bool(output.rows.select(KEY, *dates).unique()[KEY].is_duplicated().any())


def parts(audit: Audit, output: Output, world: World) -> bool:
    """Whether there are parts to speak of; customers in several of them."""
    if SPLIT not in output.columns:
        raise FailureError("table", f"no column {SPLIT}; found {', '.join(output.columns)}")
    found = [str(v).lower() for v in output.rows[SPLIT].unique()]
    if set(found) - set(PARTS) or not {"train", "test"} <= set(found):
        audit.add("split-values", SPLIT, f"found {', '.join(sorted(found)) or 'nothing'}")
        return False
    in_parts: dict[str, set[str]] = {}
    spelt: dict[str, tuple[str, str]] = {}
    known = sorted(map(str, world.customers[KEY]), key=len, reverse=True)
    for name, where in zip(map(str, output.rows[KEY]), output.rows[SPLIT], strict=True):
        in_parts.setdefault(_owner(name, known), set()).add(str(where).lower())
    for customer, where in in_parts.items():
        if len(where) > 1:
            audit.add("split-customer", SPLIT, f"{customer} is in {' and '.join(sorted(where))}")
            continue
        other, there = spelt.setdefault(_plain(customer) or customer, (customer, next(iter(where))))
        if other != customer and there not in where:
            example = f"{other!r} is in {there}, {customer!r} in {next(iter(where))}"
            audit.add("split-near-duplicate", SPLIT, example)
    test = output.rows.filter(pl.col(SPLIT).cast(pl.String).str.to_lowercase() == "test")
    if test[KEY].is_duplicated().any() and not snapshots(output):
        twice = test.filter(test[KEY].is_duplicated())[KEY][0]
        audit.add("test-resampled", "", f"{twice} stands in the test part more than once")
    return True


def _owner(name: str, known: Sequence[str]) -> str:
    """The customer of whom an id like C1@2024-06-30 names a snapshot; otherwise the id."""
    if name in known:
        return name
    marked = (k for k in known if name.startswith(k) and re.match(r"[\W_]+\w", name[len(k) :]))
    return next(marked, name)


def _plain(customer: str) -> str:
    """One spelling of an id: without case, kinds of marks, and leading zeros."""
    words = re.sub(r"[\W_]+", "-", customer.casefold()).strip("-")
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", words)


def future(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """Change what comes after the as-of date but no label: nothing may move."""
    for what, changed in _same_labels(maker, world):
        output = audit.box(changed, maker.windows)
        if what.endswith("dated late"):
            base = output  # a world with late dates, against which the next ones are held
            continue
        moved = audit.differences(base, output)
        if any(d.column == LABEL for d in moved):
            continue  # the label may see this; its own checks judge it
        for d in moved:
            rule = {"membership": "membership", "columns": "output-order"}.get(d.kind, "future")
            rule = "late-attribute" if what.endswith(LATE) else rule
            audit.add(rule, d.column, f"as of {maker.windows.as_of}, {what}: {d}")


def _same_labels(maker: Maker, world: World) -> Iterator[tuple[str, World]]:
    w = maker.windows
    day = pl.col(DATE).cast(pl.Date)
    yield (
        "orders after the outcome window removed",
        replace(world, orders=world.orders.filter(day <= w.outcome_end)),
    )
    names = world.customers[KEY].unique(maintain_order=True).to_list()
    beyond = [(name, w.outcome_end + DAY * n) for name in names[::2] for n in (1, 40)]
    yield "orders added after the outcome window", maker.with_orders(world, beyond)
    if w.gap_days:
        gap = [w.as_of + DAY * (n + 1) for n in range(w.gap_days)]
        kept = world.orders.filter(~day.is_in(gap))
        yield "orders in the gap removed", replace(world, orders=kept)
        planted = [(name, d) for name in names[::2] for d in gap]
        yield "orders added in the gap", maker.with_orders(world, planted)
    back = set(world.orders.filter(day >= w.outcome.start, day <= w.outcome_end)[KEY])
    more = [(name, w.outcome.start + DAY * (n % w.outcome.days)) for name in back for n in range(3)]
    yield "more orders of those who did come back", maker.with_orders(world, more)
    for what, changed in maker.futures(world):
        if not any(
            word in what for word in ("removed", "many", "swapped", "moved", "known orders")
        ):
            yield what, changed


def flipped(maker: Maker, world: World, output: Output, customers: Sequence[str]) -> World:
    """These customers with the other label: who came back stays away, and the other way round."""
    w = maker.windows
    chosen = pl.col(KEY).cast(pl.String).is_in(list(customers))
    churned = set(map(str, output.rows.filter(chosen, pl.col(LABEL) == 1)[KEY]))
    outcome = pl.col(DATE).cast(pl.Date).is_between(w.outcome.start, w.outcome_end)
    gone = chosen & ~pl.col(KEY).cast(pl.String).is_in(list(churned))
    kept = replace(world, orders=world.orders.filter(~(outcome & gone)))
    ids = {str(v): v for v in world.customers[KEY]}
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    return maker.with_orders(
        kept, [(ids[c], middle) for c in sorted(churned) if c in ids for _ in range(3)]
    )


def test_labels(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """Turn the labels of the test part around: nothing else may move."""
    test = part(base, "test")
    for chosen in (test, test[::2], *_other_labels(maker, world, base, test)):
        try:
            output = audit.box(flipped(maker, world, base, chosen), maker.windows)
        except FailureError:
            audit.skip("labels of the test part turned around")
            continue
        for d in audit.differences(base, output, (LABEL,)):
            if d.column == SPLIT:
                audit.add("split-label", SPLIT, f"labels of the test part turned around: {d}")
            else:
                own = d.kind == "value" and d.customer in test
                rule = (
                    "own-label"
                    if own and not _others(audit, base, output, d.column, test)
                    else "test-label"
                )
                audit.add(rule, d.column, f"labels of the test part turned around: {d}")


def _other_labels(maker: Maker, world: World, base: Output, test: list[str]) -> Iterator[list[str]]:
    """Whose labels to turn around so that they follow a simple feature, or its opposite."""
    grouped = maker.past(world).group_by(pl.col(KEY).cast(pl.String))
    day = pl.col(DATE).cast(pl.Date).dt.epoch("d")
    amounts = [n for n, t in world.orders.schema.items() if t.is_float()]
    found = grouped.agg(pl.len(), day.max().alias(DATE), pl.col(amounts).sum())
    found = found.filter(pl.col(KEY).is_in(test))
    churned = set(map(str, base.rows.filter(pl.col(LABEL).cast(pl.Int64) == 1)[KEY]))
    for feature in ("len", DATE, *amounts):
        for high in (True, False):
            middle = pl.col(feature).median()
            side = pl.col(feature) > middle if high else pl.col(feature) <= middle
            wanted = set(found.filter(side)[KEY])
            yield [customer for customer in test if (customer in wanted) != (customer in churned)]


def _others(audit: Audit, a: Output, b: Output, column: str, test: list[str]) -> bool:
    others = set(map(str, a.rows[KEY])) - set(test)
    return any(d.column == column for d in differences(a, b, customers=others))


def test_features(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """Change what is known of the test part: rows of the other parts may not move."""
    test = part(base, "test")
    _test_features(audit, base, test, maker, _other_tests(maker, world, test))
    # With everybody alike, whatever the test part does is the largest, the smallest, the latest.
    middle = maker.windows.as_of - DAY * (maker.windows.observation.days // 2)
    known = pl.col(DATE).cast(pl.Date) <= maker.windows.as_of
    orders = maker.where(known, maker.moved(world.orders, middle), world.orders)
    alike = replace(world, orders=orders)
    try:
        even = audit.box(alike, maker.windows)
    except FailureError:
        audit.skip("known orders of the test part moved")
        return
    _test_features(audit, even, test, maker, _moved_tests(maker, alike, test))


def _test_features(
    audit: Audit,
    base: Output,
    test: list[str],
    maker: Maker,
    changes: Iterator[tuple[str, World]],
) -> None:
    others = set(map(str, base.rows[KEY])) - set(test)
    for what, changed in changes:
        try:
            output = audit.box(changed, maker.windows)
        except FailureError:
            audit.skip(what)  # a category of its own may be refused
            continue
        for d in differences(base, output, customers=others):
            if d.column not in audit.noisy:
                audit.add("test-fit", d.column, f"{what}: {d}")


def _other_tests(maker: Maker, world: World, test: list[str]) -> Iterator[tuple[str, World]]:
    theirs = pl.col(KEY).cast(pl.String).is_in(test)
    known = pl.col(DATE).cast(pl.Date) <= maker.windows.as_of
    for factor, word in ((50.0, "larger"), (0.01, "smaller")):
        scaled = maker.scaled(world.orders, factor, factor * 2)
        orders = maker.where(theirs & known, scaled, world.orders)
        yield f"amounts of the test part {word}", replace(world, orders=orders)
    ids = [v for v in world.customers[KEY].unique(maintain_order=True) if str(v) in test]
    start, days = maker.windows.observation.start, maker.windows.observation.days
    planted = [(name, start + DAY * (n % days)) for name in ids for n in range(5)]
    yield "more known orders of the test part", maker.with_orders(world, planted)
    crowd = [(name, start + DAY * (n % days)) for name in ids[:1] for n in range(CROWD)]
    yield (
        f"{CROWD} known orders worth nothing of one customer of the test part",
        maker.with_orders(world, crowd, low=0, high=0),
    )
    text = [n for n, t in world.customers.schema.items() if t == pl.String and n != KEY]
    new = world.customers.with_columns(pl.lit("ANOTHER").alias(n) for n in text)
    yield (
        "the test part in a category of its own",
        replace(world, customers=maker.where(theirs, new, world.customers)),
    )


def _moved_tests(maker: Maker, world: World, test: list[str]) -> Iterator[tuple[str, World]]:
    theirs = pl.col(KEY).cast(pl.String).is_in(test)
    known = pl.col(DATE).cast(pl.Date) <= maker.windows.as_of
    for day in (maker.windows.observation.start, maker.windows.as_of):
        orders = maker.where(theirs & known, maker.moved(world.orders, day), world.orders)
        yield f"known orders of the test part moved to {day}", replace(world, orders=orders)


def train_labels(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """The part of a customer does not move with labels, nor a row's features with its own."""
    train = part(base, "train")
    try:
        output = audit.box(flipped(maker, world, base, train[::2]), maker.windows)
        for d in differences(base, output):
            if d.column == SPLIT:
                audit.add("split-label", SPLIT, f"labels of the training part turned around: {d}")
        own_labels(audit, maker, world, base, train[:: max(1, len(train) // OWN)][:OWN])
    except FailureError:
        audit.skip("labels of the training part turned around")


def own_labels(
    audit: Audit, maker: Maker, world: World, base: Output, asked: Sequence[str]
) -> None:
    """Turn one label at a time around: a feature that follows its own label moves with most.

    Folds that are stratified by the label also move, but this way and that.
    """
    moves: dict[str, list[tuple[float, str]]] = {}
    for customer in asked:
        output = audit.box(flipped(maker, world, base, [customer]), maker.windows)
        was = int(base.rows.filter(pl.col(KEY).cast(pl.String) == customer)[LABEL][0])
        hold = (LABEL, SPLIT, WEIGHT, *audit.noisy)
        for d in differences(base, output, without=hold, customers={customer}):
            if d.kind == "value":
                example = f"only the label of {customer} turned around: {d}"
                moves.setdefault(d.column, []).append((_direction(d) * (1 - 2 * was), example))
    for column, seen in moves.items():
        ways = {way for way, _ in seen}
        if len(seen) >= MOST * len(asked) and len(ways) == 1:
            audit.add("own-label", column, seen[0][1])


def _direction(d: Difference) -> int:
    """Whether a number rose or fell; anything else has no direction."""
    if isinstance(d.before, int | float) and isinstance(d.after, int | float):
        return 1 if d.after > d.before else -1
    return 0
