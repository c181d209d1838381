"""snowflake-ml's clients, unmodified: feature store, registry, experiments."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from snowflake.ml.experiment import ExperimentTracking
from snowflake.ml.feature_store import CreationMode, Entity, FeatureStore, FeatureView
from snowflake.ml.registry import Registry
from snowflake.snowpark import functions as sf
from snowflake.snowpark.exceptions import SnowparkSQLException
from xgboost import XGBClassifier

from churn.emulator.clients import METHODS

pytestmark = [pytest.mark.remote, pytest.mark.filterwarnings("ignore")]

X = pd.DataFrame({"A": np.linspace(0, 1, 40), "N": [1.0, 2.0] * 20})
FITTED = XGBClassifier(n_estimators=5).fit(X, (X["A"] > 0.5).astype(int))


@pytest.fixture
def session(snowflake_session: Any) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield snowflake_session


# Feature store


@pytest.fixture
def orders(session: Any) -> Any:
    rows = [[f"C{i}", i, f"2024-0{1 + i % 6}-15"] for i in range(20)]
    found = session.create_dataframe(rows, schema=["CUSTOMER_ID", "N", "D"])
    found.select("CUSTOMER_ID", "N", sf.to_date("D").alias("D")).write.save_as_table("O")
    return session.table("O")


@pytest.fixture
def store(session: Any, orders: Any) -> FeatureStore:
    return FeatureStore(
        session,
        session.get_current_database().strip('"'),
        "PUBLIC",
        default_warehouse="COMPUTE_WH",
        creation_mode=CreationMode.CREATE_IF_NOT_EXIST,
    )


@pytest.fixture
def entity(store: FeatureStore) -> Entity:
    made = Entity("CUSTOMER", ["CUSTOMER_ID"], desc="who")
    store.register_entity(made)
    return made


def totals(orders: Any) -> Any:
    return orders.group_by("CUSTOMER_ID").agg(sf.sum("N").alias("TOTAL"), sf.max("D").alias("TS"))


def test_entities(store: FeatureStore, entity: Entity) -> None:
    assert store.get_entity("CUSTOMER").desc == "who"
    assert store.update_entity("CUSTOMER", desc="whoever").desc == "whoever"
    assert [row["NAME"] for row in store.list_entities().collect()] == ["CUSTOMER"]
    store.delete_entity("CUSTOMER")
    assert store.list_entities().count() == 0


def test_feature_views(store: FeatureStore, entity: Entity, orders: Any) -> None:
    """Static, refreshed and by cron: listed, read, kept when registered again, deleted."""
    static = FeatureView("F", [entity], totals(orders).drop("TS"), desc="static")
    described = static.attach_feature_desc({"TOTAL": "how much"})
    first = store.register_feature_view(described, "v1")
    assert store.register_feature_view(described, "v1").version == "v1"
    dynamic = FeatureView("F", [entity], totals(orders), timestamp_col="TS", refresh_freq="1m")
    store.register_feature_view(dynamic, "v2")
    cron = FeatureView("C", [entity], totals(orders).drop("TS"), refresh_freq="0 * * * * UTC")
    store.register_feature_view(cron, "v1")
    listed = {(r["NAME"], r["VERSION"]) for r in store.list_feature_views().collect()}
    assert listed == {("F", "v1"), ("F", "v2"), ("C", "v1")}
    got = store.get_feature_view("F", "v2")
    assert (got.refresh_freq, got.timestamp_col, got.status.value) == ("1 minute", "TS", "ACTIVE")
    assert store.get_feature_view("F", "v1").feature_descs["TOTAL"] == "how much"
    assert store.read_feature_view(first).count() == 20
    for view in (("C", "v1"), ("F", "v1")):
        store.delete_feature_view(*view)
    assert store.list_feature_views().count() == 1
    store.register_feature_view(dynamic, "v2", overwrite=True)


def test_a_dynamic_view_is_stale(
    session: Any, store: FeatureStore, entity: Entity, orders: Any
) -> None:
    view = FeatureView("F", [entity], totals(orders).drop("TS"), refresh_freq="1m")
    known = store.register_feature_view(view, "v1")
    session.sql("INSERT INTO O SELECT 'NEW', 1, '2024-01-01'::DATE").collect()
    assert store.read_feature_view(known).count() == 20
    store.refresh_feature_view("F", "v1")
    assert store.read_feature_view(known).count() == 21
    history = store.get_refresh_history("F", "v1").collect()
    assert [row["STATE"] for row in history] == ["SUCCEEDED"] * 2
    assert store.suspend_feature_view("F", "v1").status.value == "SUSPENDED"
    assert store.resume_feature_view("F", "v1").status.value == "ACTIVE"
    changed = store.update_feature_view("F", "v1", refresh_freq="2 minutes", desc="new")
    assert (changed.desc, changed.refresh_freq) == ("new", "2 minutes")


def test_training_sets(session: Any, store: FeatureStore, entity: Entity, orders: Any) -> None:
    """By time: a row of the spine before the feature's time has no features."""
    timed = store.register_feature_view(
        FeatureView("T", [entity], totals(orders), timestamp_col="TS"), "v1"
    )
    spine = session.create_dataframe(
        [["C0", "2024-12-31", 1], ["C0", "2023-12-31", 0], ["NOBODY", "2024-12-31", 1]],
        schema=["CUSTOMER_ID", "AT", "Y"],
    ).select("CUSTOMER_ID", sf.to_date("AT").alias("AT"), "Y")
    made = store.generate_training_set(
        spine, [timed], spine_timestamp_col="AT", spine_label_cols=["Y"]
    )
    rows = {(r["CUSTOMER_ID"], str(r["AT"])): r["TOTAL"] for r in made.collect()}
    assert rows == {
        ("C0", "2024-12-31"): 0,
        ("C0", "2023-12-31"): None,
        ("NOBODY", "2024-12-31"): None,
    }
    static = store.register_feature_view(
        FeatureView("S", [entity], totals(orders).drop("TS")), "v1"
    )
    assert store.retrieve_feature_values(spine.select("CUSTOMER_ID"), [static]).count() == 3
    saved = store.generate_training_set(spine.drop("AT"), [static], save_as="TRAINING")
    assert saved.count() == session.table("TRAINING").count() == 3
    dataset = store.generate_dataset(
        "DS", spine, [timed], version="V1", spine_timestamp_col="AT", spine_label_cols=["Y"]
    )
    assert dataset.read.to_pandas().shape == (3, 4)
    assert dataset.read.to_snowpark_dataframe().count() == 3
    assert dataset.list_versions() == ["V1"]
    assert [v.name for v in store.load_feature_views_from_dataset(dataset)] == ["T"]


