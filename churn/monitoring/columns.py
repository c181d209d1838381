"""A column as arrays: numbers, or words as codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Numbers:
    """One number a row; NaN and infinite values are missing. Booleans are 0 and 1."""

    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    @property
    def known(self) -> Floats:
        return self.values[np.isfinite(self.values)]

    def take(self, rows: npt.NDArray[np.generic]) -> Numbers:
        return Numbers(self.values[rows])


@dataclass(frozen=True)
class Words:
    """One word a row, as its position in `words`; -1 is missing."""

    codes: Ints
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: npt.NDArray[np.generic]) -> Words:
        return Words(self.codes[rows], self.words)


Column: TypeAlias = Numbers | Words


def words(values: Iterable[str | None]) -> Words:
    """Codes of the values, which are numbered in ascending order."""
    rows = list(values)
    known = sorted({value for value in rows if value is not None})
    position = {word: code for code, word in enumerate(known)}
    codes = [-1 if value is None else position[value] for value in rows]
    return Words(np.array(codes, dtype=np.int64), tuple(known))


def as_numbers(column: Column) -> Numbers:
    """Words read as numbers; what is no number is missing."""
    if isinstance(column, Numbers):
        return column
    table = np.array([*map(_number, column.words), np.nan])
    return Numbers(table[column.codes])


def as_words(column: Column) -> Words:
    """Numbers as text, whole ones without a point."""
    if isinstance(column, Words):
        return column
    known = np.isfinite(column.values)
    distinct, codes = np.unique(column.values[known], return_inverse=True)
    every = np.full(len(column), -1, dtype=np.int64)
    every[known] = codes
    return Words(every, tuple(f"{value:.17g}" for value in distinct))


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan
