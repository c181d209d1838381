"""Which entities train the model and which test it: decided by the id alone, in every run.

A hash of the id gives every entity the same side in every run, on every engine, whatever else
the table holds; no seed and no order of rows can change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import sqrt

import polars as pl

from churn.domain.errors import DataError
from churn.domain.labels import Label

TRAIN_SHARE = 0.8
TOLERATED = 4.0
"""Standard errors by which the label's rates in the two parts may differ: chance in 1 of 16,000."""


@dataclass(frozen=True)
class Split:
    """The two parts of a training set, and what is noteworthy about them."""

    train: pl.DataFrame
    test: pl.DataFrame
    findings: tuple[str, ...]


def is_train(entity: str) -> bool:
    """SHA-256 of the id: its first 32 bits, as a share of all, below `TRAIN_SHARE`."""
    return int(sha256(entity.encode()).hexdigest()[:8], 16) < TRAIN_SHARE * 2**32


def split(rows: pl.DataFrame, key: str, label: Label) -> Split:
    """Split a training set 80/20 by entity and check that both parts are alike.

    Raises:
        DataError: One part is empty or holds one class only.
    """
    side = pl.Series([is_train(str(entity)) for entity in rows[key]], dtype=pl.Boolean)
    train, test = rows.filter(side), rows.filter(~side)
    for name, part in (("training", train), ("test", test)):
        if part[label.column].n_unique() < 2:
            positive = int(part[label.column].sum())
            raise DataError(
                f"the {name} part holds one class only: {part.height:,} rows of "
                f"{rows.height:,}, {positive:,} of them {label.positive}",
                f"A model needs rows that are {label.positive} and {label.negative} in both "
                "parts: use more data or other dates (churn explore shows the rates).",
            )
    return Split(train, test, _imbalance(train, test, label))


def _imbalance(train: pl.DataFrame, test: pl.DataFrame, label: Label) -> tuple[str, ...]:
    """A finding if the rates differ by more than chance (two-proportion z-test)."""
    (in_train, n_train), (in_test, n_test) = (
        (int(part[label.column].sum()), part.height) for part in (train, test)
    )
    pooled = (in_train + in_test) / (n_train + n_test)
    error = sqrt(pooled * (1 - pooled) * (1 / n_train + 1 / n_test))
    z = (in_train / n_train - in_test / n_test) / error
    if abs(z) <= TOLERATED:
        return ()
    return (
        (
            f"the parts are not alike: {in_train / n_train:.1%} of the training part "
            f"{label.positive} and {in_test / n_test:.1%} of the test part, {abs(z):.1f} standard "
            "errors apart"
        ),
    )
