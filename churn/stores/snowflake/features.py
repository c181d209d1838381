"""Features, labels and training sets, by snowflake-ml's feature store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from snowflake.snowpark import DataFrame
from snowflake.snowpark import functions as sf
from snowflake.snowpark import types as st

from churn.domain.definitions import Definition
from churn.domain.errors import StoreError, UsageError
from churn.domain.features import FeatureView
from churn.domain.labels import Label
from churn.domain.problem import Problem
from churn.domain.schemas import FEATURE_STORE, PREP_DATA
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.engines.snowpark import fetch, quoted
from churn.stores.records import (
    DECIMALS,
    SHORT,
    Features,
    FeatureSet,
    TrainingSet,
    data_hash,
    require_finite,
    require_population,
    rounded,
)
from churn.stores.snowflake.place import AS_OF, Place, text

START = "OBSERVATION_START"
WINDOW = "OBSERVATION_WINDOW"
"""The entity that tells features of one date apart by the first day of their window."""


@dataclass(frozen=True)
class SnowflakeFeatures:
    place: Place
    problem: Problem

    def save(
        self, engine: Engine[Any], view: FeatureView, windows: Windows, frame: Any
    ) -> Features:
        keys = _window(windows)
        data = frame.data.select(
            *(_rounded(field) for field in frame.data.schema.fields), *_constants(keys)
        )
        with self.place.translated(f"storing the features of {view}"):
            self.place.replace_rows(PREP_DATA, _history(view), data, **keys)
            self._registered(view)
            history = self.place.session.table(self.place.name(PREP_DATA, _history(view)))
            stored = history.filter(_equal(keys)).select(*(quoted(n) for n in frame.columns))
            rows = rounded(fetch(stored)).sort(self.problem.key)
            require_finite(rows, self.problem.key)
        location = self.place.name(FEATURE_STORE, f"{view.name}${view.version.upper()}")
        record = FeatureSet.of(view, windows, rows, self.problem.key, location)
        return Features(record, rows, stored)

    def training_set(
        self,
        engine: Engine[Any],
        view: FeatureView,
        label: Label,
        windows: Windows,
        labels: Any,
        features: Features,
    ) -> tuple[TrainingSet, pl.DataFrame]:
        """From the label spine, by the feature store; stored as a version of the dataset."""
        from snowflake.ml.dataset import Dataset

        key, fqn = self.problem.key, self.place.name(FEATURE_STORE, self.problem.dataset)
        with self.place.translated(f"making the training set of {view}"):
            spine = self._spine(labels, label, windows)
            store, registered = self._store(), self._registered(view)
            keywords: dict[str, Any] = {
                "spine_timestamp_col": AS_OF,
                "spine_label_cols": [label.column],
            }
            joined = store.generate_training_set(spine, [registered], **keywords)
            rows = rounded(fetch(joined)).select(key, label.column, *view.columns).sort(key)
            require_population(rows)
            version = f"V_{data_hash(rows, key)[:SHORT].upper()}"
            if version not in self._dataset_versions(fqn):
                store.generate_dataset(
                    name=fqn,
                    version=version,
                    spine_df=spine,
                    features=[registered],
                    **keywords,
                    desc=f"{view} and {label} as of {windows.as_of}",
                )
            dataset = Dataset.load(self.place.session, fqn).select_version(version)
        location = f"{dataset.fully_qualified_name}/{version}"
        return TrainingSet.of(view, label, windows, rows, key, location), rows

    def _spine(self, labels: Any, label: Label, windows: Windows) -> DataFrame:
        """The labels of these windows, in place of what the history held for them."""
        keys = {
            **_window(windows),
            "OUTCOME_START": windows.outcome.start,
            "OUTCOME_END": windows.outcome_end,
            "LABEL": str(label),
        }
        table = f"{label.name}_LABELS_HISTORY"
        self._require_same_definition(label, table)
        dated = labels.data.select(
            *labels.data.columns, *_constants({**keys, "DEFINITION": label.plan.fingerprint})
        )
        self.place.replace_rows(PREP_DATA, table, dated, **keys)
        current = self.place.name(PREP_DATA, f"{label.name}_LABELS")
        labels.data.write.save_as_table(current, mode="overwrite")
        stored = self.place.session.table(self.place.name(PREP_DATA, table))
        return stored.filter(_equal(keys)).select(self.problem.key, START, AS_OF, label.column)

    def _require_same_definition(self, label: Label, table: str) -> None:
        """
        Raises:
            StoreError: Labels of the same name and version were made by another definition.
        """
        if not self.place.exists(PREP_DATA, table):
            return
        stored = self.place.session.table(self.place.name(PREP_DATA, table))
        if "DEFINITION" not in stored.columns:
            return  # replace_rows says what is missing
        same = stored.filter(sf.col("LABEL") == sf.lit(str(label))).select("DEFINITION").distinct()
        for row in same.collect():
            self._require(label, "label", f"definition {row[0]}")

    def _dataset_versions(self, name: str) -> list[str]:
        from snowflake.ml.dataset import Dataset

        shown = self.place.session.sql(
            f"SHOW DATASETS LIKE {text(self.problem.dataset)} "
            f"IN SCHEMA {self.place.database}.{FEATURE_STORE}"
        ).collect()
        return list(Dataset.load(self.place.session, name).list_versions()) if shown else []

    def _store(self) -> Any:
        from snowflake.ml.feature_store import CreationMode, FeatureStore

        warehouse = self.place.session.get_current_warehouse()
        if warehouse is None:
            raise UsageError(
                "the session has no warehouse", "Name one in the connection, or USE WAREHOUSE."
            )
        return FeatureStore(
            self.place.session,
            self.place.database,
            FEATURE_STORE,
            default_warehouse=warehouse.strip('"'),
            creation_mode=CreationMode.CREATE_IF_NOT_EXIST,
        )

    def _require(self, definition: Definition, kind: str, registered: str) -> None:
        """
        Raises:
            StoreError: What is registered under that name and version is another definition.
        """
        mark = f"definition {definition.plan.fingerprint}"
        if mark not in registered:
            raise StoreError(
                f"the {kind} {definition} is registered in {self.place.database} with another "
                f"{registered.rpartition(', ')[2]}, not {mark}",
                "A registered version never changes: give the new definition a new version. If "
                "an earlier version of this package registered it, give it a new version, too.",
            )

    def _registered(self, view: FeatureView) -> Any:
        """The feature view of that version, registered if it is not.

        Raises:
            StoreError: The version exists with another definition.
        """
        from snowflake.ml import feature_store as ml

        store = self._store()
        shown = self.place.session.sql(
            f"SHOW VIEWS LIKE {text(f'{view.name}${view.version.upper()}')} "
            f"IN SCHEMA {self.place.database}.{FEATURE_STORE}"
        ).collect()
        if shown:
            existing = store.get_feature_view(view.name, view.version.upper())
            self._require(view, "feature view", existing.desc)
            return existing
        entity = self.problem.entity
        entities = [
            ml.Entity(entity.name, [entity.key], desc=f"One of the {entity.plural}"),
            ml.Entity(WINDOW, [START], desc="The first day of what features look at"),
        ]
        for each in entities:
            store.register_entity(each)
        history = self.place.session.table(self.place.name(PREP_DATA, _history(view)))
        made = ml.FeatureView(
            view.name,
            entities,
            history.select(entity.key, START, AS_OF, *view.columns),
            timestamp_col=AS_OF,
            desc=f"Features of {entity.plural} as of a date, definition {view.plan.fingerprint}",
        ).attach_feature_desc(
            # snowflake-ml 2.6 writes them into SQL as they are.
            {
                f.name: f.description.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
                for f in view.features
            }
        )
        return store.register_feature_view(made, view.version.upper())


def _history(view: FeatureView) -> str:
    return f"{view.name}_{view.version}_HISTORY".upper()


def _window(windows: Windows) -> dict[str, Any]:
    """What tells stored features and labels of several observation windows apart."""
    return {AS_OF: windows.as_of, START: windows.observation_start}


def _constants(values: dict[str, Any]) -> list[Any]:
    return [sf.lit(value).alias(name) for name, value in values.items()]


def _equal(values: dict[str, Any]) -> Any:
    condition = sf.lit(True)
    for name, value in values.items():
        condition &= sf.col(name) == sf.lit(value)
    return condition


def _rounded(field: st.StructField) -> Any:
    """Floats as `rounded` leaves them, so that what is stored is what is fetched."""
    column = sf.col(field.name)
    if isinstance(field.datatype, st.DoubleType | st.FloatType):
        return sf.round(column, DECIMALS).alias(field.name)
    return column
