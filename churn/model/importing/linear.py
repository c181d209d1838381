"""scikit-learn's logistic regression, as skops keeps it: types are checked before any is made."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from churn.domain.errors import ImportRefusedError
from churn.model.algorithms import LOGISTIC
from churn.model.importing.pipelines import Block, of_blocks, unchanged
from churn.model.importing.signature import Signature

TAKEN = (
    "Taken are a LogisticRegression; a Pipeline of scalers or imputers that ends in one; and a "
    "Pipeline of a ColumnTransformer (of those and OneHotEncoders) and one. Trees: as XGBoost JSON."
)


def load(content: bytes) -> Any:
    """
    Raises:
        ImportRefusedError: It is corrupted, or holds types that could run code.
    """
    import skops.io

    try:
        untrusted = set(skops.io.get_untrusted_types(data=content)) - set(LOGISTIC.trusted)
        loaded = None if untrusted else skops.io.loads(content, trusted=list(LOGISTIC.trusted))
    except Exception as error:  # whatever skops and scikit-learn say of what is damaged
        raise ImportRefusedError(
            f"the skops file is corrupted, or of another version of scikit-learn: "
            f"{type(error).__name__}: {str(error)[:200]}",
            "Copy it again; or write it by skops.io.dump with the scikit-learn of this package.",
        ) from error
    if untrusted:
        raise ImportRefusedError(
            f"the skops file holds types that are not trusted: {', '.join(sorted(untrusted))}",
            TAKEN,
        )
    return loaded


def names(model: Any) -> tuple[str, ...]:
    """What it was fitted on, as far as it says."""
    return tuple(map(str, getattr(model, "feature_names_in_", ())))


def count(model: Any) -> int:
    return int(getattr(model, "n_features_in_", 0))


def pipeline(model: Any, signature: Signature, rows: pd.DataFrame) -> Pipeline:
    """
    Raises:
        ImportRefusedError: Another estimator, more than two classes, or steps whose columns
            cannot be traced to inputs.
    """
    if any(column.category is not None for column in signature.columns):
        raise ImportRefusedError(
            "the signature declares categories, and a scikit-learn model encodes them itself",
            "Leave columns out of the signature.",
        )
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    *before, last = steps
    _require_binary(last)
    last = copy(last)
    vars(last).pop("feature_names_in_", None)  # it is given arrays
    inputs = [column.input for column in signature.columns]
    if len(before) == 1 and isinstance(before[0], ColumnTransformer):
        blocks = _transformed(before[0], inputs)
    else:
        blocks = [("number", _one_to_one(before, inputs), inputs)]
    return of_blocks(blocks, last, rows)


def _require_binary(estimator: Any) -> None:
    if not isinstance(estimator, LogisticRegression):
        raise ImportRefusedError(f"the model is a {type(estimator).__name__}", TAKEN)
    classes = estimator.classes_.tolist()
    if len(classes) != 2:
        raise ImportRefusedError(
            f"the model tells {len(classes)} classes apart, not two", "Train it on labels 0 and 1."
        )
    if classes != [0, 1]:
        raise ImportRefusedError(
            f"the model's classes are {classes[0]!r} and {classes[1]!r}, not 0 and 1: which one "
            "its probability is of cannot be told",
            "Train it on labels 0 and 1.",
        )


def _one_to_one(steps: list[Any], columns: list[str]) -> Any:
    """Fitted steps that make one column of each; frozen, so that nothing fits them again."""
    if not steps:
        return unchanged()
    for step in steps:
        if not _keeps_columns(step):
            raise ImportRefusedError(
                f"the model has a step {type(step).__name__}, which mixes, adds or drops columns",
                TAKEN,
            )
    first, *others = steps
    return FrozenEstimator(make_pipeline(_renamed(first, columns), *others))


def _renamed(step: Any, columns: list[str]) -> Any:
    """The fitted step, as if these had been its columns' names."""
    renamed = copy(step)
    renamed.feature_names_in_ = np.array(columns, dtype=object)
    return renamed


def _keeps_columns(step: Any) -> bool:
    """Scalers and imputers: the names of what goes out are those of what went in."""
    if not hasattr(step, "get_feature_names_out"):
        return False
    known = [f"x{i}" for i in range(count(step))]
    given = list(names(step)) or known
    return list(step.get_feature_names_out(given)) == given


def _transformed(encode: ColumnTransformer, inputs: list[str]) -> list[Block]:
    """The same blocks under names and columns of ours."""
    own = dict(zip(names(encode), inputs, strict=False))
    blocks: list[Block] = []
    for i, (_, step, given) in enumerate(encode.transformers_):
        if isinstance(step, str) and step == "drop":
            continue
        columns = [own[str(c)] if str(c) in own else inputs[c] for c in given]
        if isinstance(step, OneHotEncoder):
            blocks.append((f"text_{i}", FrozenEstimator(_renamed(_whole(step), columns)), columns))
        elif isinstance(step, str):
            blocks.append((f"number_{i}", unchanged(), columns))
        else:
            inner = [s for _, s in step.steps] if isinstance(step, Pipeline) else [step]
            blocks.append((f"number_{i}", _one_to_one(inner, columns), columns))
    return blocks


def _whole(encoder: OneHotEncoder) -> OneHotEncoder:
    made = sum(len(categories) for categories in encoder.categories_)
    if len(encoder.get_feature_names_out()) != made or encoder.sparse_output:
        raise ImportRefusedError(
            "the model's OneHotEncoder drops or joins categories, or makes sparse columns",
            "Fit it with drop=None, sparse_output=False and without min_frequency.",
        )
    return encoder
