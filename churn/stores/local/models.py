"""The model registry in MLflow: a version exists when its run and its files do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from churn.domain.features import FeatureView
from churn.stores.local.database import Database, mlflow_quiet, moment
from churn.stores.records import (
    Features,
    Lineage,
    ModelVersion,
    NewModel,
    Predictions,
    Reference,
    alias_named,
    chosen,
)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from churn.model.algorithms import Algorithm

BACKGROUND = "background.parquet"
DEFAULT_VERSION = "default_version"
TAG = "tag."
"""What our own tags of a model begin with."""


@dataclass(frozen=True)
class MlflowModels:
    database: Database

    def register(self, model: NewModel, lineage: Lineage) -> ModelVersion:
        import mlflow.sklearn
        from mlflow.models import infer_signature

        from churn.model import train
        from churn.model.algorithms import of_estimator

        database, algorithm = self.database, of_estimator(model.fitted[-1])
        with mlflow_quiet(), database.writing(), database.translated():
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
                    skops_trusted_types=list(algorithm.trusted),
                    pip_requirements=_requirements(algorithm),
                )
                model.background.to_parquet(files / BACKGROUND)
                if model.accept:
                    stored = mlflow.sklearn.load_model(str(files))
                    agreement = model.accept(partial(train.probabilities, stored))
                    lineage = replace(lineage, agreement=agreement)
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
        with mlflow_quiet(), self.database.translated():
            client = self.database.client
            if not self._known(name):
                return ()
            registered = client.get_registered_model(name)
            aliases: dict[int, list[str]] = {}
            for alias, number in registered.aliases.items():
                aliases.setdefault(int(number), []).append(alias)
            versions = sorted(
                client.search_model_versions(f"name = '{name}'", max_results=10_000),
                key=lambda version: int(version.version),
            )
            if not versions:
                return ()
            default = int(registered.tags.get(DEFAULT_VERSION, versions[0].version))
            return [
                ModelVersion(
                    name=name,
                    version=f"V{version.version}",
                    created=moment(version.creation_timestamp),
                    comment=version.description or "",
                    metrics=json.loads(version.tags["metrics"]),
                    lineage=Lineage.from_dict(json.loads(version.tags["lineage"])),
                    aliases=tuple(sorted(aliases.get(int(version.version), []))),
                    is_default=int(version.version) == default,
                )
                for version in versions
            ]

    def get(self, reference: Reference) -> ModelVersion:
        where = str(self.database.home)
        return chosen(self.versions(reference.name), reference, where, "churn train --data DIR")

    def load(self, version: ModelVersion) -> Pipeline:
        import mlflow.sklearn

        with mlflow_quiet(), self.database.translated():
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
        with mlflow_quiet(), self.database.writing(), self.database.translated():
            version = self.get(reference)
            self.database.client.set_registered_model_tag(
                version.name, DEFAULT_VERSION, version.version.removeprefix("V")
            )
        return self.get(reference)

    def set_alias(self, reference: Reference, alias: str) -> ModelVersion:
        name = alias_named(alias)
        with mlflow_quiet(), self.database.writing(), self.database.translated():
            version, client = self.get(reference), self.database.client
            client.set_registered_model_alias(version.name, name, version.version.removeprefix("V"))
            for other in set(version.aliases) - {name}:
                client.delete_registered_model_alias(version.name, other)
        return self.get(Reference(version.name, version.version))

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        with mlflow_quiet(), self.database.writing(), self.database.translated():
            for tag, value in tags.items():
                self.database.client.set_registered_model_tag(name, f"{TAG}{tag}", value)

    def tags(self, name: str) -> Mapping[str, str]:
        if not self.database.exists:
            return {}
        with mlflow_quiet(), self.database.translated():
            if not self._known(name):
                return {}
            held = self.database.client.get_registered_model(name).tags
        return {t.removeprefix(TAG): v for t, v in held.items() if t.startswith(TAG)}

    def _known(self, name: str) -> bool:
        return bool(self.database.client.search_registered_models(f"name = '{name}'"))


def _requirements(algorithm: Algorithm) -> list[str]:
    from importlib.metadata import version

    packages = ("scikit-learn", "pandas", "numpy", "skops", *algorithm.packages)
    return [f"{package}=={version(package)}" for package in packages]
