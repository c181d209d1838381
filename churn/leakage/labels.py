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
from churn.leakage.worlds import DATE, Maker

ORDERS_A_DAY = 6
"""So many orders of each customer on one day show whether a label sees that day."""


def run(audit: Audit, *, quick: bool) -> Report:
    coverage(audit)
    try:
        for i, maker in enumerate(audit.makers(quick=quick)):
            world = maker.world()
            base = audit.box(world, maker.windows)
            require_labels(base)
            values(audit, base)
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


def values(audit: Audit, output: Output) -> None:
    labels = output.rows[LABEL]
    if not labels.dtype.is_numeric() and labels.dtype != pl.Boolean:
        audit.add("label-values", LABEL, f"its type is {labels.dtype}")
        return
    strange = labels.filter(~labels.cast(pl.Float64).is_in([0.0, 1.0]).fill_null(value=False))
    if len(strange):
        audit.add("label-values", LABEL, f"{len(strange)} rows hold {strange[0]}")


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
    """Give everybody orders on one day at a time, and see on which days the label moves."""
    w = maker.windows
    silent = replace(world, orders=maker.past(world))
    try:
        base = audit.box(silent, w)
        members = base.rows[KEY].to_list()
        seen = {day: _sees(audit, maker, silent, base, members, day) for day in _inside(w)}
        for day in (*_known(w), *_gap(w)):
            if _sees(audit, maker, silent, base, members, day):
                audit.add(
                    "label-overlap", LABEL, f"as of {w.as_of}, the label moves with orders on {day}"
                )
        for day in _beyond(w):
            if _sees(audit, maker, silent, base, members, day):
                audit.add(
                    "label-endless",
                    LABEL,
                    f"the label moves with orders on {day}, after the outcome window {w.outcome}",
                )
    except FailureError:
        return  # a training may need both classes
    if not any(seen.values()):
        example = f"no orders on any day of {w.outcome} move the label"
        audit.add("label-past", LABEL, example)
        return
    middle = w.outcome.start + DAY * (w.outcome.days // 2)
    for day, sees in seen.items():
        if not sees:
            rule = "label-late" if day < middle else "label-early-end"
            audit.add(
                rule, LABEL, f"orders on {day} do not move the label; the window is {w.outcome}"
            )


def past(audit: Audit, maker: Maker, world: World, base: Output) -> None:
    """More known orders of those who are in the population anyway."""
    members = base.rows[KEY].to_list()
    added = maker.with_orders(world, [(name, maker.windows.as_of) for name in members])
    for d in audit.differences(base, audit.box(added, maker.windows)):
        if d.column == LABEL:
            audit.add("label-overlap", LABEL, f"orders added on {maker.windows.as_of}: {d}")


def _sees(
    audit: Audit, maker: Maker, silent: World, base: Output, members: Sequence[object], day: date
) -> bool:
    planted = [(name, day) for name in members for _ in range(ORDERS_A_DAY)]
    output = audit.box(maker.with_orders(silent, planted), maker.windows)
    common = set(map(str, base.rows[KEY])) & set(map(str, output.rows[KEY]))
    sides = [
        side.rows.filter(pl.col(KEY).cast(pl.String).is_in(list(common)))[LABEL].to_list()
        for side in (base, output)
    ]
    return sides[0] != sides[1]


def _inside(w: Windows) -> list[date]:
    start, end = w.outcome.start, w.outcome_end
    near = [
        *(start + DAY * n for n in (0, 1, 6, 13, 30)),
        *(end - DAY * n for n in (0, 1, 6, 13, 30)),
    ]
    return sorted({d for d in near if start <= d <= end} | {start + DAY * (w.outcome.days // 2)})


def _known(w: Windows) -> list[date]:
    near = [w.as_of - DAY * n for n in (0, 1, 6, 13, 30, 60, 89)]
    return [d for d in near if d >= w.observation.start]


def _gap(w: Windows) -> list[date]:
    days = [w.as_of + DAY * n for n in range(1, w.gap_days + 1)]
    return sorted({days[0], days[len(days) // 2], days[-1]}) if days else []


def _beyond(w: Windows) -> list[date]:
    return [w.outcome_end + DAY * n for n in (1, 2, 7, 8, 31, 62, 200, 400)]
