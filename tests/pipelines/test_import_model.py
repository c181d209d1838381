"""A model that a script with nothing of this package made, into the registry of both targets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from churn.cli import app
from churn.domain.errors import ImportRefusedError, StoreError, UsageError
from churn.domain.schemas import PREP_DATA, SCHEMAS
from churn.engines.polars import PolarsEngine
from churn.engines.snowpark import SnowparkEngine
from churn.model import train
from churn.model.algorithms import XGBOOST
from churn.pipelines import import_model
from churn.pipelines.import_model import Import, Registered
from churn.pipelines.score import score
from churn.stores import Stores, local
from churn.stores import snowflake as remote
from churn.stores.records import Reference, Scorer
from tests.conftest import SAMPLE
from tests.shipped import CHURN, DEFAULT, VIEWS

SCRIPT = Path(__file__).with_name("elsewhere.py")
NAME = "EXTERNAL_MODEL"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    script = [sys.executable, "-I", str(SCRIPT), str(folder)]
    subprocess.run(script, check=True, cwd=folder, env={"PATH": os.environ["PATH"]})
    return folder


@pytest.fixture(params=["local", pytest.param("snowflake", marks=pytest.mark.remote)])
def stores(request: pytest.FixtureRequest, home: Path) -> Stores:
    if request.param == "local":
        return local.stores(home, CHURN)
    session = request.getfixturevalue("snowflake_session")
    database = session.get_current_database().strip('"')
    SnowparkEngine(session, database, PREP_DATA).prepare(SCHEMAS)
    return remote.stores(session, database, CHURN)


def asked(folder: Path, **changes: Any) -> Import:
    given = Import(
        file=folder / "model.tar.gz",
        name=NAME,
        golden=folder / "golden.csv",
        signature=folder / "signature.json",
        source="SageMaker, job 17",
    )
    return replace(given, **changes)


def imported(stores: Stores, wanted: Import) -> Registered:
    return import_model.run(CHURN, stores, wanted, None, DEFAULT, "0.1.0")


def test_the_registered_model_repeats_its_golden_predictions(
    stores: Stores, elsewhere: Path, tmp_path: Path
) -> None:
    """Once more when it is read back; and its version knows where it comes from."""
    metrics = tmp_path / "metrics.json"
    metrics.write_text('{"roc_auc": 0.9, "threshold": 0.25}')
    done = imported(stores, asked(elsewhere, metrics=metrics))
    version = stores.models.get(Reference(NAME, "V1"))
    assert done.version == version
    assert (done.rows, done.algorithm, version.metrics) == (300, "xgboost", {"roc_auc": 0.9})
    assert done.tags == stores.models.tags(NAME)
    assert done.tags == {
        "MODEL_STAGE": "CANDIDATE",
        "MODEL_PURPOSE": "CHURN",
        "SOURCE": "SageMaker, job 17",
        "PROJECT": "churn",
    }
    lineage = version.lineage
    assert (lineage.origin, lineage.source) == ("imported", "SageMaker, job 17")
    assert lineage.file_format == "XGBoost UBJ in model.tar.gz"
    assert {len(lineage.file_hash), len(lineage.golden_hash)} == {64}
    assert float(lineage.agreement) <= 1e-6
    assert (lineage.threshold, lineage.feature_view) == (0.25, "")
    golden = pd.read_parquet(elsewhere / "golden.parquet")
    scores = train.probabilities(stores.models.load(version), golden.drop(columns="SCORE"))
    assert scores == pytest.approx(golden["SCORE"].to_numpy(), abs=1e-6)


class Drifting:
    """A registry whose stored models say something else than what was stored."""

    def __init__(self, models: Any) -> None:
        self.models = models

    def __getattr__(self, name: str) -> Any:
        return getattr(self.models, name)

    def register(self, model: Any, lineage: Any) -> Any:
        def accept(scorer: Scorer) -> str:
            return str(model.accept(lambda x: scorer(x) + np.eye(1, len(x), 3)[0] * 1e-3))

        return self.models.register(replace(model, accept=accept), lineage)


def test_a_registered_model_that_differs_leaves_no_version(stores: Stores, elsewhere: Path) -> None:
    off = replace(stores, models=Drifting(stores.models))
    with pytest.raises(ImportRefusedError, match=r"1 of 300 golden(.|\n)*row 4:"):
        imported(off, asked(elsewhere))
    assert list(stores.models.versions(NAME)) == []
    imported(stores, asked(elsewhere))
    with pytest.raises(ImportRefusedError, match="1 of 300 golden"):
        imported(off, asked(elsewhere))
    assert [v.version for v in stores.models.versions(NAME)] == ["V1"]


@pytest.fixture
def here(home: Path) -> Stores:
    return local.stores(home, CHURN)


def test_a_refused_file_leaves_nothing(here: Stores, elsewhere: Path, tmp_path: Path) -> None:
    rows = pl.read_csv(elsewhere / "golden.csv")
    rows.with_columns(SCORE=1 - pl.col("SCORE")).write_csv(tmp_path / "golden.csv")
    with pytest.raises(ImportRefusedError, match="of class 0"):
        imported(here, asked(elsewhere, golden=tmp_path / "golden.csv"))
    assert (list(here.experiments.runs()), list(here.models.versions(NAME))) == ([], [])


def test_a_stage_that_the_model_has_reached_stays(here: Stores, elsewhere: Path) -> None:
    imported(here, asked(elsewhere))
    here.models.tag(NAME, {"MODEL_STAGE": "PRODUCTION"})
    again = imported(here, asked(elsewhere, file=elsewhere / "model.json", source=""))
    assert again.version.version == "V2"
    assert (again.tags["MODEL_STAGE"], again.tags["SOURCE"]) == ("PRODUCTION", "model.json")


def test_without_a_view_it_is_not_scored(here: Stores, elsewhere: Path) -> None:
    imported(here, asked(elsewhere))
    with pytest.raises(StoreError, match=r"by its signature alone(.|\n)*--view"):
        score(PolarsEngine(SAMPLE), CHURN, here, Reference(NAME), None)


@pytest.mark.parametrize("name", ["two words", "", "1ST"])
def test_names_that_a_registry_does_not_take_are_refused(
    here: Stores, elsewhere: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot be a model's name"):
        imported(here, asked(elsewhere, name=name))


@pytest.mark.parametrize("written", ["[1]", "{", '{"auc": "high"}'])
def test_metrics_that_are_no_numbers_are_refused(
    here: Stores, elsewhere: Path, tmp_path: Path, written: str
) -> None:
    (tmp_path / "m.json").write_text(written)
    with pytest.raises(ImportRefusedError, match="holds no metrics"):
        imported(here, asked(elsewhere, metrics=tmp_path / "m.json"))


def test_by_the_command_a_model_of_a_view_is_scored_with_reasons(tmp_path: Path) -> None:
    """Its columns are those of the view, in another order."""
    view = VIEWS[0]
    names = list(view.columns)[::-1]
    generator = np.random.default_rng(0)
    table = pd.DataFrame({n: generator.uniform(0, 300, 200) for n in names})
    fitted = XGBOOST.make({"n_estimators": 5}, 0).fit(table, generator.integers(0, 2, 200))
    fitted.get_booster().save_model(tmp_path / "model.json")
    golden = table.assign(P=fitted.predict_proba(table)[:, 1])
    golden.to_parquet(tmp_path / "golden.parquet")
    files = ["--golden", str(tmp_path / "golden.parquet"), "--score-column", "p"]
    words = ["models", "import", str(tmp_path / "model.json"), "--name", "external", *files]
    fed = ["--view", view.name, "--version", view.version]
    runner = CliRunner()
    done = runner.invoke(app, [*words, *fed, "--json"])
    assert done.exit_code == 0, done.output
    lineage = json.loads(done.stdout)["version"]["lineage"]
    assert lineage["feature_fingerprint"] == view.plan.fingerprint
    shown = runner.invoke(app, [*words, *fed])
    assert "EXTERNAL/V2" in shown.output
    assert "MODEL_STAGE" in shown.output
    scored = runner.invoke(app, ["score", "--data", str(SAMPLE), "--model", "external", "--json"])
    assert scored.exit_code == 0, scored.output
    golden.assign(P=1 - golden["P"]).to_parquet(tmp_path / "golden.parquet")
    refused = runner.invoke(app, [*words, *fed])
    assert refused.exit_code == 1
    assert "class 0" in refused.output
    assert runner.invoke(app, [*words, "--version", "v1"]).exit_code == 2
