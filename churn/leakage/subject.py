"""A function as a black box: called with one world after another, its results made comparable."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from churn.domain.features import KEY
from churn.domain.labels import LABEL
from churn.domain.windows import Windows
from churn.engines.polars import PolarsFrame

Function = Callable[..., Any]

DEPTH = 6
"""How deep the audit follows what a function holds on to."""

TOLERANCE = 1e-9
"""Relative: the last bits of a sum depend on the order of addition."""


@dataclass(frozen=True)
class World:
    """Tables that a function can be called with."""

    orders: pl.DataFrame
    customers: pl.DataFrame


class FailureError(Exception):
    """The function gave nothing that can be compared."""

    def __init__(self, rule: str, example: str) -> None:
        super().__init__(example)
        self.rule = rule
        self.example = example


@dataclass(frozen=True)
class Difference:
    """How two results differ in one column, for the first customer in whom they do.

    Args:
        kind: value, membership, columns or order.
        moved: In how many customers they differ.
    """

    kind: str
    column: str
    customer: str
    before: object
    after: object
    moved: int = 1

    def __str__(self) -> str:
        match self.kind:
            case "membership":
                return f"customer {self.customer} is {self.before}, then {self.after}"
            case "columns" | "order":
                return f"the {self.kind} of the result: {self.before}, then {self.after}"
            case _:
                return f"{self.column} of {self.customer}: {self.before}, then {self.after}"


@dataclass(frozen=True)
class Output:
    """A result: sorted by key, and as it came."""

    rows: pl.DataFrame
    order: tuple[str, ...]
    columns: tuple[str, ...]


class Box:
    """The function with its calls counted; frames are passed as it wants them."""

    def __init__(self, function: Function, *, repeats: bool = False) -> None:
        self.function = function
        self.repeats = repeats
        self.calls = 0
        self.memory = Memory(function)
        self._adapt: Callable[[pl.DataFrame], Any] | None = None

    def __call__(self, world: World, windows: Windows, *, forget: bool = True) -> Output:
        """
        Args:
            forget: Undo first whatever the function remembers, so that no cache hides a leak.

        Raises:
            FailureError: It raised, or what it returned is no table of customers.
        """
        if forget:
            self.memory.forget()
        return _output(self._returned(world, windows), repeats=self.repeats)

    def _returned(self, world: World, windows: Windows) -> Any:
        errors = []
        for adapt in (
            [self._adapt] if self._adapt else [pl.DataFrame.clone, pl.DataFrame.lazy, _ours]
        ):
            self.calls += 1
            try:
                result = self.function(adapt(world.orders), adapt(world.customers), windows)
                rows = _collected(result)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - also SystemExit, and panics of Polars
                text = str(error).strip().splitlines() or [""]
                errors.append(f"{type(error).__name__}: {text[0]}")
                continue
            self._adapt = adapt
            return rows
        raise FailureError("crash", "; ".join(dict.fromkeys(errors)))


def _ours(frame: pl.DataFrame) -> PolarsFrame:
    return PolarsFrame(frame.lazy())


def _collected(result: Any) -> Any:
    if isinstance(result, PolarsFrame):
        return result.lazy.collect()
    if isinstance(result, pl.LazyFrame):
        return result.collect()
    if type(result).__module__.startswith("pandas") and hasattr(result, "columns"):
        return pl.from_pandas(result)
    return result


def _output(rows: Any, *, repeats: bool) -> Output:
    if not isinstance(rows, pl.DataFrame):
        raise FailureError("table", f"it returned {type(rows).__name__}")
    if KEY not in rows.columns:
        raise FailureError("table", f"no column {KEY}; found {', '.join(rows.columns) or 'none'}")
    ids = rows[KEY]
    if ids.dtype.is_nested() or ids.dtype == pl.Object:
        raise FailureError("table", f"{KEY} is of type {ids.dtype}")
    if ids.null_count():
        raise FailureError("one-row-per-customer", f"{ids.null_count()} rows without {KEY}")
    if not repeats and ids.is_duplicated().any():
        twice = str(ids.filter(ids.is_duplicated())[0])
        raise FailureError("one-row-per-customer", f"customer {twice} stands on several rows")
    if isinstance(ids.dtype, pl.Categorical | pl.Enum):
        rows = rows.with_columns(pl.col(KEY).cast(pl.String))
    by = [KEY, *_plain_columns(rows)] if repeats else [KEY]
    return Output(rows.sort(by, maintain_order=True), tuple(map(str, ids)), tuple(rows.columns))


def _plain_columns(rows: pl.DataFrame) -> list[str]:
    """The columns that tell rows of one customer apart: dates first, and never the label."""
    plain = {
        n: t
        for n, t in rows.schema.items()
        if n not in (KEY, LABEL) and not t.is_nested() and t != pl.Object
    }
    return sorted(plain, key=lambda n: not plain[n].is_temporal())


def differences(
    a: Output, b: Output, *, without: tuple[str, ...] = (), customers: set[str] | None = None
) -> list[Difference]:
    """All columns in which two results differ; the order of rows is compared elsewhere.

    Args:
        customers: Compare these only.
    """
    if a.columns != b.columns:
        kind = "columns"
        return [Difference(kind, "", "", _brief(a.columns), _brief(b.columns))]
    left, right = a.rows, b.rows
    if customers is not None:
        chosen = pl.col(KEY).cast(pl.String).is_in(list(customers))
        left, right = left.filter(chosen), right.filter(chosen)
    if not left[KEY].equals(right[KEY]):
        counts = [dict(zip(*_counts(side[KEY]), strict=True)) for side in (left, right)]
        name = next(n for n in {**counts[0], **counts[1]} if counts[0].get(n) != counts[1].get(n))
        before, after = (
            "absent" if name not in c else "there" if c[name] == 1 else f"on {c[name]} rows"
            for c in counts
        )
        return [Difference("membership", "", name, before, after)]
    found = []
    for column in a.columns:
        if column == KEY or column in without:
            continue
        moved = _moved(left[column], right[column])
        if len(moved):
            where = int(moved[0])
            customer = str(left[KEY][where])
            before, after = left[column][where], right[column][where]
            found.append(Difference("value", column, customer, before, after, len(moved)))
    return found


def _counts(ids: pl.Series) -> tuple[list[str], list[int]]:
    counted = ids.cast(pl.String).value_counts(sort=False)
    return counted[ids.name].to_list(), counted["count"].to_list()


def _moved(a: pl.Series, b: pl.Series) -> pl.Series:
    """The rows in which two columns differ."""
    floats = a.dtype.is_float() or b.dtype.is_float()
    if floats and a.dtype.is_numeric() and b.dtype.is_numeric():
        x, y = (side.cast(pl.Float64).to_numpy() for side in (a, b))
        scale = max(float(np.nanmax(np.abs(v), initial=0, where=np.isfinite(v))) for v in (x, y))
        close = np.isclose(x, y, rtol=TOLERANCE, atol=TOLERANCE * 1e-3 * scale, equal_nan=True)
        same = pl.Series(close) & (a.is_null() == b.is_null())
    elif a.dtype == b.dtype and not a.dtype.is_nested() and a.dtype != pl.Object:
        same = a.eq_missing(b)
    else:
        pairs = zip(a.to_list(), b.to_list(), strict=True)
        same = pl.Series([p == q for p, q in pairs], dtype=pl.Boolean)
    return (~same).arg_true()


def _brief(names: tuple[str, ...]) -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")


class Memory:
    """What a function could keep between calls: globals, closures, attributes, defaults, caches.

    `forget` puts everything back to what it was when this was made. Files and other processes are
    out of its reach.
    """

    def __init__(self, function: Function) -> None:
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._module = getattr(_innermost(function), "__module__", None)
        self._watch(function)

    def forget(self) -> None:
        for undo in self._undo:
            undo()

    def _watch(self, thing: Any, depth: int = 0) -> None:  # noqa: C901 - one case a kind
        if id(thing) in self._seen or depth > DEPTH or isinstance(thing, types.ModuleType):
            return
        self._seen.add(id(thing))
        if hasattr(thing, "cache_clear"):
            self._undo.append(thing.cache_clear)
            self._watch(inspect.unwrap(thing), depth)
        elif isinstance(thing, functools.partial):
            for value in (thing.func, *thing.args, *thing.keywords.values()):
                self._watch(value, depth + 1)
        elif isinstance(thing, types.MethodType):
            self._watch(thing.__func__, depth)
            self._watch(thing.__self__, depth)
        elif isinstance(thing, types.FunctionType):
            if depth == 0 or thing.__module__ == self._module:
                self._function(thing, depth)
        elif isinstance(thing, type):
            if thing.__module__ == self._module:
                self._class(thing, depth)
        elif isinstance(thing, dict | list | set | deque):
            self._container(thing, depth)
        elif isinstance(getattr(thing, "__dict__", None), dict):
            self._container(thing.__dict__, depth)
            self._watch(type(thing), depth + 1)

    def _function(self, function: types.FunctionType, depth: int) -> None:
        self._container(function.__dict__, depth)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._watch(value, depth + 1)
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # a cell that is not yet filled
                self._undo.append(
                    functools.partial(setattr, cell, "cell_contents", cell.cell_contents)
                )
                self._watch(cell.cell_contents, depth + 1)
        variables = function.__globals__
        for name in _names(function.__code__):
            if name in variables:
                self._undo.append(functools.partial(variables.__setitem__, name, variables[name]))
                self._watch(variables[name], depth + 1)
            else:
                self._undo.append(functools.partial(variables.pop, name, None))

    def _class(self, thing: type, depth: int) -> None:
        for name, value in list(vars(thing).items()):
            if not name.startswith("__"):
                self._watch(getattr(value, "__func__", value), depth + 1)
                if not callable(value) and not isinstance(
                    value, classmethod | staticmethod | property
                ):
                    self._undo.append(functools.partial(setattr, thing, name, value))
        self._watch(vars(thing).get("__call__"), depth)

    def _container(self, kept: Any, depth: int) -> None:
        before = copy.copy(kept)

        def undo() -> None:
            kept.clear()
            if isinstance(kept, list | deque):
                kept.extend(before)
            else:
                kept.update(before)

        self._undo.append(undo)
        for value in list(before.values() if isinstance(before, dict) else before):
            self._watch(value, depth + 1)


def _innermost(function: Any) -> Any:
    """The function itself, out of partials, methods and wrappers; or the class of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "__func__", function))
    return function if hasattr(function, "__code__") else type(function)


def codes(function: Any) -> Iterator[types.CodeType]:
    """The code of the function and of the functions inside it."""
    inner = _innermost(function)
    called = vars(inner).get("__call__") if isinstance(inner, type) else inner
    todo = [called.__code__] if isinstance(called, types.FunctionType) else []
    while todo:
        yield (code := todo.pop())
        todo += [c for c in code.co_consts if isinstance(c, types.CodeType)]


def _names(code: types.CodeType) -> set[str]:
    """The names that code reads or writes, its inner functions included."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))
