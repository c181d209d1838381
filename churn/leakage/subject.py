"""A function as a black box: called with one world after another, its results made comparable."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from churn.domain.definitions import WINDOWS
from churn.domain.errors import UsageError
from churn.domain.windows import Windows
from churn.engines.polars import PolarsFrame
from churn.leakage.memory import Memory
from churn.leakage.worlds import World

Function = Callable[..., Any]

TOLERANCE = 1e-9
"""Relative: the last bits of a sum depend on the order of addition."""


class FailureError(Exception):
    """The function gave nothing that can be compared."""

    def __init__(self, rule: str, example: str) -> None:
        super().__init__(example)
        self.rule = rule
        self.example = example


@dataclass(frozen=True)
class Difference:
    """How two results differ in one column, for the first entity in which they do.

    Args:
        kind: value, membership, columns or order.
        moved: In how many entities they differ.
    """

    kind: str
    column: str
    entity: str
    before: object
    after: object
    moved: int = 1

    def __str__(self) -> str:
        match self.kind:
            case "membership":
                return f"{self.entity} is {self.before}, then {self.after}"
            case "columns" | "order":
                return f"the {self.kind} of the result: {self.before}, then {self.after}"
            case _:
                before, after = _shown(self.before, self.after)
                return f"{self.column} of {self.entity}: {before}, then {after}"


def _shown(before: object, after: object) -> tuple[object, object]:
    """Without the last bits, which depend on the order of sums, unless they are what differs."""
    if not (isinstance(before, float) and isinstance(after, float)):
        return before, after
    short = f"{before:.12g}", f"{after:.12g}"
    return (before, after) if short[0] == short[1] else short


@dataclass(frozen=True)
class Output:
    """A result: sorted by key, and as it came."""

    key: str
    rows: pl.DataFrame
    order: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def ids(self) -> list[str]:
        return list(map(str, self.rows[self.key]))


class FunctionUnderTest:
    """The function with its calls counted; frames are passed as it wants them.

    Args:
        tables: The tables of the example, in lower case.
        by_name: Whether its parameters name its tables; otherwise it takes all, in their order.

    Raises:
        UsageError: A parameter names no table.
    """

    def __init__(
        self,
        function: Function,
        key: str,
        tables: Sequence[str],
        *,
        by_name: bool,
        label: str = "",
        repeats: bool = False,
    ) -> None:
        self.function = function
        self.key = key
        self.label = label
        self.repeats = repeats
        self.calls = 0
        self.memory = Memory(function)
        self.windows = WINDOWS
        self.tables = tuple(tables)
        if by_name:
            self.tables, self.windows = _parameters(function, tables)
        self.by_name = by_name
        self._adapt: Callable[[pl.DataFrame], Any] | None = None

    def __call__(self, world: World, windows: Windows, *, forget: bool = True) -> Output:
        """
        Args:
            forget: Undo first whatever the function remembers, so that no cache hides a leak.

        Raises:
            FailureError: It raised, or what it returned is no table of entities.
        """
        if forget:
            self.memory.forget()
        return self._output(self._returned(world, windows))

    def _returned(self, world: World, windows: Windows) -> Any:
        errors = []
        for adapt in (
            [self._adapt] if self._adapt else [pl.DataFrame.clone, pl.DataFrame.lazy, _ours]
        ):
            self.calls += 1
            try:
                rows = _collected(self._call(adapt, world, windows))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - also SystemExit, and panics of Polars
                text = str(error).strip().splitlines() or [""]
                errors.append(f"{type(error).__name__}: {text[0]}")
                continue
            self._adapt = adapt
            return rows
        raise FailureError("crash", "; ".join(dict.fromkeys(errors)))

    def _call(self, adapt: Callable[[pl.DataFrame], Any], world: World, windows: Windows) -> Any:
        tables = {name: adapt(world[name]) for name in self.tables}
        if self.by_name:
            return self.function(**tables, **{self.windows: windows})
        return self.function(*tables.values(), windows)

    def _output(self, rows: Any) -> Output:
        key = self.key
        if not isinstance(rows, pl.DataFrame):
            raise FailureError("table", f"it returned {type(rows).__name__}")
        if key not in rows.columns:
            there = ", ".join(rows.columns) or "none"
            raise FailureError("table", f"no column {key}; it has {there}")
        ids = rows[key]
        if ids.dtype.is_nested() or ids.dtype == pl.Object:
            raise FailureError("table", f"{key} is of type {ids.dtype}")
        if ids.null_count():
            raise FailureError("one-row-per-entity", f"{ids.null_count()} rows without {key}")
        if not self.repeats and ids.is_duplicated().any():
            twice = str(ids.filter(ids.is_duplicated())[0])
            raise FailureError("one-row-per-entity", f"{twice} stands on several rows")
        if isinstance(ids.dtype, pl.Categorical | pl.Enum):
            rows = rows.with_columns(pl.col(key).cast(pl.String))
        by = [key, *self._told_apart(rows)] if self.repeats else [key]
        ordered = rows.sort(by, maintain_order=True)
        return Output(key, ordered, tuple(map(str, ids)), tuple(rows.columns))

    def _told_apart(self, rows: pl.DataFrame) -> list[str]:
        """The columns that tell rows of one entity apart: dates first, and never the label."""
        plain = {
            n: t
            for n, t in rows.schema.items()
            if n not in (self.key, self.label) and not t.is_nested() and t != pl.Object
        }
        return sorted(plain, key=lambda n: not plain[n].is_temporal())


def _parameters(function: Function, tables: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The tables that the function takes, and what it calls the windows: its last parameter."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the parameters of {function!r} cannot be read: {error}",
            "Wrap it in a function that takes tables by name, and windows.",
        ) from error
    named = [p.name for p in parameters if p.default is p.empty]
    varied = [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)]
    last = WINDOWS if WINDOWS in named else next(reversed(named), None)
    if varied or last is None or last in tables:
        raise UsageError(
            f"the function takes ({', '.join(map(str, parameters))})",
            "It takes tables by name, in lower case, and windows last: (orders, tickets, windows).",
        )
    names = tuple(name for name in named if name != last)
    for name in names:
        if name not in tables:
            raise UsageError.unknown("table of the example", name, tables)
    return names, last


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


def differences(
    a: Output,
    b: Output,
    *,
    without: Collection[str] = (),
    entities: set[str] | None = None,
    tolerance: Mapping[str, float] | None = None,
) -> list[Difference]:
    """All columns in which two results differ; the order of rows is compared elsewhere.

    Args:
        entities: Compare these only.
        tolerance: Relative, by column; `TOLERANCE` for the others.
    """
    if a.columns != b.columns:
        kind = "columns"
        return [Difference(kind, "", "", _brief(a.columns), _brief(b.columns))]
    key, left, right = a.key, a.rows, b.rows
    if entities is not None:
        chosen = pl.col(key).cast(pl.String).is_in(list(entities))
        left, right = left.filter(chosen), right.filter(chosen)
    if not left[key].equals(right[key]):
        counts = [dict(zip(*_counts(side[key]), strict=True)) for side in (left, right)]
        name = next(n for n in {**counts[0], **counts[1]} if counts[0].get(n) != counts[1].get(n))
        before, after = (
            "absent" if name not in c else "there" if c[name] == 1 else f"on {c[name]} rows"
            for c in counts
        )
        return [Difference("membership", "", name, before, after)]
    differing = []
    for column in a.columns:
        if column == key or column in without:
            continue
        allowed = (tolerance or {}).get(column, TOLERANCE)
        moved = _moved(left[column], right[column], allowed)
        if len(moved):
            where = int(moved[0])
            entity = str(left[key][where])
            before, after = left[column][where], right[column][where]
            differing.append(Difference("value", column, entity, before, after, len(moved)))
    return differing


def noise(a: Output, b: Output) -> dict[str, float]:
    """By column of floats, the largest relative difference between two results of one truth."""
    if a.columns != b.columns or not a.rows[a.key].equals(b.rows[b.key]):
        return {}
    found = {}
    for name, kind in a.rows.schema.items():
        if kind.is_float() and b.rows.schema[name].is_float():
            x, y = (side.rows[name].cast(pl.Float64).to_numpy() for side in (a, b))
            both = np.isfinite(x) & np.isfinite(y)
            size = np.maximum(np.abs(x[both]), np.abs(y[both]))
            gaps = np.abs(x[both] - y[both])[size > 0] / size[size > 0]
            found[name] = float(gaps.max(initial=0))
    return found


def _counts(ids: pl.Series) -> tuple[list[str], list[int]]:
    counted = ids.cast(pl.String).value_counts(sort=False)
    return counted[ids.name].to_list(), counted["count"].to_list()


def _moved(a: pl.Series, b: pl.Series, tolerance: float) -> pl.Series:
    """The rows in which two columns differ."""
    floats = a.dtype.is_float() or b.dtype.is_float()
    if floats and a.dtype.is_numeric() and b.dtype.is_numeric():
        x, y = (side.cast(pl.Float64).to_numpy() for side in (a, b))
        scale = max(float(np.nanmax(np.abs(v), initial=0, where=np.isfinite(v))) for v in (x, y))
        close = np.isclose(x, y, rtol=tolerance, atol=tolerance * 1e-3 * scale, equal_nan=True)
        same = pl.Series(close) & (a.is_null() == b.is_null())
    elif a.dtype == b.dtype and not a.dtype.is_nested() and a.dtype != pl.Object:
        same = a.eq_missing(b)
    else:
        pairs = zip(a.to_list(), b.to_list(), strict=True)
        same = pl.Series([p == q for p, q in pairs], dtype=pl.Boolean)
    return (~same).arg_true()


def _brief(names: tuple[str, ...]) -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
