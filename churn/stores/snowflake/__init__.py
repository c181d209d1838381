"""The stores in Snowflake, through snowflake-ml: feature store, experiments, model registry.

```
<database>
├── PREP_DATA        CUSTOMERS, ORDERS, CHURN_LABELS, <VIEW>_<VERSION>_HISTORY
├── FEATURE_STORE    entity CUSTOMER, feature views <VIEW>$<VERSION>, dataset CHURN_TRAINING
├── EXPERIMENTS      CHURN_PREDICTION_EXPERIMENT with its runs
├── MODEL_REGISTRY   CUSTOMER_CHURN_PREDICTOR with its versions, MODEL_LINEAGE
└── ANALYTICS        MODEL_PREDICTIONS, CHURN_RISK_CUSTOMERS
```
A feature view reads a history table with one row a customer and as-of date, so that its definition
holds no date, and a training set takes the features as they were on the date of its labels.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl
from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as sf

from churn.domain.errors import StoreError, UsageError
from churn.domain.features import KEY, FeatureView
from churn.domain.labels import LABEL
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.engines.snowpark import CLIENT_ERRORS, fetch, quoted, said, upload
from churn.stores import (
    EXPERIMENT_NAME,
    SYSTEM_ALIASES,
    VERSION,
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

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

PREP_DATA, FEATURE_STORE, EXPERIMENTS = "PREP_DATA", "FEATURE_STORE", "EXPERIMENTS"
MODEL_REGISTRY, ANALYTICS = "MODEL_REGISTRY", "ANALYTICS"
SCHEMAS = (PREP_DATA, FEATURE_STORE, MODEL_REGISTRY, EXPERIMENTS, ANALYTICS)

AS_OF = "AS_OF_DATE"
ENTITY = "CUSTOMER"
DATASET = "CHURN_TRAINING"
LABELS = "CHURN_LABELS"
LINEAGE = "MODEL_LINEAGE"
TAG = "tag__"
ATTEMPTS = 5
"""How often to try for the next version while others register, too."""


def stores(session: Session, database: str) -> Stores:
    place = Place(session, database)
    return Stores(
        SnowflakeFeatures(place),
        SnowflakeExperiments(place),
        SnowflakeModels(place),
        SnowflakeScores(place),
    )


@dataclass(frozen=True)
class Place:
    """A database, with a session to it."""

    session: Session
    database: str

    def name(self, schema: str, table: str) -> str:
        return f"{self.database}.{schema}.{table}"

    @contextlib.contextmanager
    def translated(self, what: str) -> Iterator[None]:
        """The clients' errors in our words; their prints and warnings are kept off the screen."""
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                with contextlib.redirect_stderr(io.StringIO()):
                    yield
        except (*CLIENT_ERRORS, ValueError, RuntimeError) as error:
            raise StoreError(
                f"{what} in {self.database} failed: {said(error)}",
                "churn doctor checks the connection, the privileges and the schemas.",
            ) from error

    def exists(self, schema: str, table: str) -> bool:
        found = self.session.sql(
            f"SHOW TABLES LIKE {_text(table)} IN SCHEMA {self.database}.{schema}"
        ).collect()
        return bool(found)

    def replace_rows(self, schema: str, table: str, rows: DataFrame, **keys: Any) -> None:
        """Put the rows in place of those with these keys, all or none."""
        name = self.name(schema, table)
        if not self.exists(schema, table):
            rows.limit(0).write.save_as_table(name, mode="ignore")
        condition = sf.lit(True)
        for column, value in keys.items():
            condition &= sf.col(quoted(column)) == sf.lit(value)
        self.session.sql("BEGIN").collect()
        try:
            self.session.table(name).delete(condition)
            rows.write.insert_into(name)
            self.session.sql("COMMIT").collect()
        except BaseException:
            self.session.sql("ROLLBACK").collect()
            raise


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


# Features


