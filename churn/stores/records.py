"""What stores exchange: records as frozen values, and the rules that all stores share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain.errors import DataError, StoreError, UsageError
from churn.domain.features import FeatureView
from churn.domain.labels import Label
from churn.domain.windows import Windows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import polars as pl
    from sklearn.pipeline import Pipeline

SHORT = 16
"""Digits of a hash that stand in a name."""

SYSTEM_ALIASES = ("DEFAULT", "FIRST", "LAST")
"""Aliases that every model has by itself, as in Snowflake's registry."""

VERSION = re.compile(r"V[1-9][0-9]*", re.IGNORECASE)
NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True)
class FeatureSet:
    """Features of a view for one observation window, as they were stored.

    Args:
        fingerprint: Of the view's definition.
        data_hash: Of the rows.
    """

    view: str
    fingerprint: str
    as_of: date
    observation_start: date
    rows: int
    data_hash: str
    location: str

    @classmethod
    def of(
        cls, view: FeatureView, windows: Windows, rows: pl.DataFrame, key: str, location: str
    ) -> FeatureSet:
        return cls(
            view=str(view),
            fingerprint=view.plan.fingerprint,
            as_of=windows.as_of,
            observation_start=windows.observation_start,
            rows=rows.height,
            data_hash=data_hash(rows, key),
            location=location,
        )


@dataclass(frozen=True)
class TrainingSet:
    """Labels joined with the features known on the as-of date, as they were stored.

    Args:
        fingerprint: Of the view's definition.
        positives: Rows whose label is 1.
    """

    name: str
    view: str
    fingerprint: str
    label: str
    label_fingerprint: str
    as_of: date
    observation_start: date
    outcome_end: date
    gap_days: int
    rows: int
    positives: int
    data_hash: str
    location: str

    @classmethod
    def of(
        cls,
        view: FeatureView,
        label: Label,
        windows: Windows,
        rows: pl.DataFrame,
        key: str,
        location: str,
    ) -> TrainingSet:
        """
        Args:
            location: Where it is; with `{hash}` where the hash of its rows stands.
        """
        hashed = data_hash(rows, key)
        return cls(
            name=f"TRAINING_SET_{hashed[:SHORT].upper()}",
            view=str(view),
            fingerprint=view.plan.fingerprint,
            label=str(label),
            label_fingerprint=label.plan.fingerprint,
            as_of=windows.as_of,
            observation_start=windows.observation_start,
            outcome_end=windows.outcome_end,
            gap_days=windows.gap_days,
            rows=rows.height,
            positives=int(rows[label.column].sum()),
            data_hash=hashed,
            location=location.format(hash=hashed[:SHORT]),
        )


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
    """Where a model version comes from.

    Args:
        tables: What the feature view and the label are computed from.
        label: Empty, as the others with a default, where an earlier version of this package that
            did not record it registered the model.
        origin: `trained` here or `imported`. Of an imported model the windows are those that it is
            to be scored with, and what its training alone knows is empty; so is the feature view,
            if it was registered by its signature.
        source: Where an imported model comes from, in its owner's words.
        file_hash: SHA-256 of the file that it was read from; `golden_hash`, of the golden file.
        agreement: The largest difference from the golden scores, where the model runs.
        libraries: Their versions where it was imported.
    """

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
    problem: str = ""
    label: str = ""
    label_fingerprint: str = ""
    tables: str = ""
    algorithm: str = ""
    origin: str = "trained"
    source: str = ""
    file_format: str = ""
    file_hash: str = ""
    golden_hash: str = ""
    agreement: str = ""
    libraries: str = ""

    @property
    def windows(self) -> Windows:
        return Windows(
            as_of=self.as_of,
            observation_start=self.observation_start,
            outcome_end=self.outcome_end,
            gap_days=self.gap_days,
        )

    @property
    def is_complete(self) -> bool:
        """Whether fingerprints are those of parameters, and not of an earlier version's dates."""
        return bool(self.label)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Lineage:
        """From texts, in any case, as stores keep them; what is not of a lineage is left out."""
        known = {name.lower(): value for name, value in values.items() if value is not None}
        read: dict[str, Callable[[str], Any]] = {
            **dict.fromkeys(("as_of", "observation_start", "outcome_end"), date.fromisoformat),
            "gap_days": int,
            "threshold": float,
        }
        names = [field.name for field in fields(cls) if field.name in known]
        return cls(**{name: read.get(name, str)(str(known[name])) for name in names})


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


Scorer = Callable[["pd.DataFrame"], "npt.NDArray[np.float64]"]
"""From inputs to the probability of the positive class, a row each."""


@dataclass(frozen=True)
class NewModel:
    """A model to be registered, as the next version.

    Args:
        background: Rows of its input that explanations compare with, stored with the model; so not
            those of any entity.
        accept: Called with the stored model, as a function from inputs to probabilities; says how
            well they agree with what is expected, or raises an error, and then there is no version.
    """

    name: str
    fitted: Pipeline
    background: pd.DataFrame
    comment: str
    metrics: Mapping[str, float]
    accept: Callable[[Scorer], str] | None = None


@dataclass(frozen=True)
class Reference:
    """`NAME`, `NAME@ALIAS` or `NAME/VERSION`; without either, the default version is meant."""

    name: str
    selector: str = "DEFAULT"

    @classmethod
    def parse(cls, text: str, default_name: str) -> Reference:
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
        rows: As a model takes them: floats rounded, ordered by key.
        source: The same rows where the store keeps them, for its own model registry.
    """

    record: FeatureSet
    rows: pl.DataFrame
    source: Any = None


@dataclass(frozen=True)
class Predictions:
    """What a model says of features.

    Args:
        probabilities: Of the positive class, a row each.
        contributions: A column a feature, in log-odds: what it adds to the prediction.
    """

    rows: pl.DataFrame
    probabilities: npt.NDArray[np.float64]
    contributions: pl.DataFrame


DECIMALS = 9
"""Sums of floats differ in their last bits with the order of addition; no feature means those."""


LARGEST = 1e38
"""What fits into 32 bits, which XGBoost reckons in."""


def rounded(rows: pl.DataFrame) -> pl.DataFrame:
    """Floats rounded, so that equal data gives equal rows."""
    floats = [name for name, kind in rows.schema.items() if kind.is_float()]
    return rows.with_columns(rows[name].round(DECIMALS) for name in floats)


def data_hash(rows: pl.DataFrame, key: str) -> str:
    """SHA-256 of the rows, in the order of the key, so that the order they came in is no matter."""
    ordered = rows.sort(key) if key in rows.columns else rows
    return sha256(ordered.write_csv().encode()).hexdigest()


def require_finite(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rows, if a model can take all numbers in them.

    Raises:
        DataError: One is larger than what a model reckons with.
    """
    for name, kind in rows.schema.items():
        if not kind.is_float():
            continue
        too_large = rows.filter((rows[name].abs() > LARGEST) & rows[name].is_not_nan())
        if too_large.height:
            raise DataError(
                f"{name} is {too_large[name][0]:g} for {too_large[key][0]}, and too large for "
                f"{too_large.height:,} in all: a model takes numbers up to {LARGEST:g}",
                "Look for values in the data that are typing errors: churn data check.",
            )
    return rows


def require_population(rows: pl.DataFrame) -> None:
    """
    Raises:
        DataError: There is nobody to learn from.
    """
    if rows.is_empty():
        raise DataError(
            "nobody has a label in the observation window, so there is nobody to learn from",
            "Choose other dates; churn explore shows when there are events.",
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
