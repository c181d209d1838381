"""Why the model says so: gain importance and SHAP values, for each feature as it was written.

SHAP values are in log-odds: what each feature adds, compared with the rows of a background; for
trees, those of interventional TreeSHAP (Lundberg et al., 2020). Snowflake's model registry explains
in the same way, so a model that is registered there gives the same values. The columns that
encoding makes of one feature are added up again, which SHAP's additivity allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
from sklearn.pipeline import Pipeline

from churn.domain.features import Feature
from churn.model.algorithms import of_estimator
from churn.model.train import ENCODE, MODEL

BACKGROUND_ROWS = 25
"""What explaining costs grows with it: 25 rows drawn as below name the first reason as 100 rows
drawn at random do, at a quarter of the time.
"""

BLOCK = 5_000
"""Rows explained in one call: shap prints a bar of its own on standard error after ten seconds."""

BASE = "BASE_VALUE"
REASONS = 3
DECIMALS = 6


@dataclass(frozen=True)
class Explanation:
    """SHAP values, one row an entity and one column a feature, in log-odds.

    `base + values.sum(axis=1)` is the log-odds of the predicted probability.
    """

    features: tuple[str, ...]
    values: npt.NDArray[np.float64]
    base: float
    data: pd.DataFrame

    def table(self) -> pl.DataFrame:
        """What is kept: `SHAP_<feature>`, the features' values, and the base value."""
        shap = pl.DataFrame(self.values, schema=[f"SHAP_{name}" for name in self.features])
        base = pl.lit(self.base).alias(BASE)
        return pl.concat([pl.from_pandas(self.data), shap], how="horizontal").with_columns(base)

    @classmethod
    def of_table(cls, table: pl.DataFrame) -> Explanation:
        """Read back what `table` made, so that plots can be drawn again."""
        features = tuple(c.removeprefix("SHAP_") for c in table.columns if c.startswith("SHAP_"))
        values = table.select(f"SHAP_{name}" for name in features).to_numpy()
        return cls(features, values, float(table[BASE][0]), table.select(features).to_pandas())


def background(x: pd.DataFrame) -> pd.DataFrame:
    """What is stored with a model: a Latin hypercube sample (McKay et al., 1979) of its inputs.

    Each column holds its values at even quantiles, in an order of its own: what a row says is not
    what is known of anybody, unless by chance.
    """
    rows = min(BACKGROUND_ROWS, len(x))
    even = ((np.arange(rows) + 0.5) / rows * len(x)).astype(int)
    columns = enumerate((name, column.sort_values()) for name, column in x.items())
    spread = {n: c.iloc[even].sample(frac=1, random_state=i) for i, (n, c) in columns}
    return pd.DataFrame({name: column.to_numpy() for name, column in spread.items()})


def explain(fitted: Pipeline, x: pd.DataFrame, compared_with: pd.DataFrame) -> Explanation:
    """
    Args:
        compared_with: The background, with the columns of `x`.
    """
    encode = fitted[ENCODE].transform
    explainer = of_estimator(fitted[MODEL]).explainer(fitted[MODEL], encode(compared_with))
    encoded = encode(x)
    blocks = [
        explainer.shap_values(encoded[i : i + BLOCK]) for i in range(0, max(len(x), 1), BLOCK)
    ]
    explained = np.concatenate(blocks)
    values = np.zeros((len(x), x.shape[1]))
    for column, feature in enumerate(_origins(fitted, x)):
        values[:, feature] += explained[:, column]
    return Explanation(tuple(x.columns), values, float(explainer.expected_value), x)


def importance(fitted: Pipeline, x: pd.DataFrame) -> pl.DataFrame:
    """FEATURE and IMPORTANCE, its share of the whole (see the algorithm); largest first."""
    weights = of_estimator(fitted[MODEL]).importance(fitted[MODEL])
    sums = np.zeros(x.shape[1])
    for column, feature in enumerate(_origins(fitted, x)):
        sums[feature] += weights[column]
    share = sums / sums.sum() if sums.sum() else sums
    table = pl.DataFrame({"FEATURE": list(x.columns), "IMPORTANCE": share})
    return table.sort("IMPORTANCE", descending=True)


def reasons(
    rows: pl.DataFrame,
    contributions: pl.DataFrame,
    features: Sequence[Feature],
    count: int = REASONS,
) -> list[list[str]]:
    """For each row the features that moved the probability most, in words.

    Args:
        contributions: A column a feature: its SHAP values.
    """
    ordered = [f for f in features if f.name in contributions.columns]
    values = contributions.select(f.name for f in ordered).to_numpy()
    sizes = np.abs(values).round(DECIMALS)  # the last digits differ between machines
    strongest = np.argsort(-sizes, axis=1, kind="stable")[:, :count]
    return [
        [_in_words(ordered[i], row[ordered[i].name], shap[i]) for i in ranked]
        for row, shap, ranked in zip(rows.to_dicts(), values, strongest, strict=True)
    ]


def _in_words(feature: Feature, value: Any, shap: float) -> str:
    known = not pd.isna(value)
    text = feature.reason.format(value) if known else f"{feature.name} unknown"
    return f"{text} ({'raises' if shap > 0 else 'lowers'} the risk)"


def _origins(fitted: Pipeline, x: pd.DataFrame) -> list[int]:
    """For each encoded column, the position of the feature it was made of."""
    encode = fitted[ENCODE]
    position = {name: i for i, name in enumerate(x.columns)}
    origins: list[int] = []
    for name, step, names in encode.transformers_:
        if name.startswith("text") and len(names):
            for column, categories in zip(names, step.categories_, strict=True):
                origins += [position[column]] * len(categories)
        elif name.startswith("number"):
            origins += [position[column] for column in names]
    return origins
