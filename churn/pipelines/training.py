"""The records that the steps of a training hand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import polars as pl

from churn.domain.features import FeatureView
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.model import evaluate, explain, train
from churn.model.metrics import Labels, Probabilities
from churn.model.split import Split
from churn.pipelines.score import RiskList
from churn.stores.records import ModelVersion, TrainingSet


@dataclass(frozen=True)
class Prepared:
    """What is trained on.

    Args:
        findings: What is noteworthy about the data and its parts, in sentences.
        attributes: The key and what results are broken down by.
    """

    problem: Problem
    view: FeatureView
    windows: Windows
    training_set: TrainingSet
    parts: Split
    attributes: pl.DataFrame
    findings: tuple[str, ...]

    def inputs(self, rows: pl.DataFrame) -> pd.DataFrame:
        return train.inputs(rows, self.view.features)

    def labels(self, rows: pl.DataFrame) -> Labels:
        return train.labels(rows, self.problem.label)


@dataclass(frozen=True)
class Choice:
    """The candidates, and the best of them by cross-validation on the training part.

    Args:
        threshold: The probability from which on the decision is 1.
        cross_validated: Mean and std of each metric over 5 times 5 folds.
        fitted: The best one, fitted on the whole training part.
    """

    candidates: tuple[train.Candidate, ...]
    best: train.Candidate
    threshold: float
    cross_validated: dict[str, dict[str, float]]
    fitted: Any


@dataclass(frozen=True)
class Evaluation:
    """The chosen model on the test part, which is read here and nowhere else.

    Args:
        train_metrics: The same model on the rows it was fitted on.
        no_skill: What a model reaches that knows the rate only.
        groups: Metrics per value of each attribute.
        labels: Of the test part.
        probabilities: Likewise.
        background: Rows that explanations compare with.
    """

    metrics: dict[str, float | None]
    train_metrics: dict[str, float | None]
    no_skill: dict[str, float]
    confusion: evaluate.Confusion
    calibration: pl.DataFrame
    groups: pl.DataFrame
    importance: pl.DataFrame
    labels: Labels
    probabilities: Probabilities
    explanation: explain.Explanation
    background: pd.DataFrame

    @property
    def gap(self) -> dict[str, float | None]:
        """Train minus test: how much of what was learned does not carry over."""
        pairs = {name: (self.train_metrics[name], self.metrics[name]) for name in self.metrics}
        return {n: None if a is None or b is None else a - b for n, (a, b) in pairs.items()}


@dataclass(frozen=True)
class Training:
    """What one training made.

    Args:
        runs: The id of each run, by name.
    """

    prepared: Prepared
    choice: Choice
    evaluation: Evaluation
    runs: dict[str, str]
    version: ModelVersion
    risk_list: RiskList

    @property
    def importance_is(self) -> str:
        return self.choice.best.algorithm.importance_is
