from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from churn.monitoring import estimate, performance
from churn.monitoring.intervals import difference_of_shares, mean, share
from churn.monitoring.performance import METRICS, Scored
from churn.monitoring.ranking import average_precision, lift, roc_auc, weighted_auc
from tests.monitoring import oracles

Rows = list[tuple[float, bool]]

rows = st.lists(
    st.tuples(st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)), st.booleans()),
    min_size=1,
    max_size=40,
)


def scored(given: Rows, threshold: float = 0.5) -> Scored:
    s, y = np.array([r[0] for r in given]), np.array([r[1] for r in given], dtype=bool)
    return Scored(s, s >= threshold, y)


@pytest.mark.property
@given(rows)
def test_the_area_and_its_interval_agree_with_all_pairs(given: Rows) -> None:
    s, y = [r[0] for r in given], [r[1] for r in given]
    it = scored(given)
    figure = roc_auc(it.score[it.outcome], it.score[~it.outcome])
    assert figure.value == pytest.approx(oracles.pairs(s, y))
    if it.rarer >= 2:
        se = oracles.delong(s, y)
        assert figure.se == pytest.approx(se, abs=1e-9)
        if se > 1e-9 and 0 < oracles.pairs(s, y) < 1:  # type: ignore[operator]
            expected = oracles.logit_interval(oracles.pairs(s, y), se)  # type: ignore[arg-type]
            assert (figure.low, figure.high) == pytest.approx(expected, abs=1e-9)
    else:
        assert figure.low is None


@pytest.mark.property
@given(rows)
def test_metrics_are_what_scikit_learn_computes(given: Rows) -> None:
    it = scored(given)
    assume(it.rarer >= 1)
    ours = {name: figure.value for name, figure in performance.performance(it).items()}
    y, s, d = it.outcome, it.score, it.decision
    assert ours["ROC_AUC"] == pytest.approx(sk.roc_auc_score(y, s))
    assert ours["PR_AUC"] == pytest.approx(sk.average_precision_score(y, s))
    clipped = np.clip(s, 2.0**-52, 1 - 2.0**-52)
    assert ours["LOG_LOSS"] == pytest.approx(sk.log_loss(y, clipped), abs=1e-9)
    assert ours["BRIER"] == pytest.approx(sk.brier_score_loss(y, s))
    assert ours["ACCURACY"] == pytest.approx(sk.accuracy_score(y, d))
    assert ours["RECALL"] == pytest.approx(sk.recall_score(y, d))
    assert ours["F1"] == pytest.approx(sk.f1_score(y, d, zero_division=0))
    if d.any():
        assert ours["PRECISION"] == pytest.approx(sk.precision_score(y, d))
    else:
        assert ours["PRECISION"] is None
    assert ours["BASE_RATE"] == pytest.approx(y.mean())


@pytest.mark.property
@given(rows)
def test_average_precision_agrees_with_a_loop(given: Rows) -> None:
    it = scored(given)
    assume(it.outcome.any())
    figure = average_precision(it.score[it.outcome], it.score[~it.outcome])
    s, y = [r[0] for r in given], [r[1] for r in given]
    assert figure.value == pytest.approx(oracles.average_precision(s, y))


@pytest.mark.property
@given(rows)
def test_neither_order_nor_an_increasing_map_moves_the_ranking(given: Rows) -> None:
    it = scored(given)
    order = np.random.default_rng(len(given)).permutation(len(given))
    shuffled = Scored(it.score[order], it.decision[order], it.outcome[order])
    first, second = performance.performance(it), performance.performance(shuffled)
    for name in METRICS:
        assert second[name].value == pytest.approx(first[name].value, abs=1e-12)
    up, down = it.score[it.outcome], it.score[~it.outcome]
    assert roc_auc(4 * up, 4 * down).value == roc_auc(up, down).value


@pytest.mark.property
@given(rows)
def test_intervals_hold_their_values_and_stay_in_bounds(given: Rows) -> None:
    for name, figure in performance.performance(scored(given)).items():
        if figure.low is not None and figure.high is not None and figure.value is not None:
            assert figure.low <= figure.value <= figure.high
            if name not in {"LOG_LOSS", "BRIER", "LIFT_TOP_DECILE"}:
                assert figure.low >= 0
                assert figure.high <= 1


def test_what_is_undefined_is_none() -> None:
    nothing = performance.performance(scored([]))
    assert all(figure.value is None for figure in nothing.values())
    stayed = performance.performance(scored([(0.2, False), (0.4, False)]))
    undefined = {name for name, figure in stayed.items() if figure.value is None}
    assert undefined == {"ROC_AUC", "PR_AUC", "PRECISION", "RECALL", "F1", "LIFT_TOP_DECILE"}
    assert stayed["ACCURACY"].value == 1


def test_scores_that_are_no_probabilities_have_a_ranking_only() -> None:
    ours = performance.performance(scored([(7.0, True), (3.0, False), (5.0, True)]))
    assert ours["ROC_AUC"].value == 1
    assert ours["LOG_LOSS"].value is ours["BRIER"].value is None
    assert performance.calibration(scored([(7.0, True)])).z is None


