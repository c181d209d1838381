"""How well scores rank: the area under the ROC curve, average precision, lift."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from churn.monitoring.columns import Bools, Floats
from churn.monitoring.intervals import Figure, on_the_logit, share


class Components(NamedTuple):
    """Each row's share of the rows of the other class that it is ranked rightly against."""

    positive: Floats
    negative: Floats


def components(positive: Floats, negative: Floats) -> Components:
    """DeLong's structural components (1988), in the order of the scores; ties count half.

    Midranks by two searches, n log n (Sun and Xu 2014).
    """
    up, down = np.sort(positive), np.sort(negative)
    below = np.searchsorted(down, positive, "left") + np.searchsorted(down, positive, "right")
    above = np.searchsorted(up, negative, "left") + np.searchsorted(up, negative, "right")
    return Components(below / (2 * len(down)), 1 - above / (2 * len(up)))


def roc_auc(positive: Floats, negative: Floats) -> Figure:
    """P(positive > negative) + P(equal) / 2, with DeLong's interval on the logit.

    None without both classes; no interval with fewer than two of each.
    """
    n = len(positive) + len(negative)
    if len(positive) == 0 or len(negative) == 0:
        return Figure(None, n=n)
    parts = components(np.sort(positive), np.sort(negative))  # sorted keys are searched faster
    value = float(np.mean(parts.positive))
    if min(len(positive), len(negative)) < 2:
        return Figure(value, n=n)
    variance = sum(float(np.var(part, ddof=1)) / len(part) for part in parts)
    return on_the_logit(value, math.sqrt(variance), n)


def average_precision(positive: Floats, negative: Floats) -> Figure:
    """Sum of (recall gained x precision) over distinct scores, highest first.

    The interval is Boyd's, on the logit (2013). None without positives.
    """
    n = len(positive) + len(negative)
    if len(positive) == 0:
        return Figure(None, n=n)
    cuts, hits = np.unique(positive, return_counts=True)
    at_least = len(positive) - np.cumsum(hits) + hits
    false = len(negative) - np.searchsorted(np.sort(negative), cuts, side="left")
    value = float(np.sum(hits * (at_least / (at_least + false))) / len(positive))
    value = min(value, 1.0)
    return on_the_logit(value, math.sqrt(max(value * (1 - value), 0.0) / len(positive)), n)


def lift(score: Floats, outcome: Bools, part: float = 0.1) -> Figure:
    """Rate among the `part` with the highest scores, rounded up, over the rate of all.

    Of rows tied at the cut each counts as its share of the places left. Wilson's interval of
    the first rate; the rate of all is taken as it is.
    """
    n, positive = len(score), int(outcome.sum())
    if positive == 0:
        return Figure(None, n=n)
    places = math.ceil(n * part)
    cut = np.partition(score, n - places)[n - places]
    above, tied = score > cut, score == cut
    rest = (places - above.sum()) / tied.sum()
    events = float(outcome[above].sum() + rest * outcome[tied].sum())
    rate = positive / n
    figure = share(min(events, places), places).mapped(lambda x: x / rate)
    return Figure(figure.value, figure.low, figure.high, n)


def weighted_auc(score: Floats, positive: Floats, negative: Floats) -> float | None:
    """Each row counts as `positive` of one class and `negative` of the other; ties half.

    With weights in place of classes this is the weighted area, with probabilities the expected
    one. None where a class has no weight.
    """
    whole = float(positive.sum() * negative.sum())
    if whole <= 0:
        return None
    _, place = np.unique(score, return_inverse=True)
    up, down = np.bincount(place, positive), np.bincount(place, negative)
    right = np.sum(up * (np.cumsum(down) - down / 2))
    return float(right / whole)
