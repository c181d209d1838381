"""The audit of features: nothing moves with the future."""

from __future__ import annotations

from churn.leakage import edges, futures
from churn.leakage.builder import WorldBuilder
from churn.leakage.changes import LATE, Change, Kind
from churn.leakage.checks import Audit
from churn.leakage.rules import Report
from churn.leakage.subject import Difference, FailureError, Output
from churn.leakage.worlds import World

RULES = {"membership": "membership", "columns": "output-order"}
"""The rule that a difference of this kind breaks; any other is a value from the future."""


def run(audit: Audit, *, quick: bool) -> Report:
    try:
        for i, builder in enumerate(audit.builders(quick=quick)):
            world = builder.world()
            base = audit.function(world, builder.windows)
            audit.require_entities(base)
            ordered = audit.steadiness(builder, world, base)
            future(audit, builder, world, base, ordered=ordered)
            if i == 0:
                invariances(audit, builder, world)
                audit.past_matters(builder, world, base)
                edges.as_of_day(audit, builder, world)
                edges.observation_start(audit, builder, world)
                edges.large_tables(audit, quick=quick)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def invariances(audit: Audit, builder: WorldBuilder, world: World) -> None:
    """Clock, memory, order and ids: asked once, they do not depend on the as-of date."""
    audit.clock(world, builder.windows)
    audit.memory(world, builder.past_changed(world), builder.windows)
    audit.row_order(builder, world)
    audit.column_order(builder, world)
    audit.row_ids(builder, world)
    audit.entity_ids(builder, world)


def rule_of(change: Change, difference: Difference) -> str:
    return "late-attribute" if change.kind in LATE else RULES.get(difference.kind, "future")


def future(
    audit: Audit,
    builder: WorldBuilder,
    world: World,
    base: Output,
    *,
    ordered: bool,
    without: tuple[str, ...] = (),
) -> None:
    """Change what comes after the as-of date in every way, and demand that nothing moves."""
    dated = base
    smallest: dict[tuple[str, str], str] | None = None
    for change in futures.futures(builder, world):
        output = audit.function(change.world, builder.windows)
        if change.kind is Kind.DATED:
            dated = output
            continue
        late = change.kind in LATE
        moved = audit.differences(dated if late else base, output, without, exact=True)
        for d in moved:
            rule = rule_of(change, d)
            if (rule, d.column) not in audit.findings:
                if smallest is None:
                    smallest = one_row(audit, builder, world, without)
                example = smallest.get((d.kind, d.column)) or seen(builder, change, d)
                audit.add(rule, d.column, example)
        if ordered and not moved and not late and output.order != base.order:
            pairs = zip(base.order, output.order, strict=False)
            row, (was, now) = next((i, p) for i, p in enumerate(pairs, 1) if p[0] != p[1])
            as_of = builder.windows.as_of
            audit.add(
                "output-order", "", f"as of {as_of}, {change.text}: row {row} was {was}, then {now}"
            )


def seen(builder: WorldBuilder, change: Change, d: Difference) -> str:
    """What a finding shows."""
    return f"as of {builder.windows.as_of}, {change.text}: {d}"


def one_row(
    audit: Audit, builder: WorldBuilder, world: World, without: tuple[str, ...]
) -> dict[tuple[str, str], str]:
    """For each kind and column, a single later row that moves it, if there is one."""
    examples: dict[tuple[str, str], str] = {}
    try:
        base = audit.function(builder.without_future(world), builder.windows)
        for change in futures.one_later_row(builder, world):
            output = audit.function(change.world, builder.windows)
            for d in audit.differences(base, output, without, exact=True):
                examples.setdefault((d.kind, d.column), seen(builder, change, d))
    except FailureError:
        audit.skip("a single later row")
    return examples
