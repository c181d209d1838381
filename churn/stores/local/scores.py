"""Risk lists as CSV files, since people open them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from churn.engines.formulas import neutral
from churn.engines.writing import replacing
from churn.stores.records import ModelVersion


@dataclass(frozen=True)
class CsvScores:
    home: Path

    def save(self, version: ModelVersion, as_of: date, rows: pl.DataFrame) -> str:
        path = self.home / "scores" / version.name / version.version / f"{as_of}.csv"
        with replacing(path) as temporary:
            neutral(rows).write_csv(temporary)
        return str(path)
