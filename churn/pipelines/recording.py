"""What a training leaves: runs with parameters and metrics, plots, and the tables behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from churn.domain.windows import Windows
from churn.engines.formulas import neutral
from churn.model import plots, train
from churn.pipelines.training import Choice, Evaluation, Prepared, Training
from churn.stores.records import NewRun


def of_candidate(
    prepared: Prepared,
    choice: Choice,
    candidate: train.Candidate,
    training: str,
    facts: dict[str, str],
) -> NewRun:
    """The run of one candidate: parameters, the facts of its data, and its cross-validation."""
    data = prepared.training_set
    known = {
        "problem": prepared.problem.name,
        "algorithm": candidate.algorithm.name,
        "feature_view": data.view,
        "label": data.label,
        "label_fingerprint": data.label_fingerprint,
        "training_set": data.name,
        "data_hash": data.data_hash,
        "as_of": data.as_of,
        "rows": data.rows,
        "positives": data.positives,
        **facts,
        **candidate.parameters,
    }
    return NewRun(
        name=candidate.name,
        training=training,
        parameters={name: str(value) for name, value in known.items()},
        metrics=_spread(candidate.cross_validated(choice.threshold)),
        tags={"chosen": str(candidate is choice.best).lower()},
    )


def of_chosen(
    prepared: Prepared,
    choice: Choice,
    evaluation: Evaluation,
    training: str,
    facts: dict[str, str],
    artifacts: Path,
) -> NewRun:
    """The run of the chosen candidate: also its test, its findings and its artifacts."""
    run = of_candidate(prepared, choice, choice.best, training, facts)
    return replace(
        run,
        parameters={**run.parameters, "threshold": repr(choice.threshold)},
        metrics={
            **run.metrics,
            **_known("test", evaluation.metrics),
            **_known("train", evaluation.train_metrics),
            **_known("gap", evaluation.gap),
        },
        tags={**run.tags, "findings": json.dumps(prepared.findings)},
        artifacts=artifacts,
    )


def write_artifacts(
    folder: Path, prepared: Prepared, choice: Choice, evaluation: Evaluation
) -> None:
    """Plots, the tables behind them, and the SHAP values from which they can be drawn again."""
    y, p, explanation = evaluation.labels, evaluation.probabilities, evaluation.explanation
    explanation.table().write_parquet(folder / "shap_values.parquet")
    evaluation.importance.write_csv(folder / "importance.csv")
    evaluation.calibration.write_csv(folder / "calibration.csv")
    neutral(evaluation.groups).write_csv(folder / "groups.csv")
    meaning = choice.best.algorithm.importance_is
    label = prepared.problem.label
    plots.save(
        {
            "roc": plots.roc(y, p, evaluation.metrics["roc_auc"]),
            "precision_recall": plots.precision_recall(y, p, evaluation.metrics["pr_auc"]),
            "calibration": plots.calibration(evaluation.calibration),
            "confusion_matrix": plots.confusion(evaluation.confusion, choice.threshold, label),
            "importance": plots.importance(evaluation.importance, meaning),
            "shap_summary": plots.shap_summary(explanation),
            "shap_waterfall": plots.shap_waterfall(explanation, int(p.argmax())),
        },
        folder / "plots",
    )
    content = {
        "windows": windows_in_words(prepared.windows),
        "findings": prepared.findings,
        "cv": choice.cross_validated,
        "metrics": evaluation.metrics,
        "train_metrics": evaluation.train_metrics,
        "gap": evaluation.gap,
        "no_skill": evaluation.no_skill,
        "confusion": evaluation.confusion.as_dict(),
        "threshold": choice.threshold,
    }
    text = json.dumps(content, indent=2, default=str)
    (folder / "evaluation.json").write_text(text, encoding="utf-8")


def windows_in_words(windows: Windows) -> dict[str, str]:
    return {"observation": str(windows.observation), "outcome": str(windows.outcome)}


def summary(training: Training) -> dict[str, object]:
    """What a script wants to know, as one flat object.

    The number of positives also stands under the label's own word for them.
    """
    prepared, choice, evaluation = training.prepared, training.choice, training.evaluation
    data = prepared.training_set
    return {
        "problem": prepared.problem.name,
        "population": data.rows,
        "positives": data.positives,
        prepared.problem.label.positive: data.positives,
        "metrics": evaluation.metrics,
        "train_metrics": evaluation.train_metrics,
        "no_skill": evaluation.no_skill,
        "cv": choice.cross_validated,
        "threshold": choice.threshold,
        "confusion": evaluation.confusion.as_dict(),
        "run": training.runs[choice.best.name],
        "runs": training.runs,
        "chosen": choice.best.name,
        "algorithm": choice.best.algorithm.name,
        "model": training.version.name,
        "model_version": training.version.version,
        "feature_view": str(prepared.view),
        "label": data.label,
        "training_set": data.name,
        "data_hash": data.data_hash,
        "windows": windows_in_words(prepared.windows),
        "findings": list(prepared.findings),
        "risk_list": training.risk_list.location,
    }


def _spread(cross_validated: dict[str, dict[str, float]]) -> dict[str, float]:
    return {
        f"cv_{name}_{statistic}": value
        for name, values in cross_validated.items()
        for statistic, value in values.items()
    }


def _known(prefix: str, metrics: dict[str, float | None]) -> dict[str, float]:
    return {f"{prefix}_{n}": value for n, value in metrics.items() if value is not None}
