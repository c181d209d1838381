"""When a figure of the monitor is worth an alarm: rules are values, read from `[[alerts]]`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias, get_args

from churn.domain.errors import UsageError

Kind: TypeAlias = Literal["drift", "performance", "data"]
Side: TypeAlias = Literal["above", "below"]
Yardstick: TypeAlias = Literal["nothing", "baseline", "no_skill"]

KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("PSI", "JENSEN_SHANNON", "HELLINGER"), "drift"),
    **dict.fromkeys(("WASSERSTEIN_STD", "DIFFERENCE_OF_MEANS_STD", "KS"), "drift"),
    **dict.fromkeys(("MISSING_SHARE", "MISSING_CHANGE"), "data"),
    **dict.fromkeys(("NEW_SHARE", "FAR_OUTSIDE_SHARE"), "data"),
    **dict.fromkeys(("ROC_AUC", "PR_AUC", "LOG_LOSS", "BRIER", "ACCURACY"), "performance"),
    **dict.fromkeys(("PRECISION", "RECALL", "F1", "BASE_RATE"), "performance"),
    **dict.fromkeys(("LIFT_TOP_DECILE", "CALIBRATION_SHIFT"), "performance"),
    "LOG_LOSS_AGAINST_NO_SKILL": "performance",
}
"""The metrics that a rule may speak of, and the kind of alarm that it raises."""

TESTED = ("PSI", "MISSING_CHANGE", "NEW_SHARE", "ROC_AUC", "CALIBRATION_SHIFT")
"""Those that come with a p-value, beside the comparison with no skill."""

EACH = "*"
"""In place of a column: every feature, each by itself."""

SCORE = "@score"
"""In place of a column: the score itself."""


@dataclass(frozen=True)
class Rule:
    """What must hold of a metric in one period, and of how many periods, to raise an alarm.

    A period is `severe`, a `breach`, a `warn` or ok by the first limit that it reaches. An alarm
    opens on one severe, or on a breach when `need` of the last `of` judged periods are breaches.
    It closes after `close_after` ok in a row: a warn keeps it open, so that `warn` is the limit
    at which it closes.

    Args:
        column: A feature, `*` for each feature, `@score`; of no meaning for performance.
        side: On which side of the limits the trouble is.
        relative_to: What the limits are counted from; `baseline` and 0.05 below is 0.05 less
            than the baseline had.
        p: The largest adjusted p-value at which warn and breach count; None asks for no test.
        p_severe: The same for severe; None: as `p`.
        by_interval: Compare the near end of the 95 % interval in place of the value.
        least: Rows below which nothing is judged; of performance, rows of the rarer class.
        least_affected: Rows that a share must amount to.
    """

    name: str
    metric: str
    column: str = EACH
    side: Side = "above"
    relative_to: Yardstick = "nothing"
    warn: float | None = None
    breach: float | None = None
    severe: float | None = None
    p: float | None = None
    p_severe: float | None = None
    by_interval: bool = False
    least: int = 50
    least_affected: int = 0
    need: int = 2
    of: int = 3
    close_after: int = 2
    why: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.metric]

    def __post_init__(self) -> None:
        if self.metric not in KINDS:
            raise UsageError.unknown(f"metric for the alert {self.name!r}:", self.metric, KINDS)
        limits = [x for x in (self.warn, self.breach, self.severe) if x is not None]
        if self.breach is None and self.severe is None:
            raise self._wrong("it has neither a breach nor a severe limit", "Give it one.")
        rising = self.side == "above" or self.relative_to != "nothing"
        if not all(map(math.isfinite, limits)) or limits != sorted(limits, reverse=not rising):
            raise self._wrong(
                f"the limits warn, breach, severe are {limits}",
                "Order them from the mildest to the gravest.",
            )
        if not 1 <= self.need <= self.of or self.close_after < 1 or self.least < 1:
            raise self._wrong(
                f"need {self.need}, of {self.of}, close_after {self.close_after}, "
                f"least {self.least}",
                "Each is at least 1, and need is at most of.",
            )
        if any(p is not None and not 0 < p <= 1 for p in (self.p, self.p_severe)):
            raise self._wrong(f"p is {self.p}, p_severe {self.p_severe}", "Choose in (0, 1].")
        tested = (*TESTED, "LOG_LOSS_AGAINST_NO_SKILL")
        if (self.p or self.p_severe) and self.metric not in tested:
            raise self._wrong(
                f"{self.metric} comes without a test, but p is given",
                f"Leave p out, or choose one of {', '.join(tested)}.",
            )

    def _wrong(self, what: str, hint: str) -> UsageError:
        return UsageError(f"alert {self.name!r}: {what}", hint)


DEFAULTS = (
    Rule(
        "feature_psi",
        "PSI",
        warn=0.1,
        breach=0.2,
        severe=1.0,
        p=0.01,
        p_severe=1e-4,
        why="A feature is distributed otherwise than in the baseline, by size and by test: size "
        "alone is noise in small periods, a test alone finds trifles in large ones.",
    ),
    Rule(
        "score_psi",
        "PSI",
        SCORE,
        breach=0.2,
        severe=1.0,
        p=0.001,
        p_severe=1e-4,
        why="The scores are distributed otherwise than in the baseline.",
    ),
    Rule(
        "missing_share",
        "MISSING_CHANGE",
        severe=0.05,
        p=0.001,
        why="The share of missing values moved by 5 points: most often a broken source.",
    ),
    Rule(
        "new_categories",
        "NEW_SHARE",
        severe=0.05,
        p=0.001,
        least_affected=5,
        why="Values that the baseline never had, and that the model has not learned.",
    ),
    Rule(
        "out_of_range",
        "FAR_OUTSIDE_SHARE",
        severe=0.05,
        least_affected=5,
        why="Values further outside the baseline's range than that range is wide: look at units.",
    ),
    Rule(
        "roc_auc",
        "ROC_AUC",
        side="below",
        relative_to="baseline",
        breach=0.05,
        severe=0.05,
        p=0.01,
        p_severe=3.2e-5,
        least=20,
        why="The model ranks worse than on the reference rows.",
    ),
    Rule(
        "calibration",
        "CALIBRATION_SHIFT",
        breach=0.05,
        p=0.001,
        least=20,
        why="The outcome is more or less frequent than the scores say.",
    ),
    Rule(
        "no_skill",
        "LOG_LOSS_AGAINST_NO_SKILL",
        severe=0.0,
        p=0.001,
        by_interval=True,
        least=20,
        why="The scores are worse than knowing the rate of the reference rows.",
    ),
)
"""What is watched without a word in the settings; docs/monitoring.md measures how it does."""

EXAMPLES = (
    Rule(
        "lab_f1",
        "F1",
        side="below",
        breach=0.7,
        need=1,
        of=1,
        least=20,
        why="A migration lab's rule. Calling everybody positive reaches F1 = 2 r / (1 + r) at a "
        "rate r: 0.70 at r = 54 %, so there it can never go off; at r = 20 % a good model may "
        "never reach it. Prefer a limit relative to the baseline.",
    ),
    Rule(
        "guide_drift",
        "PSI",
        breach=0.3,
        need=1,
        of=1,
        why="A guide's rule: drift above 0.3, of a measure that it does not name. Without a test "
        "it cries wolf in small periods: E[PSI] = (bins - 1) (1/m + 1/n) without any drift.",
    ),
    Rule(
        "guide_accuracy",
        "ACCURACY",
        side="below",
        breach=0.8,
        need=1,
        of=1,
        least=20,
        why="A guide's rule. Always telling the likelier class reaches max(r, 1 - r): 0.80 at a "
        "rate of 20 %, so there a model without any skill satisfies it.",
    ),
)
"""Rules that are often seen, to be compared with; none is on by default."""


def rules(alerts: object) -> tuple[Rule, ...]:
    """The defaults, changed by a list of tables as `[[alerts]]` gives it.

    A table with the name of a default changes that rule, `enabled = false` takes it away; an
    example's name brings the example; another name is a new rule. `above = x` and `below = x`
    are the breach and the side in one, `periods = n` is need and of in one: n in a row.

    Raises:
        UsageError: A key, a type or a value is not what it must be.
    """
    if not isinstance(alerts, Sequence) or isinstance(alerts, str):
        raise UsageError(
            f"alerts is {alerts!r}, not a list of tables", "Write each rule under [[alerts]]."
        )
    chosen = {rule.name: rule for rule in DEFAULTS}
    for number, table in enumerate(alerts, start=1):
        name, values = _table(number, table)
        if not values.pop("enabled", True):
            if name not in chosen:
                raise UsageError.unknown("alert", name, chosen)
            del chosen[name]
            continue
        chosen[name] = _rule(name, values, chosen)
    return tuple(chosen.values())


def no_skill_remark(rule: Rule, rate: float) -> str | None:
    """What knowing nothing but the rate reaches against an absolute limit on F1 or accuracy."""
    reached = {"F1": 2 * rate / (1 + rate), "ACCURACY": max(rate, 1 - rate)}.get(rule.metric)
    if reached is None or rule.breach is None or rule.relative_to != "nothing":
        return None
    verdict = "it can never go off" if reached >= rule.breach else "no skill would set it off"
    return (
        f"{rule.name}: at a rate of {rate:.1%} no skill reaches {rule.metric} {reached:.3f} "
        f"against the limit {rule.breach:g}: {verdict}."
    )


_ALIASES = {"above": float, "below": float, "periods": int, "enabled": bool}
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("name", "metric", "column", "why"), str),
    **dict.fromkeys(("warn", "breach", "severe", "p", "p_severe"), float),
    **dict.fromkeys(("least", "least_affected", "need", "of", "close_after"), int),
    "by_interval": bool,
    "side": Side,
    "relative_to": Yardstick,
}


def _table(number: int, table: object) -> tuple[str, dict[str, Any]]:
    if not isinstance(table, Mapping):
        raise UsageError(f"alert {number} is {table!r}, not a table", "Write it under [[alerts]].")
    values = dict(table)
    name = values.pop("name", None)
    if not isinstance(name, str) or not name:
        raise UsageError(f"alert {number} has no name", 'Add name = "..." to its table.')
    known: Iterable[str] = (*(f.name for f in fields(Rule)), *_ALIASES)
    for key, value in values.items():
        if key not in known:
            raise UsageError.unknown(f"setting of alerts (alert {name!r})", key, known)
        _check(name, key, value)
    return name, values


def _check(name: str, key: str, value: object) -> None:
    wanted = _TYPES.get(key) or _ALIASES[key]
    choices = get_args(wanted)
    if choices:
        if value not in choices:
            raise UsageError(
                f"alert {name!r}: {key} is {value!r}", f"Choose one of {', '.join(choices)}."
            )
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if wanted is float else type(value) is wanted
    if not fits:
        raise UsageError(
            f"alert {name!r}: {key} is {value!r}", f"It must be a {wanted.__name__} in TOML."
        )


def _rule(name: str, values: dict[str, Any], chosen: Mapping[str, Rule]) -> Rule:
    sides = [side for side in get_args(Side) if side in values]
    if len(sides) == 2 or (sides and "breach" in values):
        raise UsageError(
            f"alert {name!r}: more than one of above, below and breach", "Keep one of them."
        )
    if sides:
        values |= {"breach": float(values.pop(sides[0])), "side": sides[0]}
    if "periods" in values:
        values["need"] = values["of"] = values.pop("periods")
    start = chosen.get(name) or next((rule for rule in EXAMPLES if rule.name == name), None)
    if start is not None:
        return replace(start, **values)
    if "metric" not in values:
        raise UsageError(f"alert {name!r} has no metric", f"Choose one of {', '.join(KINDS)}.")
    least = 20 if KINDS.get(values["metric"]) == "performance" else 50
    return Rule(name, **({"least": least} | values))
