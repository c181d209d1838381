"""From tables to a registered model and the risk list: prepare, choose, examine, record, register.

Each step returns a frozen record, and reads no more than the records of the steps before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import polars as pl

from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.model import evaluate, explain, train
from churn.model.algorithms import Algorithm
from churn.model.split import split
from churn.pipelines import recording
from churn.pipelines.audit import require_no_leak
from churn.pipelines.check import require
from churn.pipelines.prepare import attributes, features, labels
from churn.pipelines.score import score
from churn.pipelines.training import Choice, Evaluation, Prepared, Training
from churn.stores import Stores
from churn.stores.records import Lineage, ModelVersion, NewModel, Reference, require_population

F = TypeVar("F", bound=Frame)

Progress = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and of how much."""


def run(
    engine: Engine[F],
    problem: Problem,
    stores: Stores,
    view: FeatureView,
    windows: Windows,
    *,
    algorithms: Sequence[Algorithm],
    draws: int,
    seed: int,
    code_version: str,
    progress: Progress,
    audit: bool = True,
) -> Training:
    """Train, choose, test, record, register and score.

    Args:
        algorithms: Those that compete.
        draws: Candidates of the randomized search, beside the named runs.
        audit: Whether to refuse a feature view or a label that leaks.

    Raises:
        DataError: The data has errors, one class only, or fewer rows than folds.
        LeakError: The view or the label knows what it could not have known.
        StoreError: A store cannot be written to.
    """
    findings = require(engine, problem, windows, outcome=True)
    if audit:
        progress("leakage audit", 0, 1)
        require_no_leak(engine, problem, view, windows)
        progress("leakage audit", 1, 1)
    prepared = prepare(engine, problem, stores, view, windows, findings, progress)
    choice = choose(prepared, algorithms, draws, seed, progress)
    evaluation = examine(prepared, choice)
    facts = {"seed": str(seed), "code_version": code_version, "audited": str(audit)}
    progress("records and plots", 0, 2)
    runs = record(stores, prepared, choice, evaluation, facts)
    progress("records and plots", 1, 2)
    version = register(stores, prepared, choice, evaluation, runs, code_version)
    progress("records and plots", 2, 2)
    reference = Reference(version.name, version.version)
    risk_list = score(engine, problem, stores, reference, windows.as_of)
    return Training(prepared, choice, evaluation, runs, version, risk_list)


def prepare(
    engine: Engine[F],
    problem: Problem,
    stores: Stores,
    view: FeatureView,
    windows: Windows,
    findings: tuple[str, ...],
    progress: Progress,
) -> Prepared:
    """The training set, stored and split; nothing is stored of what cannot be trained on."""
    progress("features and labels", 0, 1)
    spine = labels(engine, problem, windows)
    _require_enough(engine.collect(spine), problem)
    known = stores.features.save(engine, view, windows, features(engine, problem, view, windows))
    training_set, rows = stores.features.training_set(
        engine, view, problem.label, windows, spine, known
    )
    parts = split(rows, problem.key, problem.label)
    who = attributes(engine, problem, windows)
    progress("features and labels", 1, 1)
    return Prepared(problem, view, windows, training_set, parts, who, (*findings, *parts.findings))


def _require_enough(population: pl.DataFrame, problem: Problem) -> None:
    """
    Raises:
        DataError: Nobody, one class only, or fewer rows of a class than folds.
    """
    require_population(population)
    parts = split(population, problem.key, problem.label)
    train.require_folds(train.labels(parts.train, problem.label), problem.label)


def choose(
    prepared: Prepared,
    algorithms: Sequence[Algorithm],
    draws: int,
    seed: int,
    progress: Progress,
) -> Choice:
    """The candidate with the best score in cross-validation, its threshold, and it fitted."""
    rows, features = prepared.parts.train, prepared.view.features
    x, y = prepared.inputs(rows), prepared.labels(rows)

    def advance(done: int, of: int) -> None:
        progress("candidates", done, of)

    candidates = train.search(algorithms, x, y, features, draws=draws, seed=seed, advance=advance)
    best = train.best(candidates)
    threshold = evaluate.best_threshold(y, best.out_of_fold)
    progress("cross-validation of the winner", 0, 1)
    validated = train.repeated(best, x, y, features, seed).cross_validated(threshold)
    progress("cross-validation of the winner", 1, 1)
    fitted = train.pipeline(best.algorithm, features, best.parameters, seed).fit(x, y)
    return Choice(candidates, best, threshold, validated, fitted)


