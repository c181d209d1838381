"""Comparison of two models, sequential tests, treatment, sizes."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from churn.monitoring.comparison import compare, mcnemar, newest, paired_auc, paired_log_loss
from churn.monitoring.performance import Scored
from churn.monitoring.ranking import roc_auc
from churn.monitoring.sequential import (
    STOP,
    Arms,
    differs,
    log_e,
    rate_ratio,
    sample_ratio_is_broken,
    shares,
)
from churn.monitoring.sizes import auc_error, rows_per_arm
from churn.monitoring.treatment import (
    Decision,
    assign,
    effective_rows,
    is_held_out,
    uplift,
    weighted,
    weights,
)

NONE, CONTROL, TREAT, UNKNOWN = Decision.NONE, Decision.CONTROL, Decision.TREAT, Decision.UNKNOWN


def world(n: int, noise: float, seed: int = 0) -> tuple[Scored, Scored]:
    """A champion that sees the log-odds through noise, and a challenger that sees them well."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-0.5, 1.2, n)
    outcome = rng.random(n) < 1 / (1 + np.exp(-logit))
    blurred = 1 / (1 + np.exp(-(0.7 * logit + noise * rng.normal(size=n))))
    clear = 1 / (1 + np.exp(-logit))
    return Scored(blurred, blurred >= 0.5, outcome), Scored(clear, clear >= 0.5, outcome)


def test_a_better_model_is_better_and_the_other_way_round_worse() -> None:
    champion, challenger = world(4000, 1.0)
    assert compare(champion, challenger).verdict == "better"
    assert compare(challenger, champion).verdict == "worse"
    forth, back = compare(champion, challenger), compare(challenger, champion)
    assert forth.log_loss.figure.value == pytest.approx(-(back.log_loss.figure.value or 0))
    assert forth.roc_auc.figure.value == pytest.approx(-(back.roc_auc.figure.value or 0))
    assert forth.decisions.p == back.decisions.p


def test_a_model_against_itself_cannot_be_told() -> None:
    one, _ = world(500, 0.5)
    result = compare(one, one)
    assert result.verdict == "cannot tell"
    assert result.log_loss.p == result.roc_auc.p == result.decisions.p == 1
    assert result.detectable is result.needed is None


def test_a_small_sample_says_which_would_do() -> None:
    result = compare(*world(60, 0.1))
    assert result.verdict == "cannot tell"
    assert result.detectable is not None
    assert result.detectable > abs(result.log_loss.figure.value or 0)
    assert result.needed is not None
    assert result.needed > 60
    assert compare(*world(20_000, 0.1)).verdict == "better"


def test_other_rows_are_refused() -> None:
    one, _ = world(30, 0.3)
    other, _ = world(30, 0.3, seed=1)
    with pytest.raises(ValueError, match="other rows"):
        compare(one, other)


def test_one_class_has_no_area_to_compare() -> None:
    rows = Scored(np.array([0.2, 0.4]), np.array([False, False]), np.array([True, True]))
    result = compare(rows, rows)
    assert result.roc_auc.figure.value is None
    assert result.log_loss.figure.value == 0


@pytest.mark.property
@given(st.integers(0, 10_000))
def test_the_paired_difference_is_the_difference_of_areas(seed: int) -> None:
    first, second = world(80, 1.0, seed)
    assume(first.rarer >= 2)
    areas = [roc_auc(m.score[m.outcome], m.score[~m.outcome]).value or 0 for m in (first, second)]
    assert paired_auc(first, second).figure.value == pytest.approx(areas[1] - areas[0])


def test_paired_intervals_cover() -> None:
    truth = paired_log_loss(*world(400_000, 1.0)).figure.value
    assert truth is not None
    figures = [paired_log_loss(*world(200, 1.0, seed)).figure for seed in range(1, 400)]
    held = [f.low <= truth <= f.high for f in figures if f.low is not None and f.high is not None]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


@pytest.mark.property
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_exact_binomial_test(rows: list[tuple[bool, bool, bool]]) -> None:
    first, second, outcome = (np.array(values) for values in zip(*rows, strict=True))
    nothing = np.zeros(len(rows))
    test = mcnemar(Scored(nothing, first, outcome), Scored(nothing, second, outcome))
    b, c = test.champion_right, test.challenger_right
    assert b + c == (first != second).sum()
    assert test.p == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1)


def test_each_customer_counts_once_by_the_newest_row() -> None:
    kept = newest(np.array([1.0, 2, 1, 2, 3]), np.array([5.0, 9, 6, 8, 1]))
    assert kept.tolist() == [False, True, True, False, True]


@pytest.mark.property
@given(st.integers(0, 60), st.floats(0.05, 0.95))
def test_the_e_value_is_on_average_one_without_a_difference(n: int, share: float) -> None:
    k = np.arange(n + 1)
    e = np.exp([log_e(Arms(int(i), n, share)) for i in k])
    assert np.sum(stats.binom.pmf(k, n, share) * e) == pytest.approx(1)


