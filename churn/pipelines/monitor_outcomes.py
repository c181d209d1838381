"""Outcomes that arrive late, joined to the predictions that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from churn.domain.errors import DataError
from churn.monitoring.columns import Bools, Floats
from churn.pipelines import monitor_inputs as inputs
from churn.pipelines.monitor_inputs import Names, Periods, Start

LABEL, KNOWN_ON = "__label", "__known_on"


@dataclass(frozen=True)
class Outcomes:
    """The outcome of each prediction, NaN where none is known.

    Args:
        waited: Of each period, whether an outcome that is not known by now is lost, not late.
    """

    values: Floats
    waited: Bools
    findings: tuple[str, ...]


def outcomes(
    scored: pl.DataFrame,
    predictions: Path,
    path: Path | None,
    names: Names,
    grouped: Periods,
    through: Start | None,
) -> Outcomes:
    """Join the outcomes, from a file of their own or from among the predictions.

    Of several for one prediction the latest counts. What was known after `through` is unknown.
    """
    count = len(grouped.starts)
    nothing = Outcomes(np.full(scored.height, np.nan), np.zeros(count, dtype=np.bool_), ())
    if names.label is None or (path is None and names.label not in scored.columns):
        return nothing
    table, source = (scored, predictions) if path is None else (inputs.read(path), path)
    table, findings = _prepared(table, source, scored, names, through)
    on = [name for name in (names.key, names.time) if name in table.columns]
    wanted = scored.select(on).cast({names.key: table[names.key].dtype})
    joined = wanted.join(table, on=on, how="left", maintain_order="left")
    values = inputs.numbers(joined[LABEL])
    strangers = table.height - _matched(joined, on)
    if strangers:
        findings.append(f"{source.name}: {strangers} outcomes of rows that were never scored")
    if names.outcome_time is None:
        return Outcomes(values, nothing.waited, tuple(findings))
    waited, backwards = _waiting(scored[names.time], joined[KNOWN_ON], grouped)
    return Outcomes(values, waited, (*findings, *backwards))


def _prepared(
    table: pl.DataFrame, path: Path, scored: pl.DataFrame, names: Names, through: Start | None
) -> tuple[pl.DataFrame, list[str]]:
    """Key, time if there is one, label and time of the outcome; one row for each prediction."""
    inputs.need(table, path, [names.key, names.label, names.outcome_time])
    on = [name for name in (names.key, names.time) if name in table.columns]
    columns = {LABEL: pl.Series(inputs.flags(table[names.label or ""], path), nan_to_null=True)}
    if names.outcome_time:
        columns[KNOWN_ON] = inputs.times(table[names.outcome_time], path)
    known = table.select(on).with_columns(**columns)
    known = _same_types(known, path, scored, names).filter(pl.col(LABEL).is_not_null())
    if names.outcome_time:
        known = known.sort(KNOWN_ON, maintain_order=True, nulls_last=False)
    if names.outcome_time and through is not None:
        known = known.filter(pl.col(KNOWN_ON) <= through)
    once = known.unique(on, keep="last", maintain_order=True)
    findings = []
    if known.height > once.height:
        findings.append(
            f"{path.name}: {known.height - once.height} outcomes of a row that has another one: "
            "the latest of each counts"
        )
    if names.time not in on and scored[names.key].n_unique() < scored.height:
        findings.append(
            f"{path.name} has no {names.time}: the outcome of a {names.key} counts for each of "
            "its predictions"
        )
    return once, findings


def _same_types(
    table: pl.DataFrame, path: Path, scored: pl.DataFrame, names: Names
) -> pl.DataFrame:
    """Keys and times as they are among the predictions; keys as text where that cannot be.

    Raises:
        DataError: The times are dates in one file and numbers in the other.
    """
    if names.time in table.columns:
        table = table.with_columns(inputs.times(table[names.time], path))
        kinds = table[names.time].dtype, scored[names.time].dtype
        if kinds[0] != kinds[1]:
            raise DataError(
                f"{path.name}: {names.time} is {kinds[0]}, but {kinds[1]} in the predictions",
                "Write both the same way.",
            )
    key, wanted = table[names.key].dtype, scored[names.key].dtype
    if key == wanted:
        return table
    whole = key.is_numeric() and wanted.is_integer()
    return table.with_columns(pl.col(names.key).cast(wanted if whole else pl.String, strict=False))


def _matched(joined: pl.DataFrame, on: list[str]) -> int:
    """Outcomes that belong to a prediction, or to several."""
    rows = joined.filter(pl.col(LABEL).is_not_null())
    return rows.height if len(on) == 2 else rows[on[0]].n_unique()


def _waiting(time: pl.Series, known: pl.Series, grouped: Periods) -> tuple[Bools, list[str]]:
    """Periods at least as old as the longest wait for any outcome so far."""
    pairs = pl.DataFrame({"time": time, "known": known}).drop_nulls()
    count = len(grouped.starts)
    if pairs.is_empty() or time.dtype != known.dtype:
        return np.zeros(count, dtype=np.bool_), []
    lag = pairs["known"] - pairs["time"]
    earlier = int((pairs["known"] < pairs["time"]).sum())
    findings = [f"{earlier} outcomes were known before their prediction"] if earlier else []
    newest, longest = pairs["known"].max(), lag.max()
    last = (
        pl.DataFrame({"period": grouped.of_row, "time": time})
        .group_by("period")
        .agg((pl.col("time").max() + pl.lit(longest) <= pl.lit(newest)).alias("waited"))
    )
    waited = np.zeros(count, dtype=np.bool_)
    waited[last["period"].to_numpy()] = last["waited"].to_numpy()
    return waited, findings
