"""Synthetic customers and orders: seeded, of any size, with a learnable signal and no leakage.

Orders are a thinned Poisson process: each customer has a rate of their own, by segment, season and
satisfaction. Dissatisfied customers return more and leave sooner, and who leaves orders less and
less over the last months. Customer and order ids are shuffled, so that no number gives anything
away.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from churn.domain.churn.labels import CHURN_V1
from churn.domain.churn.tables import CUSTOMERS, ORDERS
from churn.domain.errors import UsageError
from churn.domain.windows import DAY

Floats = npt.NDArray[np.float64]

FIRST_DAY, LAST_DAY = date(2023, 1, 1), date(2025, 1, 7)
"""History before the observation window, and a week after the outcome window."""

WINDOWS = CHURN_V1.windows
BOUNDARY_DAYS = (
    WINDOWS.observation.start - DAY,
    WINDOWS.observation.start,
    WINDOWS.as_of,
    WINDOWS.outcome.start,
    WINDOWS.outcome_end,
    WINDOWS.outcome_end + DAY,
)
"""Days on which an off-by-one shows: all of them have orders."""

SEGMENTS = {
    # name: share of customers, orders a month, mean amount, departures a month
    "Premium": (0.16, 1.35, 150.0, 0.045),
    "Standard": (0.35, 1.15, 95.0, 0.085),
    "Basic": (0.49, 1.00, 60.0, 0.15),
}
REGIONS = {"North": 0.65, "South": 1.5, "East": 1.0, "West": 0.9}
"""Departures in the region, relative to the others."""

SEASON = (0.85, 0.8, 0.95, 1.0, 1.0, 0.9, 0.85, 0.8, 1.0, 1.05, 1.35, 1.45)
"""Orders in each month of the year, relative to the mean."""

ONE_TIME_SHARE = 0.08
DECLINE_DAYS = 100.0
MONTH_DAYS = 30.4


def sample(customers: int, seed: int) -> dict[str, pl.DataFrame]:
    """CUSTOMERS and ORDERS as their contracts say; equal arguments give equal tables.

    Raises:
        UsageError: No customers, or a negative seed.
    """
    if customers < 1 or seed < 0:
        raise UsageError(
            f"cannot make {customers} customers with seed {seed}",
            "Ask for at least 1 customer and a seed of 0 or more.",
        )
    random = np.random.default_rng(seed)
    days = (LAST_DAY - FIRST_DAY).days + 1
    segment = random.choice(len(SEGMENTS), customers, p=[share for share, *_ in SEGMENTS.values()])
    region = random.choice(len(REGIONS), customers)
    # More and more join over time, some of them only after the as-of date.
    registered = np.floor(630 * np.sqrt(random.random(customers)) - 60)
    discontent = random.beta(1.5, 4.0, customers)
    _, rate, amount, departures = (
        np.array(c)[segment] for c in zip(*SEGMENTS.values(), strict=True)
    )

    hazard = (
        departures * np.array(list(REGIONS.values()))[region] * np.exp(3.0 * (discontent - 0.27))
    )
    left = (
        np.maximum(registered, 0) + random.exponential(1 / hazard) * MONTH_DAYS + DECLINE_DAYS / 2
    )
    rate = rate * random.gamma(8.0, 1 / 8.0, customers)
    one_time = random.random(customers) < ONE_TIME_SHARE

    owner, day = _orders(random, rate, registered, left, days)
    owner, day = _only_the_first(owner, day, one_time)
    owner, day = _with_boundary_days(random, owner, day, registered)

    decline = np.clip((left[owner] - day) / DECLINE_DAYS, 0, 1)
    value = amount[owner] * (0.75 + 0.25 * decline) * random.lognormal(-0.1, 0.45, len(owner))
    returned = 0.06 + 0.35 * discontent[owner] * (1.3 - 0.3 * decline)
    status = np.where(random.random(len(owner)) < returned, 1, 0)
    status = np.where(random.random(len(owner)) < 0.07, 2, status)

    ids = random.permutation(customers) + 1
    orders = pl.DataFrame(
        {
            "ORDER_ID": _ids("ORD", random.permutation(len(owner)) + 1, len(owner)),
            "CUSTOMER_ID": _ids("CUST", ids[owner], customers),
            "ORDER_DATE": _dates(day),
            "ORDER_AMOUNT": np.round(value, 2),
            "STATUS": np.array(ORDERS.column("STATUS").values)[status],
        }
    )
    who = pl.DataFrame(
        {
            "CUSTOMER_ID": _ids("CUST", ids, customers),
            "SEGMENT": np.array(list(SEGMENTS))[segment],
            "REGISTRATION_DATE": _dates(registered),
            "REGION": np.array(list(REGIONS))[region],
        }
    )
    return {CUSTOMERS.name: who.sort("CUSTOMER_ID"), ORDERS.name: orders.sort("ORDER_ID")}


def _orders(
    random: np.random.Generator, rate: Floats, registered: Floats, left: Floats, days: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Customer and day of each order: Poisson at the highest rate, thinned to the real one."""
    start = np.maximum(registered, 0)
    candidates = random.poisson(rate * max(SEASON) * np.maximum(days - start, 0) / MONTH_DAYS)
    owner = np.repeat(np.arange(len(rate)), candidates)
    day = np.floor(random.uniform(start[owner], days))
    month = (np.datetime64(FIRST_DAY) + day.astype(int)).astype("datetime64[M]").astype(int) % 12
    decline = np.clip((left[owner] - day) / DECLINE_DAYS, 0, 1)
    keep = random.random(len(owner)) < decline * np.array(SEASON)[month] / max(SEASON)
    return owner[keep], day[keep]


def _only_the_first(
    owner: npt.NDArray[np.int64], day: Floats, one_time: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """One-time buyers keep their first order only."""
    order = np.lexsort((day, owner))
    owner, day = owner[order], day[order]
    first = np.r_[True, owner[1:] != owner[:-1]] if len(owner) else np.zeros(0, bool)
    keep = first | ~one_time[owner]
    return owner[keep], day[keep]


def _with_boundary_days(
    random: np.random.Generator, owner: npt.NDArray[np.int64], day: Floats, registered: Floats
) -> tuple[npt.NDArray[np.int64], Floats]:
    """A few more orders on each boundary day, by anyone registered, whatever their story."""
    for boundary in BOUNDARY_DAYS:
        index = (boundary - FIRST_DAY).days
        eligible = np.flatnonzero(registered <= index)
        if not len(eligible):
            eligible = np.array([np.argmin(registered)])
            registered[eligible] = index
        chosen = random.choice(eligible, size=max(1, len(registered) // 500))
        owner, day = np.r_[owner, chosen], np.r_[day, np.full(len(chosen), float(index))]
    return owner, day


def _ids(prefix: str, numbers: npt.NDArray[np.int64], largest: int) -> pl.Series:
    width = max(5, len(str(largest)))
    return prefix + "_" + pl.Series(numbers).cast(pl.String).str.zfill(width)


def _dates(days: Floats) -> pl.Series:
    offset = (FIRST_DAY - date(1970, 1, 1)).days
    return (pl.Series(days).cast(pl.Int32) + offset).cast(pl.Date)
