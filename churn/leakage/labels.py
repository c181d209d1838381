"""The audit of labels: they see the outcome window, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from churn.domain.features import KEY
from churn.domain.labels import LABEL
from churn.domain.windows import DAY, Windows
from churn.leakage.boxes import FailureError, Output, World
from churn.leakage.checks import Audit
from churn.leakage.features import future, invariances
from churn.leakage.rules import Report
from churn.leakage.worlds import DATE, HOURS, Maker

ORDERS_A_DAY = 6
"""So many orders of each customer on one day show whether a label sees that day."""


def run(audit: Audit, *, quick: bool) -> Report:
    coverage(audit)
    try:
        for i, maker in enumerate(audit.makers(quick=quick)):
            world = maker.world()
            base = audit.box(world, maker.windows)
            audit.require_customers(base)
            require_labels(base)
            if not values(audit, base):
                break
            audit.steadiness(maker, world, base)
            future(audit, maker, world, base, ordered=False, without=(LABEL,))
            past(audit, maker, world, base)
            window(audit, maker, world)
            if i == 0:
                invariances(audit, maker, world)
                last = [(name, maker.windows.outcome_end) for name in base.rows[KEY]]
                silent = replace(world, orders=maker.past(world))
                audit.clock(maker.with_orders(silent, last), maker.windows)
    except FailureError as failure:
        audit.add(failure.rule, "", failure.example)
    return audit.report()


def require_labels(output: Output) -> None:
    if LABEL not in output.columns:
        raise FailureError("table", f"no column {LABEL}; found {', '.join(output.columns)}")


def values(audit: Audit, output: Output) -> bool:
    """Whether the labels are 0 and 1."""
    labels = output.rows[LABEL]
    if not labels.dtype.is_numeric() and labels.dtype != pl.Boolean:
        audit.add("label-values", LABEL, f"its type is {labels.dtype}")
        return False
    strange = labels.filter(~labels.cast(pl.Float64).is_in([0.0, 1.0]).fill_null(value=False))
    if len(strange):
        audit.add("label-values", LABEL, f"{len(strange)} rows hold {strange[0]}")
    return not len(strange)


def coverage(audit: Audit) -> None:
    """Whether the example reaches the end of the outcome window, as far as its rhythm can tell."""
    days = audit.example.orders[DATE].cast(pl.Date).drop_nulls().unique().sort()
    if days.is_empty():
        return
    last: date = days[-1]
    quiet = max(days.diff().drop_nulls().dt.total_days(), default=0)
    missing = (audit.windows.outcome_end - last).days
    if missing > max(7, 3 * quiet):
        audit.add(
            "label-coverage",
            LABEL,
            f"orders end on {last}, {missing} days before the outcome window does",
        )


def window(audit: Audit, maker: Maker, world: World) -> None:
    """Give customers orders on one day at a time, and see on which days their label moves.

    A third of the customers come back in mid-window and another third never, so that what is
    fitted finds both classes; the last third is asked.
    """
    w = maker.windows
    quiet = replace(world, orders=maker.past(world))
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    ids = quiet.orders[KEY].unique().sort().to_list()
    silent = maker.with_orders(quiet, [(name, middle) for name in ids[::3]])
    asked = ids[1::3]
    hours = [None] if world.orders.schema[DATE] == pl.Date else [*range(len(HOURS))]
    try:
        base = audit.box(silent, w)

        def sees(day: date) -> list[bool]:
            return [_sees(audit, maker, silent, base, asked, day, hour) for hour in hours]

        inside = {day: all(sees(day)) for day in _inside(w)}
        for day in (*_known(w), *_gap(w)):
            if any(sees(day)):
                example = f"as of {w.as_of}, the label moves with orders on {day}"
                audit.add("label-overlap", LABEL, example)
        for day in _beyond(w):
            if any(sees(day)):
                example = f"the label moves with orders on {day}, after the window {w.outcome}"
                audit.add("label-endless", LABEL, example)
    except FailureError:
        audit.skip("on which days the label looks")
        return
    if not set(map(str, asked)) & set(map(str, base.rows[KEY])):
        audit.skip("on which days the label looks, since it is of other customers")
        return
    judge(audit, w, inside)


def judge(audit: Audit, w: Windows, inside: dict[date, bool]) -> None:
    """Name what is wrong with a window of which these days were seen and the others not."""
    seen = [day for day, sees in inside.items() if sees]
    if not seen:
        audit.add("label-past", LABEL, f"no orders on any day of {w.outcome} move the label")
    for day, sees in inside.items():
        if seen and not sees:
            early, late = day < seen[0], day > seen[-1]
            rule = "label-late" if early else "label-early-end" if late else "label-hole"
            example = f"orders on {day} do not move the label; the window is {w.outcome}"
            audit.add(rule, LABEL, example)


def past(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """More known orders of those who are in the population anyway."""
    members = base.rows[KEY].to_list()
    for day in (*_known(maker.windows), maker.windows.observation.start - DAY):
        planted = [(name, day) for name in members for _ in range(ORDERS_A_DAY)]
        added = audit.box(maker.with_orders(world, planted), maker.windows)
        for d in audit.differences(base, added):
            if d.column == LABEL:
                audit.add("label-overlap", LABEL, f"orders added on {day}: {d}")


def _sees(
    audit: Audit,
    maker: Maker,
    silent: World,
    base: Output,
    asked: Sequence[object],
    day: date,
    hour: int | None,
) -> bool:
    planted = [(name, day) for name in asked for _ in range(ORDERS_A_DAY)]
    output = audit.box(maker.with_orders(silent, planted, hour=hour), maker.windows)
    common = set(map(str, base.rows[KEY])) & set(map(str, output.rows[KEY])) & set(map(str, asked))
    sides = [
        set(side.rows.select(pl.col(KEY).cast(pl.String), LABEL).rows()) for side in (base, output)
    ]
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
