"""The risk list, with reasons: everybody in the population as of the scoring date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from churn.domain.errors import StoreError
from churn.domain.features import Feature
from churn.domain.frames import Frame
from churn.domain.problem import Band, Problem
from churn.engines import Engine, formulas
from churn.pipelines.check import require
from churn.pipelines.prepare import attributes, features
from churn.stores import Stores
from churn.stores.records import ModelVersion, Predictions, Reference

F = TypeVar("F", bound=Frame)

NOW = "_NOW"


@dataclass(frozen=True)
class RiskList:
    """
    Args:
        rows: RANK, the key, the attributes, the probability, RISK_BAND, IS_AT_RISK, REASON_1 to
            REASON_3, AS_OF_DATE, MODEL_NAME, MODEL_VERSION; the likeliest first.
        counts: Entities of each band, and how many are at risk, per value of each attribute.
        location: Where the store keeps it.
    """

    version: ModelVersion
    as_of: date
    findings: tuple[str, ...]
    rows: pl.DataFrame
    counts: pl.DataFrame
    location: str

    @property
    def at_risk(self) -> int:
        return int(self.rows["IS_AT_RISK"].sum())


def columns(problem: Problem) -> tuple[str, ...]:
    """The columns of a risk list, in their order."""
    from churn.model import explain

    reasons = (f"REASON_{i + 1}" for i in range(explain.REASONS))
    judged = (problem.probability, "RISK_BAND", "IS_AT_RISK")
    of_model = ("AS_OF_DATE", "MODEL_NAME", "MODEL_VERSION")
    return ("RANK", problem.key, *problem.attribute_names, *judged, *reasons, *of_model)


def score(
    engine: Engine[F],
    problem: Problem,
    stores: Stores,
    reference: Reference,
    as_of: date | None,
) -> RiskList:
    """Score everybody in the population of the observation window that ends at the as-of date.

    The windows are those the model was trained with, moved to the date; without a date, the one
    of the training.

    Raises:
        DataError: The data has errors or does not reach the date.
        StoreError: There is no such model, version or alias; or no view feeds it.
    """
    version = stores.models.get(reference)
    _require_view(version)
    windows = version.lineage.windows.ending(as_of or version.lineage.as_of)
    findings = require(engine, problem, windows, outcome=False)
    view = problem.feature_view(*version.lineage.feature_view.split("/"))
    findings += _changed(version, view.plan.fingerprint)
    frame = features(engine, problem, view, windows)
    stored = stores.features.save(engine, view, windows, frame)
    predicted = stores.models.predict(version, view, stored)
    who = attributes(engine, problem, windows)
    rows = _ranked(problem, version, windows.as_of, predicted, who, view.features)
    findings += formulas.told(rows)
    location = stores.scores.save(version, windows.as_of, rows)
    return RiskList(version, windows.as_of, findings, rows, _counts(problem, rows), location)


def _ranked(
    problem: Problem,
    version: ModelVersion,
    as_of: date,
    predicted: Predictions,
    who: pl.DataFrame,
    features: Sequence[Feature],
) -> pl.DataFrame:
    from churn.model import explain

    key, names = problem.key, problem.attribute_names
    now = who.rename({name: f"{name}{NOW}" for name in names})
    known = predicted.rows.join(now, on=key, how="left", maintain_order="left")
    p = predicted.probabilities
    words = explain.reasons(predicted.rows, predicted.contributions, features)
    reasons = {
        f"REASON_{i + 1}": [each[i] if i < len(each) else None for each in words]
        for i in range(explain.REASONS)
    }
    columns = {
        key: known[key],
        **{name: known[f"{name}{NOW}"] for name in names},
        problem.probability: p,
        "RISK_BAND": _bands(problem.bands, p),
        "IS_AT_RISK": (p >= version.lineage.threshold).astype(np.int64),
        **reasons,
    }
    return (
        pl.DataFrame(columns, schema_overrides=dict.fromkeys(reasons, pl.String))
        .sort([problem.probability, key], descending=[True, False])
        .with_row_index("RANK", offset=1)
        .with_columns(
            pl.col("RANK").cast(pl.Int64),
            pl.lit(as_of).alias("AS_OF_DATE"),
            pl.lit(version.name).alias("MODEL_NAME"),
            pl.lit(version.version).alias("MODEL_VERSION"),
        )
    )


def _require_view(version: ModelVersion) -> None:
    lineage = version.lineage
    if not lineage.feature_view:
        raise StoreError(
            f"{version} was imported by its signature alone, so no feature view feeds it",
            "Import it again with --view and --version: churn models import --help.",
        )
    if lineage.origin == "imported" and not lineage.agreement:
        raise StoreError(
            f"the import of {version} was interrupted before its golden predictions were repeated",
            "Import it again, and score with that version: churn models import --help.",
        )


def _changed(version: ModelVersion, fingerprint: str) -> tuple[str, ...]:
    lineage = version.lineage
    if not lineage.is_complete:
        return (
            (
                f"an earlier version of this package registered {version}: whether the definition "
                f"of {lineage.feature_view} has changed since cannot be told"
            ),
        )
    if lineage.feature_fingerprint == fingerprint:
        return ()
    return (
        (
            f"the definition of {lineage.feature_view} has changed since {version} was "
            f"trained (fingerprint {lineage.feature_fingerprint}, now {fingerprint}): "
            "its probabilities may be off; register changed features as a new version"
        ),
    )


def _bands(bands: Sequence[Band], p: npt.NDArray[np.float64]) -> list[str]:
    return [next(band.name for band in bands if value >= band.low) for value in p]


def _counts(problem: Problem, rows: pl.DataFrame) -> pl.DataFrame:
    """GROUP, VALUE, the number of entities, of each band, and AT_RISK."""
    counted = (
        pl.len().cast(pl.Int64).alias(problem.counted),
        *(
            (pl.col("RISK_BAND") == b.name).sum().cast(pl.Int64).alias(b.name.upper())
            for b in problem.bands
        ),
        pl.col("IS_AT_RISK").sum().alias("AT_RISK"),
    )
    groups = [
        rows.group_by(pl.col(name).cast(pl.String).alias("VALUE"))
        .agg(*counted)
        .sort("VALUE")
        .select(pl.lit(name).alias("GROUP"), pl.all())
        for name in problem.attribute_names
    ]
    everybody = rows.select(pl.lit("all").alias("GROUP"), pl.lit("").alias("VALUE"), *counted)
    return pl.concat(groups or [everybody])