# Registry


@pytest.fixture
def registry(session: Any) -> Registry:
    return Registry(session)


def log(registry: Registry, version: str, **more: Any) -> Any:
    return registry.log_model(
        FITTED,
        model_name="M",
        version_name=version,
        sample_input_data=X,
        target_platforms=["WAREHOUSE"],
        options={"enable_explainability": True, "capture_sample_input_data": False},
        **more,
    )


def test_versions_and_what_is_known_of_them(session: Any, registry: Registry) -> None:
    first = log(registry, "V1", metrics={"auc": 0.5}, comment="first")
    second = log(registry, "V2")
    model = registry.get_model("M")
    assert [v.version_name for v in model.versions()] == ["V1", "V2"]
    assert (model.default.version_name, model.last().version_name) == ("V1", "V2")
    model.default = "V2"
    assert (model.default.version_name, model.first().version_name) == ("V2", "V1")
    first.set_alias("CHAMPION")
    assert model.version("champion").version_name == "V1"
    first.unset_alias("CHAMPION")
    second.set_metric("f1", 0.25)
    assert (first.get_metric("auc"), second.show_metrics()) == (0.5, {"f1": 0.25})
    second.delete_metric("f1")
    first.comment = "words"
    model.comment = "of the model"
    assert (first.comment, model.comment) == ("words", "of the model")
    assert first.get_model_task().value == "TABULAR_BINARY_CLASSIFICATION"
    session.sql("CREATE TAG STAGE").collect()
    model.set_tag("STAGE", "prod")
    assert model.get_tag("STAGE") == "prod"
    assert list(model.show_tags().values()) == ["prod"]
    model.unset_tag("STAGE")
    assert len(model.show_versions()) == 2
    assert len(registry.show_models()) == len(registry.models()) == 1
    with pytest.raises(ValueError, match="already existed"):
        log(registry, "V2")
    model.delete_version("V1")
    model.rename("N")
    registry.delete_model("N")
    assert registry.models() == []


def test_inference_is_that_of_the_packaged_model(session: Any, registry: Registry) -> None:
    version = log(registry, "V1")
    wanted = FITTED.predict_proba(X)[:, 1]
    assert [f["name"] for f in version.show_functions()] == ["PREDICT", "PREDICT_PROBA", "EXPLAIN"]
    by_pandas = version.run(X, function_name="predict_proba")
    assert np.array_equal(by_pandas.iloc[:, 1].to_numpy(dtype=np.float32), wanted)
    session.write_pandas(X.reset_index(names="ID"), "T", auto_create_table=True)
    for sql in (
        "MODEL(M, V1)!PREDICT_PROBA(A, N):output_feature_1::FLOAT",
        "M!predict_proba(n => N, a => A)['output_feature_1']::FLOAT",
    ):
        rows = session.sql(f"SELECT ID, {sql} P FROM T ORDER BY ID").collect()
        assert np.array_equal(np.array([r["P"] for r in rows], dtype=np.float32), wanted)
    explained = version.run(session.table("T"), function_name="explain")
    assert explained.count() == len(X)
    assert any("explanation" in column for column in explained.columns)


