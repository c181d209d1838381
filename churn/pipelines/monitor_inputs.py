"""Anybody's files as the rows that a monitor measures; whatever is odd is a finding by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from churn.domain.errors import DataError, UsageError
from churn.monitoring.columns import Bools, Column, Floats, Ints, Numbers, Words, as_numbers

Start: TypeAlias = date | int

VERSIONS = ("VERSION", "MODEL_VERSION", "MODEL", "MODEL_NAME")
"""Columns that say which model scored: never features."""

BLANK = {"", "na", "n/a", "nan", "null", "none"}
"""Texts that stand for a missing number, in any case."""

SEGMENT_VALUES = 50


@dataclass(frozen=True)
class Names:
    """The columns of the files; see `monitor_files.run`."""

    key: str
    time: str
    score: str
    prediction: str | None = None
    label: str | None = None
    outcome_time: str | None = None
    features: tuple[str, ...] | None = None
    segments: tuple[str, ...] = ()
    reference: str | None = None

    @property
    def roles(self) -> set[str]:
        """Columns that are no features unless they are named as such."""
        named = (self.key, self.time, self.score, self.prediction, self.label)
        return {name for name in (*named, self.outcome_time, self.reference) if name}


@dataclass(frozen=True)
class Periods:
    """Of each period when it starts; the number of the period of each row."""

    starts: tuple[Start, ...]
    of_row: Ints


def read(path: Path) -> pl.DataFrame:
    """The whole file, types as they are found.

    Raises:
        UsageError: The file ends neither in .csv nor in .parquet.
        DataError: It is not there or cannot be read.
    """
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": _read_csv,
        ".parquet": pl.read_parquet,
    }
    if path.suffix not in readers:
        raise UsageError(
            f"{path} ends in {path.suffix or 'nothing'}",
            f"Name a file that ends in {' or '.join(readers)}.",
        )
    try:
        return readers[path.suffix](path)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}", "Check the path.") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"cannot read {path}: {reason}", "Write the file again.") from error


def _read_csv(path: Path) -> pl.DataFrame:
    """Types from the first rows; where later ones contradict them, from every row."""
    try:
        return pl.read_csv(path, infer_schema_length=1000, try_parse_dates=True)
    except pl.exceptions.ComputeError:
        # A fifteenth of the time of infer_schema_length=None, measured on 350 MB.
        return pl.DataFrame([_typed(column) for column in pl.read_csv(path, infer_schema=False)])


def _typed(text: pl.Series) -> pl.Series:
    """Whole numbers, numbers or dates, if all of its values are."""
    for column in (
        text.cast(pl.Int64, strict=False),
        text.cast(pl.Float64, strict=False),
        text.str.to_date("%Y-%m-%d", strict=False),
    ):
        if column.null_count() == text.null_count():
            return column
    return text


def need(frame: pl.DataFrame, path: Path, columns: Iterable[str | None]) -> None:
    """Nothing, if they are there.

    Raises:
        DataError: One is not; says which there are.
    """
    for name in columns:
        if name and name not in frame.columns:
            raise DataError.unknown(f"column in {path.name} named", name, frame.columns)


def times(column: pl.Series, path: Path) -> pl.Series:
    """Dates, or whole numbers as they are; integers that read as 20240630 are dates.

    Raises:
        DataError: A value is neither.
    """
    kind = column.dtype
    if kind == pl.Date:
        return column
    if isinstance(kind, pl.Datetime):
        return column.dt.date()
    if kind.is_integer():
        compact = column.cast(pl.String).str.to_date("%Y%m%d", strict=False)
        is_date = column.len() > 0 and compact.null_count() == column.null_count()
        return compact if is_date else column.cast(pl.Int64)
    text = column.cast(pl.String)
    parsed = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    wrong = text.filter(parsed.is_null() & text.is_not_null())
    if len(wrong):
        raise DataError(
            f"{path.name}: {column.name} holds {wrong[0]!r}, which is neither a date "
            "(2024-06-30) nor a whole number",
            f"Correct the {len(wrong)} values, or name another column with --time.",
        )
    return parsed


def periods(column: pl.Series, every: str) -> Periods:
    """Distinct times, grouped: blocks of 7 or N days from the first, calendar months, or numbers.

    A period is named by the earliest time among its rows; one without rows by its first day.
    Whole numbers are periods of their own with `week` and `month`, blocks with N.

    Raises:
        UsageError: `every` is something else.
    """
    if every not in {"week", "month"} and not (every.isdecimal() and int(every) > 0):
        raise UsageError(
            f"--every is {every!r}", "Choose week, month, or a number of days like 14."
        )
    if column.is_empty():
        return Periods((), np.empty(0, dtype=np.int64))
    if column.dtype != pl.Date:
        return _numbered(column, 1 if every in {"week", "month"} else int(every))
    first: date = column.min()  # type: ignore[assignment]
    if every == "month":
        months = column.dt.year() * 12 + column.dt.month().cast(pl.Int32)
        return _named(column, months - (first.year * 12 + first.month), _Months(first))
    days = 7 if every == "week" else int(every)
    return _named(column, (column - first).dt.total_days() // days, _Days(first, days))


@dataclass(frozen=True)
class _Days:
    first: date
    length: int

    def start(self, number: int) -> date:
        return self.first + timedelta(days=number * self.length)


@dataclass(frozen=True)
class _Months:
    first: date

    def start(self, number: int) -> date:
        months = self.first.year * 12 + self.first.month - 1 + number
        return date(months // 12, months % 12 + 1, 1)


def _named(column: pl.Series, number: pl.Series, grid: _Days | _Months) -> Periods:
    earliest = (
        pl.DataFrame({"number": number, "time": column})
        .group_by("number")
        .agg(pl.col("time").min())
    )
    seen = dict(earliest.iter_rows())
    starts = tuple(seen.get(i, grid.start(i)) for i in range(int(max(seen)) + 1))
    return Periods(starts, number.cast(pl.Int64).to_numpy())


def _numbered(column: pl.Series, length: int) -> Periods:
    if length == 1:
        distinct = column.unique().sort()
        place = column.rank("dense") - 1
        return Periods(tuple(distinct.to_list()), place.cast(pl.Int64).to_numpy())
    first = int(column.min())  # type: ignore[arg-type]
    number = (column - first) // length
    count = int(number.max()) + 1  # type: ignore[arg-type]
    return Periods(
        tuple(first + i * length for i in range(count)), number.cast(pl.Int64).to_numpy()
    )


def numbers(column: pl.Series) -> Floats:
    """NaN where there is none."""
    values: Floats = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return values.astype(np.float64)


def flags(column: pl.Series, path: Path) -> Floats:
    """1, 0 or NaN, from booleans, 0 and 1, or words like true and no.

    Raises:
        DataError: Another value.
    """
    if column.dtype == pl.String:
        words = {
            "1": 1.0,
            "0": 0.0,
            "1.0": 1.0,
            "0.0": 0.0,
            "true": 1.0,
            "false": 0.0,
            "yes": 1.0,
            "no": 0.0,
        }
        lower = column.str.strip_chars().str.to_lowercase()
        lower = lower.set(lower.is_in([*BLANK]), None)
        values = numbers(lower.replace_strict(words, default=-1.0, return_dtype=pl.Float64))
        values[lower.is_null().to_numpy()] = np.nan
    else:
        values = numbers(column)
    wrong = ~np.isnan(values) & ~np.isin(values, (0.0, 1.0))
    if wrong.any():
        raise DataError(
            f"{path.name}: {column.name} holds {column[int(np.argmax(wrong))]!r}, "
            "expected 1 or 0, true or false",
            f"Correct its {int(wrong.sum())} other values, or name another column.",
        )
    return values


def words(column: pl.Series) -> Words:
    text = column.cast(pl.String)
    known = text.drop_nulls().unique().sort()
    codes = text.cast(pl.Enum(known)).to_physical().cast(pl.Int64).fill_null(-1)
    return Words(codes.to_numpy(), tuple(known.to_list()))


def feature(column: pl.Series) -> Column:
    """Numbers where the values are, also where they were written as text."""
    kind = column.dtype
    if kind.is_numeric() or kind == pl.Boolean:
        return Numbers(numbers(column))
    if kind == pl.Null:
        return Numbers(np.full(len(column), np.nan))
    text = words(column)
    spoken = tuple(word for word in text.words if word.strip().lower() not in BLANK)
    if spoken and {word.lower() for word in spoken} <= {"true", "false"}:
        return Numbers(numbers(column.cast(pl.String).str.to_lowercase() == "true"))
    parsed = as_numbers(Words(np.arange(len(spoken)), spoken)).values
    return text if not spoken or np.isnan(parsed).any() else as_numbers(text)


def chosen_features(
    baseline: pl.DataFrame, predictions: pl.DataFrame, names: Names
) -> tuple[list[str], list[str]]:
    """The columns to watch, and a finding for each that is left out for a reason."""
    if names.features is not None:
        return _named_features(baseline, predictions, names.features)
    shared = [
        name
        for name in baseline.columns
        if name in predictions.columns and name not in names.roles and name.upper() not in VERSIONS
    ]
    clocks = _clocks(predictions, shared, names.time)
    reasons = {name: reason for name in shared if (reason := _unfit(baseline[name]))}
    reasons |= dict.fromkeys(clocks, "all rows of one time share its value, so it is a time itself")
    findings = [f"column {name} is not watched: {reason}" for name, reason in reasons.items()]
    for verb, one, other in (
        ("vanished", baseline, predictions),
        ("appeared", predictions, baseline),
    ):
        names_only = sorted(set(one.columns) - set(other.columns) - names.roles)
        findings += [f"column {name} {verb}: not in both files, not watched" for name in names_only]
    return [name for name in shared if name not in reasons], findings


def _named_features(
    baseline: pl.DataFrame, predictions: pl.DataFrame, wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    kept, findings = [], []
    for name in wanted:
        if name not in baseline.columns:
            if name not in predictions.columns:
                raise UsageError.unknown("feature", name, baseline.columns)
            findings.append(f"column {name} appeared: not in the baseline, cannot be judged")
        elif _is_time(baseline[name]) or baseline[name].dtype.is_nested():
            findings.append(f"column {name} is not watched: {_unfit(baseline[name])}")
        else:
            kept.append(name)
            if name not in predictions.columns:
                findings.append(f"column {name} vanished: all its values count as missing")
    return kept, findings


def _is_time(column: pl.Series) -> bool:
    return column.dtype.is_temporal()


def _unfit(column: pl.Series) -> str | None:
    """Why a column says nothing about drift, unless somebody names it as a feature."""
    if _is_time(column):
        return "it is a time, which always moves; make it a number of days"
    if column.dtype.is_nested():
        return f"its type is {column.dtype}"
    known = column.drop_nulls()
    distinct = known.n_unique() if len(known) else 0
    text = column.dtype == pl.String
    if text and distinct > 100 and distinct > 0.5 * len(known):
        return f"its {distinct} distinct values look like an identifier"
    if column.dtype.is_integer() and distinct == len(known) > 10:
        first, last = int(known.min()), int(known.max())  # type: ignore[arg-type]
        if column.name.upper().endswith("ID") or last - first + 1 == distinct:
            return "it looks like an identifier"
    return None


def _clocks(frame: pl.DataFrame, columns: Sequence[str], time: str) -> list[str]:
    """Numbers like that of the week, which move without any drift."""
    ends = (frame[time].min(), frame[time].max()) if frame.height else ()
    groups = [frame.filter(pl.col(time) == pl.lit(end)) for end in ends]
    if min((group.height for group in groups), default=0) < 20:
        return []
    numeric = [name for name in columns if frame[name].dtype.is_numeric()]
    same = [n for n in numeric if all(group[n].n_unique() == 1 for group in groups)]
    return [n for n in same if frame[n].n_unique() > 2 and groups[0][n][0] != groups[1][n][0]]


def segment_words(column: pl.Series) -> tuple[Words, str | None]:
    """The column as segments; of very many values the largest only, with a finding."""
    text = words(column)
    if len(text.words) <= SEGMENT_VALUES:
        return text, None
    sizes = np.bincount(text.codes[text.codes >= 0], minlength=len(text.words))
    kept = np.sort(np.argsort(-sizes, kind="stable")[:SEGMENT_VALUES])
    table = np.full(len(text.words) + 1, -1, dtype=np.int64)
    table[kept] = np.arange(SEGMENT_VALUES)
    finding = (
        f"segment {column.name} has {len(text.words)} values: the {SEGMENT_VALUES} largest are read"
    )
    return Words(table[text.codes], tuple(text.words[i] for i in kept)), finding


def known_shares(outcome: Floats, period: Ints, count: int) -> tuple[Ints, Floats]:
    """Rows of each period, and the share of them whose outcome is known."""
    rows = np.bincount(period, minlength=count)
    known = np.bincount(period, np.isfinite(outcome), minlength=count)
    share = np.divide(known, rows, out=np.full(count, np.nan), where=rows > 0)
    return rows, share


def mature(share: Floats, waited: Bools) -> Bools:
    """Periods whose performance is judged.

    95 % of the outcomes are known; or half of them, where so much time has passed that the rest
    is lost and not late.
    """
    with np.errstate(invalid="ignore"):
        ready: Bools = (share >= 0.95) | ((share >= 0.5) & waited)
    return ready


def as_mapping(frame: pl.DataFrame, names: Sequence[str]) -> Mapping[str, Column]:
    """The features as columns; one that is not there is missing throughout."""
    absent = pl.Series("", [None] * frame.height)
    return {n: feature(frame[n] if n in frame.columns else absent) for n in names}
