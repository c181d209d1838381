"""What every store promises: the same tests on the laptop, on the emulator, on an account."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn.domain import schemas
from churn.domain.errors import DataError, StoreError, UsageError
from churn.domain.expressions import Type
from churn.domain.features import Feature, FeatureView
from churn.engines import Engine
from churn.engines.polars import PolarsEngine
from churn.engines.snowpark import SnowparkEngine, fetch
from churn.model import explain, train
from churn.model.algorithms import ALGORITHMS, Algorithm
from churn.pipelines import prepare
from churn.stores import Stores, local
from churn.stores import snowflake as remote
from churn.stores.records import Lineage
from churn.stores.snowflake.models import explanations
from tests.conftest import ROOT, customers_frame, orders_frame
from tests.shipped import CHURN, CUSTOMERS, DEFAULT, MODEL, ORDERS, VIEWS
from tests.stores.records import FITTED, X, lineage, new_run, of, register

V1, V2 = VIEWS


@pytest.fixture
def remote_engine(snowflake_session: Any) -> SnowparkEngine:
    database = snowflake_session.get_current_database().strip('"')
    engine = SnowparkEngine(snowflake_session, database, schemas.PREP_DATA)
    engine.prepare(schemas.SCHEMAS)
    return engine


@pytest.fixture(params=["local", pytest.param("snowflake", marks=pytest.mark.remote)])
def target(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path
) -> tuple[Engine[Any], Stores]:
    """An engine and the stores beside it."""
    if request.param == "local":
        (tmp_path / "tables").mkdir()
        return PolarsEngine(tmp_path / "tables"), local.stores(home, CHURN)
    engine = request.getfixturevalue("remote_engine")
    return engine, remote.stores(engine.session, engine.database, CHURN)


@pytest.fixture
def stores(target: tuple[Engine[Any], Stores]) -> Stores:
    return target[1]


@pytest.fixture
def engine(target: tuple[Engine[Any], Stores]) -> Engine[Any]:
    """With three customers: A stays, B leaves, C was never there."""
    found = target[0]
    days = [("A", "2024-02-29"), ("A", "2024-08-01"), ("B", "2024-06-30"), ("C", "2023-01-01")]
    found.save(ORDERS, orders_frame([(who, day, 10.1, "FULFILLED") for who, day in days]))
    found.save(CUSTOMERS, customers_frame([(who, "Basic") for who in "ABC"]))
    return found


# Features


def saved(engine: Engine[Any], stores: Stores, view: FeatureView = V2) -> Any:
    return stores.features.save(
        engine, view, DEFAULT, prepare.features(engine, CHURN, view, DEFAULT)
    )


def test_features_are_stored_with_their_record(engine: Engine[Any], stores: Stores) -> None:
    for view in (V1, V2, V2):  # twice the same is stored once
        features = saved(engine, stores, view)
        assert (features.record.view, features.record.rows) == (str(view), 2)
        assert features.record.fingerprint == view.plan.fingerprint
        expected = prepare.feature_rows(engine, CHURN, view, DEFAULT)
        assert_frame_equal(features.rows, expected.sort("CUSTOMER_ID"))


def test_a_training_set_is_named_after_its_content(engine: Engine[Any], stores: Stores) -> None:
    """The hash is that of these rows, on whichever target."""
    features = saved(engine, stores)
    made = [
        stores.features.training_set(
            engine, V2, CHURN.label, DEFAULT, prepare.labels(engine, CHURN, DEFAULT), features
        )
        for _ in range(2)
    ]
    (record, rows), (again, _) = made
    assert record == again
    assert (record.rows, record.positives) == (2, 1)
    assert rows.columns == ["CUSTOMER_ID", "IS_CHURNED", *V2.columns]
    assert rows["IS_CHURNED"].to_list() == [0, 1]
    assert record.name == "TRAINING_SET_" + record.data_hash[:16].upper()
    assert record.data_hash == HASH


HASH = "a7229ab0205167e8e3dd7dd84eac17bb6c9997f5b343299a16465525d3ff8a70"


def test_no_customers_are_no_training_set(engine: Engine[Any], stores: Stores) -> None:
    windows = DEFAULT.ending(date(2020, 6, 30))
    nobody = prepare.features(engine, CHURN, V2, windows)
    features = stores.features.save(engine, V2, windows, nobody)
    with pytest.raises(DataError, match="nobody to learn from"):
        stores.features.training_set(
            engine, V2, CHURN.label, windows, prepare.labels(engine, CHURN, windows), features
        )


# Experiments


def test_a_run_is_read_back_as_it_was_logged(stores: Stores, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    (artifacts / "plots").mkdir(parents=True)
    (artifacts / "plots" / "roc.png").write_bytes(b"png")
    (artifacts / "table.csv").write_text("a")
    run_id = stores.experiments.log(new_run(artifacts=artifacts))
    (run,) = stores.experiments.runs()
    assert (run.id, run.name, run.training) == (run_id, "Baseline", "t1")
    assert (run.parameters, run.metrics) == ({"max_depth": "3"}, {"cv_log_loss_mean": 0.5})
    assert run.tags == {"chosen": "true"}


def test_runs_of_one_name_are_two_runs(stores: Stores) -> None:
    assert stores.experiments.log(new_run()) != stores.experiments.log(new_run())
    assert len(stores.experiments.runs()) == 2


def test_an_empty_store_has_nothing(stores: Stores) -> None:
    assert list(stores.experiments.runs()) == []
    assert list(stores.models.versions(MODEL)) == []


def test_a_version_knows_where_it_comes_from(stores: Stores) -> None:
    made = register(stores)
    (run,) = stores.experiments.runs()
    assert (made.name, made.version, made.comment) == (MODEL, "V1", "a comment")
    assert made.lineage == lineage(run.id)
    assert made.lineage.windows == DEFAULT
    assert made.metrics == {"roc_auc": 0.8}


def test_a_loaded_model_says_what_the_saved_one_said(stores: Stores) -> None:
    loaded = stores.models.load(register(stores))
    assert np.array_equal(train.probabilities(loaded, X), train.probabilities(FITTED, X))


def test_the_first_version_is_the_default_until_another_is_chosen(stores: Stores) -> None:
    register(stores)
    register(stores)
    assert stores.models.get(of("DEFAULT")).version == "V1"
    assert stores.models.set_default(of("V2")).is_default
    assert [v.is_default for v in stores.models.versions(MODEL)] == [False, True]
    assert [stores.models.get(of(a)).version for a in ("FIRST", "LAST")] == ["V1", "V2"]


def test_an_alias_has_one_owner_and_moves_in_one_step(stores: Stores) -> None:
    register(stores)
    register(stores)
    assert stores.models.set_alias(of("V1"), "production").aliases == ("PRODUCTION",)
    stores.models.set_alias(of("LAST"), "PRODUCTION")
    assert [v.aliases for v in stores.models.versions(MODEL)] == [(), ("PRODUCTION",)]
    assert stores.models.get(of("PRODUCTION")).version == "V2"
    assert stores.models.set_alias(of("V2"), "STAGING").aliases == ("STAGING",)


@pytest.mark.parametrize("alias", ["V3", "DEFAULT", "last", "two words", ""])
def test_words_that_mean_something_else_are_no_aliases(stores: Stores, alias: str) -> None:
    with pytest.raises(UsageError, match="cannot be an alias"):
        stores.models.set_alias(of("V1"), alias)


def test_unknown_models_versions_and_aliases_are_refused(stores: Stores) -> None:
    with pytest.raises(StoreError, match="there is no model CUSTOMER_CHURN_PREDICTOR"):
        stores.models.get(of("V1"))
    register(stores)
    with pytest.raises(StoreError, match=r"no version of .* 'V9'(.|\n)*There is: .*V1"):
        stores.models.get(of("V9"))
    with pytest.raises(StoreError, match=r"no alias of .* 'PRODUCTION'"):
        stores.models.set_default(of("PRODUCTION"))


def test_the_newest_run_comes_first(stores: Stores) -> None:
    stores.experiments.log(new_run(name="A"))
    time.sleep(0.01)
    stores.experiments.log(new_run(name="B"))
    assert [run.name for run in stores.experiments.runs()] == ["B", "A"]


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=list(ALGORITHMS))
def test_predictions_are_those_of_the_model(
    engine: Engine[Any], stores: Stores, algorithm: Algorithm
) -> None:
    """Probabilities to the last digits, and the reasons for them, wherever it is registered."""
    generator = np.random.default_rng(0)
    columns = {
        f.name: generator.choice(["Basic", "Gold"], 60)
        if f.type is Type.TEXT
        else generator.normal(20, 20, 60)
        for f in V2.features
    }
    x, y = pd.DataFrame(columns), generator.integers(0, 2, 60)
    parameters = next(iter(algorithm.presets.values()))
    fitted = train.pipeline(algorithm, V2.features, parameters, seed=0).fit(x, y)
    background = explain.background(x)
    version = register(stores, fitted=fitted, background=background)
    features = saved(engine, stores, V2)
    predicted = stores.models.predict(version, V2, features)
    rows = train.inputs(features.rows, V2.features)
    assert predicted.probabilities == pytest.approx(train.probabilities(fitted, rows), abs=1e-12)
    assert predicted.contributions.columns == list(V2.columns)
    expected = explain.explain(fitted, rows, background)
    assert predicted.contributions.to_numpy() == pytest.approx(expected.values, abs=1e-6)
    assert len({round(v, 6) for row in predicted.contributions.rows() for v in row}) > 5


def test_a_version_of_an_earlier_format_is_read(stores: Stores) -> None:
    """Versions that were registered before labels were recorded."""
    run = stores.experiments.log(new_run())
    unknown = dict.fromkeys(("problem", "label", "label_fingerprint", "tables", "algorithm"), "")
    register(stores)
    old = lineage(run, **unknown)
    facts = {k: v for k, v in old.as_dict().items() if k not in unknown}
    assert Lineage.from_dict(facts) == old
    assert not old.is_complete
    assert lineage(run).is_complete


def test_stored_features_of_two_windows_are_kept_apart(engine: Engine[Any], stores: Stores) -> None:
    """The training set takes those of its own window."""
    longer = replace(DEFAULT, observation_start=date(2022, 12, 1))
    first = saved(engine, stores, V2)
    frame = prepare.features(engine, CHURN, V2, longer)
    changed = frame.with_columns(RETURN_RATE=0.5)
    other = stores.features.save(engine, V2, longer, changed)
    assert (first.rows.height, other.rows.height) == (2, 3)
    labels = prepare.labels(engine, CHURN, DEFAULT)
    record, rows = stores.features.training_set(engine, V2, CHURN.label, DEFAULT, labels, first)
    assert rows.drop("IS_CHURNED").equals(first.rows)
    assert record.data_hash == HASH


# Scores


def test_scores_of_the_same_version_and_date_are_replaced(
    target: tuple[Engine[Any], Stores],
) -> None:
    engine, stores = target
    version = register(stores)
    as_of = date(2024, 6, 30)
    facts = {"MODEL_NAME": version.name, "MODEL_VERSION": version.version, "AS_OF_DATE": as_of}
    rows = pl.DataFrame(
        {"CUSTOMER_ID": ["A", "B"], "CHURN_PROBABILITY": [0.5, 0.25], "IS_AT_RISK": [1, 0]}
    ).with_columns(pl.lit(value).alias(name) for name, value in facts.items())
    for scored in (rows, rows.head(1)):
        location = stores.scores.save(version, as_of, scored)
    kept = (
        fetch(engine.session.table(location))
        if isinstance(engine, SnowparkEngine)
        else pl.read_csv(location)
    )
    assert kept["CUSTOMER_ID"].to_list() == ["A"]


# In Snowflake only


def test_a_registered_view_never_changes(remote_engine: SnowparkEngine) -> None:
    stores = remote.stores(remote_engine.session, remote_engine.database, CHURN)
    remote_engine.save(ORDERS, orders_frame([("A", "2024-06-01", 1.0, "FULFILLED")]))
    remote_engine.save(CUSTOMERS, customers_frame([("A", "Basic")]))
    saved(remote_engine, stores, V1)
    changed = replace(V1, compute=lambda orders, windows: V1.compute(orders, windows).distinct())
    with pytest.raises(StoreError, match=r"registered in .* with another"):
        saved(remote_engine, stores, changed)


@pytest.mark.remote
def test_a_label_of_the_same_name_never_changes(remote_engine: SnowparkEngine) -> None:
    stores = remote.stores(remote_engine.session, remote_engine.database, CHURN)
    remote_engine.save(ORDERS, orders_frame([("A", "2024-06-01", 1.0, "FULFILLED")]))
    remote_engine.save(CUSTOMERS, customers_frame([("A", "Basic")]))
    features = saved(remote_engine, stores, V1)
    labels = prepare.labels(remote_engine, CHURN, DEFAULT)
    stores.features.training_set(remote_engine, V1, CHURN.label, DEFAULT, labels, features)

    def compute(orders: Any, windows: Any) -> Any:
        return CHURN.label.compute(orders, windows).distinct()

    changed = replace(CHURN.label, compute=compute)
    with pytest.raises(StoreError, match=r"the label CHURN/v1 is registered in .* with another"):
        stores.features.training_set(remote_engine, V1, changed, DEFAULT, labels, features)


def test_the_longest_name_that_fits_is_the_feature_that_is_explained() -> None:
    names = ("ORDER", "ORDER_STATUS", "ORDER_COUNT")
    types = (Type.TEXT, Type.TEXT, Type.INTEGER)
    features = tuple(Feature(n, t, "") for n, t in zip(names, types, strict=True))
    view = replace(V1, features=features)
    columns = ["ORDER_A", "ORDER_STATUS_A", "ORDER_STATUS_B", "ORDER_COUNT", "ORDER_COUNTRY"]
    of = explanations([f'"{name}_explanation"' for name in columns], view)
    assert {name: [c.strip('"') for c in held] for name, held in of.items()} == {
        "ORDER": ["ORDER_A_explanation", "ORDER_COUNTRY_explanation"],
        "ORDER_STATUS": ["ORDER_STATUS_A_explanation", "ORDER_STATUS_B_explanation"],
        "ORDER_COUNT": ["ORDER_COUNT_explanation"],
    }


REGISTERING = """
import json, sys
from snowflake.snowpark import Session
from churn.domain.churn import CHURN
from churn.stores import snowflake
from tests.stores.records import register
session = Session.builder.configs(json.loads(sys.argv[1])).create()
print(register(snowflake.stores(session, sys.argv[2], CHURN)).version)
"""


@pytest.mark.emulator
def test_clients_at_once_get_versions_of_their_own(
    remote_engine: SnowparkEngine, snowflake_emulator: Any
) -> None:
    where = snowflake_emulator.connection | {
        "database": remote_engine.database,
        "schema": "PREP_DATA",
    }
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTERING, json.dumps(where), remote_engine.database],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [client.communicate(timeout=120)[0].split() for client in clients]
    assert [client.returncode for client in clients] == [0, 0]
    assert sorted(words[-1] for words in said) == ["V1", "V2"]
    versions = remote.stores(remote_engine.session, remote_engine.database, CHURN).models.versions(
        MODEL
    )
    assert len({v.lineage.run for v in versions}) == 2
