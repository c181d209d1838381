from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from churn.model import evaluate
from churn.model.metrics import NAMES

Y = np.array([0, 0, 1, 1, 1])
P = np.array([0.1, 0.6, 0.4, 0.7, 0.9])

predictions = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0.001, 0.999)), min_size=2, max_size=40
)


def test_metrics_checked_by_hand() -> None:
    """Told at 0.5: the 2nd, 4th, 5th. Of the 6 pairs only (0.6, 0.4) is ranked wrongly."""
    found = evaluate.metrics(Y, P, 0.5)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)
    assert found["roc_auc"] == pytest.approx(5 / 6)
    assert found["pr_auc"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.09 + 0.01) / 5)
    logs = np.log([0.9, 0.4, 0.4, 0.7, 0.9])
    assert found["log_loss"] == pytest.approx(-logs.mean())
    assert tuple(found) == NAMES


def test_confusion_counts_by_hand() -> None:
    assert evaluate.confusion(Y, P, 0.5) == evaluate.Confusion(
        true_negative=1, false_positive=1, false_negative=1, true_positive=2
    )


def test_the_threshold_itself_is_told_to_churn() -> None:
    assert evaluate.decide(np.array([0.5, 0.499]), 0.5).tolist() == [1, 0]


def test_one_class_has_no_ranking() -> None:
    found = evaluate.metrics(np.array([1, 1]), np.array([0.2, 0.9]), 0.5)
    assert found["roc_auc"] is found["pr_auc"] is None
    assert found["recall"] == 0.5


@pytest.mark.property
@given(predictions)
def test_no_other_threshold_has_a_better_f1(rows: list[tuple[int, float]]) -> None:
    y, p = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assume(0 < y.sum() < len(y))

    def f1(threshold: float) -> float:
        told = p >= threshold
        return float(2 * (y * told).sum() / (y.sum() + told.sum()))

    assert f1(evaluate.best_threshold(y, p)) >= max(map(f1, p)) - 1e-9


@pytest.mark.property
@given(predictions)
def test_calibration_bins_hold_everybody_once(rows: list[tuple[int, float]]) -> None:
    y, p = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    bins = evaluate.calibration(y, p)
    assert bins["ROWS"].sum() == len(y)
    assert (bins["ROWS"] * bins["ACTUAL"]).sum() == pytest.approx(y.sum())
    assert bins["PREDICTED"].is_sorted()


def test_no_skill_is_what_calling_everybody_a_churner_reaches() -> None:
    """On the lab's data that is an F1 of 0.70: an alert at 0.7 would never go off."""
    y = np.array([1] * 542 + [0] * 458)
    found = evaluate.no_skill(y)
    assert found["f1"] == pytest.approx(0.703, abs=0.001)
    assert found["brier"] == pytest.approx(0.542 * 0.458)
    assert set(found) == set(NAMES)


def test_groups_are_measured_apart() -> None:
    found = evaluate.by_group(
        {"REGION": pl.Series(["N", "N", "N", "S", None])}, Y, P, 0.5, counted="CUSTOMERS"
    )
    assert found.select("VALUE", "CUSTOMERS").rows() == [(None, 1), ("N", 3), ("S", 1)]
    assert found["roc_auc"].to_list() == [None, 0.5, None]
