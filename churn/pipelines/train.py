"""From tables to a registered model and the list of customers at risk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import polars as pl

from churn.domain.features import KEY, FeatureView
from churn.domain.frames import Frame
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.model import evaluate, explain, plots, train
from churn.model.split import Split, split
from churn.pipelines.audit import require_no_leak
from churn.pipelines.check import require
from churn.pipelines.prepare import ATTRIBUTES, attributes, features, labels
from churn.pipelines.score import RiskList, score
from churn.stores import (
    MODEL_NAME,
    Lineage,
    ModelVersion,
    NewModel,
    NewRun,
    Reference,
    Stores,
    TrainingSet,
)

F = TypeVar("F", bound=Frame)

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Evaluation:
    """The chosen model on the test part, which is read here and nowhere else.

    Args:
        train_metrics: The same model on the customers it was fitted on.
        no_skill: What a model reaches that knows the churn rate only.
        groups: Metrics per value of each attribute.
    """

    metrics: dict[str, float | None]
    train_metrics: dict[str, float | None]
    no_skill: dict[str, float]
    confusion: evaluate.Confusion
    calibration: pl.DataFrame
    groups: pl.DataFrame

    @property
    def gap(self) -> dict[str, float | None]:
        """Train minus test: how much of what was learned does not carry over."""
        pairs = {name: (self.train_metrics[name], self.metrics[name]) for name in self.metrics}
        return {n: None if a is None or b is None else a - b for n, (a, b) in pairs.items()}


@dataclass(frozen=True)
class Training:
    """What one training found and made.

    Args:
        cross_validated: Mean and std of each metric over 5 times 5 folds of the training part.
        runs: The id of each run, by name.
    """

    windows: Windows
    view: FeatureView
    training_set: TrainingSet
    findings: tuple[str, ...]
    candidates: tuple[train.Candidate, ...]
    chosen: train.Candidate
    cross_validated: dict[str, dict[str, float]]
    threshold: float
    evaluation: Evaluation
    importance: pl.DataFrame
    runs: dict[str, str]
    version: ModelVersion
    risk_list: RiskList


def run(
    engine: Engine[F],
    stores: Stores,
    view: FeatureView,
    windows: Windows,
    *,
    draws: int,
    seed: int,
    code_version: str,
    progress: Progress,
    audit: bool = True,
) -> Training:
    """Train, choose, test, record, register and score.

    Args:
        draws: Candidates of the randomized search, beside the named runs.
        audit: Whether to refuse a feature view or a label that leaks.

    Raises:
        DataError: The data has errors, one class only, or fewer customers than folds.
        LeakError: The view or the label knows what it could not have known.
        StoreError: A store cannot be written to.
    """
    findings = require(engine, windows, outcome=True)
    if audit:
        progress("leakage audit", 0, 1)
        require_no_leak(engine, view, windows)
        progress("leakage audit", 1, 1)
    progress("features and labels", 0, 1)
    known = stores.features.save(engine, view, windows, features(engine, view, windows))
    spine = labels(engine, windows)
    training_set, rows = stores.features.training_set(engine, view, windows, spine, known)
    parts = split(rows)
    x, y = train.inputs(parts.train, view.features), train.labels(parts.train)
    train.require_folds(y)
    progress("features and labels", 1, 1)

    candidates = train.search(
        x, y, view.features, draws=draws, seed=seed, advance=_counting("candidates", progress)
    )
    chosen = train.best(candidates)
    threshold = evaluate.best_threshold(y, chosen.out_of_fold)
    progress("cross-validation of the winner", 0, 1)
    validated = train.repeated(chosen, x, y, view.features, seed).cross_validated(threshold)
    progress("cross-validation of the winner", 1, 1)

    fitted = train.pipeline(view.features, chosen.parameters, seed).fit(x, y)
    evaluation = _evaluate(fitted, view, parts, attributes(engine), threshold)
    importance, background = explain.importance(fitted, x), explain.background(x)
    findings += parts.findings

    progress("records and plots", 0, 2)
    training = uuid4().hex[:12]
    runs: dict[str, str] = {}
    for candidate in candidates:
        facts = _facts(candidate, training_set, seed, code_version) | {"audited": str(audit)}
        record = NewRun(
            name=candidate.name,
            training=training,
            parameters=facts,
            metrics=_spread(candidate.cross_validated(threshold)),
            tags={"chosen": str(candidate is chosen).lower()},
        )
        if candidate is not chosen:
            runs[candidate.name] = stores.experiments.log(record)
            continue
        with tempfile.TemporaryDirectory() as folder:
            explanation = explain.explain(
                fitted, train.inputs(parts.test, view.features), background
            )
            _artifacts(
                Path(folder), fitted, view, parts, evaluation, importance, explanation, threshold
            )
            _write_json(
                Path(folder) / "evaluation.json",
                {
                    "windows": _windows(windows),
                    "findings": findings,
                    "cv": validated,
                    "metrics": evaluation.metrics,
                    "train_metrics": evaluation.train_metrics,
                    "gap": evaluation.gap,
                    "no_skill": evaluation.no_skill,
                    "confusion": evaluation.confusion.as_dict(),
                    "threshold": threshold,
                },
            )
            tested = replace(
                record,
                parameters={**facts, "threshold": repr(threshold)},
                metrics={
                    **record.metrics,
                    **_known("test", evaluation.metrics),
                    **_known("train", evaluation.train_metrics),
                    **_known("gap", evaluation.gap),
                },
                tags={**record.tags, "findings": json.dumps(findings)},
                artifacts=Path(folder),
            )
            runs[candidate.name] = stores.experiments.log(tested)
    progress("records and plots", 1, 2)
    version = stores.models.register(
        NewModel(
            name=MODEL_NAME,
            fitted=fitted,
            background=background,
            comment=f"{chosen.name} on {view}, as of {windows.as_of}",
            metrics={
                name: value for name, value in evaluation.metrics.items() if value is not None
            },
        ),
        Lineage(
            run=runs[chosen.name],
            feature_view=str(view),
            feature_fingerprint=view.plan.fingerprint,
            training_set=training_set.name,
            data_hash=training_set.data_hash,
            as_of=windows.as_of,
            observation_start=windows.observation_start,
            outcome_end=windows.outcome_end,
            gap_days=windows.gap_days,
            threshold=threshold,
            code_version=code_version,
        ),
    )
    progress("records and plots", 2, 2)
    risk_list = score(engine, stores, Reference(version.name, version.version), windows.as_of)
    return Training(
        windows=windows,
        view=view,
        training_set=training_set,
        findings=findings,
        candidates=candidates,
        chosen=chosen,
        cross_validated=validated,
        threshold=threshold,
        evaluation=evaluation,
        importance=importance,
        runs=runs,
        version=version,
        risk_list=risk_list,
    )


def _evaluate(
    fitted: Any, view: FeatureView, parts: Split, who: pl.DataFrame, threshold: float
) -> Evaluation:
    y, p = _predicted(fitted, view, parts.test)
    groups = parts.test.select(KEY).join(who, on=KEY, how="left", maintain_order="left")
    train_y, train_p = _predicted(fitted, view, parts.train)
    return Evaluation(
        metrics=evaluate.metrics(y, p, threshold),
        train_metrics=evaluate.metrics(train_y, train_p, threshold),
        no_skill=evaluate.no_skill(y),
        confusion=evaluate.confusion(y, p, threshold),
        calibration=evaluate.calibration(y, p),
        groups=evaluate.by_group({name: groups[name] for name in ATTRIBUTES}, y, p, threshold),
    )


def _predicted(
    fitted: Any, view: FeatureView, rows: pl.DataFrame
) -> tuple[evaluate.Labels, evaluate.Probabilities]:
    return train.labels(rows), train.probabilities(fitted, train.inputs(rows, view.features))


def _artifacts(
    folder: Path,
    fitted: Any,
    view: FeatureView,
    parts: Split,
    evaluation: Evaluation,
    importance: pl.DataFrame,
    explanation: explain.Explanation,
    threshold: float,
) -> None:
    """Plots, the tables behind them, and the SHAP values from which they can be drawn again."""
    y, p = _predicted(fitted, view, parts.test)
    explanation.table().write_parquet(folder / "shap_values.parquet")
    importance.write_csv(folder / "importance.csv")
    evaluation.calibration.write_csv(folder / "calibration.csv")
    evaluation.groups.write_csv(folder / "groups.csv")
    likeliest = int(p.argmax())
    plots.save(
        {
            "roc": plots.roc(y, p, evaluate.RANKING["roc_auc"](y, p)),
            "precision_recall": plots.precision_recall(y, p, evaluate.RANKING["pr_auc"](y, p)),
            "calibration": plots.calibration(evaluation.calibration),
            "confusion_matrix": plots.confusion(evaluation.confusion, threshold),
            "importance": plots.importance(importance),
            "shap_summary": plots.shap_summary(explanation),
            "shap_waterfall": plots.shap_waterfall(explanation, likeliest),
        },
        folder / "plots",
    )


def _facts(
    candidate: train.Candidate, training_set: TrainingSet, seed: int, code_version: str
) -> dict[str, str]:
    """A run's parameters and the facts of its data."""
    facts = {
        "feature_view": training_set.view,
        "training_set": training_set.name,
        "data_hash": training_set.data_hash,
        "as_of": training_set.as_of,
        "rows": training_set.rows,
        "churned": training_set.churned,
        "seed": seed,
        "code_version": code_version,
    }
    return {name: str(value) for name, value in {**facts, **candidate.parameters}.items()}