@pytest.mark.property
@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.05, 0.95))
def test_the_confidence_sequence_is_all_shares_that_are_not_refuted(
    k: int, more: int, share: float
) -> None:
    arms = Arms(k, k + more, share)
    low, high = shares(arms)
    for bound in (low, high):
        if 1e-12 < bound < 1 - 1e-9:
            assert log_e(arms, bound) == pytest.approx(math.log(STOP), abs=1e-4)
    assert (not low < share < high) == differs(arms) or not k + more
    if k and more:
        ratio = rate_ratio(arms)
        assert ratio.value is not None
        assert ratio.high is not None
        assert ratio.low < ratio.value < ratio.high


def test_looking_at_every_event_raises_few_false_alarms_and_a_real_difference_is_seen() -> None:
    rng = np.random.default_rng(2)

    def stopped(share: float) -> float:
        events = rng.random((300, 600)) < share
        on_b = events.cumsum(axis=1)[:, 19::20]
        looks = np.arange(20, 601, 20)
        return float(
            np.mean(
                [
                    any(differs(Arms(int(k), int(n), 0.5)) for k, n in zip(row, looks, strict=True))
                    for row in on_b
                ]
            )
        )

    assert stopped(0.5) <= 0.07
    assert stopped(0.6) >= 0.8


def test_a_broken_assignment_is_noticed_and_a_good_one_is_not() -> None:
    assert sample_ratio_is_broken(5400, 10_000, 0.5)
    assert not sample_ratio_is_broken(5050, 10_000, 0.5)


def test_the_hold_out_follows_its_definition_is_stable_and_has_its_share() -> None:
    digest = hashlib.sha256(b"spring:C-1").hexdigest()
    assert is_held_out("spring", "C-1", 0.5) == (int(digest[:8], 16) < 2**31)
    customers = [f"C-{i}" for i in range(20_000)]
    held = [is_held_out("spring", customer) for customer in customers]
    assert np.mean(held) == pytest.approx(0.1, abs=0.01)
    other = [is_held_out("autumn", customer) for customer in customers]
    both = np.mean([a and b for a, b in zip(held, other, strict=True)])
    assert both == pytest.approx(0.01, abs=0.004)
    assert assign("spring", ["C-1", "C-2"], [False, False]) == (NONE, NONE)
    assert set(assign("spring", customers, [True] * 20_000)) == {TREAT, CONTROL}


def test_weights_stand_for_those_who_were_treated() -> None:
    ours = weights([NONE, CONTROL, TREAT, TREAT, UNKNOWN], np.array([0, 0.9, 0.9, 1.0, 0.5]))
    assert ours == pytest.approx([1, 10, 0, np.nan, np.nan], nan_ok=True)
    assert effective_rows(np.array([1.0, 1, 1, 0])) == 3
    assert effective_rows(np.zeros(2)) == 0


def test_a_campaign_that_halves_churn_leaves_the_weighted_figures_alone() -> None:
    rng = np.random.default_rng(8)
    n = 20_000
    score = rng.beta(1.5, 3.5, n)
    untreated = rng.random(n) < score
    selected = score >= np.quantile(score, 0.8)
    decisions = assign("spring", [str(i) for i in range(n)], selected.tolist())
    sent = np.array([decision is TREAT for decision in decisions])
    outcome = untreated & ~(sent & (rng.random(n) < 0.5))
    truth = roc_auc(score[untreated], score[~untreated]).value
    assert truth is not None
    naive = roc_auc(score[outcome], score[~outcome])
    assert (naive.high or 1) < truth
    weight = weights(decisions, np.where(selected, 0.9, 0.0))
    ours = weighted(score, outcome, weight, np.arange(n), replicates=200)
    assert (ours.roc_auc.low or 1) <= truth <= (ours.roc_auc.high or 0)
    assert (ours.gap.low or 1) <= 0 <= (ours.gap.high or -1)
    again = weighted(score, outcome, weight, np.arange(n), replicates=200)
    assert again == ours


def test_without_weight_nothing_is_defined() -> None:
    ours = weighted(np.array([0.4]), np.array([True]), np.array([0.0]), np.array([1]))
    assert ours.roc_auc.value is ours.gap.value is None


def test_uplift_is_what_the_treatment_prevented() -> None:
    figure = uplift((56, 70), (48, 80))
    assert figure.value == pytest.approx(0.2)
    assert figure.low == pytest.approx(0.0524, abs=6e-5)


def test_rows_per_arm_reach_their_power() -> None:
    """294 is the textbook's 293.2, rounded up (Fleiss, Levin and Paik: p 0.3 against 0.2)."""
    assert rows_per_arm(0.3, 0.2) == (294, 294)
    assert rows_per_arm(0.2, 0.2) is None
    first, second = rows_per_arm(0.1, 0.15, ratio=2) or (0, 0)
    assert second == 2 * first
    rng = np.random.default_rng(1)
    a, b = rng.binomial(first, 0.1, 4000) / first, rng.binomial(second, 0.15, 4000) / second
    pooled = (a * first + b * second) / (first + second)
    z = (b - a) / np.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
    assert np.mean(z >= 1.96) == pytest.approx(0.8, abs=0.02)


def test_the_error_of_an_area_by_hanley_and_mcneil() -> None:
    """Their table: 0.893 with 51 and 58 rows has a standard error of 0.03."""
    assert auc_error(0.893, 51, 58) == pytest.approx(0.0325, abs=0.002)
    assert auc_error(0.8, 0, 5) is None
