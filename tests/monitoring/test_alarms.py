from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.domain.rules import Rule
from churn.monitoring.alarms import alarms, follow
from churn.monitoring.judge import Judgement, Status, adjusted, judge
from churn.monitoring.series import Segment, Series
from tests.monitoring import oracles

RULE = Rule("size", "PSI", warn=0.1, breach=0.2, severe=1.0)

LETTERS = {"?": "UNKNOWN", ".": "OK", "w": "WARN", "B": "BREACH", "S": "SEVERE"}


def judgement(statuses: str, rule: Rule = RULE) -> Judgement:
    levels = tuple(Status[LETTERS[letter]] for letter in statuses)
    return Judgement(rule, "A", None, levels, np.zeros(len(levels)))


def opened(statuses: str, rule: Rule = RULE) -> list[tuple[int, int | None]]:
    return [(alarm.opened, alarm.closed) for alarm in follow(judgement(statuses, rule))]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ("....", []),
        ("B...", []),
        ("S", [(0, None)]),
        ("BB", [(1, None)]),
        ("B.B", [(2, None)]),
        ("B..B", []),
        ("B?B", [(2, None)]),
        ("B.w", []),
        ("BB..", [(1, 3)]),
        ("BB.w..", [(1, 5)]),
        ("BB?.?.", [(1, 5)]),
        ("BB..B", [(1, 3)]),
        ("BB..BB", [(1, 3), (5, None)]),
        ("SSS..S", [(0, 4), (5, None)]),
    ],
)
def test_alarms_open_and_close(statuses: str, expected: list[tuple[int, int | None]]) -> None:
    assert opened(statuses) == expected


@pytest.mark.property
@given(st.text("?.wBS", max_size=40), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))
def test_alarms_agree_with_the_rule_read_aloud(
    statuses: str, need: int, more: int, quiet: int
) -> None:
    rule = Rule("size", "PSI", breach=0.2, severe=1, need=need, of=need + more, close_after=quiet)
    aloud = [LETTERS[letter].lower() for letter in statuses]
    expected = oracles.statuses_to_alarms(aloud, need, need + more, quiet)
    assert opened(statuses, rule) == expected


@pytest.mark.property
@given(st.text("?.wBS", max_size=40))
def test_an_alarm_never_opens_without_a_breach_nor_twice_without_closing(statuses: str) -> None:
    pairs = opened(statuses)
    assert all(statuses[start] in "BS" for start, _ in pairs)
    for (_, closed), (start, _) in pairwise(pairs):
        assert closed is not None
        assert closed < start


@pytest.mark.property
@given(st.text("?.wBS", max_size=40), st.integers(0, 40))
def test_unknown_periods_change_nothing(statuses: str, place: int) -> None:
    more = statuses[:place] + "?" + statuses[place:]
    assert len(opened(more)) == len(opened(statuses))


@pytest.mark.property
@given(st.text("?.wBS", max_size=30), st.text("?.wBS", max_size=10))
def test_later_periods_never_change_what_was_opened(statuses: str, later: str) -> None:
    before = [start for start, _ in opened(statuses)]
    assert [start for start, _ in opened(statuses + later)][: len(before)] == before


def series(values: list[float], p: float | list[float] = 0.0, **changes: Any) -> Series:
    size = len(values)
    n = np.full(size, 200, dtype=np.int64)
    usual = Series("drift", "A", "PSI", None, np.array(values), n, 1000, p=np.full(size, p))
    return replace(usual, **({"enough": np.empty(0)} | changes))


def statuses(rule: Rule, *given: Series) -> list[str]:
    letters = {Status[name]: letter for letter, name in LETTERS.items()}
    return ["".join(letters[s] for s in one.statuses) for one in judge(given, [rule])]


TESTED = Rule("size", "PSI", warn=0.1, breach=0.2, severe=1.0, p=0.01)


def test_limits_are_reached_from_the_mildest_to_the_gravest() -> None:
    assert statuses(RULE, series([0.0, 0.1, 0.2, 0.99, 1.0, np.nan])) == [".wBBS?"]


