"""What the stores promise: whole or not at all, immutable versions, one owner for an alias."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from churn.domain.errors import DataError, StoreError, UsageError
from churn.domain.windows import Windows
from churn.engines.polars import PolarsEngine
from churn.stores import Stores, local
from churn.stores.local import database
from churn.stores.local.database import Database
from churn.stores.local.features import ParquetFeatures
from churn.stores.records import Features, FeatureSet, Reference, TrainingSet
from tests.conftest import framed
from tests.shipped import CHURN, DEFAULT, KEY, LABEL, MODEL
from tests.stores.records import ROWS, V1, new_run, register

# Features and training sets


def saved(home: Path, rows: pl.DataFrame = ROWS, windows: Windows = DEFAULT) -> FeatureSet:
    features = ParquetFeatures(home, KEY)
    return features.save(PolarsEngine(home), V1, windows, framed(rows)).record


def test_features_carry_their_own_record(home: Path) -> None:
    record = saved(home)
    assert (record.view, record.as_of, record.rows) == (str(V1), DEFAULT.as_of, 2)
    folder = home / "features" / "CUSTOMER_FEATURES" / "v1"
    path = folder / "2024-06-30_from_2024-01-01.parquet"
    assert record.location == str(path)
    assert pl.read_parquet(path).rows() == ROWS.sort(KEY).rows()
    kept = json.loads(pl.read_parquet_metadata(path)["record"])
    assert (kept["fingerprint"], kept["data_hash"]) == (record.fingerprint, record.data_hash)


def test_features_of_the_same_window_are_replaced(home: Path) -> None:
    saved(home)
    saved(home, ROWS.head(1))
    (path,) = (home / "features").rglob("*.parquet")
    assert pl.read_parquet(path).height == 1


def test_features_of_the_same_date_and_another_window_are_kept_apart(home: Path) -> None:
    longer = replace(DEFAULT, observation_start=date(2023, 7, 1))
    records = [saved(home), saved(home, windows=longer)]
    assert [r.observation_start for r in records] == [date(2024, 1, 1), date(2023, 7, 1)]
    assert len(list((home / "features").rglob("*.parquet"))) == 2


def training_set(home: Path, rows: pl.DataFrame) -> TrainingSet:
    features = Features(saved(home), rows.drop(LABEL))
    labels = framed(rows.select(KEY, LABEL))
    record, _ = ParquetFeatures(home, KEY).training_set(
        PolarsEngine(home), V1, CHURN.label, DEFAULT, labels, features
    )
    return record


def test_training_sets_are_named_after_their_content(home: Path) -> None:
    first, same = training_set(home, ROWS), training_set(home, ROWS.reverse())
    other = training_set(home, ROWS.with_columns(X=pl.lit(0.3)))
    assert (first.name, first.positives, first.rows) == (same.name, 1, 2)
    assert first.name != other.name
    assert len(list((home / "training_sets").iterdir())) == 2
    assert (first.label, first.label_fingerprint) == ("CHURN/v1", CHURN.label.plan.fingerprint)


# Experiments


def test_a_run_is_read_back_as_it_was_logged(stores: Stores, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    (artifacts / "plots").mkdir(parents=True)
    (artifacts / "plots" / "roc.png").write_bytes(b"png")
    run_id = stores.experiments.log(new_run(artifacts=artifacts))
    (run,) = stores.experiments.runs()
    assert (run.id, run.name, run.training) == (run_id, "Baseline", "t1")
    assert (run.parameters, run.metrics) == ({"max_depth": "3"}, {"cv_log_loss_mean": 0.5})
    assert run.tags == {"chosen": "true"}
    assert (Path(run.location) / "plots" / "roc.png").read_bytes() == b"png"


def test_a_run_that_did_not_finish_is_not_seen_and_is_buried(stores: Stores, home: Path) -> None:
    """What a killed process leaves is hidden at once and marked by the next writer."""
    client = Database(home).client
    stores.experiments.log(new_run())
    experiment = client.get_experiment_by_name("CHURN_PREDICTION_EXPERIMENT")
    assert experiment is not None
    dead = client.create_run(experiment.experiment_id)
    assert len(stores.experiments.runs()) == 1
    stores.experiments.log(new_run())
    assert client.get_run(dead.info.run_id).info.status == "KILLED"


def test_an_empty_store_has_no_runs_and_is_not_made_by_looking(tmp_path: Path) -> None:
    empty = local.stores(tmp_path / "nothing", CHURN)
    assert list(empty.experiments.runs()) == []
    assert list(empty.models.versions(MODEL)) == []
    assert not (tmp_path / "nothing").exists()


# Models


def test_model_files_hold_no_pickle(stores: Stores, home: Path) -> None:
    """Loading a model must not be able to run code that somebody put into it."""
    register(stores)
    assert not list(home.rglob("*.pkl"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("M", Reference("M")),
        ("m@production", Reference("M", "PRODUCTION")),
        ("M/v2", Reference("M", "V2")),
        ("V2", Reference(MODEL, "V2")),
        ("@PRODUCTION", Reference(MODEL, "PRODUCTION")),
    ],
)
def test_references_are_read(text: str, meant: Reference) -> None:
    assert Reference.parse(text, MODEL) == meant


@pytest.mark.parametrize("text", ["", "M@", "M/", "M/PRODUCTION", "a b", "M@x@y", "M/V0"])
def test_what_names_no_model_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        Reference.parse(text, MODEL)


# Scores


def test_scores_of_the_same_version_and_date_are_replaced(stores: Stores, home: Path) -> None:
    version = register(stores)
    for rows in (ROWS, ROWS.head(1)):
        location = stores.scores.save(version, date(2024, 6, 30), rows)
    assert pl.read_csv(location).height == 1
    assert len(list((home / "scores").rglob("*.csv"))) == 1


# Faults


def test_a_store_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = local.stores(tmp_path / "file" / "home", CHURN)
    with pytest.raises(StoreError, match=r"cannot be written to(.|\n)*CHURN_HOME"):
        broken.experiments.log(new_run())
    with pytest.raises(StoreError, match="cannot write"):
        saved(tmp_path / "file" / "home")


def test_a_store_that_is_held_by_another_process_is_named(
    stores: Stores, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with Database(home).writing(), pytest.raises(StoreError, match="by another process"):
        stores.experiments.log(new_run())


def test_a_damaged_database_is_an_error_that_names_the_store(home: Path) -> None:
    register(local.stores(home, CHURN))
    (home / "mlflow.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"the store .* failed"):
        local.stores(home, CHURN).experiments.runs()


def _register(home: str) -> None:
    register(local.stores(Path(home), CHURN))


def test_writers_at_once_get_versions_of_their_own(home: Path) -> None:
    """Two processes, one store, from the first moment on: also the making of its tables."""
    shutil.rmtree(home)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_register, args=(str(home),)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 2
    versions = local.stores(home, CHURN).models.versions(MODEL)
    assert [v.version for v in versions] == [f"V{i}" for i in range(1, 3)]
    assert len({v.lineage.run for v in versions}) == 2


@pytest.mark.parametrize(("delay", "new"), [(0.2, False), (0.9, True)])
def test_a_killed_writer_leaves_no_version_without_its_run_and_files(
    home: Path, delay: float, new: bool
) -> None:
    """Also in the midst of making the tables of a new store."""
    if new:
        shutil.rmtree(home)
    code = (
        "import sys; from pathlib import Path; from tests.stores import test_local as t\n"
        "import mlflow.sklearn; stores = t.local.stores(Path(sys.argv[1]), t.CHURN)\n"
        "stores.experiments.runs()\n"
        "print('ready', flush=True)\n"
        "while True: t.register(stores)"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert victim.stdout
    assert victim.stdout.readline() == b"ready\n"
    time.sleep(delay)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    stores = local.stores(home, CHURN)
    made = register(stores)
    versions = stores.models.versions(MODEL)
    assert versions[-1] == made
    runs = {run.id for run in stores.experiments.runs()}
    for version in versions:
        assert version.lineage.run in runs
        assert stores.models.load(version)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), 1e39, -1e39])
def test_features_that_no_model_can_take_are_not_stored(home: Path, number: float) -> None:
    rows = pl.DataFrame({KEY: ["A", "B"], "TOTAL_ORDER_AMOUNT": [1.0, number]})
    store, engine = ParquetFeatures(home, KEY), PolarsEngine(home)
    with pytest.raises(DataError, match=r"TOTAL_ORDER_AMOUNT is .* for B"):
        store.save(engine, V1, DEFAULT, framed(rows))
    assert not list(home.rglob("*.parquet"))
