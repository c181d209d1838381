"""What outlives a run: features and training sets, experiments, models, scores.

Protocols and the records they exchange. Whoever answers them promises: what is written is there
whole or not at all; versions never change; an alias belongs to one version and moves in one step;
unknown names are refused; two writers at once both succeed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from churn.domain.errors import DataError, StoreError, UsageError
from churn.domain.features import KEY, FeatureView
from churn.domain.frames import Frame
from churn.domain.windows import Windows
from churn.engines import Engine

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import polars as pl
    from sklearn.pipeline import Pipeline

F = TypeVar("F", bound=Frame)

MODEL_NAME = "CUSTOMER_CHURN_PREDICTOR"
EXPERIMENT_NAME = "CHURN_PREDICTION_EXPERIMENT"

SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")
"""Aliases that every model has by itself, as in Snowflake's registry."""

VERSION = re.compile(r"V[1-9][0-9]*", re.IGNORECASE)
NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True)
class FeatureSet:
    """Features of a view as of one date, as they were stored.

    Args:
        fingerprint: Of the view's definition.
        data_hash: Of the rows.
    """

    view: str
    as_of: date
    fingerprint: str
    rows: int
    data_hash: str
    location: str


@dataclass(frozen=True)
class TrainingSet:
    """Labels joined with the features known on the as-of date, as they were stored."""

    name: str
    view: str
    fingerprint: str
    as_of: date
    observation_start: date
    outcome_end: date
    rows: int
    churned: int
    data_hash: str
    location: str


