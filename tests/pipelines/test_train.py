"""The whole way on small data: what is found, recorded, registered and listed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn.domain.churn.generator import sample
from churn.domain.errors import DataError, StoreError
from churn.domain.problem import Problem
from churn.engines.polars import PolarsEngine
from churn.model.algorithms import XGBOOST
from churn.model.metrics import NAMES
from churn.model.split import Split, split
from churn.pipelines import recording, train
from churn.pipelines.score import score
from churn.pipelines.training import Training
from churn.stores import Stores, local
from churn.stores.records import Reference
from tests.conftest import customers_frame, orders_frame
from tests.shipped import CHURN, CUSTOMERS, DEFAULT, ORDERS, TABLES, VIEWS

V1, V2 = VIEWS


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> PolarsEngine:

    engine = PolarsEngine(tmp_path_factory.mktemp("small"))
    tables = sample(500, 1)
    for table in TABLES:
        engine.save(table, tables[table.name])
    return engine


def trained(
    engine: PolarsEngine, stores: Stores, seed: int = 1, problem: Problem = CHURN
) -> Training:
    return train.run(
        engine,
        problem,
        stores,
        V2,
        DEFAULT,
        algorithms=[XGBOOST],
        draws=1,
        seed=seed,
        code_version="test",
        progress=lambda *_: None,
    )


@dataclass(frozen=True)
class Trained:
    done: Training
    stores: Stores


@pytest.fixture(scope="module")
def once(
    small: PolarsEngine, database_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """One training, for all tests that only look at it or score with it."""
    home = tmp_path_factory.mktemp("once")
    shutil.copy(database_template, home / "mlflow.db")
    stores = local.stores(home, CHURN)
    return Trained(trained(small, stores), stores)


@pytest.fixture
def scorable(once: Trained) -> Stores:
    return once.stores


def test_training_from_end_to_end(once: Trained) -> None:
    done, stores = once.done, once.stores
    # What it reports
    assert set(done.evaluation.metrics) == set(done.choice.cross_validated) == set(NAMES)
    assert done.choice.best.log_loss == min(c.log_loss for c in done.choice.candidates)
    # What it recorded
    runs = {run.name: run for run in stores.experiments.runs()}
    assert set(runs) == {"Baseline", "DeepTree", "Conservative", "Tuned"} == set(done.runs)
    chosen = runs[done.choice.best.name]
    assert chosen.tags["chosen"] == "true"
    assert chosen.metrics["test_roc_auc"] == done.evaluation.metrics["roc_auc"]
    assert chosen.parameters["data_hash"] == done.prepared.training_set.data_hash
    files = {str(p.relative_to(chosen.location)) for p in Path(chosen.location).rglob("*.*")}
    assert {f"plots/{name}.png" for name in PLOTS} <= files
    assert {"shap_values.parquet", "evaluation.json", "groups.csv", "importance.csv"} <= files
    # What it registered
    assert done.version.version == "V1"
    assert done.version.is_default
    assert done.version.lineage.run == chosen.id
    assert done.version.lineage.training_set == done.prepared.training_set.name
    assert done.version.lineage.threshold == done.choice.threshold
    # What it listed
    listed = pl.read_csv(done.risk_list.location)
    assert listed.height == done.prepared.training_set.rows
    json.dumps(recording.summary(done))


PLOTS = (
    "roc",
    "precision_recall",
    "calibration",
    "confusion_matrix",
    "importance",
    "shap_summary",
    "shap_waterfall",
)


def test_only_the_chosen_run_ever_saw_the_test_part(once: Trained) -> None:
    """The test part is read once: no other run has a number from it to be compared by."""
    for run in once.stores.experiments.runs():
        tested = [name for name in run.metrics if name.startswith("test_")]
        assert bool(tested) == (run.name == once.done.choice.best.name)


def test_the_test_part_chooses_nothing(
    small: PolarsEngine, once: Trained, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make the training part the test part, on which deep trees shine: the same model comes out."""

    def cheat(*arguments: Any) -> Split:
        parts = split(*arguments)
        return replace(parts, test=parts.train)

    monkeypatch.setattr(train, "split", cheat)
    a, b = once.done, trained(small, stores)
    assert b.evaluation.metrics == b.evaluation.train_metrics
    assert (a.choice.best.name, a.choice.best.parameters) == (
        b.choice.best.name,
        b.choice.best.parameters,
    )
    assert (a.choice.threshold, a.choice.cross_validated) == (
        b.choice.threshold,
        b.choice.cross_validated,
    )


def test_same_data_and_seed_give_the_same_numbers(
    small: PolarsEngine, once: Trained, stores: Stores
) -> None:
    first, second = once.done, trained(small, stores)
    assert first.evaluation.metrics == second.evaluation.metrics
    assert first.choice.threshold == second.choice.threshold
    assert first.prepared.training_set.data_hash == second.prepared.training_set.data_hash
    assert first.risk_list.rows.equals(second.risk_list.rows)


