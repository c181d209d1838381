"""Outcomes that arrive late, joined to the predictions that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from churn.monitoring.columns import Bools, Floats
from churn.pipelines import monitor_inputs as inputs
from churn.pipelines.monitor_inputs import Names, Periods


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
    through: date | None,
) -> Outcomes:
    """Join the outcomes, from a file of their own or from among the predictions.

    Of several for one prediction the latest counts. What was known after `through` is unknown.
    """
    count = len(grouped.starts)
    nothing = Outcomes(np.full(scored.height, np.nan), np.zeros(count, dtype=np.bool_), ())
    if names.label is None or (path is None and names.label not in scored.columns):
        return nothing
    findings: list[str] = []
    if path is None:
        table, path, on = scored, predictions, [names.key, names.time]
    else:
        table, findings, on = _outcome_table(inputs.read(path), path, scored, names)
    table = table.with_columns(
        pl.Series(names.label, inputs.flags(table[names.label], path), nan_to_null=True)
    )
    if names.outcome_time:
        inputs.need(table, path, [names.outcome_time])
        table = table.with_columns(inputs.times(table[names.outcome_time], path))
        table = table.sort(names.outcome_time, maintain_order=True, nulls_last=False)
        if through is not None:
            table = table.filter(pl.col(names.outcome_time) <= through)
    table = table.filter(pl.col(names.label).is_not_null())
    once = table.unique(on, keep="last", maintain_order=True)
    if table.height > once.height:
        findings.append(
            f"{path.name}: {table.height - once.height} outcomes of a row that has another one: "
            "the latest of each counts"
        )
    kept = [names.label, *([names.outcome_time] if names.outcome_time else [])]
    wanted = scored.select(on).with_row_index("__row").cast({names.key: once[names.key].dtype})
    joined = wanted.join(
        once.select(*on, *(pl.col(name).alias(f"__{name}") for name in kept)),
        on=on,
        how="left",
        maintain_order="left",
    )
    strangers = once.join(wanted, on=on, how="anti").height
    if strangers:
        findings.append(f"{path.name}: {strangers} outcomes of rows that were never scored")
    values = inputs.numbers(joined[f"__{names.label}"])
    if names.outcome_time is None:
        return Outcomes(values, nothing.waited, tuple(findings))
    when = joined[f"__{names.outcome_time}"]
    waited, backwards = _waiting(scored[names.time], when, grouped)
    return Outcomes(values, waited, (*findings, *backwards))


def _outcome_table(
    table: pl.DataFrame, path: Path, scored: pl.DataFrame, names: Names
) -> tuple[pl.DataFrame, list[str], list[str]]:
    inputs.need(table, path, [names.key, names.label])
    findings: list[str] = []
    on = [names.key]
    if table[names.key].dtype != scored[names.key].dtype:
        table = table.with_columns(pl.col(names.key).cast(pl.String))
    if names.time in table.columns:
        on.append(names.time)
        table = table.with_columns(inputs.times(table[names.time], path))
    elif scored[names.key].n_unique() < scored.height:
        findings.append(
            f"{path.name} has no {names.time}: the outcome of a {names.key} counts for each of "
            "its predictions"
        )
    return table, findings, on


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
