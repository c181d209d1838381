"""Fit and choose: one pipeline with every fitted step, compared by cross-validation only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from joblib import Parallel, delayed
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import (
    BaseCrossValidator,
    ParameterSampler,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier

from churn.domain.errors import DataError
from churn.domain.expressions import Type
from churn.domain.features import Feature
from churn.domain.labels import LABEL
from churn.model import evaluate
from churn.model.evaluate import Labels, Probabilities

Parameters = Mapping[str, Any]
Advance = Callable[[int, int], None]
"""Told how many candidates are done, and of how many."""

FOLDS, REPEATS = 5, 5
ENCODE, MODEL = "encode", "model"

NAMED_RUNS: Mapping[str, Parameters] = {
    "Baseline": {"n_estimators": 100, "max_depth": 6, "learning_rate": 0.3},
    "DeepTree": {"n_estimators": 200, "max_depth": 10, "learning_rate": 0.1},
    "Conservative": {
        "n_estimators": 200,
        "max_depth": 3,
        "learning_rate": 0.05,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "reg_lambda": 5.0,
    },
}
"""The churn lab's three runs: XGBoost's defaults, deep trees, and shrunken shallow ones."""

SEARCH_SPACE: Mapping[str, Any] = {
    "n_estimators": stats.randint(100, 401),
    "max_depth": stats.randint(2, 5),
    "learning_rate": stats.loguniform(0.015, 0.1),
    "min_child_weight": stats.loguniform(2, 30),
    "subsample": stats.uniform(0.6, 0.35),
    "colsample_bytree": stats.uniform(0.5, 0.45),
    "reg_lambda": stats.loguniform(1, 15),
}
"""What the randomized search draws from; the ranges favour shallow trees and slow learning."""


@dataclass(frozen=True)
class Candidate:
    """Parameters under a name, with what cross-validation on the training part says of them.

    Args:
        out_of_fold: The probability of each customer by a model that was not fitted on them,
            from the first repetition.
        folds: For each fold, its labels and the probabilities for them.
    """

    name: str
    parameters: Parameters
    out_of_fold: Probabilities
    folds: tuple[tuple[Labels, Probabilities], ...]

    @property
    def log_loss(self) -> float:
        """The mean over the folds: the proper score that candidates are compared by."""
        return float(np.mean([evaluate.RANKING["log_loss"](y, p) for y, p in self.folds]))

    def cross_validated(self, threshold: float) -> dict[str, dict[str, float]]:
        """Mean and standard deviation over the folds of each metric."""
        values = [evaluate.metrics(y, p, threshold) for y, p in self.folds]
        scores = {name: [v[name] for v in values] for name in evaluate.NAMES}
        return {
            name: {"mean": float(np.mean(s)), "std": float(np.std(s, ddof=1))}  # type: ignore[arg-type]
            for name, s in scores.items()
        }


def inputs(rows: pl.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """The feature columns, in the view's order, as scikit-learn and the registries take them.

    Numbers are floats throughout, so that a missing one changes no type.
    """
    names = [f.name for f in features]
    numbers = [f.name for f in features if f.type is not Type.TEXT]
    return rows.select(names).with_columns(pl.col(numbers).cast(pl.Float64)).to_pandas()


def labels(rows: pl.DataFrame) -> Labels:
    return rows[LABEL].to_numpy().astype(np.int64)


def pipeline(features: Sequence[Feature], parameters: Parameters, seed: int) -> Pipeline:
    """Encoding and classifier, not yet fitted. One thread: candidates run side by side instead."""
    text = [f.name for f in features if f.type is Type.TEXT]
    numbers = [f.name for f in features if f.type is not Type.TEXT]
    encode = ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), text),
            ("number", "passthrough", numbers),
        ],
        verbose_feature_names_out=False,
    )
    model = XGBClassifier(**parameters, tree_method="hist", n_jobs=1, random_state=seed)
    return Pipeline([(ENCODE, encode), (MODEL, model)])


def probabilities(fitted: Pipeline, x: pd.DataFrame) -> Probabilities:
    """Of churn, for each row."""
    return np.asarray(fitted.predict_proba(x)[:, 1], dtype=np.float64)


def require_folds(y: Labels) -> None:
    """Refuse data on which cross-validation means nothing.

    Raises:
        DataError: A class with fewer customers than there are folds.
    """
    for label, name in ((1, "churned"), (0, "stayed")):
        found = int(np.sum(y == label))
        if found < FOLDS:
            raise DataError(
                f"{found} customers of the training part {name}, "
                f"fewer than the {FOLDS} folds of cross-validation",
                "Use more customers or other dates (churn explore shows the rates).",
            )


def search(
    x: pd.DataFrame,
    y: Labels,
    features: Sequence[Feature],
    *,
    draws: int,
    seed: int,
    advance: Advance,
) -> tuple[Candidate, ...]:
    """The named runs and, as `Tuned`, the best of the random draws; each cross-validated."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    drawn = [_plain(p) for p in ParameterSampler(SEARCH_SPACE, draws, random_state=seed)]
    proposals = [*NAMED_RUNS.items(), *(("Tuned", parameters) for parameters in drawn)]
    work = partial(_validated, x, y, features, folds, seed)
    candidates = []
    for candidate in _side_by_side(work, proposals):
        candidates.append(candidate)
        advance(len(candidates), len(proposals))
    tuned = candidates[len(NAMED_RUNS) :]
    return (*candidates[: len(NAMED_RUNS)], *([best(tuned)] if tuned else []))


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The one with the lowest log-loss; the first among equals."""
    return min(candidates, key=lambda candidate: candidate.log_loss)


def repeated(
    candidate: Candidate, x: pd.DataFrame, y: Labels, features: Sequence[Feature], seed: int
) -> Candidate:
    """The candidate cross-validated 5 times on 5 folds, for a mean with less noise in it."""
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    return _validated(x, y, features, folds, seed, candidate.name, candidate.parameters, jobs=-1)


def _plain(drawn: Mapping[str, Any]) -> Parameters:
    """Python's own numbers, of 4 digits: as good, and readable."""
    return {n: int(v) if v == int(v) else float(f"{v:.4g}") for n, v in drawn.items()}


def _side_by_side(
    work: Callable[..., Candidate], proposals: Sequence[tuple[str, Parameters]]
) -> Iterator[Candidate]:
    # Threads: XGBoost lets go of the interpreter while it fits.
    parallel = Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    yield from parallel(delayed(work)(name, parameters) for name, parameters in proposals)


def _validated(
    x: pd.DataFrame,
    y: Labels,
    features: Sequence[Feature],
    folds: BaseCrossValidator,
    seed: int,
    name: str,
    parameters: Parameters,
    jobs: int = 1,
) -> Candidate:
    def fit(inside: Labels, outside: Labels) -> Probabilities:
        fitted = pipeline(features, parameters, seed).fit(x.iloc[inside], y[inside])
        return probabilities(fitted, x.iloc[outside])

    parts = list(folds.split(x, y))
    predicted = Parallel(n_jobs=jobs, prefer="threads")(delayed(fit)(*part) for part in parts)
    out_of_fold = np.zeros(len(y))
    for (_, outside), p in list(zip(parts, predicted, strict=True))[:FOLDS]:
        out_of_fold[outside] = p
    return Candidate(
        name,
        parameters,
        out_of_fold,
        tuple((y[outside], p) for (_, outside), p in zip(parts, predicted, strict=True)),
    )
