"""The stores on a laptop: Parquet files, and MLflow on SQLite, all below one folder.

```
<home>/
├── features/<VIEW>/<version>/<as-of date>.parquet
├── training_sets/<hash>.parquet
├── scores/<MODEL>/<version>/<as-of date>.csv
├── mlflow.db             experiments and model registry: mlflow ui --backend-store-uri sqlite:///...
├── artifacts/<run>/      plots, SHAP values, model files
└── lock                  held while a run or a model is written
```
Parquet files carry their own record as metadata, so that a file and what is known of it appear in
one step. A run becomes visible when it is finished, and a version when its files are there, so a
process that is killed leaves nothing half written.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
from filelock import FileLock, Timeout

from churn.domain.errors import StoreError
from churn.domain.features import KEY, FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import LABEL
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.stores import (
    EXPERIMENT_NAME,
    Features,
    FeatureSet,
    Lineage,
    ModelVersion,
    NewModel,
    NewRun,
    Predictions,
    Reference,
    Run,
    Stores,
    TrainingSet,
    alias_named,
    chosen,
    data_hash,
    require_population,
    rounded,
)
from churn.writing import replacing

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sklearn.pipeline import Pipeline

F = TypeVar("F", bound=Frame)

PATIENCE = 60.0
"""Seconds to wait for another process that writes to the same store."""

RECORD = "churn"
BACKGROUND = "background.parquet"
DEFAULT_VERSION = "default_version"


def stores(home: Path) -> Stores:
    """The stores below the folder `home`, which is made when first written to."""
    database = Database(home)
    return Stores(
        ParquetFeatures(home), MlflowExperiments(database), MlflowModels(database), CsvScores(home)
    )


@dataclass(frozen=True)
class ParquetFeatures:
    home: Path

    def save(self, engine: Engine[F], view: FeatureView, windows: Windows, frame: F) -> Features:
        rows = rounded(engine.collect(frame)).sort(KEY)
        return Features(self.save_features(view, windows, rows), rows)

    def training_set(
        self, engine: Engine[F], view: FeatureView, windows: Windows, labels: F, features: Features
    ) -> tuple[TrainingSet, pl.DataFrame]:
        rows = engine.collect(labels).join(features.rows, on=KEY, how="left").sort(KEY)
        require_population(rows)
        return self.save_training_set(view, windows, rows), rows

    def save_features(self, view: FeatureView, windows: Windows, rows: pl.DataFrame) -> FeatureSet:
        path = self.home / "features" / view.name / view.version / f"{windows.as_of}.parquet"
        record = FeatureSet(
            view=str(view),
            as_of=windows.as_of,
            fingerprint=view.plan.fingerprint,
            rows=rows.height,
            data_hash=data_hash(rows),
            location=str(path),
        )
        _write(rows, path, asdict(record))
        return record

    def save_training_set(
        self, view: FeatureView, windows: Windows, rows: pl.DataFrame
    ) -> TrainingSet:
        hashed = data_hash(rows)
        path = self.home / "training_sets" / f"{hashed[:16]}.parquet"
        record = TrainingSet(
            name=f"TRAINING_SET_{hashed[:16].upper()}",
            view=str(view),
            fingerprint=view.plan.fingerprint,
            as_of=windows.as_of,
            observation_start=windows.observation_start,
            outcome_end=windows.outcome_end,
            rows=rows.height,
            churned=int(rows[LABEL].sum()),
            data_hash=hashed,
            location=str(path),
        )
        _write(rows, path, asdict(record))
        return record


@dataclass(frozen=True)
class CsvScores:
    """CSV, since people open them."""

    home: Path

    def save(self, version: ModelVersion, as_of: date, rows: pl.DataFrame) -> str:
        path = self.home / "scores" / version.name / version.version / f"{as_of}.csv"
        with replacing(path) as temporary:
            rows.write_csv(temporary)
        return str(path)


def _write(rows: pl.DataFrame, path: Path, record: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        rows.write_parquet(temporary, metadata={RECORD: json.dumps(record, default=str)})


class Database:
    """MLflow's client on a SQLite file, and the lock under which it is written to."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.path = self.home / "mlflow.db"

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    @cached_property
    def client(self) -> MlflowClient:
        with _mlflow_quiet():
            from mlflow import MlflowClient

            address = f"sqlite:///{self.path}"
            with self.writing():
                if not self.exists:
                    self._create()
            return MlflowClient(tracking_uri=address, registry_uri=address)

    @cached_property
    def lock(self) -> FileLock:
        return FileLock(self.home / "lock")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among all processes.

        Raises:
            StoreError: The folder cannot be written to, or another process holds on to it.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise StoreError(
                f"the store {self.home} is being written to by another process for over "
                f"{PATIENCE:.0f} s",
                "Try again when it has finished.",
            ) from error
        except OSError as error:
            raise StoreError(
                f"the store {self.home} cannot be written to: {error.strerror}",
                "Set CHURN_HOME to a folder you may write to.",
            ) from error
        try:
            yield
        finally:
            self.lock.release()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """MLflow's and the file system's errors in our words."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, OSError) as error:
            raise StoreError(
                f"the store {self.home} failed: {str(error).splitlines()[0]}",
                "Is the disk full, or the folder read-only?",
            ) from error

    def experiment(self) -> str:
        """The id of our experiment, which is made if need be."""
        found = self.client.get_experiment_by_name(EXPERIMENT_NAME)
        if found:
            return str(found.experiment_id)
        location = (self.home / "artifacts").as_uri()
        return str(self.client.create_experiment(EXPERIMENT_NAME, artifact_location=location))

    def _create(self) -> None:
        """Under another name first: a database that is there is complete."""
        from mlflow import MlflowClient

        handle, name = tempfile.mkstemp(prefix="mlflow-", suffix=".db", dir=self.home)
        os.close(handle)
        temporary = Path(name)
        try:
            address = f"sqlite:///{temporary}"
            MlflowClient(tracking_uri=address, registry_uri=address).search_experiments()
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class MlflowExperiments:
    database: Database

    def log(self, run: NewRun) -> str:
        from mlflow.entities import Metric, Param, RunTag

        database = self.database
        with _mlflow_quiet(), database.writing(), database.translated():
            client, experiment = database.client, database.experiment()
            self._bury_the_dead(experiment)
            begun = client.create_run(experiment, run_name=run.name)
            now = begun.info.start_time
            client.log_batch(
                begun.info.run_id,
                metrics=[Metric(name, value, now, 0) for name, value in run.metrics.items()],
                params=[Param(name, str(value)) for name, value in run.parameters.items()],
                tags=[
                    RunTag(name, value)
                    for name, value in {**run.tags, "training": run.training}.items()
                ],
            )
            if run.artifacts:
                client.log_artifacts(begun.info.run_id, str(run.artifacts))
            client.set_terminated(begun.info.run_id)
            return str(begun.info.run_id)

    def runs(self) -> Sequence[Run]:
        if not self.database.exists:
            return ()
        with _mlflow_quiet(), self.database.translated():
            client = self.database.client
            experiment = client.get_experiment_by_name(EXPERIMENT_NAME)
            if not experiment:
                return ()
            found = []
            token: str | None = None
            while True:
                page = client.search_runs(
                    [experiment.experiment_id],
                    filter_string="attributes.status = 'FINISHED'",
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                found += [_run(r) for r in page]
                token = page.token
                if not token:
                    return found

    def _bury_the_dead(self, experiment: str) -> None:
        """Mark the runs of killed processes: none is alive while we hold the lock."""
        client = self.database.client
        for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
            client.set_terminated(run.info.run_id, "KILLED")


@dataclass(frozen=True)
class MlflowModels:
    database: Database

    def register(self, model: NewModel, lineage: Lineage) -> ModelVersion:
        import mlflow.sklearn
        from mlflow.models import infer_signature

        database = self.database
        with _mlflow_quiet(), database.writing(), database.translated():
            client = database.client
            with tempfile.TemporaryDirectory() as folder:
                files = Path(folder) / "model"
                mlflow.sklearn.save_model(
                    model.fitted,
                    files,
                    signature=infer_signature(
                        model.background, model.fitted.predict_proba(model.background)
                    ),
                    pyfunc_predict_fn="predict_proba",
                    serialization_format="skops",
                    skops_trusted_types=list(TRUSTED),
                    pip_requirements=_requirements(),
                )
                model.background.to_parquet(files / BACKGROUND)
                client.log_artifacts(lineage.run, str(files), "model")
            if not self._known(model.name):
                client.create_registered_model(model.name)
            made = client.create_model_version(
                model.name,
                f"runs:/{lineage.run}/model",
                lineage.run,
                description=model.comment,
                tags={
                    "lineage": json.dumps(lineage.as_dict(), default=str),
                    "metrics": json.dumps(dict(model.metrics)),
                },
            )
        return self.get(Reference(model.name, f"V{made.version}"))

    def versions(self, name: str) -> Sequence[ModelVersion]:
        if not self.database.exists:
            return ()
        with _mlflow_quiet(), self.database.translated():
            client = self.database.client
            if not self._known(name):
                return ()
            registered = client.get_registered_model(name)
            aliases: dict[int, list[str]] = {}
            for alias, number in registered.aliases.items():
                aliases.setdefault(int(number), []).append(alias)
            found = sorted(
                client.search_model_versions(f"name = '{name}'", max_results=10_000),
                key=lambda version: int(version.version),
            )
            if not found:
                return ()
            default = int(registered.tags.get(DEFAULT_VERSION, found[0].version))
            return [
                ModelVersion(
                    name=name,
                    version=f"V{version.version}",
                    created=_time(version.creation_timestamp),
                    comment=version.description or "",
                    metrics=json.loads(version.tags["metrics"]),
                    lineage=_lineage(version.tags["lineage"]),
                    aliases=tuple(sorted(aliases.get(int(version.version), []))),
                    is_default=int(version.version) == default,
                )
                for version in found
            ]

    def get(self, reference: Reference) -> ModelVersion:
        where = str(self.database.home)
        return chosen(self.versions(reference.name), reference, where, "churn train --data DIR")

    def load(self, version: ModelVersion) -> Pipeline:
        import mlflow.sklearn

        with _mlflow_quiet(), self.database.translated():
            fitted: Pipeline = mlflow.sklearn.load_model(self._files(version))
            return fitted

    def _files(self, version: ModelVersion) -> str:
        run = self.database.client.get_run(version.lineage.run)
        return f"{run.info.artifact_uri}/model"

    def predict(self, version: ModelVersion, view: FeatureView, features: Features) -> Predictions:
        import pandas as pd

        from churn.model import explain, train

        fitted = self.load(version)
        with self.database.translated():
            background = pd.read_parquet(f"{self._files(version)}/{BACKGROUND}")
        x = train.inputs(features.rows, view.features)
        explanation = explain.explain(fitted, x, background)
        return Predictions(
            rows=features.rows,
            probabilities=train.probabilities(fitted, x),
            contributions=pl.DataFrame(explanation.values, schema=list(explanation.features)),
        )

    def set_default(self, reference: Reference) -> ModelVersion:
        with _mlflow_quiet(), self.database.writing(), self.database.translated():
            version = self.get(reference)
            self.database.client.set_registered_model_tag(
                version.name, DEFAULT_VERSION, version.version.removeprefix("V")
            )
        return self.get(reference)

    def set_alias(self, reference: Reference, alias: str) -> ModelVersion:
        name = alias_named(alias)
        with _mlflow_quiet(), self.database.writing(), self.database.translated():
            version, client = self.get(reference), self.database.client
            client.set_registered_model_alias(version.name, name, version.version.removeprefix("V"))
            for other in set(version.aliases) - {name}:
                client.delete_registered_model_alias(version.name, other)
        return self.get(Reference(version.name, version.version))

    def _known(self, name: str) -> bool:
        return bool(self.database.client.search_registered_models(f"name = '{name}'"))


TRUSTED = ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier")
"""The types beyond scikit-learn's own that a model file may hold; skops refuses all others."""


def _requirements() -> list[str]:
    from importlib.metadata import version

    packages = ("scikit-learn", "xgboost", "pandas", "numpy", "skops")
    return [f"{package}=={version(package)}" for package in packages]


def _run(run: Any) -> Run:
    tags = {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.")}
    return Run(
        id=run.info.run_id,
        name=run.info.run_name,
        training=tags.pop("training", ""),
        started=_time(run.info.start_time),
        parameters=run.data.params,
        metrics=run.data.metrics,
        tags=tags,
        location=run.info.artifact_uri.removeprefix("file://"),
    )


def _lineage(text: str) -> Lineage:
    fields = json.loads(text)
    for name in ("as_of", "observation_start", "outcome_end"):
        fields[name] = date.fromisoformat(fields[name])
    return Lineage(**fields)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@contextmanager
def _mlflow_quiet() -> Iterator[None]:
    """MLflow without its telemetry, its migration log and its dependencies' deprecations."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
