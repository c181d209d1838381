"""A first look: rates, distributions, and how the classes differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import polars as pl
import polars.selectors as cs

from churn.domain.contracts import Table
from churn.domain.errors import DataError
from churn.domain.expressions import Type, col, count
from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.pipelines.check import require
from churn.pipelines.prepare import attributes, feature_rows, labels

F = TypeVar("F", bound=Frame)

QUANTILES = {"MIN": 0.0, "Q25": 0.25, "MEDIAN": 0.5, "Q75": 0.75, "MAX": 1.0}


@dataclass(frozen=True)
class Exploration:
    """Each table is small and made to be read.

    Args:
        rates: Entities and the label's rate, in all and by each attribute.
        monthly: Of each table with events, month by month: rows, entities, and sums of its floats.
        distributions: Quantiles of each numeric feature.
        by_class: Mean of each numeric feature for either label.
    """

    findings: tuple[str, ...]
    rows: pl.DataFrame
    rates: pl.DataFrame
    monthly: pl.DataFrame
    distributions: pl.DataFrame
    by_class: pl.DataFrame


def explore(
    engine: Engine[F], problem: Problem, view: FeatureView, windows: Windows
) -> Exploration:
    """
    Raises:
        DataError: The data has errors, or nobody has a label.
    """
    key = problem.key
    findings = require(engine, problem, windows, outcome=True)
    labelled = engine.collect(labels(engine, problem, windows))
    if labelled.is_empty():
        raise DataError(f"nobody has a label in the observation window {windows.observation}")
    population = labelled.join(attributes(engine, problem, windows), on=key, how="left")
    known = labelled.join(feature_rows(engine, problem, view, windows), on=key, how="left")
    return Exploration(
        findings=findings,
        rows=_rows(engine, problem, population),
        rates=_rates(problem, population),
        monthly=_monthly(engine, problem),
        distributions=_distributions(known, view),
        by_class=_by_class(known, problem, view),
    )


def _rows(engine: Engine[F], problem: Problem, population: pl.DataFrame) -> pl.DataFrame:
    counts = {
        table.name: int(engine.collect(engine.read(table).group_by().agg(ROWS=count())).item())
        for table in problem.tables
    }
    counts["population"] = population.height
    return pl.DataFrame({"TABLE": list(counts), "ROWS": list(counts.values())})


def _monthly(engine: Engine[F], problem: Problem) -> pl.DataFrame:
    tables = [table for table in problem.tables if table.has_events]
    parts = [_months(engine, problem, table) for table in tables]
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()


def _months(engine: Engine[F], problem: Problem, table: Table) -> pl.DataFrame:
    """TABLE, MONTH, ROWS, the number of entities, and the sum of each column of floats."""
    aggregates = {"ROWS": count()}
    if table.entity:
        aggregates[problem.counted] = col(table.entity).count_distinct()
    aggregates |= {c.name: col(c.name).sum() for c in table.columns if c.type is Type.FLOAT}
    by_month = (
        engine.read(table)
        .with_columns(MONTH=col(str(table.time)).month_start())
        .group_by("MONTH")
        .agg(**aggregates)
        .sort("MONTH")
    )
    months = engine.collect(by_month)
    return months.select(pl.lit(table.name).alias("TABLE"), pl.all())


def _rates(problem: Problem, population: pl.DataFrame) -> pl.DataFrame:
    label, positive = problem.label.column, problem.label.positive.upper()
    rate = (
        pl.len().cast(pl.Int64).alias(problem.counted),
        pl.col(label).sum().alias(positive),
        pl.col(label).mean().alias(problem.rate),
    )
    parts = [population.select(pl.lit("all").alias("GROUP"), pl.lit("").alias("VALUE"), *rate)]
    parts += [
        population.group_by(pl.col(name).cast(pl.String).alias("VALUE"))
        .agg(*rate)
        .sort("VALUE")
        .select(pl.lit(name).alias("GROUP"), pl.all())
        for name in problem.attribute_names
    ]
    return pl.concat(parts)


def _numeric(known: pl.DataFrame, view: FeatureView) -> list[str]:
    return known.select(view.columns).select(cs.numeric()).columns


def _distributions(known: pl.DataFrame, view: FeatureView) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "FEATURE": name,
                **{label: known[name].quantile(q, "linear") for label, q in QUANTILES.items()},
                "MEAN": known[name].mean(),
                "STD": known[name].std(),
            }
            for name in _numeric(known, view)
        ]
    )


def _by_class(known: pl.DataFrame, problem: Problem, view: FeatureView) -> pl.DataFrame:
    label = problem.label
    words = {label.negative.upper(): 0, label.positive.upper(): 1}
    sides = {word: known.filter(pl.col(label.column) == value) for word, value in words.items()}
    return pl.DataFrame(
        [
            {"FEATURE": name, **{word: side[name].mean() for word, side in sides.items()}}
            for name in _numeric(known, view)
        ],
        schema={"FEATURE": pl.String, **dict.fromkeys(words, pl.Float64)},
    )