# Scoring


def test_the_risk_list_is_ranked_and_complete(small: PolarsEngine, scorable: Stores) -> None:
    as_of = date(2024, 9, 15)
    scored = score(small, CHURN, scorable, Reference("CUSTOMER_CHURN_PREDICTOR"), as_of)
    rows = scored.rows

    active = (
        small.collect(small.read(ORDERS))
        .filter(pl.col("ORDER_DATE").is_between(date(2024, 3, 16), as_of))["CUSTOMER_ID"]
        .unique()
    )
    assert sorted(rows["CUSTOMER_ID"]) == sorted(active)
    assert rows["RANK"].to_list() == list(range(1, rows.height + 1))
    assert rows["CHURN_PROBABILITY"].is_sorted(descending=True)
    assert (
        rows.select("SEGMENT", "REGION", "REASON_1", "REASON_2", "REASON_3")
        .null_count()
        .sum_horizontal()
        .item()
        == 0
    )
    high = rows["CHURN_PROBABILITY"] >= 0.7
    assert ((rows["RISK_BAND"] == "High") == high).all()
    for group in ("SEGMENT", "REGION"):
        assert scored.counts.filter(GROUP=group)["CUSTOMERS"].sum() == rows.height


def test_the_future_does_not_change_a_score(
    small: PolarsEngine, scorable: Stores, tmp_path: Path
) -> None:

    as_of = DEFAULT.as_of
    past = PolarsEngine(tmp_path)
    past.save(CUSTOMERS, small.collect(small.read(CUSTOMERS)))
    past.save(ORDERS, small.collect(small.read(ORDERS)).filter(pl.col("ORDER_DATE") <= as_of))
    reference = Reference("CUSTOMER_CHURN_PREDICTOR")
    assert score(past, CHURN, scorable, reference, as_of).rows.equals(
        score(small, CHURN, scorable, reference, as_of).rows
    )


def test_scoring_a_date_again_replaces(small: PolarsEngine, scorable: Stores) -> None:
    reference = Reference("CUSTOMER_CHURN_PREDICTOR", "V1")
    first, again = (score(small, CHURN, scorable, reference, date(2024, 8, 31)) for _ in range(2))
    assert first.location == again.location
    assert pl.read_csv(again.location).height == again.rows.height


def test_scoring_beyond_the_data_is_refused(small: PolarsEngine, scorable: Stores) -> None:
    with pytest.raises(DataError, match="as-of date 2025-06-01 is outside the data"):
        score(small, CHURN, scorable, Reference("CUSTOMER_CHURN_PREDICTOR"), date(2025, 6, 1))


def test_a_changed_definition_is_a_finding(small: PolarsEngine, scorable: Stores) -> None:
    def compute(orders: Any, customers: Any, windows: Any) -> Any:
        return V2.compute(orders, customers, windows).with_columns(RETURN_RATE=0.0)

    problem = replace(CHURN, views=(V1, replace(V2, compute=compute)))
    reference = Reference("CUSTOMER_CHURN_PREDICTOR")
    (finding,) = score(small, problem, scorable, reference, None).findings
    assert "the definition of CUSTOMER_FEATURES/v2 has changed since" in finding


def test_an_unknown_model_is_refused(small: PolarsEngine, scorable: Stores) -> None:
    with pytest.raises(StoreError, match="there is no model NOPE"):
        score(small, CHURN, scorable, Reference("NOPE"), None)


# Bad data


def test_one_class_only_is_refused(stores: Stores, folder_of: Callable[..., Path]) -> None:
    rows = [
        (f"C{i}", day, 5.0, "FULFILLED") for i in range(50) for day in ("2024-05-01", "2024-12-31")
    ]
    customers = customers_frame([(f"C{i}", "Basic") for i in range(50)])
    folder = folder_of(customers=customers, orders=orders_frame(rows))
    with pytest.raises(DataError, match=r"one class only: .* 0 of them churned"):
        trained(PolarsEngine(folder), stores)
    assert not stores.experiments.runs()


def test_errors_in_the_data_are_all_named(stores: Stores, folder_of: Callable[..., Path]) -> None:
    orders = orders_frame([("Z", "2024-05-01", -5.0, "LOST")])
    folder = folder_of(customers=customers_frame([("A", "Basic")]), orders=orders)
    with pytest.raises(DataError) as raised:
        trained(PolarsEngine(folder), stores)
    for column in ("CUSTOMER_ID", "ORDER_AMOUNT", "STATUS"):
        assert f"ORDERS.{column}" in str(raised.value)
    assert "churn data check" in str(raised.value)
