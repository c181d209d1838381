"""Every measure as a plain loop, written from its definition and not from the code."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

Z = 1.959963984540054

Value = float | str | None


def edges(values: Sequence[float]) -> list[float]:
    known = sorted(values)
    m = len(known)
    cuts = {known[(k * m + 9) // 10 - 1] for k in range(1, 10)}
    return sorted(cut for cut in cuts if cut != known[0])


def shares(values: Sequence[Value], baseline: Sequence[Value]) -> list[int]:
    """Counts in the baseline's bins, MISSING last."""
    known = [v for v in baseline if v is not None]
    numbers = [v for v in known if isinstance(v, float)]
    if len(numbers) == len(known) and len(set(known)) > 10:
        cuts = edges(numbers)
        counts = [0] * (len(cuts) + 2)
        for v in values:
            place = -1 if v is None else sum(cut <= v for cut in cuts)  # type: ignore[operator]
            counts[place] += 1
        return counts
    frequency = Counter(known)
    ranked = sorted(frequency, key=lambda v: (-frequency[v], v))
    kept = [v for v in ranked if frequency[v] / len(baseline) >= 0.01][:20]
    counts = [0] * (len(kept) + 3)
    for v in values:
        if v is None:
            counts[-1] += 1
        elif v in kept:
            counts[kept.index(v)] += 1
        else:
            counts[-3 if v in frequency else -2] += 1
    return counts


def psi(b: Sequence[int], c: Sequence[int]) -> float:
    total = 0.0
    for x, y in zip(b, c, strict=True):
        p, q = max(x / sum(b), 1e-4), max(y / sum(c), 1e-4)
        total += (q - p) * math.log(q / p)
    return total


def jensen_shannon(b: Sequence[int], c: Sequence[int]) -> float:
    total = 0.0
    for x, y in zip(b, c, strict=True):
        p, q = x / sum(b), y / sum(c)
        for share in (p, q):
            if share > 0:
                total += share * math.log2(share / ((p + q) / 2)) / 2
    return math.sqrt(max(total, 0.0))


def hellinger(b: Sequence[int], c: Sequence[int]) -> float:
    total = 0.0
    for x, y in zip(b, c, strict=True):
        total += (math.sqrt(x / sum(b)) - math.sqrt(y / sum(c))) ** 2
    return math.sqrt(total / 2)


def pooled(b: Sequence[int], c: Sequence[int]) -> list[tuple[int, int]]:
    bins = [(x, y) for x, y in zip(b, c, strict=True) if x + y]
    m, n = sum(b), sum(c)
    while len(bins) > 1:
        sizes = [x + y for x, y in bins]
        if min(sizes) * min(m, n) / (m + n) >= 1:
            break
        smallest = bins.pop(sizes.index(min(sizes)))
        sizes = [x + y for x, y in bins]
        target = sizes.index(min(sizes))
        bins[target] = (bins[target][0] + smallest[0], bins[target][1] + smallest[1])
    return bins


def chi_square(b: Sequence[int], c: Sequence[int]) -> tuple[float, int]:
    """Statistic and degrees of freedom."""
    bins = pooled(b, c)
    m, n = sum(b), sum(c)
    total = 0.0
    for x, y in bins:
        for seen, rows in ((x, m), (y, n)):
            expected = (x + y) * rows / (m + n)
            total += (seen - expected) ** 2 / expected
    return total, len(bins) - 1


def wasserstein(a: Sequence[float], b: Sequence[float]) -> float:
    points = sorted([*a, *b])
    total = 0.0
    for left, right in pairwise(points):
        f, g = (sum(v <= left for v in side) / len(side) for side in (a, b))
        total += abs(f - g) * (right - left)
    return total


def ks(a: Sequence[float], b: Sequence[float]) -> float:
    def below(side: Sequence[float], at: float) -> float:
        return sum(v <= at for v in side) / len(side)

    return max(abs(below(a, v) - below(b, v)) for v in [*a, *b])


def pairs(s: Sequence[float], y: Sequence[bool]) -> float | None:
    up = [v for v, happened in zip(s, y, strict=True) if happened]
    down = [v for v, happened in zip(s, y, strict=True) if not happened]
    if not up or not down:
        return None
    won = sum((a > b) + (a == b) / 2 for a in up for b in down)
    return won / (len(up) * len(down))


def delong(s: Sequence[float], y: Sequence[bool]) -> float:
    """Standard error by the definition: each row against every row of the other class."""
    up = [v for v, happened in zip(s, y, strict=True) if happened]
    down = [v for v, happened in zip(s, y, strict=True) if not happened]
    ten = [sum((a > b) + (a == b) / 2 for b in down) / len(down) for a in up]
    one = [sum((a > b) + (a == b) / 2 for a in up) / len(up) for b in down]
    return math.sqrt(variance(ten) / len(ten) + variance(one) / len(one))


def variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / (len(values) - 1)


def logit_interval(a: float, se: float) -> tuple[float, float]:
    centre, half = math.log(a / (1 - a)), Z * se / (a * (1 - a))
    low, high = (1 / (1 + math.exp(-x)) for x in (centre - half, centre + half))
    return low, high


def average_precision(s: Sequence[float], y: Sequence[bool]) -> float:
    total, before = 0.0, 0.0
    for cut in sorted(set(s), reverse=True):
        told = [happened for v, happened in zip(s, y, strict=True) if v >= cut]
        recall = sum(told) / sum(y)
        total += (recall - before) * sum(told) / len(told)
        before = recall
    return total


def wilson(k: float, n: float) -> tuple[float, float]:
    p = k / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return middle - half, middle + half


def expected_auc(p: Sequence[float]) -> float | None:
    """Over all ordered pairs, each row with itself too."""
    whole = sum(p) * sum(1 - x for x in p)
    if whole <= 0:
        return None
    won = sum(a * (1 - b) * ((a > b) + (a == b) / 2) for a in p for b in p)
    return won / whole


def statuses_to_alarms(
    statuses: Sequence[str], need: int = 2, of: int = 3, quiet: int = 2
) -> list[tuple[int, int | None]]:
    """Opened and closed, by reading the rule aloud."""
    known = [(i, s) for i, s in enumerate(statuses) if s != "unknown"]
    alarms: list[tuple[int, int | None]] = []
    history: list[str] = []
    opened: int | None = None
    since: list[str] = []
    for i, status in known:
        history.append(status)
        if opened is None:
            breaches = sum(s in {"breach", "severe"} for s in history[-of:])
            if status == "severe" or (status == "breach" and breaches >= need):
                opened, since = i, []
            continue
        since.append(status)
        if since[-quiet:] == ["ok"] * quiet:
            alarms.append((opened, i))
            opened, history = None, []
    return alarms if opened is None else [*alarms, (opened, None)]
