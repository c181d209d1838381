"""The model registry of snowflake-ml, with the lineage of each version in a table beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
from snowflake.snowpark import functions as sf

from churn.domain.errors import StoreError
from churn.domain.expressions import Type
from churn.domain.features import FeatureView
from churn.domain.schemas import MODEL_REGISTRY, PREP_DATA
from churn.engines.snowpark import CLIENT_ERRORS, fetch
from churn.stores.records import (
    SYSTEM_ALIASES,
    VERSION,
    Features,
    Lineage,
    ModelVersion,
    NewModel,
    Predictions,
    Reference,
    Scorer,
    alias_named,
    chosen,
)
from churn.stores.snowflake.place import Place, text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.pipeline import Pipeline

LINEAGE = "MODEL_LINEAGE"
EXPLANATION = "_explanation"
POSITION = "ROW_POSITION"
ATTEMPTS = 5
"""How often to try for the next version while others register, too."""


@dataclass(frozen=True)
class SnowflakeModels:
    place: Place
    key: str

    def register(self, model: NewModel, lineage: Lineage) -> ModelVersion:
        """The lineage first: a version that is there knows where it comes from."""
        with self.place.translated(f"registering {model.name}"):
            registry, session = self._registry(), self.place.session
            if not session.get_current_database():  # clients upload into the current schema
                session.use_schema(f"{self.place.database}.{PREP_DATA}")
            for attempt in range(ATTEMPTS):
                taken = [int(v.removeprefix("V")) for v in self._names(model.name)]
                version = f"V{max(taken, default=0) + 1}"
                self._record(model.name, version, lineage)
                try:
                    registry.log_model(
                        model.fitted,
                        model_name=model.name,
                        version_name=version,
                        comment=model.comment,
                        metrics=dict(model.metrics),
                        sample_input_data=model.background,
                        target_platforms=["WAREHOUSE"],
                        options={
                            "enable_explainability": True,
                            "capture_sample_input_data": False,  # no entity's row is kept
                        },
                    )
                    break
                except (ValueError, *CLIENT_ERRORS) as error:
                    self._forget(model.name, version, lineage)
                    lost = "already exist" in str(error) and attempt + 1 < ATTEMPTS
                    if not lost:
                        raise
            if model.accept:
                self._accept(model.accept, model.name, version, lineage)
        return self.get(Reference(model.name, version))

    def _accept(
        self, accept: Callable[[Scorer], str], name: str, version: str, lineage: Lineage
    ) -> None:
        """Run it in the warehouse; without its consent the version goes, and so does its lineage.

        Killed in between, the version is there with a lineage that tells of no agreement.
        """
        try:
            agreement = accept(partial(self._probabilities, name, version))
        except BaseException:
            self._drop(name, version)
            self._forget(name, version, lineage)
            raise
        self._record(name, version, replace(lineage, agreement=agreement))

    def _drop(self, name: str, version: str) -> None:
        """A model has a version at least: with its only one it goes, too."""
        registry = self._registry()
        if len(self._names(name)) == 1:
            registry.delete_model(name)
        else:
            registry.get_model(name).delete_version(version)

    def _probabilities(
        self, name: str, version: str, inputs: pd.DataFrame
    ) -> npt.NDArray[np.float64]:
        """In the order of the inputs, which the warehouse does not keep by itself."""
        numbered = inputs.assign(**{POSITION: range(len(inputs))})
        rows = self.place.session.create_dataframe(numbered)
        registered = self._registry().get_model(name).version(version)
        scored = fetch(registered.run(rows, function_name="predict_proba")).sort(POSITION)
        return scored[_positive(scored.columns)].to_numpy()

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        with self.place.translated(f"tagging {name}"):
            model = self._registry().get_model(name)
            for tag, value in tags.items():
                full = self.place.name(MODEL_REGISTRY, tag)
                self.place.session.sql(f"CREATE TAG IF NOT EXISTS {full}").collect()
                model.set_tag(full, value)

    def tags(self, name: str) -> Mapping[str, str]:
        with self.place.translated(f"reading the tags of {name}"):
            if not self._shown(name):
                return {}
            held = self._registry().get_model(name).show_tags()
        return {full.rsplit(".", 1)[-1].strip('"'): value for full, value in held.items()}

    def versions(self, name: str) -> Sequence[ModelVersion]:
        with self.place.translated(f"reading the versions of {name}"):
            shown = self._shown(name)
            if not shown:
                return ()
            lineages = self._lineages(name)
        versions = []
        for row in shown:
            held = json.loads(row["aliases"])
            lineage = lineages.get(row["name"])
            if lineage is None:
                raise StoreError(
                    f"{name}/{row['name']} has no row in {LINEAGE}",
                    "It was not registered by churn train; drop the version, or add the row.",
                )
            versions.append(
                ModelVersion(
                    name=name,
                    version=row["name"],
                    created=row["created_on"],
                    comment=row["comment"] or "",
                    metrics=json.loads(row["metadata"]).get("metrics", {}),
                    lineage=lineage,
                    aliases=tuple(sorted(a for a in held if a not in SYSTEM_ALIASES)),
                    is_default=str(row["is_default_version"]).lower() == "true",
                )
            )
        return sorted(versions, key=lambda v: int(v.version.removeprefix("V")))

    def get(self, reference: Reference) -> ModelVersion:
        where = f"{self.place.database}.{MODEL_REGISTRY}"
        command = "churn train --target snowflake"
        return chosen(self.versions(reference.name), reference, where, command)

    def load(self, version: ModelVersion) -> Pipeline:
        with self.place.translated(f"loading {version}"):
            fitted: Pipeline = self._version(version).load(force=True)
            return fitted

    def predict(self, version: ModelVersion, view: FeatureView, features: Features) -> Predictions:
        """In the warehouse, by the registered model's predict_proba and explain."""
        with self.place.translated(f"scoring with {version}"):
            registered = self._version(version)
            scored = registered.run(features.source, function_name="predict_proba")
            explained = registered.run(features.source, function_name="explain")
            probabilities = fetch(scored).sort(self.key)
            contributions = fetch(explained).sort(self.key)
        columns = explanations(contributions.columns, view)
        values = {
            name: contributions.select(pl.sum_horizontal(columns[name])).to_series()
            for name in view.columns
        }
        return Predictions(
            rows=features.rows,
            probabilities=probabilities[_positive(probabilities.columns)].to_numpy(),
            contributions=pl.DataFrame(values),
        )

    def set_default(self, reference: Reference) -> ModelVersion:
        version = self.get(reference)
        with self.place.translated(f"making {version} the default"):
            self._registry().get_model(version.name).default = version.version
        return self.get(reference)

    def set_alias(self, reference: Reference, alias: str) -> ModelVersion:
        name = alias_named(alias)
        version = self.get(reference)
        holder = next((v for v in self.versions(version.name) if name in v.aliases), None)
        with self.place.translated(f"giving the alias {name} to {version}"):
            if holder is not None and holder.version != version.version:
                self._version(holder).unset_alias(name)
            for other in version.aliases:
                if other != name:
                    self._version(version).unset_alias(other)
            if name not in version.aliases:
                self._version(version).set_alias(name)
        return self.get(Reference(version.name, version.version))

    def _registry(self) -> Any:
        from snowflake.ml.registry import Registry

        return Registry(
            self.place.session, database_name=self.place.database, schema_name=MODEL_REGISTRY
        )

    def _version(self, version: ModelVersion) -> Any:
        return self._registry().get_model(version.name).version(version.version)

    def _shown(self, name: str) -> Sequence[Any]:
        session, schema = self.place.session, f"{self.place.database}.{MODEL_REGISTRY}"
        models = session.sql(f"SHOW MODELS LIKE {text(name)} IN SCHEMA {schema}").collect()
        if name not in [m["name"] for m in models]:
            return ()
        versions: Sequence[Any] = session.sql(f"SHOW VERSIONS IN MODEL {schema}.{name}").collect()
        return versions

    def _names(self, name: str) -> list[str]:
        return [row["name"] for row in self._shown(name) if VERSION.fullmatch(row["name"])]

    def _record(self, name: str, version: str, lineage: Lineage) -> None:
        facts = {k: str(v) for k, v in lineage.as_dict().items()}
        row = {
            "MODEL_NAME": name,
            "MODEL_VERSION": version,
            **{k.upper(): v for k, v in facts.items()},
            "RECORDED_AT": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        }
        data = self.place.session.create_dataframe([tuple(row.values())], schema=list(row))
        self.place.add_columns(MODEL_REGISTRY, LINEAGE, data)
        self.place.replace_rows(
            MODEL_REGISTRY, LINEAGE, data, MODEL_NAME=name, MODEL_VERSION=version, RUN=lineage.run
        )

    def _forget(self, name: str, version: str, lineage: Lineage) -> None:
        table = self.place.session.table(self.place.name(MODEL_REGISTRY, LINEAGE))
        table.delete(
            (sf.col("MODEL_NAME") == sf.lit(name))
            & (sf.col("MODEL_VERSION") == sf.lit(version))
            & (sf.col("RUN") == sf.lit(lineage.run))
        )

    def _lineages(self, name: str) -> Mapping[str, Lineage]:
        """By version; of several attempts at one version, the last."""
        if not self.place.exists(MODEL_REGISTRY, LINEAGE):
            return {}
        table = self.place.session.table(self.place.name(MODEL_REGISTRY, LINEAGE))
        rows = fetch(table.filter(sf.col("MODEL_NAME") == sf.lit(name))).sort("RECORDED_AT")
        return {row["MODEL_VERSION"]: Lineage.from_dict(row) for row in rows.to_dicts()}


def _positive(columns: Sequence[str]) -> str:
    """The column of `predict_proba` for class 1."""
    return next(c for c in columns if c.lower() == "output_feature_1")


def explanations(columns: Sequence[str], view: FeatureView) -> dict[str, list[str]]:
    """For each feature, the columns of `explain` that are of it: itself, or its categories.

    A category's column is called FEATURE_VALUE. Where one feature's name begins with another's, the
    longest that fits is meant.
    """
    texts = [f.name for f in view.features if f.type is Type.TEXT]
    of: dict[str, list[str]] = {name: [] for name in view.columns}
    for column in columns:
        written = column.strip('"')
        name = written.removesuffix(EXPLANATION)
        if name == written:
            continue
        fitting = [text for text in texts if name.startswith(f"{text}_")]
        feature = name if name in of else max(fitting, key=len, default=None)
        if feature:
            of[feature].append(column)
    return of
