"""A model that was fitted elsewhere, registered if it repeats its golden predictions there.

With a view it is scored as models that are trained here are; without, its signature is all that is
known of its inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from churn.domain.errors import ImportRefusedError, UsageError
from churn.domain.features import FeatureView
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.model import explain, importing
from churn.model.algorithms import of_estimator
from churn.model.importing import Imported
from churn.model.train import MODEL
from churn.stores import Stores
from churn.stores.records import NAME, Lineage, ModelVersion, NewModel, NewRun, Scorer

STAGE, PURPOSE, SOURCE, PROJECT = "MODEL_STAGE", "MODEL_PURPOSE", "SOURCE", "PROJECT"
FIRST_STAGE = "CANDIDATE"
LIBRARIES = ("scikit-learn", "skops", "xgboost")
THRESHOLD = 0.5


@dataclass(frozen=True)
class Import:
    """What to import, as it was asked for.

    Args:
        name: The model's name in the registry.
        golden: File of inputs by name, with the source's probabilities in `score_column`.
        signature: File that declares inputs and columns, where the model's own names do not do.
        metrics: File of one JSON object, numbers by name; its `threshold` is the model's.
        source: Where it comes from, in words.
    """

    file: Path
    name: str
    golden: Path
    score_column: str = "SCORE"
    signature: Path | None = None
    metrics: Path | None = None
    source: str = ""


@dataclass(frozen=True)
class Registered:
    """
    Args:
        rows: Golden rows that were repeated.
        algorithm: By which it is explained.
    """

    version: ModelVersion
    rows: int
    algorithm: str
    tags: Mapping[str, str]


def run(
    problem: Problem,
    stores: Stores,
    asked: Import,
    view: FeatureView | None,
    windows: Windows,
    code_version: str,
) -> Registered:
    """Read, check here, register, check where it is registered, tag.

    Args:
        view: What it will be fed from, if that is a view of the problem.
        windows: Those that it is scored with.

    Raises:
        ImportRefusedError: The file is refused, or the golden predictions are not repeated; then
            there is no new version.
        UsageError: The name cannot be one of a model.
        StoreError: The store cannot be written to.
    """
    name = _named(asked.name)
    metrics = _metrics(asked.metrics)
    threshold = metrics.pop("threshold", THRESHOLD)
    model = importing.read(asked.file, asked.golden, asked.score_column, asked.signature, view)
    algorithm = of_estimator(model.fitted[MODEL]).name
    facts = _facts(asked, model, algorithm)
    lineage = Lineage(
        run=stores.experiments.log(_run(asked, model, facts)),
        feature_view=str(view) if view else "",
        feature_fingerprint=view.plan.fingerprint if view else "",
        training_set="",
        data_hash="",
        as_of=windows.as_of,
        observation_start=windows.observation_start,
        outcome_end=windows.outcome_end,
        gap_days=windows.gap_days,
        threshold=threshold,
        code_version=code_version,
        problem=problem.name,
        label=str(problem.label),
        label_fingerprint=problem.label.plan.fingerprint,
        tables=", ".join(view.tables) if view else "",
        **facts,
    )
    new = NewModel(
        name=name,
        fitted=model.fitted,
        background=explain.background(model.inputs),
        comment=f"imported from {asked.source or asked.file.name} ({model.file.described})",
        metrics=metrics,
        accept=lambda scorer: _accepted(model, scorer),
    )
    version = stores.models.register(new, lineage)
    stores.models.tag(name, _tags(problem, stores, name, asked))
    return Registered(version, len(model.inputs), algorithm, stores.models.tags(name))


def _accepted(model: Imported, scorer: Scorer) -> str:
    return f"{model.golden.agreement(scorer(model.inputs)):.3g}"


def _facts(asked: Import, model: Imported, algorithm: str) -> dict[str, str]:
    """What lineage says of an imported model only."""
    return {
        "algorithm": algorithm,
        "origin": "imported",
        "source": asked.source or asked.file.name,
        "file_format": model.file.described,
        "file_hash": model.file.hash,
        "golden_hash": model.golden.hash,
        "libraries": ", ".join(f"{name} {version_of(name)}" for name in LIBRARIES),
    }


def _run(asked: Import, model: Imported, facts: Mapping[str, str]) -> NewRun:
    """The run that the registries keep a model's files with."""
    return NewRun(
        name=f"Import of {asked.file.name}",
        training=f"import-{model.file.hash[:12]}",
        parameters=dict(facts),
        metrics={"golden_rows": float(len(model.inputs)), "golden_difference": model.agreement},
        tags={"chosen": "false"},
    )


def _tags(problem: Problem, stores: Stores, name: str, asked: Import) -> dict[str, str]:
    """Of the whole model, so a stage that it has reached stays."""
    return {
        STAGE: stores.models.tags(name).get(STAGE, FIRST_STAGE),
        PURPOSE: problem.label.name,
        SOURCE: asked.source or asked.file.name,
        PROJECT: problem.name,
    }


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a model's name", "Letters, digits and underscores.")
    return name.upper()


def _metrics(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return {str(name).lower(): float(value) for name, value in written.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ImportRefusedError(
            f"{path} holds no metrics: {error}", 'Write {"roc_auc": 0.81, "threshold": 0.4}.'
        ) from error
