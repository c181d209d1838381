"""Pictures of a model, as PNG files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from churn.domain.labels import Label
from churn.model.evaluate import Confusion
from churn.model.explain import Explanation
from churn.model.metrics import Labels, Probabilities

BLUE, GREY = "#1f6fb4", "#9aa5ad"


def roc(y: Labels, p: Probabilities, auc: float | None) -> Figure:
    figure, axes = _figure("ROC curve, test part", "False positive rate", "True positive rate")
    false_positive, true_positive, _ = roc_curve(y, p)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="no skill")
    axes.plot(false_positive, true_positive, color=BLUE, label=f"model, area {auc:.3f}")
    axes.legend(loc="lower right")
    return figure


def precision_recall(y: Labels, p: Probabilities, auc: float | None) -> Figure:
    figure, axes = _figure("Precision and recall, test part", "Recall", "Precision")
    precision, recall, _ = precision_recall_curve(y, p)
    axes.axhline(float(np.mean(y)), color=GREY, linestyle="--", label="no skill")
    axes.plot(recall, precision, color=BLUE, label=f"model, area {auc:.3f}")
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left")
    return figure


def calibration(deciles: pl.DataFrame) -> Figure:
    figure, axes = _figure("Calibration by decile, test part", "Predicted", "Actual rate")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="perfect")
    axes.plot(deciles["PREDICTED"], deciles["ACTUAL"], "o-", color=BLUE, label="model")
    axes.legend(loc="upper left")
    return figure


def confusion(counts: Confusion, threshold: float, label: Label) -> Figure:
    figure, axes = _figure(
        f"Confusion matrix, test part, threshold {threshold:.3f}", "Predicted", "Actual"
    )
    cells = np.array(
        [
            [counts.true_negative, counts.false_positive],
            [counts.false_negative, counts.true_positive],
        ]
    )
    axes.imshow(cells, cmap="Blues")
    for (row, column), value in np.ndenumerate(cells):
        dark = value > cells.max() / 2
        color = "white" if dark else "black"
        axes.text(column, row, f"{value:,}", ha="center", va="center", color=color, fontsize=16)
    words = [label.negative, label.positive]
    axes.set_xticks([0, 1], words)
    axes.set_yticks([0, 1], words)
    axes.grid(visible=False)
    return figure


def importance(shares: pl.DataFrame, meaning: str) -> Figure:
    figure, axes = _figure("Feature importance", meaning.capitalize(), "")
    ascending = shares.sort("IMPORTANCE")
    axes.barh(ascending["FEATURE"], ascending["IMPORTANCE"], color=BLUE)
    return figure


def shap_summary(explanation: Explanation) -> Figure:
    """Every row a dot in each feature's row, as shap draws it."""
    import shap

    return _shap(lambda: shap.plots.beeswarm(_shap_values(explanation), show=False))


def shap_waterfall(explanation: Explanation, row: int) -> Figure:
    """From the base value to one row's log-odds, feature by feature, as shap draws it."""
    import shap

    return _shap(lambda: shap.plots.waterfall(_shap_values(explanation)[row], show=False))


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """One PNG a figure, named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=110, bbox_inches="tight")
        paths.append(path)
    return paths


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    # Without pyplot: no window system, no global state.
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    return figure, axes


def _shap_values(explanation: Explanation) -> Any:
    import shap

    # On the colour scale, text stands by its place in the alphabet.
    numbers = explanation.data.apply(lambda x: x if x.dtype != object else x.rank(method="dense"))
    return shap.Explanation(
        values=explanation.values,
        base_values=np.full(len(explanation.values), explanation.base),
        data=numbers.to_numpy(dtype=float),
        display_data=explanation.data.to_numpy(dtype=object),
        feature_names=list(explanation.features),
    )


def _shap(draw: Callable[[], object]) -> Figure:
    """Shap draws on pyplot's current figure; give it one of its own and take it away again."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    plt.figure()
    draw()
    figure = plt.gcf()
    plt.close(figure)
    return figure
