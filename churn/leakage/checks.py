"""What every kind of function must pass: the same answer again, later, in any order, by any id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from dis import get_instructions
from time import perf_counter

import polars as pl
import time_machine

from churn.domain.features import KEY
from churn.domain.windows import DAY, Windows
from churn.leakage.boxes import (
    Box,
    Difference,
    FailureError,
    Function,
    Output,
    World,
    codes,
    differences,
)
from churn.leakage.rules import Finding, Report
from churn.leakage.worlds import Maker, as_of_dates, example_of

SEED = 20240630
TIES = 0.8
"""So large a share of the customers may move when ties are broken by another id."""


class Audit:
    """One audit: the box, the example, and the findings so far, one for each rule and column."""

    def __init__(
        self,
        kind: str,
        function: Function,
        orders: pl.DataFrame | pl.LazyFrame,
        customers: pl.DataFrame | pl.LazyFrame,
        windows: Windows,
    ) -> None:
        self.kind = kind
        self.windows = windows
        self.example = example_of(orders, customers)
        self.box = Box(function, repeats=kind == "training")
        self.found: dict[tuple[str, str], Finding] = {}
        self.noisy: set[str] = set()
        self.skipped: dict[str, None] = {}
        self.begun = perf_counter()

    def makers(self, *, quick: bool) -> list[Maker]:
        dates = [self.windows] if quick else as_of_dates(self.windows)
        return [Maker.of(self.example, w, SEED + i) for i, w in enumerate(dates)]

    def add(self, rule: str, column: str, example: str) -> None:
        self.found.setdefault((rule, column), Finding(rule, column, example))

    def report(self) -> Report:
        findings, skipped = tuple(self.found.values()), tuple(self.skipped)
        seconds = perf_counter() - self.begun
        return Report(self.kind, findings, self.box.calls, seconds, skipped)

    def skip(self, what: str) -> None:
        """Note what could not be asked: it must not look as if it had been passed."""
        self.skipped[what] = None

    def differences(self, a: Output, b: Output, without: Sequence[str] = ()) -> list[Difference]:
        """Without the columns that differ anyway."""
        return differences(a, b, without=(*without, *self.noisy))

    # Checks that every kind shares

    @staticmethod
    def require_rows(output: Output) -> None:
        if output.rows.is_empty():
            raise FailureError("table", "it returned no rows for customers with known orders")

    def require_customers(self, output: Output) -> None:
        """Rows, and ids of the type that the tables have."""
        self.require_rows(output)
        found, wanted = output.rows.schema[KEY], self.example.customers.schema[KEY]
        if found != wanted:
            raise FailureError("table", f"{KEY} is of type {found}, in the tables {wanted}")

    def steadiness(self, maker: Maker, world: World, base: Output) -> bool:
        """The same input again; returns whether the order of the result has a meaning.

        It has one if it stays when the input is shuffled. Otherwise it is that of the input, or of
        a hash table, and says nothing.
        """
        again = [self.box(world, maker.windows) for _ in range(2)]
        for output in again:
            for d in self.differences(base, output):
                self.add("random", d.column, f"the same call twice: {d}")
                self.noisy.add(d.column)
        shuffled = [self.box(maker.reordered(world), maker.windows) for _ in range(2)]
        return all(output.order == base.order for output in (*again, *shuffled))

    def clock(self, world: World, windows: Windows) -> None:
        """Just after the as-of date, and more than a year from now."""
        base = self.box(world, windows)
        for moment in moments(windows):
            with time_machine.travel(moment, tick=False):
                other = self.box(world, windows)
            for d in self.differences(base, other):
                self.add("clock", d.column, f"the same call on {moment:%Y-%m-%d}: {d}")
        for code in codes(self.box.function):
            loaded = {i.argval for i in get_instructions(code) if i.opname == "LOAD_GLOBAL"}
            if "hash" in loaded:
                example = f"hash() in {code.co_name} says something else in every process"
                self.add("random", "", example)
            # NumPy asks the system itself, where no clock can be turned.
            if "datetime64" in code.co_names and {"now", "today"} & set(code.co_consts):
                self.add("clock", "", f"datetime64('now') or datetime64('today') in {code.co_name}")

    def memory(self, world: World, other: World, windows: Windows) -> None:
        """After another call, and with nothing remembered, the same input gives the same."""
        fresh = self.box(other, windows)
        self.box(world, windows)
        remembering = self.box(other, windows, forget=False)
        for d in self.differences(fresh, remembering):
            self.add("memory", d.column, f"first alone, then after another call: {d}")

    def row_order(self, maker: Maker, world: World) -> None:
        plain = maker.one_order_a_day(world)
        a = self.box(plain, maker.windows)
        b = self.box(maker.reordered(plain), maker.windows)
        for d in self.differences(a, b):
            self.add("row-order", d.column, f"rows shuffled: {d}")

    def order_ids(self, maker: Maker, world: World) -> None:
        plain = maker.one_order_a_day(world)
        renumbered = maker.renumbered_orders(plain)
        if renumbered is not None:
            a, b = self.box(plain, maker.windows), self.box(renumbered, maker.windows)
            for d in self.differences(a, b):
                self.add("id", d.column, f"order ids handed out anew: {d}")

    def customer_ids(self, maker: Maker, world: World) -> None:
        """New numbers in the same order; then in any order, by which only a few ties may break."""
        plain = maker.one_order_a_day(world)
        base = self.box(plain, maker.windows)
        for ordered in (True, False):
            renamed, old = maker.renumbered_customers(plain, ordered=ordered)
            output = self.box(renamed, maker.windows)
            ids = [old.get(name, name) for name in map(str, output.rows[KEY])]
            back = output.rows.with_columns(pl.Series(KEY, ids).cast(base.rows.schema[KEY]))
            named = Output(back.sort(KEY, maintain_order=True), output.order, output.columns)
            for d in self.differences(base, named):
                few = d.moved <= TIES * base.rows.height
                if ordered or not few:
                    self.add("id", d.column, f"customer ids handed out anew: {d}")

    def past_matters(self, maker: Maker, world: World, base: Output) -> None:
        """Every change of what is known at once and one by one; something must move."""
        if self.noisy or base.rows.width == 1:
            return
        for changed in maker.pasts(world):
            try:
                moved = self.box(changed, maker.windows)
            except FailureError:
                return  # it does react
            common = set(map(str, base.rows[KEY])) & set(map(str, moved.rows[KEY]))
            if common and differences(base, moved, customers=common):
                return
        example = "known orders and attributes changed, removed and added, and no value moved"
        self.add("ignores-input", "", example)


def moments(windows: Windows) -> tuple[datetime, datetime]:
    """Times at which a function that asks the clock would say something else."""
    just_after = datetime.combine(windows.as_of + DAY, time(9, 30), UTC)
    return just_after, datetime.now(UTC) + timedelta(days=433, hours=7)
