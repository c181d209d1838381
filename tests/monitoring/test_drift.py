from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from churn.monitoring import distances
from churn.monitoring.bins import (
    MISSING,
    NEW,
    OTHER,
    Bins,
    CategoryBins,
    QuantileBins,
    count,
    edges,
    fit,
)
from churn.monitoring.columns import Column, Numbers, words
from churn.monitoring.samples import distances as apart
from churn.monitoring.samples import ks_p, ordered
from tests.monitoring import oracles

counts = st.lists(st.integers(0, 40), min_size=1, max_size=12)
two_counts = (
    st.integers(1, 12)
    .flatmap(
        lambda size: st.tuples(*[st.lists(st.integers(0, 60), min_size=size, max_size=size)] * 2)
    )
    .filter(lambda pair: sum(pair[0]) > 0 and sum(pair[1]) > 0)
)
some_floats = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=60
)
some_values: st.SearchStrategy[list[Any]] = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(0, 15).map(float)), min_size=1, max_size=150),
    st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh")), min_size=1, max_size=150),
)


def column(values: list[Any]) -> Column:
    if any(isinstance(v, str) for v in values):
        return words(values)
    return Numbers(np.array([np.nan if v is None else v for v in values], dtype=float))


def counted(bins: Bins, current: Column) -> list[int]:
    codes = bins.assign(current)
    everybody = np.zeros(len(codes), dtype=np.int64)
    return [int(rows) for rows in count(codes, bins.size, everybody, 1)[0]]


@pytest.mark.property
@given(some_values, st.data())
def test_bins_hold_what_a_loop_counts(baseline: list[Any], data: st.DataObject) -> None:
    text = any(isinstance(v, str) for v in baseline)
    more = st.sampled_from("abxyz") if text else st.floats(-20, 20)
    current: list[Any] = data.draw(st.lists(st.one_of(st.none(), more, st.sampled_from(baseline))))
    if text or any(v is not None for v in baseline):
        bins = fit(column(baseline))
        now = words(current) if text else column(current)
        assert counted(bins, now) == oracles.shares(current, baseline)
        assert counted(bins, column(baseline)) == oracles.shares(baseline, baseline)


@pytest.mark.property
@given(some_floats)
def test_edges_are_order_statistics(values: list[float]) -> None:
    assert list(edges(np.array(values))) == oracles.edges(values)


@pytest.mark.property
@given(st.lists(st.floats(-9, 9), min_size=11, max_size=60, unique=True), st.integers(1, 60))
def test_every_quantile_bin_holds_a_row_of_the_baseline(values: list[float], ties: int) -> None:
    values += values[:1] * ties
    bins = fit(Numbers(np.array(values)))
    assert isinstance(bins, QuantileBins)
    assert all(counted(bins, Numbers(np.array(values)))[:-1])


@pytest.mark.property
@given(some_values, st.data())
def test_counts_of_two_weeks_add_up_to_the_counts_of_both(
    values: list[Any], data: st.DataObject
) -> None:
    bins = fit(column(values))
    week = np.array(
        data.draw(st.lists(st.integers(0, 1), min_size=len(values), max_size=len(values)))
    )
    codes = bins.assign(column(values))
    apart = count(codes, bins.size, week, 2)
    assert apart.sum(axis=0).tolist() == counted(bins, column(values))


@pytest.mark.property
@given(st.lists(st.integers(-1000, 1000).map(float), min_size=20, max_size=60), st.data())
def test_an_increasing_map_of_both_leaves_quantile_counts_alone(
    values: list[float], data: st.DataObject
) -> None:
    assume(len(set(values)) > 10)
    current = np.array(data.draw(st.lists(st.integers(-1500, 1500).map(float), min_size=1)))
    first, second = Numbers(np.array(values)), Numbers(np.array(values) ** 3 + 5)
    same = counted(fit(first), Numbers(current))
    assert counted(fit(second), Numbers(current**3 + 5)) == same


def test_rare_values_are_other_and_unseen_ones_are_new() -> None:
    bins = fit(words(["a"] * 120 + ["b"] * 79 + ["c"] + [None]))
    assert bins.labels == ("a", "b", OTHER, NEW, MISSING)
    assert counted(bins, words(["a", "c", "d", "d", None])) == [1, 0, 1, 2, 1]


def test_ties_among_values_go_to_the_smaller() -> None:
    bins = fit(words([letter for letter in "zyxwvutsrqponmlkjihgfedcba" for _ in range(4)]))
    assert isinstance(bins, CategoryBins)
    assert bins.values == tuple("abcdefghijklmnopqrst")


def test_numbers_of_few_values_are_categories_and_infinity_is_missing() -> None:
    bins = fit(Numbers(np.array([1.0, 1, 2, np.inf, np.nan])))
    assert bins.labels == ("1", "2", OTHER, NEW, MISSING)
    assert counted(bins, Numbers(np.array([2.0, 3, np.nan, -np.inf]))) == [0, 1, 0, 1, 2]


def test_numbers_that_became_text_are_read_and_text_that_is_no_number_is_missing() -> None:
    bins = fit(Numbers(np.arange(20.0)))
    as_text, as_numbers = words(["3", "17", "n/a"]), Numbers(np.array([3.0, 17, np.nan]))
    assert counted(bins, as_text) == counted(bins, as_numbers)
    codes = fit(words(["1", "2", "2"]))
    assert counted(codes, Numbers(np.array([1.0, 2, 7]))) == counted(codes, words(["1", "2", "7"]))


