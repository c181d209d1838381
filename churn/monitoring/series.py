"""A measure over the periods of a history, as arrays with one entry a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from churn.domain.rules import SCORE
from churn.monitoring.columns import Floats, Ints
from churn.monitoring.intervals import Figure

Kind: TypeAlias = Literal["drift", "performance", "data", "estimate"]


class Segment(NamedTuple):
    """The rows with this value in this column."""

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class Series:
    """One metric of one column in one segment; NaN where a period does not define it.

    Args:
        column: A feature, `@score`, or empty for performance.
        segment: None is everybody.
        n: Rows that the value rests on.
        enough: What a rule's least number is compared with: rows, or rows of the rarer class,
            in the period or in the baseline, whichever has fewer.
        p: The adjusted p-value that a rule may ask for; NaN where there is no test.
        baseline: The same metric of the reference rows.
        no_skill: The same metric without any skill.
        noise: What chance alone is expected to bring, without any change.
        usual: What a season like the baseline's own reaches, which is no news; 0: any is.
    """

    kind: Kind
    column: str
    metric: str
    segment: Segment | None
    value: Floats
    n: Ints
    baseline_n: int
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))
    enough: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    p: Floats = field(default_factory=lambda: np.empty(0))
    baseline: float = np.nan
    no_skill: Floats = field(default_factory=lambda: np.empty(0))
    noise: Floats = field(default_factory=lambda: np.empty(0))
    usual: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        undefined = np.full(len(self.value), np.nan)
        for name in ("low", "high", "p", "no_skill"):
            if len(getattr(self, name)) != len(self.value):
                object.__setattr__(self, name, undefined)
        for name in ("noise", "usual"):
            if len(getattr(self, name)) != len(self.value):
                object.__setattr__(self, name, np.zeros(len(self.value)))
        if len(self.enough) != len(self.value):
            object.__setattr__(self, "enough", np.minimum(self.n, self.baseline_n))

    @property
    def is_feature(self) -> bool:
        return self.column not in {"", SCORE}


def floats(values: Sequence[float | None]) -> Floats:
    """None as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def of_figures(
    metric: str, segment: Segment | None, figures: Sequence[Figure], baseline: Figure
) -> Series:
    """A performance metric, one figure a period."""
    return Series(
        *("performance", "", metric, segment),
        value=floats([figure.value for figure in figures]),
        n=np.array([figure.n for figure in figures], dtype=np.int64),
        baseline_n=baseline.n,
        low=floats([figure.low for figure in figures]),
        high=floats([figure.high for figure in figures]),
        baseline=float("nan") if baseline.value is None else baseline.value,
    )
