"""What the periods are compared with: a reference that has faults and errors of its own."""

from __future__ import annotations

import numpy as np
import pytest

from churn.domain.rules import DEFAULTS
from churn.monitoring.judge import Status, judge
from churn.monitoring.performance import Scored
from churn.monitoring.results import results


def draw(n: int, seed: int, *, more: float = 0.0, told: float = 0.0) -> Scored:
    """Rows whose scores are too low by `told` and whose rate has grown by `more`."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(2, 5, n), 0, 0.6)
    return Scored(np.clip(p - told, 0.01, 1), p >= 0.5, rng.random(n) < p + more)


def statuses(rule: str, reference: Scored, *periods: Scored) -> list[Status]:
    (chosen,) = (one for one in DEFAULTS if one.name == rule)
    (judgement,) = judge(results(None, reference, periods), [chosen])
    return list(judgement.statuses)


def test_a_rate_that_grows_is_a_breach_and_one_that_stays_is_not() -> None:
    found = statuses("calibration", draw(5000, 1), draw(1000, 2), draw(1000, 3, more=0.12))
    assert found == [Status.OK, Status.BREACH]


def test_a_gap_that_the_reference_had_is_no_news() -> None:
    reference = draw(5000, 1, told=0.1)
    found = statuses(
        *("calibration", reference), draw(2000, 2, told=0.1), draw(2000, 3, told=0.1, more=0.12)
    )
    assert found == [Status.OK, Status.BREACH]


def test_a_small_reference_does_not_prove_a_difference() -> None:
    """70 rows tell their own gap to 5 points: one of 10 in a period may have been there before."""
    small = draw(70, 4, told=0.1)
    assert statuses("calibration", small, draw(2000, 2, told=0.1)) == [Status.OK]


def test_a_rate_that_falls_to_nothing_is_judged_by_what_was_expected() -> None:
    nobody = draw(200, 5)
    nobody = Scored(nobody.score, nobody.decision, np.zeros(200, dtype=bool))
    reference = draw(5000, 1)
    assert statuses("calibration", reference, nobody) == [Status.BREACH]
    assert statuses("roc_auc", reference, nobody) == [Status.UNKNOWN]


def test_worse_than_the_rate_is_severe_unless_it_always_was() -> None:
    rng = np.random.default_rng(6)
    useless = Scored(rng.random(2000), rng.random(2000) < 0.5, rng.random(2000) < 0.3)
    assert statuses("no_skill", draw(5000, 1), useless) == [Status.SEVERE]
    assert statuses("no_skill", useless, useless) == [Status.OK]


def test_without_a_reference_nothing_is_compared() -> None:
    nothing = Scored(np.empty(0), np.empty(0, dtype=bool), np.empty(0, dtype=bool))
    series = {one.metric: one for one in results(None, nothing, [draw(500, 1)])}
    assert np.isnan(series["ROC_AUC"].baseline)
    assert np.isnan(series["LOG_LOSS_AGAINST_NO_SKILL"].value).all()
    assert series["ROC_AUC"].value[0] == pytest.approx(0.7, abs=0.1)
    assert statuses("roc_auc", nothing, draw(500, 1)) == [Status.UNKNOWN]