def test_certain_mistakes_cost_much_but_not_infinitely() -> None:
    worst = performance.performance(scored([(0.0, True), (1.0, False)]))
    assert worst["LOG_LOSS"].value == pytest.approx(52 * np.log(2))


@pytest.mark.property
@given(st.integers(1, 200), st.data())
def test_wilson_is_statistics_standard(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    ours, scipys = share(k, n), stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx(oracles.wilson(k, n), abs=1e-12)


def test_newcombe_reproduces_his_examples() -> None:
    """Newcombe 1998, table II, method 10."""
    for first, second, low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ):
        figure = difference_of_shares(first, second)
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=6e-5)
    assert difference_of_shares((0, 0), (1, 2)).value is None


def test_f1_lies_in_its_interval_and_f_star_carries_it() -> None:
    figure = performance.f1(30, 60)
    assert figure.value == pytest.approx(2 / 3)
    low, high = oracles.wilson(30, 60)
    assert figure.low == pytest.approx(2 * low / (1 + low))
    assert figure.high == pytest.approx(2 * high / (1 + high))


def test_lift_counts_tied_rows_by_their_share_of_the_places() -> None:
    score = np.array([0.9] + [0.5] * 4 + [0.1] * 15)
    outcome = np.array([True, True, False, False, False] + [False] * 14 + [True])
    # Two places: the first row, and a quarter of each of the four that are tied.
    assert lift(score, outcome).value == pytest.approx((1 + 1 / 4) / 2 / (3 / 20))


@pytest.mark.property
@given(rows)
def test_calling_all_positive_at_the_rate_is_no_skill(given: Rows) -> None:
    y = np.array([r[1] for r in given])
    rate = float(y.mean())
    constant = Scored(np.full(len(y), rate), np.ones(len(y), dtype=bool), y)
    ours = performance.performance(constant)
    for name, value in performance.no_skill(rate).items():
        if name != "ACCURACY" and ours[name].value is not None and 0 < rate < 1:
            assert ours[name].value == pytest.approx(value, abs=1e-9)
    figure = performance.against_no_skill(constant, rate)
    assert figure.value == pytest.approx(0, abs=1e-12)


@pytest.mark.property
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_estimate_is_the_expectation_over_all_pairs(p: list[float]) -> None:
    score = np.array(p)
    ours = estimate.estimate(score, score >= 0.5)
    expected = oracles.expected_auc(p)
    assert ours["ROC_AUC"] == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_the_estimate_is_what_its_own_probabilities_bring_about() -> None:
    rng = np.random.default_rng(5)
    score = rng.beta(2, 3, 200_000)
    outcome = rng.random(len(score)) < score
    expected = estimate.estimate(score, score >= 0.5)
    realised = performance.performance(Scored(score, score >= 0.5, outcome))
    for name, value in expected.items():
        assert realised[name].value == pytest.approx(value, abs=0.006)


@pytest.mark.property
@given(rows)
def test_whole_weights_are_repeated_rows(given: Rows) -> None:
    it = scored(given)
    times = np.arange(len(given)) % 3
    score, outcome = np.repeat(it.score, times), np.repeat(it.outcome, times)
    up, down = ((times * of_class).astype(np.float64) for of_class in (it.outcome, ~it.outcome))
    weighted = weighted_auc(it.score, up, down)
    assert weighted == pytest.approx(roc_auc(score[outcome], score[~outcome]).value)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        *[("ROC_AUC", 0.92), ("PR_AUC", 0.85), ("LOG_LOSS", 0.93), ("BRIER", 0.93)],
        *[("ACCURACY", 0.93), ("PRECISION", 0.93), ("RECALL", 0.93), ("F1", 0.93)],
        ("BASE_RATE", 0.93),
    ],
)
def test_intervals_cover_at_200_rows(name: str, least: float, covered: dict[str, float]) -> None:
    assert least <= covered[name] <= 0.99


@pytest.fixture(scope="module")
def covered() -> dict[str, float]:
    """How often the interval of 200 rows holds the value of a million."""
    rng = np.random.default_rng(11)

    def draw(n: int) -> Scored:
        score = rng.beta(1.5, 3, n)
        return Scored(score, score >= 0.4, rng.random(n) < score)

    truth = {k: v.value for k, v in performance.performance(draw(1_000_000)).items()}
    held = dict.fromkeys(METRICS, 0)
    for _ in range(800):
        for name, figure in performance.performance(draw(200)).items():
            assert figure.low is not None
            assert figure.high is not None
            held[name] += figure.low <= truth[name] <= figure.high  # type: ignore[operator]
    return {name: count / 800 for name, count in held.items()}


def test_a_mean_of_one_has_no_interval() -> None:
    assert mean(np.array([3.0])).value == 3
    assert mean(np.array([3.0])).low is None
