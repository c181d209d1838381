"""What every kind of function must pass: the same answer again, later, in any order, by any id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from dis import get_instructions
from time import perf_counter

import polars as pl
import time_machine

from churn.domain.labels import Event
from churn.domain.problem import Problem
from churn.domain.windows import DAY, Windows
from churn.leakage.builder import WorldBuilder, as_of_dates
from churn.leakage.memory import codes
from churn.leakage.rules import Finding, Report
from churn.leakage.subject import (
    TOLERANCE,
    Difference,
    FailureError,
    Function,
    FunctionUnderTest,
    Output,
    differences,
    noise,
)
from churn.leakage.worlds import Frame, World, example_of

SEED = 20240630

TIES = 0.8
"""The share of entities that may move when ties are broken by another id."""

SHUFFLES = 4
"""How often rows are shuffled to see the noise in the last bits of a column."""

ROUNDING = 16
"""How much larger than the noise of shuffled rows a difference must be to mean something."""


@dataclass(frozen=True)
class Question:
    """A function, and with what to audit it.

    Args:
        tables: Example tables by name, in lower case.
        by_name: Whether the function's parameters name its tables.
        time: The column that dates each table; see `example_of`.
        key: The column that names the entity.
        label: The column of the label.
        event: What decides the label; found out, if not given.
        problem: Says what is not given.
    """

    function: Function
    tables: Mapping[str, Frame]
    windows: Windows
    problem: Problem
    by_name: bool = True
    time: Mapping[str, str | None] | None = None
    key: str | None = None
    label: str | None = None
    event: Event | None = None


class Audit:
    """One audit: the function, the example, and the findings so far, one a rule and column."""

    def __init__(self, kind: str, question: Question) -> None:
        self.kind = kind
        self.windows = question.windows
        example = example_of(
            question.tables, time=question.time, key=question.key, problem=question.problem
        )
        self.label = question.label or question.problem.label.column
        self.label_is_given = question.label is not None
        self.event = question.event
        self.function = FunctionUnderTest(
            question.function,
            example.key,
            list(example.shapes),
            by_name=question.by_name,
            label=self.label,
            repeats=kind == "training",
        )
        self.example = example.only(self.function.tables)
        self.findings: dict[tuple[str, str], Finding] = {}
        self.noisy: set[str] = set()
        self.tolerance: dict[str, float] = {}
        self.skipped: dict[str, None] = {}
        self.begun = perf_counter()

    @property
    def key(self) -> str:
        return self.example.key

    def builders(self, *, quick: bool) -> list[WorldBuilder]:
        dates = [self.windows] if quick else as_of_dates(self.windows)
        return [WorldBuilder.of(self.example, w, SEED + i) for i, w in enumerate(dates)]

    def add(self, rule: str, column: str, example: str) -> None:
        self.findings.setdefault((rule, column), Finding(rule, column, example))

    def report(self) -> Report:
        return Report(
            kind=self.kind,
            findings=tuple(self.findings.values()),
            calls=self.function.calls,
            seconds=perf_counter() - self.begun,
            skipped=tuple(self.skipped),
            clocks=tuple(map(str, self.example.shapes.values())),
        )

    def skip(self, what: str) -> None:
        """Note what could not be asked: it must not look as if it had been passed."""
        self.skipped[what] = None

    def differences(
        self, a: Output, b: Output, without: Sequence[str] = (), *, exact: bool = False
    ) -> list[Difference]:
        """Without the columns that differ anyway.

        Args:
            exact: Up to the noise that the order of rows makes, where the rows that count are in
                the same order.
        """
        tolerance = self.tolerance if exact else None
        return differences(a, b, without=(*without, *self.noisy), tolerance=tolerance)

    # Checks that every kind shares

    @staticmethod
    def require_rows(output: Output) -> None:
        if output.rows.is_empty():
            raise FailureError("table", "it returned no rows for entities with known events")

    def require_entities(self, output: Output) -> None:
        """Rows, and ids of the type that the tables have."""
        self.require_rows(output)
        returned, wanted = output.rows.schema[self.key], self.example.entities.dtype
        if returned != wanted:
            raise FailureError("table", f"{self.key} is of type {returned}, in the tables {wanted}")

    def steadiness(self, builder: WorldBuilder, world: World, base: Output) -> bool:
        """The same input again; returns whether the order of the result has a meaning.

        It has one if it stays when the input is shuffled. Otherwise it is that of the input, or of
        a hash table, and says nothing. What shuffling does to the last bits is noted as noise.
        """
        again = [self.function(world, builder.windows) for _ in range(2)]
        for output in again:
            for d in self.differences(base, output):
                self.add("random", d.column, f"the same call twice: {d}")
                self.noisy.add(d.column)
        shuffled = [
            self.function(builder.reordered(world), builder.windows) for _ in range(SHUFFLES)
        ]
        for output in (*again, *shuffled):
            for name, size in noise(base, output).items():
                allowed = min(TOLERANCE, ROUNDING * size)
                self.tolerance[name] = max(allowed, self.tolerance.get(name, 0.0))
        return all(output.order == base.order for output in (*again, *shuffled))

    def clock(self, world: World, windows: Windows) -> None:
        """Just after the as-of date, and more than a year from now."""
        base = self.function(world, windows)
        for moment in moments(windows):
            with time_machine.travel(moment, tick=False):
                other = self.function(world, windows)
            for d in self.differences(base, other):
                self.add("clock", d.column, f"the same call on {moment:%Y-%m-%d}: {d}")
        for code in codes(self.function.function):
            loaded = {i.argval for i in get_instructions(code) if i.opname == "LOAD_GLOBAL"}
            if "hash" in loaded:
                example = f"hash() in {code.co_name} says something else in every process"
                self.add("random", "", example)
            # NumPy asks the system itself, where no clock can be turned.
            if "datetime64" in code.co_names and {"now", "today"} & set(code.co_consts):
                self.add("clock", "", f"datetime64('now') or datetime64('today') in {code.co_name}")

    def memory(self, world: World, other: World, windows: Windows) -> None:
        """After another call, and with nothing remembered, the same input gives the same."""
        fresh = self.function(other, windows)
        self.function(world, windows)
        remembering = self.function(other, windows, forget=False)
        for d in self.differences(fresh, remembering):
            self.add("memory", d.column, f"first alone, then after another call: {d}")

    def row_order(self, builder: WorldBuilder, world: World) -> None:
        plain = builder.one_row_a_day(world)
        a = self.function(plain, builder.windows)
        b = self.function(builder.reordered(plain), builder.windows)
        for d in self.differences(a, b):
            self.add("row-order", d.column, f"rows shuffled: {d}")

    def column_order(self, builder: WorldBuilder, world: World) -> None:
        """The columns of all tables the other way round."""
        turned = World({n: rows.select(reversed(rows.columns)) for n, rows in world.tables.items()})
        try:
            a, b = (self.function(w, builder.windows) for w in (world, turned))
        except FailureError:
            self.skip("columns in another order")
            return
        if sorted(a.columns) == sorted(b.columns):
            b = replace(b, rows=b.rows.select(a.columns), columns=a.columns)
        for d in self.differences(a, b):
            self.add("column-order", d.column, f"columns in reverse order: {d}")

    def row_ids(self, builder: WorldBuilder, world: World) -> None:
        plain = builder.one_row_a_day(world)
        renumbered = builder.renumbered_rows(plain)
        if renumbered is not None:
            a, b = (self.function(w, builder.windows) for w in (plain, renumbered))
            for d in self.differences(a, b):
                self.add("id", d.column, f"ids of rows handed out anew: {d}")

    def entity_ids(self, builder: WorldBuilder, world: World) -> None:
        """New numbers in the same order; then in any order, by which only a few ties may break."""
        plain = builder.one_row_a_day(world)
        base = self.function(plain, builder.windows)
        for ordered in (True, False):
            renamed, old = builder.renumbered_entities(plain, ordered=ordered)
            output = self.function(renamed, builder.windows)
            ids = [old.get(name, name) for name in output.ids]
            back = output.rows.with_columns(
                pl.Series(self.key, ids).cast(base.rows.schema[self.key])
            )
            rows = back.sort(self.key, maintain_order=True)
            for d in self.differences(base, replace(output, rows=rows)):
                few = d.moved <= TIES * base.rows.height
                if ordered or not few:
                    self.add("id", d.column, f"ids of entities handed out anew: {d}")

    def past_matters(self, builder: WorldBuilder, world: World, base: Output) -> None:
        """Every change of what is known at once and one by one; something must move."""
        if self.noisy or base.rows.width == 1:
            return
        for changed in builder.pasts(world):
            try:
                moved = self.function(changed, builder.windows)
            except FailureError:
                return  # it does react
            common = set(base.ids) & set(moved.ids)
            if common and differences(base, moved, entities=common):
                return
        example = "known events and attributes changed, removed and added, and no value moved"
        self.add("ignores-input", "", example)


def moments(windows: Windows) -> tuple[datetime, datetime]:
    """Times at which a function that asks the clock would say something else."""
    just_after = datetime.combine(windows.as_of + DAY, time(9, 30), UTC)
    return just_after, datetime.now(UTC) + timedelta(days=433, hours=7)