def test_a_model_that_does_not_fit_the_table_is_named(session: Any, registry: Registry) -> None:
    version = log(registry, "V1")
    session.create_dataframe([["a", 1.0]], schema=["A", "N"]).write.save_as_table("BAD")
    with pytest.raises(SnowparkSQLException, match="Numeric value 'a' is not recognized"):
        session.sql("SELECT M!predict(A, N) FROM BAD").collect()
    with pytest.raises(ValueError, match=r"(?i)N"):
        version.run(X.drop(columns="N"), function_name="predict")


def test_files_come_back(registry: Registry, tmp_path: Path) -> None:
    version = log(registry, "V1")
    assert np.array_equal(version.load(force=True).predict_proba(X), FITTED.predict_proba(X))
    version.export(str(tmp_path))
    assert (tmp_path / "model" / "model.yaml").is_file()


def test_a_version_that_is_registered_again_is_the_new_model(registry: Registry) -> None:
    """What was dropped is not remembered under its name."""
    log(registry, "V1")
    log(registry, "V2").run(X, function_name="predict")
    model = registry.get_model("M")
    model.delete_version("V2")
    turned = XGBClassifier(n_estimators=5).fit(X, (X["A"] <= 0.5).astype(int))
    again = registry.log_model(
        turned,
        model_name="M",
        version_name="V2",
        sample_input_data=X,
        target_platforms=["WAREHOUSE"],
    )
    found = again.run(X, function_name="predict").iloc[:, 0].to_numpy(dtype=int)
    assert np.array_equal(found, turned.predict(X))


# Experiments


@pytest.fixture
def tracking(session: Any) -> Any:
    own = type("Tracking", (ExperimentTracking,), {"_instance": None})
    found = own(session)
    found.set_experiment("E")
    return found


def test_runs_hold_what_was_logged(tracking: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("b")
    (tmp_path / "a.txt").write_text("a")
    with tracking.start_run("R"):
        tracking.log_params({"depth": 3})
        tracking.log_param("name", "x")
        tracking.log_metrics({"auc": 0.5})
        for step in range(3):
            tracking.log_metric("loss", 1 / (step + 1), step=step)
        tracking.log_artifact(str(tmp_path / "a.txt"))
        tracking.log_artifact(str(tmp_path / "sub"), artifact_path="deep")
    (metrics,) = tracking.list_metrics(run_name="R").collect()
    assert (metrics["auc"], metrics["loss"]) == (0.5, 1 / 3)
    (parameters,) = tracking.list_params(run_name="R").collect()
    assert (parameters["depth"], parameters["name"]) == ("3", "x")
    history = tracking.get_metric_history(run_name="R", metric_name="loss").collect()
    assert [(r["step"], r["value"]) for r in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert [a.name for a in tracking.list_artifacts("R")] == ["a.txt", "deep/b.txt"]
    tracking.download_artifacts("R", target_path=str(tmp_path / "back"))
    assert (tmp_path / "back" / "deep" / "b.txt").read_text() == "b"
    with pytest.raises(RuntimeError, match="cannot be resumed"):
        tracking.start_run("R")


def test_a_run_that_raises_has_failed(session: Any, tracking: Any) -> None:
    with pytest.raises(ZeroDivisionError), tracking.start_run("R"):
        _ = 1 / 0
    (row,) = session.sql("SHOW RUNS IN EXPERIMENT E").collect()
    assert row["status"] == "FAILED"
    tracking.delete_run("R")
    tracking.delete_experiment("E")


def test_a_model_knows_its_run(tracking: Any) -> None:
    with tracking.start_run("R"):
        tracking.log_model(FITTED, model_name="M", version_name="V1", sample_input_data=X)
    (version,) = tracking.list_model_versions(run_name="R")
    assert version.version_name == "V1"
    (source,) = version.lineage(direction="upstream")
    assert type(source).__name__ == "Run"


# The page


def test_every_method_of_the_clients_is_on_the_page() -> None:
    here = {name for name in globals() if name.startswith("test_")}
    for client in (FeatureStore, Registry, ExperimentTracking):
        public = {
            name
            for name, member in inspect.getmembers(client, inspect.isfunction)
            if not name.startswith("_")
        }
        listed = {m.partition(".")[2] for m in METHODS if m.startswith(f"{client.__name__}.")}
        assert listed == public, client.__name__
    assert {test for _, test in METHODS.values() if test} <= here