@pytest.mark.property
@given(two_counts)
def test_distances_agree_with_loops_and_are_symmetric_and_bounded(
    pair: tuple[list[int], list[int]],
) -> None:
    b, c = map(np.array, pair)
    for name in ("psi", "jensen_shannon", "hellinger"):
        ours, loop = getattr(distances, name), getattr(oracles, name)
        assert ours(b, c) == pytest.approx(loop(*pair), abs=1e-9)
        assert ours(b, c) == pytest.approx(ours(c, b), abs=1e-12)
        assert ours(b, b) == pytest.approx(0, abs=1e-7)
        assert ours(b, c) >= 0
        if name != "psi":
            assert ours(b, c) <= 1
    scipys = distance.jensenshannon(b, c, 2)
    assert distances.jensen_shannon(b, c) == pytest.approx(np.nan_to_num(scipys), abs=1e-7)


@pytest.mark.property
@given(two_counts)
def test_chi_square_agrees_with_a_loop_and_with_scipy(pair: tuple[list[int], list[int]]) -> None:
    b, c = map(np.array, pair)
    statistic, degrees = oracles.chi_square(*pair)
    ours = distances.chi_square(b, c)
    assert ours.statistic == pytest.approx(statistic, abs=1e-9)
    if degrees == 0:
        assert ours.p == 1
    else:
        assert ours.p == pytest.approx(stats.chi2.sf(statistic, degrees), abs=1e-12)
        table = np.array(oracles.pooled(*pair)).T
        assert ours.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


@pytest.mark.property
@given(two_counts, two_counts)
def test_a_history_at_once_is_each_period_by_itself(
    one: tuple[list[int], list[int]], other: tuple[list[int], list[int]]
) -> None:
    size = min(len(one[0]), len(other[0]))
    b, rows = np.array(one[0][:size]), np.array([one[1][:size], other[1][:size]])
    assume(b.sum() > 0)
    for measure in (distances.psi, distances.jensen_shannon, distances.hellinger):
        np.testing.assert_array_equal(measure(b, rows), [measure(b, row) for row in rows])
    at_once = distances.chi_square(b, rows)
    np.testing.assert_array_equal(at_once.p, [distances.chi_square(b, row).p for row in rows])


def test_of_no_rows_nothing_is_defined() -> None:
    b, none = np.array([3, 4]), np.array([0, 0])
    for measure in (distances.psi, distances.jensen_shannon, distances.hellinger):
        assert np.isnan(measure(b, none))
        assert np.isnan(measure(none, b))
    assert np.isnan(distances.chi_square(b, none).p)


@pytest.mark.property
@given(some_floats, some_floats)
def test_wasserstein_and_ks_agree_with_loops_and_with_scipy(a: list[float], b: list[float]) -> None:
    ours = apart(ordered(np.array(a)), np.sort(np.array(b)))
    back = apart(ordered(np.array(b)), np.sort(np.array(a)))
    scale = max(map(abs, [*a, *b]))
    assert ours.wasserstein == pytest.approx(oracles.wasserstein(a, b), abs=1e-9 * max(scale, 1))
    assert ours.wasserstein == pytest.approx(
        stats.wasserstein_distance(a, b), abs=1e-9 * max(scale, 1)
    )
    assert back.wasserstein == pytest.approx(ours.wasserstein, abs=1e-9 * max(scale, 1))
    assert ours.ks == pytest.approx(oracles.ks(a, b), abs=1e-12)
    if len(a) * len(b) >= len(a) + len(b):  # below, SciPy divides by 0
        test = stats.ks_2samp(a, b, method="asymp")
        p = ks_p(np.array([ours.ks]), np.array(len(a)), np.array([len(b)]))
        assert p[0] == pytest.approx(test.pvalue, abs=1e-12)


@pytest.mark.property
@given(some_floats, some_floats, st.floats(0.01, 100))
def test_wasserstein_scales_and_is_zero_on_identical_data(
    a: list[float], b: list[float], factor: float
) -> None:
    x, y = np.array(a) / 1e6, np.array(b) / 1e6
    assert apart(ordered(x), np.sort(x)) == pytest.approx((0, 0), abs=1e-12)
    before, after = apart(ordered(x), np.sort(y)), apart(ordered(x * factor), np.sort(y * factor))
    assert after.wasserstein == pytest.approx(before.wasserstein * factor, abs=1e-9)


def test_without_drift_the_index_is_on_average_what_chance_brings() -> None:
    rng = np.random.default_rng(7)
    b, c = rng.multinomial(2000, [0.1] * 10, 2000), rng.multinomial(300, [0.1] * 10, 2000)
    expected = distances.expected_psi(b, c)
    assert expected[0] == pytest.approx(9 * (1 / 2000 + 1 / 300))
    assert distances.psi(b, c).mean() == pytest.approx(expected.mean(), rel=0.1)


def test_p_values_are_uniform_without_drift_also_in_sparse_bins() -> None:
    rng = np.random.default_rng(3)
    shares = np.array([0.5, 0.2, 0.1, *[0.02] * 10])
    b, c = rng.multinomial(5000, shares, 4000), rng.multinomial(200, shares, 4000)
    p = distances.chi_square(b, c).p
    assert (p <= 0.01).mean() == pytest.approx(0.01, abs=0.008)
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.02)
