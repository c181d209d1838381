"""As-of date, observation and outcome windows: the only date arithmetic.

For people, the first and the last day are both included. Inside, every window is half-open:
`start <= t < end`, so that a timestamp on the last day is in and midnight after it is out.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta

from churn.domain.errors import UsageError
from churn.domain.expressions import Expression, Parameter

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2999
LONGEST_GAP = 36_600
"""A century: no arithmetic with these years and gaps leaves the calendar."""


@dataclass(frozen=True)
class Window:
    """The days from `start` up to and without `end`."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        return self.end - DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def holds(self, when: Expression) -> Expression:
        """Whether a date or timestamp falls into the window."""
        return (when >= self.start) & (when < self.end)

    def __str__(self) -> str:
        return f"{self.start} to {self.last_day}"


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What is known (up to `as_of`), what is observed, and what is to be predicted.

    Args:
        as_of: The last day that is known, and the last of the observation window.
        observation_start: The first day of the observation window.
        outcome_end: The last day of the outcome window.
        gap_days: Days between the two windows that count for neither.

    Raises:
        UsageError: A window that is empty or runs backwards, a negative gap, an absurd year.
    """

    as_of: date
    observation_start: date
    outcome_end: date
    gap_days: int = 0

    def __post_init__(self) -> None:
        for name in ("as_of", "observation_start", "outcome_end"):
            value = getattr(self, name)
            if not isinstance(value, date) or isinstance(value, datetime):
                raise UsageError(f"{name} must be a date, found {value!r}")
            _require_year(name, value)
        if not 0 <= self.gap_days <= LONGEST_GAP:
            raise UsageError(
                f"the gap is {self.gap_days} days",
                f"Give 0 to {LONGEST_GAP} days: below 0 the outcome window would overlap what is "
                "known.",
            )
        if self.observation_start > self.as_of:
            raise UsageError(
                f"the observation window runs backwards: {self.observation_start} to {self.as_of}",
                "Its first day must not be after the as-of date.",
            )
        if self.outcome_end < self.outcome.start:
            raise UsageError(
                f"the outcome window runs backwards: {self.outcome.start} to {self.outcome_end}",
                f"It starts after the as-of date {self.as_of} and a gap of {self.gap_days} days.",
            )

    @property
    def observation(self) -> Window:
        return Window(self.observation_start, self.as_of + DAY)

    @property
    def outcome(self) -> Window:
        return Window(self.as_of + DAY * (1 + self.gap_days), self.outcome_end + DAY)

    def ending(self, as_of: date) -> Windows:
        """The same windows as of another date: as many months long, or as many days.

        Whole months stay whole months: half a year from January is half a year from July.

        Raises:
            UsageError: They would leave the years that there may be.
        """
        _require_year("as_of", as_of)
        known_end = as_of + DAY
        outcome_start = known_end + DAY * self.gap_days
        return Windows(
            as_of=as_of,
            observation_start=_moved(self.observation.end, self.observation.start, known_end),
            outcome_end=_moved(self.outcome.start, self.outcome.end, outcome_start) - DAY,
            gap_days=self.gap_days,
        )


def _require_year(name: str, day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(f"{name} is {day}", f"Years run from {FIRST_YEAR} to {LAST_YEAR}.")


def _moved(anchor: date, other: date, to: date) -> date:
    """What lies from `to` as `other` lies from `anchor`."""
    months = (other.year - anchor.year) * 12 + other.month - anchor.month
    if months and _add_months(anchor, months) == other:
        return _add_months(to, months)
    return to + (other - anchor)


def _add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise UsageError(
            f"the windows would reach the year {year}",
            f"Years run from {FIRST_YEAR} to {LAST_YEAR}: choose another as-of date.",
        )
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class _Named(Windows):
    """Windows whose first outcome day has a name of its own, since the gap before it may differ."""

    @property
    def outcome(self) -> Window:
        named = super().outcome
        return Window(Parameter.of("outcome_start", named.start), named.end)


PARAMETERS = _Named(
    as_of=Parameter.of("as_of", date(2001, 6, 30)),
    observation_start=Parameter.of("observation_start", date(2001, 1, 1)),
    outcome_end=Parameter.of("outcome_end", date(2001, 12, 31)),
)
"""Windows by name, to write definitions out with: the same whatever a problem's own windows are."""
