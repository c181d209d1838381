"""A registered model in SQL on the emulator against the same model called in Python, in one run."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import snowflake.connector
from pytest_benchmark.fixture import BenchmarkFixture
from snowflake.ml.registry import Registry
from snowflake.snowpark import Session

from churn.domain.expressions import Type
from churn.emulator.server import Emulator
from churn.engines.snowpark import upload
from churn.model import explain, train
from churn.model.algorithms import XGBOOST
from tests.shipped import VIEWS

VIEW = VIEWS[1]
ROWS = 100_000
ROUNDS = 9
FORMS = (
    "SELECT m!predict_proba({columns}):output_feature_1::FLOAT FROM t",
    "SELECT MODEL(m, V1)!predict_proba({columns}):output_feature_1::FLOAT FROM t",
    "WITH a AS MODEL m VERSION V1 SELECT a!predict_proba({columns}):output_feature_1::FLOAT FROM t",
)


def made(rows: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    segments = ["Basic", "Premium", "Standard"]
    columns = {
        f.name: generator.choice(segments, rows)
        if f.type is Type.TEXT
        else generator.normal(20, 20, rows)
        for f in VIEW.features
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def fitted() -> Any:
    x, y = made(2_000, 0), np.random.default_rng(0).integers(0, 2, 2_000)
    return train.pipeline(XGBOOST, VIEW.features, XGBOOST.presets["Baseline"], seed=0).fit(x, y)


@pytest.fixture(scope="module")
def emulator(fitted: Any) -> Iterator[Emulator]:
    """With the model M and the table T."""
    with Emulator() as emulator, Session.builder.configs(emulator.connection).create() as session:
        session.sql("CREATE DATABASE d").collect()
        Registry(session).log_model(
            fitted,
            model_name="M",
            version_name="V1",
            sample_input_data=explain.background(made(100, 1)),
            target_platforms=["WAREHOUSE"],
            options={"enable_explainability": False},
        )
        upload(session, pl.from_pandas(made(ROWS, 2))).write.save_as_table("T")
        yield emulator


@pytest.mark.parametrize("form", FORMS)
def test_inference(emulator: Emulator, fitted: Any, benchmark: BenchmarkFixture, form: str) -> None:
    """Query and fetched rows against predict_proba on a frame in memory: the median of pairs."""
    rows = made(ROWS, 2)
    sql = form.format(columns=", ".join(f'"{name}"' for name in rows.columns))
    where = emulator.connection | {"database": "D", "schema": "PUBLIC"}
    with snowflake.connector.connect(**where) as connection:
        cursor = connection.cursor()

        def asked() -> Any:
            cursor.execute(sql)
            return cursor.fetch_arrow_all()

        def called() -> Any:
            return train.probabilities(fitted, rows)

        expected = asked().column(0).to_numpy()
        assert np.sort(expected) == pytest.approx(np.sort(called()), abs=1e-12)
        ratio = statistics.median(_seconds(asked) / _seconds(called) for _ in range(ROUNDS))
        benchmark.extra_info["ratio"] = ratio
        benchmark.pedantic(asked, rounds=3)
    sys.stderr.write(f"\n{ROWS:,} rows, {form[:14]}...: {ratio:.2f} times the time of Python\n")
    assert ratio <= 2


def _seconds(compute: Callable[[], object]) -> float:
    begun = time.perf_counter()
    compute()
    return time.perf_counter() - begun
