"""Generated values, which over-sample what hurts."""

from __future__ import annotations

import math
from datetime import date, datetime

import polars as pl
from hypothesis import strategies as st

from churn.domain.expressions import Type
from churn.engines.types import TYPES

INTEGERS = (0, 1, -1, 2, 3, 7, -7, 100, 2**31, -(2**31), 2**53 + 1, -(2**53) - 1)
FLOATS: tuple[float, ...] = (
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.1,
    0.2,
    0.3,
    1 / 3,
    1e-9,
    123456.789,
    1e15 + 0.5,
)
FLOATS += (-1.005, 2.675, 1e18, -1e18, math.nan)
TEXTS: tuple[str, ...] = (
    "",
    " ",
    "a",
    "A",
    "aB",
    "b",
    "É",
    "é",
    " a ",
    "a\tb",
    "x'y",
    'x"y',
    "a\\b",
    "%",
    "_",
    "日本",
)
TEXTS += ("7", "-7", "+7", "07", "7.5", "1e3", "nan", " 7", "2024-02-29", "2023-02-29", "2024-2-9")
TEXTS += ("RETURNED", "returned", "null", "ab" * 10)
DATES = tuple(
    date.fromisoformat(d)
    for d in (
        *("2024-02-28", "2024-02-29", "2024-03-01", "2023-02-28", "2023-12-31", "2024-01-01"),
        *("2024-01-31", "2024-06-30", "2024-07-01", "2000-02-29", "1900-03-01", "1969-12-31"),
        *("2020-12-31", "2021-01-03", "2021-01-04", "2018-12-31"),
    )
)
TIMES = tuple(
    datetime(d.year, d.month, d.day, *clock)
    for d in DATES[:8]
    for clock in ((0, 0, 0), (23, 59, 59, 999999), (12, 30))
)

VALUES: dict[Type, st.SearchStrategy[object]] = {
    Type.INTEGER: st.sampled_from(INTEGERS) | st.integers(-1000, 1000),
    Type.FLOAT: st.sampled_from(FLOATS)
    | st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 4)),
    Type.TEXT: st.sampled_from(TEXTS) | st.text("aAbB1 é'", max_size=5),
    Type.BOOLEAN: st.booleans(),
    Type.DATE: st.sampled_from(DATES) | st.dates(date(1990, 1, 1), date(2035, 12, 31)),
    Type.TIMESTAMP: st.sampled_from(TIMES)
    | st.datetimes(datetime(1990, 1, 1), datetime(2035, 12, 31)),
}
SMALL = {
    **VALUES,
    Type.INTEGER: st.integers(-3, 3),
    Type.FLOAT: st.sampled_from((0.0, -0.0, 0.5, 1.5, -1.5, 0.1, 0.3)),
    Type.TEXT: st.sampled_from(("", "a", "A", "b")),
    Type.DATE: st.sampled_from(DATES[:3]),
}
"""Few different values: ties and duplicates."""


def column(kind: Type, *, small: bool = False) -> st.SearchStrategy[object]:
    values = (SMALL if small else VALUES)[kind]
    return st.none() | values | values | values


@st.composite
def frames(
    draw: st.DrawFn, kinds: dict[str, Type], *, max_size: int = 12, small: bool = False
) -> pl.DataFrame:
    """Rows of these columns, often none."""
    rows = draw(
        st.lists(
            st.tuples(*(column(kind, small=small) for kind in kinds.values())), max_size=max_size
        )
    )
    return pl.DataFrame(rows, schema={n: TYPES[k] for n, k in kinds.items()}, orient="row")
