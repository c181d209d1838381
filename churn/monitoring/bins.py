"""Bins, fixed once from the baseline; counts of two periods add up to the counts of both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from churn.monitoring.columns import Column, Floats, Ints, Numbers, Words, as_numbers, as_words

OTHER, NEW, MISSING = "OTHER", "NEW", "MISSING"
CATEGORIES = 20
"""The most frequent values with a bin of their own."""


@dataclass(frozen=True)
class QuantileBins:
    """Bin of x: the number of edges <= x. The last bin is MISSING."""

    edges: tuple[float, ...]

    @property
    def size(self) -> int:
        return len(self.edges) + 2

    @property
    def labels(self) -> tuple[str, ...]:
        ends = ("-inf", *(f"{edge:.6g}" for edge in self.edges), "inf")
        between = (f"[{a}, {b})" for a, b in pairwise(ends))
        return (*between, MISSING)

    def assign(self, column: Column) -> Ints:
        values = as_numbers(column).values
        codes = np.searchsorted(np.array(self.edges), values, side="right")
        return np.where(np.isfinite(values), codes, self.size - 1)


@dataclass(frozen=True)
class CategoryBins:
    """A bin for each frequent value, then OTHER, NEW and MISSING.

    Args:
        values: Those with a bin of their own, the most frequent first.
        rare: The other values of the baseline, whose bin is OTHER.
        unseen: The share of rows with a value never seen before that is to be expected
            without any drift: values seen once over rows (Good 1953).
    """

    values: tuple[str, ...] | tuple[float, ...]
    rare: tuple[str, ...] | tuple[float, ...]
    unseen: float

    @property
    def size(self) -> int:
        return len(self.values) + 3

    @property
    def labels(self) -> tuple[str, ...]:
        names = (v if isinstance(v, str) else f"{v:.6g}" for v in self.values)
        return (*names, OTHER, NEW, MISSING)

    @property
    def new(self) -> int:
        return self.size - 2

    def assign(self, column: Column) -> Ints:
        known = (*self.values, *self.rare)
        bins = np.minimum(np.arange(len(known)), len(self.values))
        if any(isinstance(value, str) for value in known):
            return self._assign_words(as_words(column), dict(zip(known, bins, strict=True)))
        return self._assign_numbers(as_numbers(column).values, np.array(known), bins)

    def _assign_words(self, column: Words, bins: dict[str | float, np.int64]) -> Ints:
        table = [*(bins.get(word, self.new) for word in column.words), self.size - 1]
        return np.array(table, dtype=np.int64)[column.codes]

    def _assign_numbers(self, values: Floats, known: Floats, bins: Ints) -> Ints:
        codes = np.full(len(values), self.new)
        if len(known):
            order = np.argsort(known)
            place = np.minimum(np.searchsorted(known[order], values), len(known) - 1)
            same = known[order][place] == values
            codes[same] = bins[order][place[same]]
        return np.where(np.isfinite(values), codes, self.size - 1)


Bins: TypeAlias = QuantileBins | CategoryBins


def fit(column: Column) -> Bins:
    """Bins of the baseline: deciles of numbers with more than 10 distinct values, else values."""
    if isinstance(column, Numbers):
        values, counts = np.unique(column.known, return_counts=True)
        if len(values) > 10:
            return QuantileBins(edges(column.known))
        return _categories([float(value) for value in values], counts, len(column))
    counts = np.bincount(column.codes + 1, minlength=len(column.words) + 1)[1:]
    order = sorted(np.flatnonzero(counts), key=lambda code: column.words[code])
    return _categories([column.words[code] for code in order], counts[order], len(column))


def edges(known: Floats) -> tuple[float, ...]:
    """Order statistics at (k m + 9) // 10 for k = 1..9, without doubles and without the minimum.

    They are PERCENTILE_DISC(k / 10) in SQL and NumPy's `inverted_cdf`.
    """
    places = (np.arange(1, 10) * len(known) + 9) // 10 - 1
    cuts = np.unique(np.partition(known, places)[places])
    return tuple(float(cut) for cut in cuts if cut > known.min())


def count(codes: Ints, size: int, group: Ints, groups: int) -> Ints:
    """Rows in each bin of each group, shape (groups, size); rows of group -1 are left out."""
    if len(group) and group.min() < 0:
        codes, group = codes[group >= 0], group[group >= 0]
    return np.bincount(group * size + codes, minlength=groups * size).reshape(groups, size)


def _categories(
    values: list[str] | list[float], counts: npt.NDArray[np.int64], rows: int
) -> CategoryBins:
    order = np.argsort(-counts, kind="stable")  # stable: ties by value, ascending
    kept = [i for i in order if 100 * counts[i] >= rows][:CATEGORIES]
    rare = sorted(set(range(len(values))) - set(kept))
    table = np.array(values, dtype=object)
    return CategoryBins(
        values=tuple(table[kept]),
        rare=tuple(table[rare]),
        unseen=float((counts == 1).sum() / rows) if rows else 0.0,
    )
