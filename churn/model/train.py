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
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import (
    BaseCrossValidator,
    ParameterSampler,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from churn.domain.errors import DataError
from churn.domain.expressions import Type
from churn.domain.features import Feature
from churn.domain.labels import Label
from churn.model import evaluate
from churn.model.algorithms import Algorithm, Parameters
from churn.model.metrics import NAMES, SELECTION, Labels, Probabilities

Advance = Callable[[int, int], None]
"""Called with how many candidates are done, and of how many."""

FOLDS, REPEATS = 5, 5
ENCODE, MODEL = "encode", "model"


@dataclass(frozen=True)
class Candidate:
    """Parameters under a name, with what cross-validation on the training part says of them.

    Args:
        out_of_fold: The probability of each row by a model that was not fitted on it,
            from the first repetition.
        folds: For each fold, its labels and the probabilities for them.
    """

    name: str
    algorithm: Algorithm
    parameters: Parameters
    out_of_fold: Probabilities
    folds: tuple[tuple[Labels, Probabilities], ...]

    @property
    def log_loss(self) -> float:
        """The mean over the folds: the proper score that candidates are compared by."""
        return float(np.mean([SELECTION.function(y, p) for y, p in self.folds]))

    def cross_validated(self, threshold: float) -> dict[str, dict[str, float]]:
        """Mean and standard deviation over the folds of each metric."""
        values = [evaluate.metrics(y, p, threshold) for y, p in self.folds]
        scores = {name: [v[name] for v in values] for name in NAMES}
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


def labels(rows: pl.DataFrame, label: Label) -> Labels:
    return rows[label.column].to_numpy().astype(np.int64)


def pipeline(
    algorithm: Algorithm, features: Sequence[Feature], parameters: Parameters, seed: int
) -> Pipeline:
    """Encoding and classifier, not yet fitted. One thread: candidates run side by side instead."""
    text = [f.name for f in features if f.type is Type.TEXT]
    numbers = [f.name for f in features if f.type is not Type.TEXT]
    encode = ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), text),
            ("number", algorithm.numbers(), numbers),
        ],
        verbose_feature_names_out=False,
    )
    return Pipeline([(ENCODE, encode), (MODEL, algorithm.make(parameters, seed))])


def probabilities(fitted: Pipeline, x: pd.DataFrame) -> Probabilities:
    """Of the positive class, for each row."""
    return np.asarray(fitted.predict_proba(x)[:, 1], dtype=np.float64)


def require_folds(y: Labels, label: Label) -> None:
    """Refuse data on which cross-validation means nothing.

    Raises:
        DataError: A class with fewer rows than there are folds.
    """
    for value, word in ((1, label.positive), (0, label.negative)):
        rows = int(np.sum(y == value))
        if rows < FOLDS:
            raise DataError(
                f"{rows} rows of the training part are {word}, "
                f"fewer than the {FOLDS} folds of cross-validation",
                "Use more data or other dates (churn explore shows the rates).",
            )


def search(
    algorithms: Sequence[Algorithm],
    x: pd.DataFrame,
    y: Labels,
    features: Sequence[Feature],
    *,
    draws: int,
    seed: int,
    advance: Advance,
) -> tuple[Candidate, ...]:
    """Of each algorithm the named runs and the best of the random draws; all cross-validated."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    proposals = [p for algorithm in algorithms for p in _proposals(algorithm, draws, seed)]
    work = partial(_validated, x, y, features, folds, seed)
    candidates: list[Candidate] = []
    for candidate in _side_by_side(work, proposals):
        candidates.append(candidate)
        advance(len(candidates), len(proposals))
    by_name: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.name, []).append(candidate)
    return tuple(best(same) for same in by_name.values())


def _proposals(
    algorithm: Algorithm, draws: int, seed: int
) -> list[tuple[str, Algorithm, Parameters]]:
    drawn = ParameterSampler(algorithm.space, draws, random_state=seed)
    return [
        *((name, algorithm, parameters) for name, parameters in algorithm.presets.items()),
        *((algorithm.tuned, algorithm, _plain(parameters)) for parameters in drawn),
    ]


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The one with the best score (see `SELECTION`); the first among equals."""
    sign = -1 if SELECTION.higher_is_better else 1
    return min(candidates, key=lambda candidate: sign * candidate.log_loss)


def repeated(
    candidate: Candidate, x: pd.DataFrame, y: Labels, features: Sequence[Feature], seed: int
) -> Candidate:
    """The candidate cross-validated 5 times on 5 folds, for a mean with less noise in it."""
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    same = (candidate.name, candidate.algorithm, candidate.parameters)
    return _validated(x, y, features, folds, seed, *same, jobs=-1)


def _plain(drawn: Mapping[str, Any]) -> Parameters:
    """Python's own numbers, of 4 digits: as good, and readable."""
    return {n: int(v) if v == int(v) else float(f"{v:.4g}") for n, v in drawn.items()}


def _side_by_side(
    work: Callable[..., Candidate], proposals: Sequence[tuple[str, Algorithm, Parameters]]
) -> Iterator[Candidate]:
    # Threads: XGBoost lets go of the interpreter while it fits.
    parallel = Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    yield from parallel(delayed(work)(*proposal) for proposal in proposals)


def _validated(
    x: pd.DataFrame,
    y: Labels,
    features: Sequence[Feature],
    folds: BaseCrossValidator,
    seed: int,
    name: str,
    algorithm: Algorithm,
    parameters: Parameters,
    jobs: int = 1,
) -> Candidate:
    def fit(inside: Labels, outside: Labels) -> Probabilities:
        fitted = pipeline(algorithm, features, parameters, seed).fit(x.iloc[inside], y[inside])
        return probabilities(fitted, x.iloc[outside])

    parts = list(folds.split(x, y))
    predicted = Parallel(n_jobs=jobs, prefer="threads")(delayed(fit)(*part) for part in parts)
    out_of_fold = np.zeros(len(y))
    for (_, outside), p in list(zip(parts, predicted, strict=True))[:FOLDS]:
        out_of_fold[outside] = p
    return Candidate(
        name,
        algorithm,
        parameters,
        out_of_fold,
        tuple((y[outside], p) for (_, outside), p in zip(parts, predicted, strict=True)),
    )
