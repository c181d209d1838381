"""The audit of features: nothing moves with the future."""

from __future__ import annotations

from churn.leakage.boxes import Difference, FailureError, Output, World
from churn.leakage.checks import Audit
from churn.leakage.rules import Report
from churn.leakage.worlds import Maker

LATE = "changed after the as-of date", "not set before the as-of date"


def run(audit: Audit, *, quick: bool) -> Report:
    try:
        for i, maker in enumerate(audit.makers(quick=quick)):
            world = maker.world()
            base = audit.box(world, maker.windows)
            audit.require_customers(base)
            ordered = audit.steadiness(maker, world, base)
            future(audit, maker, world, base, ordered=ordered)
            if i == 0:
                invariances(audit, maker, world)
                audit.past_matters(maker, world, base)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def invariances(audit: Audit, maker: Maker, world: World) -> None:
    """Clock, memory, order and ids: asked once, they do not depend on the as-of date."""
    audit.clock(world, maker.windows)
    audit.memory(world, maker.past_changed(world), maker.windows)
    audit.row_order(maker, world)
    audit.order_ids(maker, world)
    audit.customer_ids(maker, world)


def future(
    audit: Audit,
    maker: Maker,
    world: World,
    base: Output,
    *,
    ordered: bool,
    without: tuple[str, ...] = (),
) -> None:
    """Change what comes after the as-of date in every way, and demand that nothing moves."""
    reference = base
    smallest: dict[tuple[str, str], str] | None = None
    for what, changed in maker.futures(world):
        output = audit.box(changed, maker.windows)
        if what.endswith("dated late"):
            reference = output  # a world with late dates, against which the next ones are held
            continue
        late = what.endswith(LATE)
        moved = audit.differences(reference if late else base, output, without)
        for d in moved:
            rule = {"membership": "membership", "columns": "output-order"}.get(d.kind, "future")
            if (rule, d.column) not in audit.found:
                if smallest is None:
                    smallest = one_order(audit, maker, world, without)
                example = smallest.get((d.kind, d.column)) or _said(maker, what, d)
                audit.add("late-attribute" if late else rule, d.column, example)
        if ordered and not moved and not late and output.order != base.order:
            pairs = zip(base.order, output.order, strict=False)
            row, (was, now) = next((i, p) for i, p in enumerate(pairs, 1) if p[0] != p[1])
            example = f"as of {maker.windows.as_of}, {what}: row {row} was {was}, then {now}"
            audit.add("output-order", "", example)


def _said(maker: Maker, what: str, d: Difference) -> str:
    return f"as of {maker.windows.as_of}, {what}: {d}"


def one_order(
    audit: Audit, maker: Maker, world: World, without: tuple[str, ...]
) -> dict[tuple[str, str], str]:
    """For each kind and column, a single later order that moves it, if there is one."""
    known = World(maker.past(world), world.customers)
    found: dict[tuple[str, str], str] = {}
    try:
        base = audit.box(known, maker.windows)
        for what, changed in maker.one_later_order(world):
            for d in audit.differences(base, audit.box(changed, maker.windows), without):
                found.setdefault((d.kind, d.column), _said(maker, what, d))
    except FailureError:
        audit.skip("a single later order")
    return found
