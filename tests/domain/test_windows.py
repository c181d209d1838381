from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.domain.errors import UsageError
from churn.domain.expressions import col
from churn.domain.windows import DAY, Windows
from tests import strategies
from tests.shipped import DEFAULT


def test_default_windows_are_the_halves_of_2024() -> None:
    assert str(DEFAULT.observation) == "2024-01-01 to 2024-06-30"
    assert str(DEFAULT.outcome) == "2024-07-01 to 2024-12-31"


@given(strategies.windows())
def test_observation_ends_where_outcome_begins_but_for_the_gap(known: Windows) -> None:
    """No day belongs to both windows, and only the gap belongs to neither."""
    assert known.outcome.start - known.observation.end == timedelta(days=known.gap_days)
    assert known.observation.last_day == known.as_of
    assert known.outcome.last_day == known.outcome_end


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"observation_start": date(2024, 7, 1)}, "observation window runs backwards"),
        ({"outcome_end": date(2024, 6, 30)}, "outcome window runs backwards"),
        ({"gap_days": 184}, "outcome window runs backwards"),
        ({"gap_days": -1}, "would overlap"),
        ({"gap_days": 10**12}, "the gap is 1000000000000 days"),
        ({"as_of": datetime(2024, 6, 30, 12)}, "must be a date"),
        ({"as_of": date(9999, 12, 31)}, "Years run from"),
    ],
)
def test_windows_refuse_to_overlap_or_run_backwards(change: dict[str, object], says: str) -> None:
    fields = {
        "as_of": DEFAULT.as_of,
        "observation_start": DEFAULT.observation_start,
        "outcome_end": DEFAULT.outcome_end,
    }
    with pytest.raises(UsageError, match=says):
        Windows(**{**fields, **change})  # type: ignore[arg-type]


def test_windows_of_one_day_are_allowed() -> None:
    one = Windows(
        as_of=date(2024, 6, 30),
        observation_start=date(2024, 6, 30),
        outcome_end=date(2024, 7, 1),
    )
    assert (one.observation.days, one.outcome.days) == (1, 1)


@pytest.mark.parametrize(
    ("as_of", "observation", "outcome"),
    [
        ("2024-06-30", "2024-01-01 to 2024-06-30", "2024-07-01 to 2024-12-31"),
        ("2024-12-31", "2024-07-01 to 2024-12-31", "2025-01-01 to 2025-06-30"),
        ("2024-09-15", "2024-03-16 to 2024-09-15", "2024-09-16 to 2025-03-15"),
        # The window would start on 30 February.
        ("2024-08-29", "2024-02-29 to 2024-08-29", "2024-08-30 to 2025-02-27"),
    ],
)
def test_moved_windows_keep_their_months(as_of: str, observation: str, outcome: str) -> None:
    moved = DEFAULT.ending(date.fromisoformat(as_of))
    assert (str(moved.observation), str(moved.outcome)) == (observation, outcome)


@given(strategies.windows())
def test_moving_windows_to_where_they_are_changes_nothing(known: Windows) -> None:
    assert known.ending(known.as_of) == known


@given(strategies.windows(), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_moved_windows_end_on_the_date_and_keep_the_gap(known: Windows, as_of: date) -> None:
    moved = known.ending(as_of)
    assert moved.as_of == as_of
    assert moved.gap_days == known.gap_days
    assert abs(moved.observation.days - known.observation.days) <= 3


def test_membership_is_half_open() -> None:
    """A timestamp late on the last day is in; midnight after it is out."""
    assert str(DEFAULT.observation.holds(col("T"))) == (
        f"((T >= date '2024-01-01') and (T < date '{DEFAULT.as_of + DAY}'))"
    )


@pytest.mark.parametrize("gap", [0, 90, 36_600])
@pytest.mark.parametrize("as_of", [date.min, date(1900, 1, 1), date(2999, 12, 31), date.max])
def test_windows_that_leave_the_calendar_are_refused(as_of: date, gap: int) -> None:
    windows = Windows(
        as_of=date(2024, 6, 30),
        observation_start=date(2024, 1, 1),
        outcome_end=date(2024, 12, 31) + DAY * gap,
        gap_days=gap,
    )
    with pytest.raises(UsageError, match="Years run from 1900 to 2999"):
        windows.ending(as_of)