@dataclass(frozen=True)
class SnowflakeFeatures:
    place: Place

    def save(
        self, engine: Engine[Any], view: FeatureView, windows: Windows, frame: Any
    ) -> Features:
        table = _history(view)
        floats = {f.name for f in frame.data.schema.fields if "Double" in type(f.datatype).__name__}
        data = frame.data.select(
            *(
                sf.round(sf.col(quoted(n)), 9).alias(quoted(n))
                if n in floats
                else sf.col(quoted(n))
                for n in frame.columns
            ),
            sf.lit(windows.as_of).alias(AS_OF),
        )
        with self.place.translated(f"storing the features of {view}"):
            self.place.replace_rows(PREP_DATA, table, data, **{AS_OF: windows.as_of})
            self._registered(view)
            name = self.place.name(PREP_DATA, table)
            stored = self.place.session.table(name).filter(sf.col(AS_OF) == sf.lit(windows.as_of))
            stored = stored.select(*(quoted(n) for n in frame.columns))
            rows = rounded(fetch(stored)).sort(KEY)
        record = FeatureSet(
            view=str(view),
            as_of=windows.as_of,
            fingerprint=view.plan.fingerprint,
            rows=rows.height,
            data_hash=data_hash(rows),
            location=f"{self.place.database}.{FEATURE_STORE}.{view.name}${view.version.upper()}",
        )
        return Features(record, rows, stored)

    def training_set(
        self,
        engine: Engine[Any],
        view: FeatureView,
        windows: Windows,
        labels: Any,
        features: Features,
    ) -> tuple[TrainingSet, pl.DataFrame]:
        """From the label spine, by the feature store; stored as a version of the dataset."""
        from snowflake.ml.dataset import Dataset

        with self.place.translated(f"making the training set of {view}"):
            spine = self._spine(labels, windows)
            store, known = self._store(), self._registered(view)
            keywords: dict[str, Any] = {"spine_timestamp_col": AS_OF, "spine_label_cols": [LABEL]}
            joined = store.generate_training_set(spine, [known], **keywords)
            rows = rounded(fetch(joined)).select(KEY, LABEL, *view.columns).sort(KEY)
            require_population(rows)
            hashed = data_hash(rows)
            version = f"V_{hashed[:16].upper()}"
            fqn = self.place.name(FEATURE_STORE, DATASET)
            if version not in self._dataset_versions(fqn):
                store.generate_dataset(
                    name=fqn,
                    version=version,
                    spine_df=spine,
                    features=[known],
                    **keywords,
                    desc=f"{view} as of {windows.as_of}",
                )
            found = Dataset.load(self.place.session, fqn).select_version(version)
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
            location=f"{found.fully_qualified_name}/{version}",
        )
        return record, rows

    def _spine(self, labels: Any, windows: Windows) -> DataFrame:
        """CHURN_LABELS for these dates, in place of what it held for them."""
        dated = labels.data.with_column(AS_OF, sf.lit(windows.as_of))
        dated = dated.with_column("OUTCOME_END", sf.lit(windows.outcome_end))
        self.place.replace_rows(
            PREP_DATA,
            f"{LABELS}_HISTORY",
            dated,
            **{AS_OF: windows.as_of, "OUTCOME_END": windows.outcome_end},
        )
        labels.data.write.save_as_table(self.place.name(PREP_DATA, LABELS), mode="overwrite")
        stored = self.place.session.table(self.place.name(PREP_DATA, f"{LABELS}_HISTORY"))
        chosen = (sf.col(AS_OF) == sf.lit(windows.as_of)) & (
            sf.col("OUTCOME_END") == sf.lit(windows.outcome_end)
        )
        return stored.filter(chosen).select(KEY, AS_OF, LABEL)

    def _dataset_versions(self, name: str) -> list[str]:
        from snowflake.ml.dataset import Dataset

        shown = self.place.session.sql(
            f"SHOW DATASETS LIKE '{DATASET}' IN SCHEMA {self.place.database}.{FEATURE_STORE}"
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

    def _registered(self, view: FeatureView) -> Any:
        """The feature view of that version, registered if it is not.

        Raises:
            StoreError: The version exists with another definition.
        """
        from snowflake.ml import feature_store as ml

        store = self._store()
        shown = self.place.session.sql(
            f"SHOW VIEWS LIKE {_text(f'{view.name}${view.version.upper()}')} "
            f"IN SCHEMA {self.place.database}.{FEATURE_STORE}"
        ).collect()
        mark = f"definition {view.plan.fingerprint}"
        if shown:
            found = store.get_feature_view(view.name, view.version.upper())
            if mark not in found.desc:
                raise StoreError(
                    f"the feature view {view} is registered in {self.place.database} with another "
                    f"{found.desc.rpartition(', ')[2]}, not {mark}",
                    "A registered version never changes: give the new definition a new version.",
                )
            return found
        entity = ml.Entity(ENTITY, [KEY], desc="A customer")
        store.register_entity(entity)
        history = self.place.session.table(self.place.name(PREP_DATA, _history(view)))
        made = ml.FeatureView(
            view.name,
            [entity],
            history.select(KEY, AS_OF, *view.columns),
            timestamp_col=AS_OF,
            desc=f"Features of customers as of a date, {mark}",
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


# Experiments


@dataclass(frozen=True)
class SnowflakeExperiments:
    place: Place

    def log(self, run: NewRun) -> str:
        # start_run takes up a run of the same name that is still open: no two are called alike.
        name = f"{re.sub(r'[^A-Za-z0-9]', '_', run.name)}_{uuid4().hex[:8]}".upper()
        with self.place.translated(f"recording the run {name}"):
            tracking = self._tracking()
            tracking.set_experiment(EXPERIMENT_NAME)
            with tracking.start_run(name):
                tags = {f"{TAG}{k}": v for k, v in {**run.tags, "name": run.name}.items()}
                facts = {**run.parameters, **tags, f"{TAG}training": run.training}
                tracking.log_params(facts)
                tracking.log_metrics(dict(run.metrics))
                for path in sorted(run.artifacts.iterdir()) if run.artifacts else ():
                    tracking.log_artifact(str(path), path.name if path.is_dir() else None)
        return name

    def runs(self) -> Sequence[Run]:
        experiment = self.place.name(EXPERIMENTS, EXPERIMENT_NAME)
        session = self.place.session
        with self.place.translated("reading the runs"):
            shown = session.sql(
                f"SHOW EXPERIMENTS LIKE '{EXPERIMENT_NAME}' "
                f"IN SCHEMA {self.place.database}.{EXPERIMENTS}"
            ).collect()
            if not shown:
                return ()
            found = session.sql(f"SHOW RUNS IN EXPERIMENT {experiment}").collect()
            metrics = _by_run(session.sql(f"SHOW RUN METRICS IN EXPERIMENT {experiment}").collect())
            parameters = _by_run(
                session.sql(f"SHOW RUN PARAMETERS IN EXPERIMENT {experiment}").collect()
            )
        read = []
        for row in found:
            if json.loads(row["metadata"])["status"] != "FINISHED":
                continue
            name = row["name"]
            held = parameters.get(name, {})
            tags = {k.removeprefix(TAG): v for k, v in held.items() if k.startswith(TAG)}
            read.append(
                Run(
                    id=name,
                    name=tags.pop("name", name),
                    training=tags.pop("training", ""),
                    started=row["created_on"],
                    parameters={k: v for k, v in held.items() if not k.startswith(TAG)},
                    metrics={k: float(v) for k, v in metrics.get(name, {}).items()},
                    tags=tags,
                    location=f"snow://experiment/{experiment}/versions/{name}",
                )
            )
        return sorted(read, key=lambda r: r.started, reverse=True)

    def _tracking(self) -> Any:
        from snowflake.ml.experiment import ExperimentTracking

        # ExperimentTracking is one a process, on the session that it first saw; a class of its own
        # makes it one a store.
        own = type("StoreTracking", (ExperimentTracking,), {"_instance": None})
        return own(self.place.session, database_name=self.place.database, schema_name=EXPERIMENTS)


def _by_run(rows: Sequence[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["run_name"], {})[row["name"]] = row["value"]
    return found


# Models


@dataclass(frozen=True)
class SnowflakeModels:
    place: Place

    def register(self, model: NewModel, lineage: Lineage) -> ModelVersion:
        """The lineage first: a version that is there knows where it comes from."""
        with self.place.translated(f"registering {model.name}"):
            registry = self._registry()
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
                            "capture_sample_input_data": False,  # rows of customers are not kept
                        },
                    )
                    break
                except (ValueError, *CLIENT_ERRORS) as error:
                    self._forget(model.name, version, lineage)
                    lost = "already exist" in str(error) and attempt + 1 < ATTEMPTS
                    if not lost:
                        raise
        return self.get(Reference(model.name, version))

    def versions(self, name: str) -> Sequence[ModelVersion]:
        with self.place.translated(f"reading the versions of {name}"):
            shown = self._shown(name)
            if not shown:
                return ()
            lineages = self._lineages(name)
        found = []
        for row in shown:
            held = json.loads(row["aliases"])
            lineage = lineages.get(row["name"])
            if lineage is None:
                raise StoreError(
                    f"{name}/{row['name']} has no row in {LINEAGE}",
                    "It was not registered by churn train; drop the version, or add the row.",
                )
            found.append(
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
        return sorted(found, key=lambda v: int(v.version.removeprefix("V")))

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
            probabilities = fetch(scored).sort(KEY)
            contributions = fetch(explained).sort(KEY)
        values = {
            f.name: contributions.select(
                pl.sum_horizontal(
                    c for c in contributions.columns if _explains(c, f.name, view.columns)
                )
            ).to_series()
            for f in view.features
        }
        chance = next(c for c in probabilities.columns if c.lower() == "output_feature_1")
        return Predictions(
            rows=features.rows,
            probabilities=probabilities[chance].to_numpy(),
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
        models = session.sql(f"SHOW MODELS LIKE {_text(name)} IN SCHEMA {schema}").collect()
        if name not in [m["name"] for m in models]:
            return ()
        found: Sequence[Any] = session.sql(f"SHOW VERSIONS IN MODEL {schema}.{name}").collect()
        return found

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
        return {row["MODEL_VERSION"]: _lineage(row) for row in rows.to_dicts()}


def _explains(column: str, feature: str, features: Sequence[str]) -> bool:
    """Whether a column of `explain` is of this feature: itself, or one of its categories."""
    written = column.strip('"').removesuffix("_explanation")
    if written == column.strip('"'):
        return False
    if written in features:
        return written == feature
    return written.startswith(f"{feature}_")


def _lineage(row: Mapping[str, str]) -> Lineage:
    return Lineage(
        run=row["RUN"],
        feature_view=row["FEATURE_VIEW"],
        feature_fingerprint=row["FEATURE_FINGERPRINT"],
        training_set=row["TRAINING_SET"],
        data_hash=row["DATA_HASH"],
        as_of=date.fromisoformat(row["AS_OF"]),
        observation_start=date.fromisoformat(row["OBSERVATION_START"]),
        outcome_end=date.fromisoformat(row["OUTCOME_END"]),
        gap_days=int(row["GAP_DAYS"]),
        threshold=float(row["THRESHOLD"]),
        code_version=row["CODE_VERSION"],
    )


# Scores


@dataclass(frozen=True)
class SnowflakeScores:
    place: Place

    def save(self, version: ModelVersion, as_of: date, rows: pl.DataFrame) -> str:
        keys = {"MODEL_NAME": version.name, "MODEL_VERSION": version.version, AS_OF: as_of}
        with self.place.translated(f"storing the scores of {version}"):
            data = upload(self.place.session, rows)
            predicted = data.select(
                KEY, "CHURN_PROBABILITY", "IS_AT_RISK", "MODEL_NAME", "MODEL_VERSION", AS_OF
            )
            self.place.replace_rows(ANALYTICS, "MODEL_PREDICTIONS", predicted, **keys)
            self.place.replace_rows(ANALYTICS, "CHURN_RISK_CUSTOMERS", data, **keys)
        return self.place.name(ANALYTICS, "CHURN_RISK_CUSTOMERS")
