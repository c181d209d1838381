"""Features and training sets as Parquet files, each with its record as metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import Label
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.engines.writing import replacing
from churn.stores.records import (
    Features,
    FeatureSet,
    TrainingSet,
    require_finite,
    require_population,
    rounded,
)

F = TypeVar("F", bound=Frame)

RECORD = "record"


@dataclass(frozen=True)
class ParquetFeatures:
    home: Path
    key: str

    def save(self, engine: Engine[F], view: FeatureView, windows: Windows, frame: F) -> Features:
        rows = require_finite(rounded(engine.collect(frame)), self.key).sort(self.key)
        name = f"{windows.as_of}_from_{windows.observation_start}.parquet"
        path = self.home / "features" / view.name / view.version / name
        record = FeatureSet.of(view, windows, rows, self.key, str(path))
        _write(rows, path, record)
        return Features(record, rows)

    def training_set(
        self,
        engine: Engine[F],
        view: FeatureView,
        label: Label,
        windows: Windows,
        labels: F,
        features: Features,
    ) -> tuple[TrainingSet, pl.DataFrame]:
        spine = engine.collect(labels)
        rows = spine.join(features.rows, on=self.key, how="left").sort(self.key)
        require_population(rows)
        location = str(self.home / "training_sets" / "{hash}.parquet")
        record = TrainingSet.of(view, label, windows, rows, self.key, location)
        _write(rows, Path(record.location), record)
        return record, rows


def _write(rows: pl.DataFrame, path: Path, record: FeatureSet | TrainingSet) -> None:
    metadata = {RECORD: json.dumps(asdict(record), default=str)}
    with replacing(path) as temporary:
        rows.write_parquet(temporary, metadata=metadata)