@dataclass(frozen=True)
class Run:
    """One finished run of an experiment.

    Args:
        training: What the runs of one training share.
    """

    id: str
    name: str
    training: str
    started: datetime
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    location: str


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run to be recorded.

    Args:
        artifacts: A folder whose content belongs to the run.
    """

    name: str
    training: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifacts: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where a model version comes from."""

    run: str
    feature_view: str
    feature_fingerprint: str
    training_set: str
    data_hash: str
    as_of: date
    observation_start: date
    outcome_end: date
    gap_days: int
    threshold: float
    code_version: str

    @property
    def windows(self) -> Windows:
        return Windows(
            as_of=self.as_of,
            observation_start=self.observation_start,
            outcome_end=self.outcome_end,
            gap_days=self.gap_days,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ModelVersion:
    name: str
    version: str
    created: datetime
    comment: str
    metrics: Mapping[str, float]
    lineage: Lineage
    aliases: tuple[str, ...]
    is_default: bool

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class NewModel:
    """A model to be registered, as the next version.

    Args:
        background: Rows of its input that explanations compare with, stored with the model; so not
            those of customers.
    """

    name: str
    fitted: Pipeline
    background: pd.DataFrame
    comment: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Reference:
    """`NAME`, `NAME@ALIAS` or `NAME/VERSION`; without either, the default version is meant."""

    name: str
    selector: str = "DEFAULT"

    @classmethod
    def parse(cls, text: str, default_name: str = MODEL_NAME) -> Reference:
        """Also `VERSION` or `@ALIAS` alone, for the default model.

        Raises:
            UsageError: It is written otherwise.
        """
        if VERSION.fullmatch(text):
            return cls(default_name, text.upper())
        name, mark, selector = text.partition("@")
        if not mark:
            name, mark, selector = text.partition("/")
        name = name or default_name
        valid = text and NAME.fullmatch(name) and (not mark or NAME.fullmatch(selector))
        if not valid or (mark == "/" and not VERSION.fullmatch(selector)):
            raise UsageError(
                f"{text!r} names no model", "Write NAME, NAME@ALIAS or NAME/V1; or only V1, @ALIAS."
            )
        return cls(name.upper(), selector.upper() or "DEFAULT")

    def __str__(self) -> str:
        mark = "/" if VERSION.fullmatch(self.selector) else "@"
        return f"{self.name}{mark}{self.selector}"


@dataclass(frozen=True)
class Features:
    """Stored features, fetched.

    Args:
        rows: As a model takes them: floats rounded, ordered by customer.
        source: The same rows where the store keeps them, for its own model registry.
    """

    record: FeatureSet
    rows: pl.DataFrame
    source: Any = None


@dataclass(frozen=True)
class Predictions:
    """What a model says of features.

    Args:
        probabilities: Of churn, a row each.
        contributions: A column a feature, in log-odds: what it adds to the prediction.
    """

    rows: pl.DataFrame
    probabilities: npt.NDArray[np.float64]
    contributions: pl.DataFrame


DECIMALS = 9
"""Sums of floats differ in their last bits with the order of addition; no feature means those."""


def rounded(rows: pl.DataFrame) -> pl.DataFrame:
    """Floats rounded, so that equal data gives equal rows."""
    floats = [name for name, kind in rows.schema.items() if kind.is_float()]
    return rows.with_columns(rows[name].round(DECIMALS) for name in floats)


def data_hash(rows: pl.DataFrame) -> str:
    """SHA-256 of the rows, in the order of the key, so that the order they came in is no matter."""
    ordered = rows.sort(KEY) if KEY in rows.columns else rows
    return sha256(ordered.write_csv().encode()).hexdigest()


def require_population(rows: pl.DataFrame) -> None:
    """
    Raises:
        DataError: There is nobody to learn from.
    """
    if rows.is_empty():
        raise DataError(
            "no customer ordered in the observation window, so there is nobody to learn from",
            "Choose other dates; churn explore shows when there are orders.",
        )


def chosen(
    versions: Sequence[ModelVersion], reference: Reference, where: str, command: str
) -> ModelVersion:
    """The version that is meant.

    Args:
        versions: Of the model, oldest first.
        command: What makes a first version.

    Raises:
        StoreError: There is none, or no such one.
    """
    if not versions:
        raise StoreError(
            f"there is no model {reference.name} in {where}", f"Train one first: {command}"
        )
    by_name = {
        "FIRST": versions[0],
        "LAST": versions[-1],
        "DEFAULT": next(v for v in versions if v.is_default),
        **{v.version: v for v in versions},
        **{alias: v for v in versions for alias in v.aliases},
    }
    if reference.selector not in by_name:
        kind = "version" if VERSION.fullmatch(reference.selector) else "alias"
        raise StoreError.unknown(f"{kind} of {reference.name}", reference.selector, by_name)
    return by_name[reference.selector]


def alias_named(written: str) -> str:
    """
    Raises:
        UsageError: The word means something else already, or is none.
    """
    name = written.upper()
    if not NAME.fullmatch(name) or VERSION.fullmatch(name) or name in SYSTEM_ALIASES:
        raise UsageError(
            f"{written!r} cannot be an alias",
            "An alias is a word such as PRODUCTION; not a version, "
            f"and none of {', '.join(SYSTEM_ALIASES)}.",
        )
    return name


class FeatureStore(Protocol):
    def save(self, engine: Engine[F], view: FeatureView, windows: Windows, frame: F) -> Features:
        """Compute and store; replaces what the same view has for the same date."""
        ...

    def training_set(
        self, engine: Engine[F], view: FeatureView, windows: Windows, labels: F, features: Features
    ) -> tuple[TrainingSet, pl.DataFrame]:
        """The label spine with the features of its customers, ordered by customer, and stored.

        Named after its content: the same rows are stored once.

        Raises:
            DataError: No customer has a label.
        """
        ...


class Experiments(Protocol):
    def log(self, run: NewRun) -> str:
        """Record a finished run; returns its id. A run is seen when it is complete."""
        ...

    def runs(self) -> Sequence[Run]:
        """All finished runs, the newest first."""
        ...


class Models(Protocol):
    def register(self, model: NewModel, lineage: Lineage) -> ModelVersion:
        """The next version; it exists when its files and its run do, and never before."""
        ...

    def versions(self, name: str) -> Sequence[ModelVersion]:
        """Oldest first; empty if there is no such model."""
        ...

    def get(self, reference: Reference) -> ModelVersion:
        """
        Raises:
            StoreError: There is no such version or alias.
        """
        ...

    def load(self, version: ModelVersion) -> Pipeline: ...

    def predict(self, version: ModelVersion, view: FeatureView, features: Features) -> Predictions:
        """The registered model on stored features."""
        ...

    def set_default(self, reference: Reference) -> ModelVersion: ...

    def set_alias(self, reference: Reference, alias: str) -> ModelVersion:
        """Give the alias to this version, taking it from whichever had it.

        A version has one alias, as in Snowflake: the one it had goes.

        Raises:
            UsageError: The word cannot be an alias.
            StoreError: There is no such version.
        """
        ...


class Scores(Protocol):
    def save(self, version: ModelVersion, as_of: date, rows: pl.DataFrame) -> str:
        """Replaces what this version said for this date; returns where the rows are."""
        ...


@dataclass(frozen=True)
class Stores:
    """The stores of one target."""

    features: FeatureStore
    experiments: Experiments
    models: Models
    scores: Scores