def _spread(cross_validated: dict[str, dict[str, float]]) -> dict[str, float]:
    return {
        f"cv_{name}_{statistic}": value
        for name, values in cross_validated.items()
        for statistic, value in values.items()
    }


def _known(prefix: str, metrics: dict[str, float | None]) -> dict[str, float]:
    return {f"{prefix}_{n}": value for n, value in metrics.items() if value is not None}


def _windows(windows: Windows) -> dict[str, str]:
    return {"observation": str(windows.observation), "outcome": str(windows.outcome)}


def _counting(what: str, progress: Progress) -> train.Advance:
    return lambda done, of: progress(what, done, of)


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, default=str), encoding="utf-8")


def summary(training: Training, risk_list: str) -> dict[str, object]:
    """What a script wants to know, as one flat object."""
    return {
        "population": training.training_set.rows,
        "churned": training.training_set.churned,
        "metrics": training.evaluation.metrics,
        "train_metrics": training.evaluation.train_metrics,
        "no_skill": training.evaluation.no_skill,
        "cv": training.cross_validated,
        "threshold": training.threshold,
        "confusion": training.evaluation.confusion.as_dict(),
        "run": training.runs[training.chosen.name],
        "runs": training.runs,
        "chosen": training.chosen.name,
        "model": training.version.name,
        "model_version": training.version.version,
        "feature_view": str(training.view),
        "training_set": training.training_set.name,
        "data_hash": training.training_set.data_hash,
        "windows": _windows(training.windows),
        "findings": list(training.findings),
        "risk_list": risk_list,
    }