def test_size_without_a_test_and_a_test_without_size_are_both_ok() -> None:
    assert statuses(TESTED, series([0.5, 0.5, 0.05], [0.02, 0.01, 0.0])) == [".B."]


def test_few_rows_are_unknown() -> None:
    assert statuses(RULE, series([5.0], n=np.array([49]))) == ["?"]
    assert statuses(RULE, series([5.0], baseline_n=49)) == ["?"]
    assert statuses(RULE, series([5.0], n=np.array([50]))) == ["S"]


def test_what_chance_or_the_season_brings_is_no_breach() -> None:
    assert statuses(TESTED, series([0.25, 0.25], noise=np.array([0.06, 0.04]))) == ["wB"]
    assert statuses(TESTED, series([0.25, 0.35], usual=np.full(2, 0.3))) == [".B"]
    assert statuses(RULE, series([0.25], noise=np.array([0.06]), usual=np.array([0.3]))) == ["B"]


def test_the_more_segments_the_stricter() -> None:
    parts = [series([0.5], 0.004, segment=Segment("REGION", v)) for v in "NSE"]
    assert statuses(TESTED, *(parts[:2])) == ["B", "B"]
    assert statuses(TESTED, *parts) == [".", ".", "."]
    assert statuses(TESTED, series([0.5], 0.004), *parts)[0] == "B"


def test_p_values_are_adjusted_over_the_features_of_a_period() -> None:
    def feature(name: str, p: list[float]) -> Series:
        return Series("drift", name, "PSI", None, np.zeros(2), np.full(2, 99), 99, p=np.array(p))

    both = adjusted([feature("A", [0.01, 0.04]), feature("B", [0.03, np.nan])])
    assert [list(one.p) for one in both] == [
        [0.02, 0.04],
        pytest.approx([0.03, np.nan], nan_ok=True),
    ]


def test_limits_below_the_baseline_and_below_a_number() -> None:
    relative = Rule("fall", "ROC_AUC", side="below", relative_to="baseline", breach=0.05, least=20)
    absolute = Rule("low", "ROC_AUC", side="below", breach=0.7, least=20)
    figures = Series(
        "performance",
        "",
        "ROC_AUC",
        None,
        np.array([0.8, 0.7499, 0.69]),
        np.full(3, 90),
        90,
        baseline=0.8,
    )
    assert statuses(relative, figures) == [".BB"]
    assert statuses(absolute, figures) == ["..B"]
    assert judge([figures], [relative])[0].values[2] == pytest.approx(0.11)


def test_an_interval_must_pass_the_limit_and_not_touch_it() -> None:
    rule = Rule("no skill", "F1", severe=0.0, by_interval=True, least=1)
    figures = Series(
        "performance", "", "F1", None, np.ones(2), np.full(2, 9), 9, low=np.array([0.0, 1e-9])
    )
    assert statuses(rule, figures) == [".S"]


def test_a_share_must_amount_to_rows() -> None:
    rule = Rule("new", "NEW_SHARE", severe=0.05, least_affected=5, least=1)
    given = [
        Series("data", "A", "NEW_SHARE", None, np.array([0.08]), np.array([n]), 500)
        for n in (50, 100)
    ]
    assert statuses(rule, *given) == [".", "S"]


def test_an_alarm_says_what_was_reached() -> None:
    raised = alarms(judge([series([0.3, 0.3, 2.0])], [RULE]))
    assert [(a.opened, a.value, a.limit) for a in raised] == [(1, 0.3, 0.2)]
    assert [(a.value, a.limit) for a in alarms(judge([series([2.0])], [RULE]))] == [(2.0, 1.0)]


def test_after_closing_the_count_starts_anew() -> None:
    rule = Rule("size", "PSI", breach=0.2, close_after=1)
    assert opened("BB.B", rule) == [(1, 2)]
    assert opened("BB.BB", rule) == [(1, 2), (4, None)]
