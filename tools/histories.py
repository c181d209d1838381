"""Simulated histories: how often the monitor's default rules raise a false alarm, and how soon a true one.

`python tools/histories.py` prints the table of docs/monitoring.md; `--seeds 2 --sizes 200` is quick.
Each seed is a world of its own: its features (heavy tails, counts, rare categories, constants, missing
values), how many there are, its rate of the outcome, the size of its baseline, its segments, and how
many customers stay from week to week, with their features and outcomes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from churn.domain.rules import DEFAULTS
from churn.monitoring.alarms import Alarm, alarms
from churn.monitoring.columns import Column, Numbers, Words
from churn.monitoring.judge import judge
from churn.monitoring.measure import Rows, measure

WEEKS, START = 30, 15
"""Weeks in a history, and the one from which on the world is another."""

Array = np.ndarray


@dataclass(frozen=True)
class World:
    """What does not change: how features come about, and what makes customers leave.

    Args:
        weights: Of the first three features in the log-odds of the outcome.
        season: Amplitude of the yearly wave in the first feature, in standard deviations.
        stay: Share of customers who are scored again in the next week, much as they were.
    """

    features: int
    segments: int
    weights: Array
    intercept: float
    season: float
    stay: float
    baseline: int
    dated: bool


def world(seed: int, season: float, weekly: int) -> World:
    """Large histories have up to 10 features and 1 column of segments, for the sake of time."""
    rng = np.random.default_rng([seed, 1])
    features, segments = int(rng.choice([5, 10, 20, 40])), int(rng.choice([0, 1, 3]))
    return World(
        features=features if weekly < 10_000 else min(features, 10),
        segments=segments if weekly < 10_000 else min(segments, 1),
        weights=rng.uniform(0.5, 1.2, 3) * rng.choice([-1, 1], 3),
        intercept=float(rng.uniform(-1.6, 0.3)),
        season=season,
        stay=float(rng.choice([0.0, 0.5, 0.9, 0.97])),
        baseline=int(rng.choice([1000, 3000, 20000])),
        dated=bool(rng.random() < 0.5),
    )


def latent(rng: np.random.Generator, world: World, rows: int, weeks: int) -> Array:
    """Standard normal, shape (weeks, rows, features + 1); the last is the luck of the outcome."""
    shape = (rows, world.features + 1)
    state = rng.standard_normal(shape).astype(np.float32)
    every = np.empty((weeks, *shape), dtype=np.float32)
    for week in range(weeks):
        if week:
            moved = 0.97 * state + np.sqrt(1 - 0.97**2) * rng.standard_normal(
                shape, dtype=np.float32
            )
            gone = rng.random(rows) >= world.stay
            state = np.where(gone[:, None], rng.standard_normal(shape, dtype=np.float32), moved)
        every[week] = state
    return every


def wave(week: Array) -> Array:
    return np.sin(2 * np.pi * week / 52)


def shaped(place: int, x: Array, rng: np.random.Generator) -> Column:
    """The marginal distribution of a feature, by its place."""
    x = x.astype(np.float64)
    match place % 10:
        case 0 | 1:
            return Numbers(x)
        case 2:
            return Numbers(np.round(np.exp(1.2 * x + 3), 2))
        case 3:
            return words(np.digitize(x, [-1.0, 0.0, 0.7, 1.5]))
        case 4:
            return Numbers(np.floor(np.exp(x)))
        case 5:
            return Numbers(np.where(x > 0.5, np.exp(2 * x), 0.0))
        case 6:
            return words(np.floor(np.exp(1.5 * np.abs(x)) * 5).astype(int))
        case 7:
            return Numbers(np.full(len(x), 7.0) if place == 7 else np.sinh(2.5 * x))
        case 8:
            return Numbers(np.where(rng.random(len(x)) < 0.3, np.nan, x))
        case _:
            return Numbers((x > 0.8).astype(np.float64))


def words(codes: Array) -> Words:
    distinct, places = np.unique(codes, return_inverse=True)
    return Words(places, tuple(f"V{code}" for code in distinct))


@dataclass(frozen=True)
class Situation:
    """What happens from week START on; `raised` says by which kinds of alarm it may be noticed."""

    name: str
    raised: frozenset[str]
    season: float = 0.0
    shift: Callable[[int], float] = lambda _: 0.0
    column: Callable[..., Column] | None = None
    place: int = 0
    concept: bool = False
    rate: float = 0.0


def new_category(column: Words, rows: Array, rng: np.random.Generator) -> Column:
    hit = rows & (rng.random(len(column)) < 0.15)
    return Words(np.where(hit, len(column.words), column.codes), (*column.words, "NOVEL"))


def burst(column: Numbers, rows: Array, rng: np.random.Generator) -> Column:
    return Numbers(np.where(rows & (rng.random(len(column)) < 0.3), np.nan, column.values))


def unit(column: Numbers, rows: Array, rng: np.random.Generator) -> Column:
    return Numbers(np.where(rows, column.values * 100, column.values))


SITUATIONS = (
    Situation("no drift", frozenset()),
    Situation("a season that the baseline had", frozenset(), season=0.35),
    Situation("covariate drift", frozenset({"drift"}), shift=lambda week: 0.8 * (week >= START)),
    Situation("concept drift, same covariates", frozenset({"performance"}), concept=True),
    Situation("label-rate shift", frozenset({"performance"}), rate=1.0),
    Situation("new category, 15 %", frozenset({"data", "drift"}), column=new_category, place=3),
    Situation("30 % missing for 3 weeks", frozenset({"data", "drift"}), column=burst, place=1),
    Situation("change of unit, x 100", frozenset({"data", "drift"}), column=unit, place=2),
    Situation(
        "gradual drift, 0.08 sd a week",
        frozenset({"drift"}),
        shift=lambda week: 0.08 * max(week - START + 1, 0),
    ),
)


def history(situation: Situation, weekly: int, seed: int) -> tuple[Rows, Rows]:
    """Baseline and current rows."""
    it = world(seed, situation.season, weekly)
    rng = np.random.default_rng([seed, 2, weekly])
    before = latent(rng, it, it.baseline, 1)[0]
    weeks = rng.integers(0, 52, it.baseline)
    baseline = rows(it, before, weeks, weeks if it.dated else 0 * weeks, rng, None)
    after = latent(rng, it, weekly, WEEKS).reshape(-1, it.features + 1)
    period = np.repeat(np.arange(WEEKS), weekly)
    return baseline, rows(it, after, period, period, rng, situation)


def rows(
    it: World,
    x: Array,
    week: Array,
    period: Array,
    rng: np.random.Generator,
    situation: Situation | None,
) -> Rows:
    x[:, 0] += (it.season * wave(week)).astype(np.float32)
    if situation:
        x[:, 0] += np.array([situation.shift(w) for w in range(WEEKS)], dtype=np.float32)[week]
    late = week >= START if situation else np.zeros(len(week), dtype=bool)
    score = odds(x[:, :3] @ it.weights.astype(np.float32) + it.intercept)
    # The model knows three features; what it does not know is luck, kept from week to week.
    truth = score
    if situation and situation.concept:
        turned = it.weights * [0.2, -0.5, 1]
        truth = np.where(late, odds(x[:, :3] @ turned + it.intercept), score)
    if situation and situation.rate:
        logit = np.log(score / (1 - score)) + situation.rate * late
        truth = odds(logit)
    luck = odds(1.702 * x[:, -1].astype(np.float64))  # uniform, nearly
    order = np.argsort(luck)
    luck[order] = (np.arange(len(luck)) + 0.5) / len(luck)
    features = {f"F{i}": shaped(i, x[:, i], rng) for i in range(it.features)}
    if situation and situation.column:
        name = f"F{situation.place}"
        hit = late & (week < START + 3) if situation.column is burst else late
        features[name] = situation.column(features[name], hit, rng)
    return Rows(
        features=features,
        score=score,
        decision=score >= 0.5,
        outcome=(luck < truth).astype(np.float64),
        period=period.astype(np.int64),
        segments={f"S{i}": words(rng.integers(0, 4, len(x))) for i in range(it.segments)},
    )


def odds(logit: Array) -> Array:
    return 1 / (1 + np.exp(-logit.astype(np.float64)))


@dataclass(frozen=True)
class Verdict:
    false: int
    delay: int | None


def verdict(situation: Situation, weekly: int, seed: int) -> Verdict:
    baseline, current = history(situation, weekly, seed)
    reference, judged = np.ones(len(baseline), dtype=bool), np.ones(WEEKS, dtype=bool)
    measures = measure(baseline, reference, current, judged)
    raised = alarms(judge(measures.series, DEFAULTS))
    wrong = [alarm for alarm in raised if not situation.raised or alarm.opened < START]
    right = [a.opened - START for a in raised if a not in wrong and a.kind in situation.raised]
    for alarm in wrong:
        print(_said(situation, weekly, seed, alarm), file=sys.stderr, flush=True)
    return Verdict(len(wrong), min(right, default=None))


def _said(situation: Situation, weekly: int, seed: int, alarm: Alarm) -> str:
    where = f"{alarm.column} {alarm.segment or ''}"
    return f"{situation.name}, {weekly} a week, seed {seed}: {alarm.rule.name} {where} {alarm.value:.3f}"


def table(sizes: list[int], seeds: int, names: list[str]) -> Iterator[str]:
    yield "| situation | rows a week | histories | false alarms | noticed | weeks until then: median, longest |"
    yield "|---|---|---|---|---|---|"
    chosen = [s for s in SITUATIONS if not names or any(n in s.name for n in names)]
    with ProcessPoolExecutor(2) as pool:
        for situation in chosen:
            for weekly in sizes:
                count = range(seeds)
                places = [SITUATIONS.index(situation)] * seeds
                verdicts = [*pool.map(_verdict, places, [weekly] * seeds, count)]
                yield _row(situation, weekly, verdicts)


def _verdict(place: int, weekly: int, seed: int) -> Verdict:
    return verdict(SITUATIONS[place], weekly, seed)


def _row(situation: Situation, weekly: int, verdicts: list[Verdict]) -> str:
    false = sum(v.false for v in verdicts)
    delays = [v.delay for v in verdicts if v.delay is not None]
    noticed = f"{len(delays)}" if situation.raised else "-"
    waited = f"{statistics.median(delays):g}, {max(delays)}" if delays else "-"
    return f"| {situation.name} | {weekly:,} | {len(verdicts)} | {false} | {noticed} | {waited} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 2000, 50000])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    for line in table(given.sizes, given.seeds, given.only):
        print(line, flush=True)
