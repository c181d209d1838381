"""Predictions and the risk list, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from churn.domain.problem import Problem
from churn.domain.schemas import ANALYTICS
from churn.engines.snowpark import upload
from churn.stores.records import ModelVersion
from churn.stores.snowflake.place import AS_OF, Place

PREDICTIONS = "MODEL_PREDICTIONS"


@dataclass(frozen=True)
class SnowflakeScores:
    place: Place
    problem: Problem

    def save(self, version: ModelVersion, as_of: date, rows: pl.DataFrame) -> str:
        problem = self.problem
        keys = {"MODEL_NAME": version.name, "MODEL_VERSION": version.version, AS_OF: as_of}
        with self.place.translated(f"storing the scores of {version}"):
            data = upload(self.place.session, rows)
            predicted = data.select(problem.key, problem.probability, "IS_AT_RISK", *keys)
            self.place.replace_rows(ANALYTICS, PREDICTIONS, predicted, **keys)
            self.place.replace_rows(ANALYTICS, problem.risk_list, data, **keys)
        return self.place.name(ANALYTICS, problem.risk_list)
