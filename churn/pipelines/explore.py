"""A first look: rates, distributions, and how those who churned differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import polars as pl
import polars.selectors as cs

from churn.domain.contracts import ORDERS
from churn.domain.errors import DataError
from churn.domain.expressions import col, count
from churn.domain.features import KEY, FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import LABEL
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.pipelines.check import require
from churn.pipelines.prepare import ATTRIBUTES, attributes, feature_rows, labels

F = TypeVar("F", bound=Frame)

QUANTILES = {"MIN": 0.0, "Q25": 0.25, "MEDIAN": 0.5, "Q75": 0.75, "MAX": 1.0}


@dataclass(frozen=True)
class Exploration:
    """Each table is small and made to be read.

    Args:
        rates: Customers and churn rate, in all and by each attribute.
        monthly: Orders and their worth, month by month.
        distributions: Quantiles of each numeric feature.
        by_class: Mean of each numeric feature for those who stayed and those who churned.
    """

    findings: tuple[str, ...]
    rows: pl.DataFrame
    rates: pl.DataFrame
    monthly: pl.DataFrame
    distributions: pl.DataFrame
    by_class: pl.DataFrame


def explore(engine: Engine[F], view: FeatureView, windows: Windows) -> Exploration:
    findings = require(engine, windows, outcome=True)
    labelled = engine.collect(labels(engine, windows))
    if labelled.is_empty():
        raise DataError(f"no customer ordered in the observation window {windows.observation}")
    who = attributes(engine)
    population = labelled.join(who, on=KEY, how="left")
    known = labelled.join(feature_rows(engine, view, windows), on=KEY, how="left")
    monthly = (
        engine.read(ORDERS)
        .with_columns(MONTH=col("ORDER_DATE").month_start())
        .group_by("MONTH")
        .agg(ORDERS=count(), CUSTOMERS=col(KEY).count_distinct(), AMOUNT=col("ORDER_AMOUNT").sum())
        .sort("MONTH")
    )
    months = engine.collect(monthly)
    return Exploration(
        findings=findings,
        rows=pl.DataFrame(
            {
                "TABLE": ["CUSTOMERS", "ORDERS", "population"],
                "ROWS": [who.height, int(months["ORDERS"].sum()), population.height],
            }
        ),
        rates=_rates(population),
        monthly=months,
        distributions=_distributions(known, view),
        by_class=_by_class(known, view),
    )


def _rates(population: pl.DataFrame) -> pl.DataFrame:
    rate = (
        pl.len().cast(pl.Int64).alias("CUSTOMERS"),
        pl.col(LABEL).sum().alias("CHURNED"),
        pl.col(LABEL).mean().alias("CHURN_RATE"),
    )
    parts = [population.select(pl.lit("all").alias("GROUP"), pl.lit("").alias("VALUE"), *rate)]
    parts += [
        population.group_by(pl.col(name).alias("VALUE"))
        .agg(*rate)
        .sort("VALUE")
        .select(pl.lit(name).alias("GROUP"), "VALUE", "CUSTOMERS", "CHURNED", "CHURN_RATE")
        for name in ATTRIBUTES
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


def _by_class(known: pl.DataFrame, view: FeatureView) -> pl.DataFrame:
    stayed, churned = known.filter(pl.col(LABEL) == 0), known.filter(pl.col(LABEL) == 1)
    return pl.DataFrame(
        [
            {"FEATURE": name, "STAYED": stayed[name].mean(), "CHURNED": churned[name].mean()}
            for name in _numeric(known, view)
        ],
        schema={"FEATURE": pl.String, "STAYED": pl.Float64, "CHURNED": pl.Float64},
    )
