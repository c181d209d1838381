"""Features and labels against the same computation written by hand in Polars, in one run.

`make bench` makes 10 million orders in Parquet first. CHURN_BENCH_CUSTOMERS asks for fewer.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pytest_benchmark.fixture import BenchmarkFixture

from churn.domain.churn import CHURN
from churn.domain.churn.generator import sample
from churn.engines.polars import PolarsEngine
from churn.pipelines import prepare

NUMBER_OF_CUSTOMERS = int(os.environ.get("CHURN_BENCH_CUSTOMERS", "1380000"))
ROUNDS = 7

Tables = tuple[pl.DataFrame, pl.DataFrame]
AS_OF, START, OUTCOME_END = date(2024, 6, 30), date(2024, 1, 1), date(2024, 12, 31)


def ours(folder: Path) -> Tables:
    engine = PolarsEngine(folder)
    features = prepare.features(engine, CHURN, CHURN.view, CHURN.windows)
    return engine.collect(features), engine.collect(prepare.labels(engine, CHURN, CHURN.windows))


def by_hand(folder: Path) -> Tables:
    orders = pl.scan_parquet(folder / "orders.parquet")
    customers = pl.scan_parquet(folder / "customers.parquet")
    day, amount = pl.col("ORDER_DATE"), pl.col("ORDER_AMOUNT")
    features = (
        orders.filter(day <= AS_OF)
        .group_by("CUSTOMER_ID")
        .agg(
            DAYS_SINCE_LAST_ORDER=(AS_OF - day.max()).dt.total_days(),
            TOTAL_ORDER_COUNT=pl.len().cast(pl.Int64),
            WINDOW_ORDER_COUNT=(day >= START).sum().cast(pl.Int64),
            TOTAL_ORDER_AMOUNT=amount.sum(),
            AVG_ORDER_AMOUNT=amount.mean(),
            WINDOW_ORDER_AMOUNT=pl.when(day >= START).then(amount).sum(),
            RETURN_RATE=(pl.col("STATUS") == "RETURNED").mean(),
        )
        .filter(pl.col("WINDOW_ORDER_COUNT") > 0)
        .join(customers.select("CUSTOMER_ID", "SEGMENT"), on="CUSTOMER_ID", how="left")
    )
    labels = (
        orders.filter(day >= START, day <= OUTCOME_END)
        .group_by("CUSTOMER_ID")
        .agg(first=day.min(), last=day.max())
        .filter(pl.col("first") <= AS_OF)
        .select("CUSTOMER_ID", IS_CHURNED=(pl.col("last") <= AS_OF).cast(pl.Int64))
    )
    return features.collect(engine="streaming"), labels.collect(engine="streaming")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    for name, rows in sample(NUMBER_OF_CUSTOMERS, seed=1).items():
        rows.write_parquet(folder / f"{name.lower()}.parquet")
    return folder


def test_by_hand_is_the_same_computation(folder: Path, benchmark: BenchmarkFixture) -> None:
    expected = benchmark.pedantic(by_hand, (folder,), rounds=3, warmup_rounds=1)
    for a, b in zip(ours(folder), expected, strict=True):
        assert_frame_equal(a.sort("CUSTOMER_ID"), b.sort("CUSTOMER_ID"), rel_tol=1e-9)


def test_time(folder: Path, benchmark: BenchmarkFixture) -> None:
    """The median of pairs, each measured back to back, so that a busy machine slows both."""
    ratios = []
    for _ in range(ROUNDS):
        hand, mine = _seconds(by_hand, folder), _seconds(ours, folder)
        ratios.append(mine / hand)
    ratio = statistics.median(ratios)
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(ours, (folder,), rounds=3)
    rows = pl.scan_parquet(folder / "orders.parquet").select(pl.len()).collect().item()
    sys.stderr.write(f"\n{rows:,} orders: {ratio:.2f} times the time of hand-written Polars\n")
    assert ratio <= 1.15


def test_memory(folder: Path, benchmark: BenchmarkFixture) -> None:
    """The highest resident memory of a process that does nothing else; the lowest of three."""
    hand, mine = (min(_peak(name, folder) for _ in range(3)) for name in ("by_hand", "ours"))
    benchmark.extra_info["ratio"] = mine / hand
    sys.stderr.write(f"\n{mine / hand:.2f} times the memory: {mine} against {hand} MiB\n")
    assert mine / hand <= 1.2


def _seconds(compute: Callable[[Path], Tables], folder: Path) -> float:
    begun = time.perf_counter()
    compute(folder)
    return time.perf_counter() - begun


def _peak(name: str, folder: Path) -> int:
    code = (
        "import json, resource, sys; from pathlib import Path\n"
        "from benchmarks import bench_features as b\n"
        f"b.{name}(Path(sys.argv[1]))\n"
        "print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))"
    )
    root = Path(__file__).parents[1]
    shown = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=root, capture_output=True, check=True
    )
    return int(json.loads(shown.stdout))
