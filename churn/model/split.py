"""Which customers train the model and which test it: decided by the id alone, for ever.

A hash of the id gives every customer the same side in every run, on every engine, whatever else
the table holds; no seed and no order of rows can change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import sqrt

import polars as pl

from churn.domain.errors import DataError
from churn.domain.features import KEY
from churn.domain.labels import LABEL

TRAIN_SHARE = 0.8
TOLERATED = 4.0
"""Standard errors by which the churn rates of the two parts may differ: chance in 1 of 16,000."""


@dataclass(frozen=True)
class Split:
    """The two parts of a training set, and what is noteworthy about them."""

    train: pl.DataFrame
    test: pl.DataFrame
    findings: tuple[str, ...]


def is_train(customer_id: str) -> bool:
    """SHA-256 of the id: its first 32 bits, as a share of all, below `TRAIN_SHARE`."""
    return int(sha256(customer_id.encode()).hexdigest()[:8], 16) < TRAIN_SHARE * 2**32


def split(rows: pl.DataFrame) -> Split:
    """Split a training set 80/20 by customer and check that both parts churn alike.

    Raises:
        DataError: One part is empty or holds one class only.
    """
    side = pl.Series([is_train(customer_id) for customer_id in rows[KEY]], dtype=pl.Boolean)
    train, test = rows.filter(side), rows.filter(~side)
    for name, part in (("training", train), ("test", test)):
        if part[LABEL].n_unique() < 2:
            churned = int(part[LABEL].sum())
            raise DataError(
                f"the {name} part holds one class only: {part.height:,} customers of "
                f"{rows.height:,}, {churned:,} of them churned",
                "A model needs customers who churned and customers who stayed in both parts: "
                "use more customers or other dates (churn explore shows the rates).",
            )
    return Split(train, test, _imbalance(train, test))


def _imbalance(train: pl.DataFrame, test: pl.DataFrame) -> tuple[str, ...]:
    """A finding if the churn rates differ by more than chance (two-proportion z-test)."""
    counts = [(int(part[LABEL].sum()), part.height) for part in (train, test)]
    (churned_a, a), (churned_b, b) = counts
    pooled = (churned_a + churned_b) / (a + b)
    z = (churned_a / a - churned_b / b) / sqrt(pooled * (1 - pooled) * (1 / a + 1 / b))
    if abs(z) <= TOLERATED:
        return ()
    return (
        (
            f"the parts are not alike: {churned_a / a:.1%} of the training part churned and "
            f"{churned_b / b:.1%} of the test part, {abs(z):.1f} standard errors apart"
        ),
    )
