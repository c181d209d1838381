"""From statuses to alarms: opened once, open while it lasts, closed by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from churn.domain.rules import Kind, Rule
from churn.monitoring.judge import Judgement, Status
from churn.monitoring.series import Segment


@dataclass(frozen=True)
class Alarm:
    """Periods by their number in the history.

    Args:
        closed: None while it is open.
        value: What was compared with the limit in the period that opened it.
    """

    rule: Rule
    column: str
    segment: Segment | None
    opened: int
    closed: int | None
    value: float
    limit: float

    @property
    def kind(self) -> Kind:
        return self.rule.kind


def alarms(judgements: Iterable[Judgement]) -> tuple[Alarm, ...]:
    """Of all judgements, in the order in which they opened."""
    every = [alarm for judgement in judgements for alarm in follow(judgement)]
    return tuple(sorted(every, key=lambda alarm: alarm.opened))


def follow(judgement: Judgement) -> tuple[Alarm, ...]:
    """The alarms of one series of statuses; what is unknown is passed over."""
    rule, done = judgement.rule, []
    current: Alarm | None = None
    recent: deque[Status] = deque(maxlen=rule.of)
    quiet = 0
    for period, status in enumerate(judgement.statuses):
        if status is Status.UNKNOWN:
            continue
        recent.append(status)
        if current is None:
            if _opens(rule, recent):
                current, quiet = _alarm(judgement, period), 0
            continue
        quiet = quiet + 1 if status is Status.OK else 0
        if quiet == rule.close_after:
            done.append(replace(current, closed=period))
            current = None
            recent.clear()
    return tuple(done if current is None else [*done, current])


def _opens(rule: Rule, recent: deque[Status]) -> bool:
    if recent[-1] is Status.SEVERE:
        return True
    breaches = sum(status >= Status.BREACH for status in recent)
    return recent[-1] is Status.BREACH and breaches >= rule.need


def _alarm(judgement: Judgement, period: int) -> Alarm:
    rule = judgement.rule
    severe = judgement.statuses[period] is Status.SEVERE
    limit = rule.severe if severe or rule.breach is None else rule.breach
    value = float(judgement.values[period])
    return Alarm(rule, judgement.column, judgement.segment, period, None, value, limit or 0.0)
