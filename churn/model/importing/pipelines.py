"""The pipeline of our usual shape around what others fitted, so it is explained and served alike.

Its first step makes the model's columns of the inputs by name, in the order of the fit: it stands
for whatever encoded them at the source, as the signature declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from churn.model.importing.signature import Column, Signature
from churn.model.train import ENCODE, MODEL

Block = tuple[str, Any, list[str]]


def unchanged() -> Any:
    """Numbers as they are, as an array of floats.

    The warehouse hands over pandas' own missing values, which `passthrough` refuses.
    """
    return StandardScaler(with_mean=False, with_std=False)


def of_columns(signature: Signature, estimator: Any, rows: pd.DataFrame) -> Pipeline:
    """
    Args:
        estimator: Fitted on the signature's columns, by position.
        rows: Inputs, which say their names only.

    Raises:
        ImportRefusedError: A text input is not encoded.
    """
    signature.require_encoded()
    runs = groupby(signature.columns, key=lambda c: (c.category is None, c.category and c.input))
    return of_blocks([_block(i, list(run)) for i, (_, run) in enumerate(runs)], estimator, rows)


def of_blocks(blocks: Sequence[Block], estimator: Any, rows: pd.DataFrame) -> Pipeline:
    """
    Args:
        blocks: Steps that need no fit, under names that begin with `text` or `number`.
    """
    encode = ColumnTransformer(list(blocks), verbose_feature_names_out=False)
    return Pipeline([(ENCODE, encode.fit(rows)), (MODEL, estimator)])


def _block(position: int, columns: Sequence[Column]) -> Block:
    """Neighbours in the order of the fit: numbers, or categories of one text."""
    if columns[0].category is None:
        return f"number_{position}", unchanged(), [c.input for c in columns]
    encoder = OneHotEncoder(
        categories=[[c.category for c in columns]], handle_unknown="ignore", sparse_output=False
    )
    return f"text_{position}", encoder, [columns[0].input]
