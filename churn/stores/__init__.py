"""What outlives a run: features and training sets, experiments, models, scores.

Protocols. Whoever answers them promises: what is written is there whole or not at all; versions
never change; an alias belongs to one version and moves in one step; unknown names are refused; two
writers at once both succeed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeVar

from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import Label
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.stores.records import (
    Features,
    Lineage,
    ModelVersion,
    NewModel,
    NewRun,
    Predictions,
    Reference,
    Run,
    TrainingSet,
)

if TYPE_CHECKING:
    import polars as pl
    from sklearn.pipeline import Pipeline

F = TypeVar("F", bound=Frame)


class FeatureStore(Protocol):
    def save(self, engine: Engine[F], view: FeatureView, windows: Windows, frame: F) -> Features:
        """Compute and store; replaces what the same view has for the same observation window."""
        ...

    def training_set(
        self,
        engine: Engine[F],
        view: FeatureView,
        label: Label,
        windows: Windows,
        labels: F,
        features: Features,
    ) -> tuple[TrainingSet, pl.DataFrame]:
        """The label spine with the features of its entities, ordered by key, and stored.

        Named after its content: the same rows are stored once.

        Raises:
            DataError: Nobody has a label.
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
        """The next version; it exists when its files and its run do, and never before.

        Raises:
            UserError: Whatever the model's own `accept` raises; then there is no version.
        """
        ...

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Set tags of a model, which all of its versions share; others stay."""
        ...

    def tags(self, name: str) -> Mapping[str, str]:
        """Of the model; empty if there is none."""
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