def examine(prepared: Prepared, choice: Choice) -> Evaluation:
    """The chosen model on the test part, and why it says what it says."""
    problem, test = prepared.problem, prepared.parts.test
    x_test, x_train = prepared.inputs(test), prepared.inputs(prepared.parts.train)
    y, p = prepared.labels(test), train.probabilities(choice.fitted, x_test)
    fitted_y = prepared.labels(prepared.parts.train)
    fitted_p = train.probabilities(choice.fitted, x_train)
    background = explain.background(x_train)
    groups = test.select(problem.key).join(
        prepared.attributes, on=problem.key, how="left", maintain_order="left"
    )
    return Evaluation(
        metrics=evaluate.metrics(y, p, choice.threshold),
        train_metrics=evaluate.metrics(fitted_y, fitted_p, choice.threshold),
        no_skill=evaluate.no_skill(y),
        confusion=evaluate.confusion(y, p, choice.threshold),
        calibration=evaluate.calibration(y, p),
        groups=evaluate.by_group(
            {name: groups[name].cast(pl.String) for name in problem.attribute_names},
            y,
            p,
            choice.threshold,
            counted=problem.counted,
            rate=problem.rate,
        ),
        importance=explain.importance(choice.fitted, x_train),
        labels=y,
        probabilities=p,
        explanation=explain.explain(choice.fitted, x_test, background),
        background=background,
    )


def record(
    stores: Stores,
    prepared: Prepared,
    choice: Choice,
    evaluation: Evaluation,
    facts: dict[str, str],
) -> dict[str, str]:
    """A run for each candidate; the chosen one's with its test and its artifacts. Ids by name."""
    training = uuid4().hex[:12]
    ids = {
        candidate.name: stores.experiments.log(
            recording.of_candidate(prepared, choice, candidate, training, facts)
        )
        for candidate in choice.candidates
        if candidate is not choice.best
    }
    with tempfile.TemporaryDirectory() as folder:
        recording.write_artifacts(Path(folder), prepared, choice, evaluation)
        tested = recording.of_chosen(prepared, choice, evaluation, training, facts, Path(folder))
        ids[choice.best.name] = stores.experiments.log(tested)
    return ids


def register(
    stores: Stores,
    prepared: Prepared,
    choice: Choice,
    evaluation: Evaluation,
    runs: dict[str, str],
    code_version: str,
) -> ModelVersion:
    """The next version of the problem's model, with where it comes from."""
    problem, view, windows = prepared.problem, prepared.view, prepared.windows
    known = {name: value for name, value in evaluation.metrics.items() if value is not None}
    model = NewModel(
        name=problem.model,
        fitted=choice.fitted,
        background=evaluation.background,
        comment=f"{choice.best.name} on {view}, as of {windows.as_of}",
        metrics=known,
    )
    lineage = Lineage(
        run=runs[choice.best.name],
        feature_view=str(view),
        feature_fingerprint=prepared.training_set.fingerprint,
        training_set=prepared.training_set.name,
        data_hash=prepared.training_set.data_hash,
        as_of=windows.as_of,
        observation_start=windows.observation_start,
        outcome_end=windows.outcome_end,
        gap_days=windows.gap_days,
        threshold=choice.threshold,
        code_version=code_version,
        problem=problem.name,
        label=prepared.training_set.label,
        label_fingerprint=prepared.training_set.label_fingerprint,
        tables=", ".join(dict.fromkeys((*view.tables, *problem.label.tables))),
        algorithm=choice.best.algorithm.name,
    )
    return stores.models.register(model, lineage)
