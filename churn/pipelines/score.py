"""The list of customers at risk, with reasons: everybody active as of the scoring date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from churn.domain.features import KEY, feature_view
from churn.domain.frames import Frame
from churn.engines import Engine
from churn.pipelines.check import require
from churn.pipelines.prepare import ATTRIBUTES, attributes, features
from churn.stores import ModelVersion, Reference, Stores

F = TypeVar("F", bound=Frame)

BANDS = {"High": 0.7, "Medium": 0.4, "Low": 0.0}
"""The lowest probability of each risk band."""


@dataclass(frozen=True)
class RiskList:
    """
    Args:
        rows: RANK, CUSTOMER_ID, SEGMENT, REGION, CHURN_PROBABILITY, RISK_BAND, IS_AT_RISK,
            REASON_1 to REASON_3, AS_OF_DATE, MODEL_NAME, MODEL_VERSION; the likeliest first.
        counts: Customers of each band, and how many are at risk, per segment and region.
        location: Where the store keeps it.
    """

    version: ModelVersion
    as_of: date
    findings: tuple[str, ...]
    rows: pl.DataFrame
    counts: pl.DataFrame
    location: str


def score(engine: Engine[F], stores: Stores, reference: Reference, as_of: date | None) -> RiskList:
    """Score every customer active in the observation window that ends at the as-of date.

    The windows are those the model was trained with, moved to the date; without a date, the one
    of the training.

    Raises:
        DataError: The data has errors or does not reach the date.
        StoreError: There is no such model, version or alias.
    """
    from churn.model import explain

    version = stores.models.get(reference)
    windows = version.lineage.windows.ending(as_of or version.lineage.as_of)
    findings = require(engine, windows, outcome=False)
    view = feature_view(*version.lineage.feature_view.split("/"))
    findings += _changed(version, view.plan.fingerprint)
    stored = stores.features.save(engine, view, windows, features(engine, view, windows))
    predicted = stores.models.predict(version, view, stored)
    now = attributes(engine).rename({name: f"{name}_NOW" for name in ATTRIBUTES})
    known = predicted.rows.join(now, on=KEY, how="left", maintain_order="left")
    p = predicted.probabilities
    said = explain.reasons(predicted.rows, predicted.contributions, view.features)
    rows = (
        pl.DataFrame(
            {
                KEY: known[KEY],
                **{name: known[f"{name}_NOW"] for name in ATTRIBUTES},
                "CHURN_PROBABILITY": p,
                "RISK_BAND": _bands(p),
                "IS_AT_RISK": (p >= version.lineage.threshold).astype(np.int64),
                **{
                    f"REASON_{i + 1}": [r[i] if i < len(r) else None for r in said]
                    for i in range(explain.REASONS)
                },
            },
            schema_overrides={f"REASON_{i + 1}": pl.String for i in range(explain.REASONS)},
        )
        .sort(["CHURN_PROBABILITY", KEY], descending=[True, False])
        .with_row_index("RANK", offset=1)
        .with_columns(
            pl.col("RANK").cast(pl.Int64),
            pl.lit(windows.as_of).alias("AS_OF_DATE"),
            pl.lit(version.name).alias("MODEL_NAME"),
            pl.lit(version.version).alias("MODEL_VERSION"),
        )
    )
    location = stores.scores.save(version, windows.as_of, rows)
    return RiskList(version, windows.as_of, findings, rows, _counts(rows), location)


def _changed(version: ModelVersion, fingerprint: str) -> tuple[str, ...]:
    if version.lineage.feature_fingerprint == fingerprint:
        return ()
    return (
        (
            f"the definition of {version.lineage.feature_view} has changed since {version} was "
            f"trained (fingerprint {version.lineage.feature_fingerprint}, now {fingerprint}): "
            "its probabilities may be off; register changed features as a new version"
        ),
    )


def _bands(p: npt.NDArray[np.float64]) -> list[str]:
    return [next(band for band, low in BANDS.items() if value >= low) for value in p]


def _counts(rows: pl.DataFrame) -> pl.DataFrame:
    """GROUP, VALUE, CUSTOMERS, HIGH, MEDIUM, LOW, AT_RISK."""
    counted = (
        pl.len().cast(pl.Int64).alias("CUSTOMERS"),
        *((pl.col("RISK_BAND") == b).sum().cast(pl.Int64).alias(b.upper()) for b in BANDS),
        pl.col("IS_AT_RISK").sum().alias("AT_RISK"),
    )
    return pl.concat(
        [
            rows.group_by(pl.col(name).alias("VALUE"))
            .agg(*counted)
            .sort("VALUE")
            .select(pl.lit(name).alias("GROUP"), pl.all())
            for name in ATTRIBUTES
        ]
    )
