"""Models that were fitted elsewhere: read without running them, checked, and made ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import polars as pl
from sklearn.pipeline import Pipeline

from churn.domain.features import FeatureView
from churn.model import train
from churn.model.importing import formats, golden, linear, pipelines, signature, trees
from churn.model.importing.formats import Format, ModelFile
from churn.model.importing.golden import Golden
from churn.model.importing.signature import Signature

__all__ = ["Imported", "read"]


@dataclass(frozen=True)
class Imported:
    """A model from elsewhere that repeats its golden predictions here.

    Args:
        inputs: The golden rows as the model is fed them, in the view's order if there is one.
        agreement: The largest difference between its scores and the golden ones.
    """

    file: ModelFile
    golden: Golden
    signature: Signature
    fitted: Pipeline
    inputs: pd.DataFrame
    agreement: float


def read(
    path: Path,
    golden_path: Path,
    score_column: str,
    signature_path: Path | None,
    view: FeatureView | None,
) -> Imported:
    """
    Raises:
        ImportRefusedError: It is in no format that is taken, does not fit its signature or the
            view, or does not repeat the golden predictions.
    """
    file = formats.read(path)
    declared = signature.read(signature_path) if signature_path else None
    known = golden.read(golden_path, score_column, declared.inputs if declared else None)
    if file.format is Format.SKOPS:
        sized = linear.load(file.content)
        names, count = linear.names(sized), linear.count(sized)
    else:
        held = trees.inspect(file)
        names, count = held.names, held.features
    agreed = declared or signature.infer(names, count, known.rows.schema)
    agreed.require_names(names, count)
    if view is not None:
        agreed.require_view(view)
    x = _inputs(known.inputs(agreed), agreed, view)
    if file.format is Format.SKOPS:
        fitted = linear.pipeline(sized, agreed, x)
    else:
        fitted = pipelines.of_columns(agreed, trees.classifier(held), x)
    agreement = known.agreement(train.probabilities(fitted, x))
    return Imported(file, known, agreed, fitted, x, agreement)


def _inputs(rows: pl.DataFrame, agreed: Signature, view: FeatureView | None) -> pd.DataFrame:
    return train.inputs(rows, view.features if view else agreed.features())
