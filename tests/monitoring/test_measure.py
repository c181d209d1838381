"""A whole history: every figure equals what the oracle computes of its rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churn.domain.rules import DEFAULTS, SCORE
from churn.monitoring.alarms import alarms
from churn.monitoring.columns import Numbers, words
from churn.monitoring.judge import judge
from churn.monitoring.measure import Measures, Rows, measure
from churn.monitoring.series import Segment, Series
from tests.monitoring import oracles

PERIODS = 4


def sample(n: int, seed: int, periods: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    score = 1 / (1 + np.exp(-x))
    spend = np.where(rng.random(n) < 0.1, np.nan, np.exp(x + 8))
    return Rows(
        features={
            "SPEND": Numbers(spend),
            "ORDERS": Numbers(rng.poisson(1.5, n).astype(float)),
            "PLAN": words(rng.choice(["basic", "plus", "pro", ""], n).tolist()),
            "FIXED": Numbers(np.full(n, 0.1)),
        },
        score=score,
        decision=score >= 0.5,
        outcome=(rng.random(n) < score).astype(float),
        period=rng.integers(0, periods, n),
        segments={"REGION": words(rng.choice(["N", "S"], n, p=[0.7, 0.3]).tolist())},
    )


@pytest.fixture(scope="module")
def baseline() -> Rows:
    return sample(900, 1)


@pytest.fixture(scope="module")
def current() -> Rows:
    return sample(1200, 2, PERIODS)


def everyone(rows: Rows) -> np.ndarray:
    return np.ones(len(rows), dtype=bool)


@pytest.fixture(scope="module")
def measures(baseline: Rows, current: Rows) -> Measures:
    return measure(baseline, everyone(baseline), current, np.ones(PERIODS, dtype=bool))


def one(measures: Measures, column: str, metric: str, segment: Segment | None = None) -> Series:
    matching = [
        s
        for s in measures.series
        if s.kind != "estimate" and (s.column, s.metric, s.segment) == (column, metric, segment)
    ]
    (series,) = matching
    return series


SOUTH = Segment("REGION", "S")


def chosen(rows: Rows, segment: Segment | None, period: int | None) -> np.ndarray:
    mask = everyone(rows)
    if segment:
        column = rows.segments[segment.column]
        mask &= column.codes == column.words.index(segment.value)
    return mask if period is None else mask & (rows.period == period)


def listed(column: object, mask: np.ndarray) -> list[float | str | None]:
    if isinstance(column, Numbers):
        return [None if np.isnan(v) else float(v) for v in column.values[mask]]
    return [column.words[code] for code in column.codes[mask]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("segment", [None, SOUTH])
@pytest.mark.parametrize("column", ["SPEND", "ORDERS", "PLAN", "FIXED"])
def test_figures_of_counts_equal_the_oracles(
    measures: Measures, baseline: Rows, current: Rows, column: str, segment: Segment | None
) -> None:
    whole = listed(baseline.features[column], everyone(baseline))
    before = oracles.shares(
        listed(baseline.features[column], chosen(baseline, segment, None)), whole
    )
    for period in range(PERIODS):
        now = listed(current.features[column], chosen(current, segment, period))
        after = oracles.shares(now, whole)
        for metric, loop in (
            ("PSI", oracles.psi),
            ("JENSEN_SHANNON", oracles.jensen_shannon),
            ("HELLINGER", oracles.hellinger),
        ):
            series = one(measures, column, metric, segment)
            assert series.value[period] == pytest.approx(loop(before, after), abs=1e-9)
            assert series.n[period] == len(now)
        statistic, _ = oracles.chi_square(before, after)
        chi = one(measures, column, "CHI_SQUARE", segment)
        assert chi.value[period] == pytest.approx(statistic, abs=1e-9)
        missing = one(measures, column, "MISSING_SHARE", segment)
        assert missing.value[period] == pytest.approx(now.count(None) / len(now))


def test_figures_of_values_equal_the_oracles(
    measures: Measures, baseline: Rows, current: Rows
) -> None:
    for column in ("SPEND", "ORDERS"):
        before = [v for v in listed(baseline.features[column], everyone(baseline)) if v is not None]
        std = float(np.std(np.array(before, dtype=float)))
        for period in range(PERIODS):
            mask = chosen(current, None, period)
            now = [v for v in listed(current.features[column], mask) if v is not None]
            moved = sum(now) / len(now) - sum(before) / len(before)  # type: ignore[arg-type]
            far = oracles.wasserstein(before, now)  # type: ignore[arg-type]
            for metric, expected in (
                ("DIFFERENCE_OF_MEANS", moved),
                ("DIFFERENCE_OF_MEANS_STD", moved / std),
                ("WASSERSTEIN", far),
                ("WASSERSTEIN_STD", far / std),
                ("KS", oracles.ks(before, now)),  # type: ignore[arg-type]
            ):
                series = one(measures, column, metric)
                assert series.value[period] == pytest.approx(expected, rel=1e-9)
                assert series.n[period] == len(now)


def test_a_constant_has_no_standard_deviations(measures: Measures) -> None:
    assert np.isnan(one(measures, "FIXED", "DIFFERENCE_OF_MEANS_STD").value).all()
    assert np.isnan(one(measures, "FIXED", "WASSERSTEIN_STD").value).all()
    assert (one(measures, "FIXED", "WASSERSTEIN").value == 0).all()
    assert (one(measures, "FIXED", "PSI").value == 0).all()


def test_performance_is_of_the_rows_of_the_period_and_the_segment(
    measures: Measures, current: Rows
) -> None:
    for segment in (None, SOUTH):
        for period in range(PERIODS):
            mask = chosen(current, segment, period)
            s, y = current.score[mask].tolist(), (current.outcome[mask] == 1).tolist()
            series = one(measures, "", "ROC_AUC", segment)
            assert series.value[period] == pytest.approx(oracles.pairs(s, y), abs=1e-9)
            assert series.n[period] == mask.sum()


def test_the_order_of_rows_does_not_matter(
    measures: Measures, baseline: Rows, current: Rows
) -> None:
    order = np.random.default_rng(3).permutation(len(current))
    shuffled = Rows(
        {name: column.take(order) for name, column in current.features.items()},
        *(current.score[order], current.decision[order], current.outcome[order]),
        current.period[order],
        {name: column.take(order) for name, column in current.segments.items()},
    )
    again = measure(baseline, everyone(baseline), shuffled, np.ones(PERIODS, dtype=bool))
    for first, second in zip(measures.series, again.series, strict=True):
        np.testing.assert_allclose(first.value, second.value, rtol=1e-9, atol=1e-12)


def test_the_baseline_against_itself_has_not_moved(baseline: Rows) -> None:
    itself = measure(baseline, everyone(baseline), baseline, np.ones(1, dtype=bool))
    for series in itself.series:
        if series.kind == "drift" and series.metric not in {"P", "P_ADJUSTED", "KS_P"}:
            assert np.nan_to_num(series.value[0]) == pytest.approx(0, abs=1e-7)
        if series.metric in {"P", "P_ADJUSTED", "KS_P"}:
            assert series.value[0] == pytest.approx(1)
    assert alarms(judge(itself.series, DEFAULTS)) == ()


def test_a_period_that_is_not_judged_has_drift_and_an_estimate_but_no_performance(
    baseline: Rows, current: Rows
) -> None:
    judged = np.array([True, False, True, True])
    ours = measure(baseline, everyone(baseline), current, judged)
    assert np.isnan(one(ours, "", "ROC_AUC").value).tolist() == [False, True, False, False]
    assert np.isfinite(one(ours, SCORE, "PSI").value).all()
    estimates = [s for s in ours.series if s.kind == "estimate" and s.metric == "ROC_AUC"]
    assert np.isfinite(estimates[0].value).all()


def test_an_empty_history_and_empty_periods_are_undefined(baseline: Rows, current: Rows) -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = Rows(
        {name: column.take(none) for name, column in current.features.items()},
        *(current.score[none], current.decision[none], current.outcome[none], none),
        {name: column.take(none) for name, column in current.segments.items()},
    )
    ours = measure(baseline, everyone(baseline), empty, np.ones(2, dtype=bool))
    assert all(np.isnan(s.value).all() for s in ours.series)
    assert alarms(judge(ours.series, DEFAULTS)) == ()


def test_a_segment_that_the_baseline_never_had_is_unknown(baseline: Rows, current: Rows) -> None:
    moved = replace(current, segments={"REGION": words(["E"] * len(current))})
    ours = measure(baseline, everyone(baseline), moved, np.ones(PERIODS, dtype=bool))
    assert np.isnan(one(ours, "SPEND", "PSI", Segment("REGION", "E")).value).all()


def test_the_season_of_the_baseline_is_no_drift() -> None:
    """A wave of 0.6 standard deviations: an alarm without dates in the baseline, none with."""
    rng = np.random.default_rng(0)

    def wave(weeks: np.ndarray) -> Rows:
        x = rng.normal(size=len(weeks)) + 0.6 * np.sin(2 * np.pi * weeks / 52)
        fill = np.full(len(weeks), np.nan)
        return Rows({"X": Numbers(x)}, fill, fill > 0, fill, weeks, {})

    before, after = wave(np.arange(20_000) % 52), wave(np.arange(20_000) % 30)
    undated = replace(before, period=np.zeros(len(before), dtype=np.int64))
    found = []
    for baseline in (before, undated):
        ours = measure(baseline, everyone(baseline), after, np.ones(30, dtype=bool))
        found.append(len(alarms(judge(ours.series, DEFAULTS))))
    assert found[0] == 0
    assert found[1] > 0


def test_many_rare_categories_are_always_new_and_no_alarm() -> None:
    rng = np.random.default_rng(0)

    def draw(n: int, periods: int) -> Rows:
        names = [f"V{code}" for code in rng.zipf(1.6, n) % 100_000]
        fill = np.full(n, np.nan)
        return Rows({"CITY": words(names)}, fill, fill > 0, fill, np.arange(n) % periods, {})

    before = draw(3000, 1)
    ours = measure(before, everyone(before), draw(6000, 30), np.ones(30, dtype=bool))
    assert one(ours, "CITY", "NEW_SHARE").value.max() > 0.05
    assert alarms(judge(ours.series, DEFAULTS)) == ()
