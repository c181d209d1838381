"""The monitor on 1,000,000 predictions of 20 features over 30 weeks, with 5 columns of segments.

`make bench` measures it; CHURN_BENCH_PREDICTIONS asks for fewer rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

PREDICTIONS = int(os.environ.get("CHURN_BENCH_PREDICTIONS", "1000000"))
WEEKS, FEATURES, SEGMENTS, BASELINE = 30, 20, 5, 200_000
SECONDS, MEBIBYTES = 10, 3 * 1024

RUN = """
import json, resource, sys, time
from pathlib import Path
from churn.pipelines.monitor_files import run
folder, ending, segments = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
begun = time.perf_counter()
result = run(
    *(folder / f"{name}.{ending}" for name in ("baseline", "predictions", "outcomes")),
    key="CUSTOMER_ID", time="AS_OF", score="SCORE", label="CHURNED", outcome_time="KNOWN_ON",
    segments=segments, out=folder / "metrics.parquet",
)
print(json.dumps({
    "seconds": time.perf_counter() - begun,
    "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "metrics": result.metrics.height,
    "periods": len(result.periods),
}))
"""


def people(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(FEATURES, rows))
    columns: dict[str, object] = {"CUSTOMER_ID": np.arange(rows)}
    for place in range(FEATURES):
        if place % 4 == 3:
            columns[f"F{place}"] = rng.choice(np.array(["basic", "plus", "pro", "max"]), rows)
        else:
            columns[f"F{place}"] = np.exp(x[place]) if place % 4 == 2 else x[place]
    for place in range(SEGMENTS):
        columns[f"S{place}"] = rng.choice(np.array(["N", "S", "W", "E"]), rows)
    score = 1 / (1 + np.exp(1 - x[0] - 0.7 * x[1]))
    return pl.DataFrame(columns | {"SCORE": score, "CHURNED": rng.random(rows) < score})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitor")
    weeks = pl.Series([date(2024, 1, 7) + timedelta(weeks=i) for i in range(WEEKS)])
    rows = people(PREDICTIONS, 2).with_columns(AS_OF=weeks.gather(np.arange(PREDICTIONS) % WEEKS))
    tables = {
        "baseline": people(BASELINE, 1),
        "predictions": rows.drop("CHURNED"),
        "outcomes": rows.select(
            "CUSTOMER_ID", "AS_OF", "CHURNED", KNOWN_ON=pl.col("AS_OF") + timedelta(days=90)
        ),
    }
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
        table.write_csv(folder / f"{name}.csv")
    return folder


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_time_and_memory(folder: Path, ending: str, benchmark: BenchmarkFixture) -> None:
    """The best of three processes that do nothing else."""
    measured = [_measured(folder, ending) for _ in range(3)]
    seconds = min(one["seconds"] for one in measured)
    memory = min(one["mebibytes"] for one in measured)
    benchmark.extra_info.update(seconds=seconds, mebibytes=memory)
    benchmark.pedantic(lambda: None)
    sys.stderr.write(f"\n{PREDICTIONS:,} predictions, {ending}: {seconds:.1f} s, {memory} MiB\n")
    assert measured[0]["periods"] == WEEKS
    assert seconds < SECONDS
    assert memory < MEBIBYTES


def _measured(folder: Path, ending: str) -> dict[str, float]:
    segments = ",".join(f"S{place}" for place in range(SEGMENTS))
    shown = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), ending, segments],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=True,
    )
    return dict(json.loads(shown.stdout))
