"""Features that leak, each by one mistake that people make, and features that do not."""

from __future__ import annotations

import functools
import time
from datetime import date, datetime, timedelta
from hashlib import sha256

import numpy as np
import polars as pl

from churn.domain.expressions import col, days_between, when
from tests.leakage.catalogue.shared import (
    DAY,
    A,
    D,
    K,
    O,
    S,
    active,
    amount,
    day,
    honest,
    known,
    late,
    leaks,
    spend,
)

# Features: filters


@leaks("features", "future")
def no_filter(orders, customers, w):
    return active(orders, w).join(orders.group_by(K).agg(X=amount.sum()), on=K)


@leaks("features", "future")
def off_by_a_day(orders, customers, w):
    later = orders.filter(day <= w.as_of + DAY)
    return active(orders, w).join(later.group_by(K).agg(X=pl.len()), on=K)


@leaks("features", "future")
def off_by_a_week(orders, customers, w):
    later = orders.filter(day <= w.as_of + 7 * DAY)
    return active(orders, w).join(later.group_by(K).agg(X=amount.max()), on=K)


@leaks("features", "future")
def up_to_the_end_of_the_month(orders, customers, w):
    """At the end of a month this is no leak: other as-of dates must be tried."""
    later = orders.filter(day.dt.truncate("1mo") <= w.as_of.replace(day=1))
    return active(orders, w).join(later.group_by(K).agg(X=amount.sum()), on=K)


@leaks("features", "future")
def up_to_the_end_of_the_week(orders, customers, w):
    later = orders.filter(day.dt.truncate("1w") <= w.as_of - DAY * w.as_of.weekday())
    return active(orders, w).join(later.group_by(K).agg(X=amount.sum()), on=K)


@leaks("features", "future")
def up_to_the_end_of_the_year(orders, customers, w):
    later = orders.filter(day.dt.year() <= w.as_of.year)
    return active(orders, w).join(later.group_by(K).agg(X=pl.len()), on=K)


@leaks("features", "future")
def recency_of_all_orders(orders, customers, w):
    last = orders.group_by(K).agg(X=(pl.lit(w.as_of) - day.max()).dt.total_days())
    return active(orders, w).join(last, on=K)


@leaks("features", "future")
def next_order_within_a_month(orders, customers, w):
    soon = orders.filter(day > w.as_of, day <= w.as_of + 30 * DAY).select(K, X=1).unique()
    return active(orders, w).join(soon, on=K, how="left").with_columns(pl.col("X").fill_null(0))


@leaks("features", "future")
def only_in_one_column_of_many(orders, customers, w):
    gap = orders.sort(K, D).group_by(K).agg(GAP=day.diff().dt.total_days().mean())
    return active(orders, w).join(spend(orders, w), on=K).join(gap, on=K)


@leaks("features", "future")
def engine_neutral_without_filter(orders, customers, w):
    """Expressions of ours, on the frame of an engine."""
    return (
        orders.group_by(K)
        .agg(N=when(w.observation.holds(col(D)), 1, 0).sum(), X=days_between(col(D).max(), w.as_of))
        .filter(col("N") > 0)
    )


# Features: constants of the whole table


@leaks("features", "future")
def mean_of_the_whole_table(orders, customers, w):
    return spend(orders, w).with_columns(X=pl.col("SPEND") / orders[A].mean()).select(K, "X")


@leaks("features", "future")
def quantile_of_the_whole_table(orders, customers, w):
    high = orders[A].quantile(0.9)
    flagged = known(orders, w).group_by(K).agg(X=(amount > high).sum())
    return active(orders, w).join(flagged, on=K)


@leaks("features", "future")
def rank_among_all_customers_ever(orders, customers, w):
    ranked = orders.group_by(K).agg(T=amount.sum()).with_columns(X=pl.col("T").rank())
    return active(orders, w).join(ranked.select(K, "X"), on=K)


@leaks("features", "future")
def gaps_filled_with_the_mean_of_all(orders, customers, w):
    std = known(orders, w).group_by(K).agg(X=amount.std())
    return active(orders, w).join(std, on=K).with_columns(pl.col("X").fill_null(orders[A].mean()))


@leaks("features", "future")
def days_until_the_last_day_of_the_data(orders, customers, w):
    end = orders[D].max()
    last = known(orders, w).group_by(K).agg(X=(pl.lit(end) - day.max()).dt.total_days())
    return active(orders, w).join(last, on=K)


@leaks("features", "future")
def share_of_all_orders(orders, customers, w):
    return spend(orders, w).select(K, X=pl.col("N") / orders.height)


@leaks("features", "future")
def noise_seeded_by_the_size_of_the_table(orders, customers, w):
    found = active(orders, w).sort(K)
    noise = np.random.default_rng(orders.height).normal(size=found.height)
    return found.with_columns(X=pl.Series(noise))


# Features: dimensions, statuses, events


@leaks("features", "future")
def last_status_of_each_order(orders, customers, w):
    """An order's later row overwrites what was known of it."""
    last = orders.sort(D).unique(O, keep="last").group_by(K).agg(X=(pl.col(S) == "RETURNED").sum())
    return active(orders, w).join(last, on=K, how="left").with_columns(pl.col("X").fill_null(0))


@leaks("features", "late-attribute")
@late
def status_set_later(orders, customers, w):
    returned = known(orders, w).group_by(K).agg(X=(pl.col("STATUS_SET") > day).sum())
    return active(orders, w).join(returned, on=K)


@leaks("features", "late-attribute")
@late
def current_tier(orders, customers, w):
    return active(orders, w).join(customers.select(K, "TIER"), on=K, how="left")


@leaks("features", "late-attribute")
@late
def closed_account(orders, customers, w):
    closed = customers.select(K, X=pl.col("CLOSED").is_not_null())
    return active(orders, w).join(closed, on=K, how="left")


# Features: membership, order, columns


@leaks("features", "membership")
def who_ever_ordered(orders, customers, w):
    return orders.select(K).unique().join(spend(orders, w), on=K, how="left")


@leaks("features", "membership")
def who_comes_back(orders, customers, w):
    back = orders.filter(day > w.as_of).select(K).unique()
    return spend(orders, w).join(back, on=K, how="semi")


@leaks("features", "membership")
def all_customers_of_today(orders, customers, w):
    return customers.select(K).join(spend(orders, w), on=K, how="left")


@leaks("features", "output-order")
def sorted_by_future_spend(orders, customers, w):
    later = orders.filter(day > w.as_of).group_by(K).agg(T=amount.sum())
    return (
        active(orders, w)
        .join(spend(orders, w), on=K)
        .join(later, on=K, how="left")
        .sort(pl.col("T").fill_null(0), K)
        .drop("T")
    )


@leaks("features", "output-order")
def columns_in_the_order_of_future_statuses(orders, customers, w):
    order = orders.filter(day > w.as_of)[S].value_counts(sort=True)[S].to_list()
    order += [s for s in ("FULFILLED", "RETURNED", "CANCELLED") if s not in order]
    counts = known(orders, w).group_by(K).agg(**{s: (pl.col(S) == s).sum() for s in order})
    return active(orders, w).join(counts, on=K)


# Features: order of rows, ids


@leaks("features", "row-order")
def last_row_in_the_file(orders, customers, w):
    last = known(orders, w).group_by(K, maintain_order=True).agg(X=amount.last())
    return active(orders, w).join(last, on=K)


@leaks("features", "row-order")
def position_in_the_file(orders, customers, w):
    rows = orders.with_row_index("X")
    first = known(rows, w).group_by(K).agg(X=pl.col("X").cast(pl.Int64).diff().max())
    return active(orders, w).join(first, on=K)


@leaks("features", "id")
def gap_between_order_numbers(orders, customers, w):
    number = pl.col(O).str.extract(r"(\d+)$").cast(pl.Int64)
    gaps = known(orders, w).group_by(K).agg(X=number.max() - number.min())
    return active(orders, w).join(gaps, on=K)


@leaks("features", "id")
def number_of_the_customer(orders, customers, w):
    return active(orders, w).with_columns(X=pl.col(K).str.extract(r"(\d+)$").cast(pl.Int64) % 7)


@leaks("features", "id")
def hash_of_the_customer(orders, customers, w):
    found = active(orders, w)
    return found.with_columns(X=pl.Series([sha256(k.encode()).digest()[0] for k in found[K]]))


# Features: randomness, memory, clock


@leaks("features", "random")
def unseeded_noise(orders, customers, w):
    found = active(orders, w)
    return found.with_columns(X=pl.Series(np.random.default_rng().normal(size=found.height)))


CACHE: dict[str, float] = {}


@leaks("features", "memory")
def mean_kept_from_the_first_call(orders, customers, w):
    mean = CACHE.setdefault("mean", known(orders, w)[A].mean())
    return spend(orders, w).select(K, X=pl.col("SPEND") / mean)


@leaks("features", "memory")
def mean_kept_in_a_default(orders, customers, w, kept=[]):
    kept.append(known(orders, w)[A].mean())
    return spend(orders, w).select(K, X=pl.col("SPEND") / kept[0])


@functools.lru_cache
def _mean_of(as_of: date) -> list[float]:
    return []


@leaks("features", "memory")
def mean_kept_in_an_lru_cache(orders, customers, w):
    kept = _mean_of(w.as_of)
    kept.append(known(orders, w)[A].mean())
    return spend(orders, w).select(K, X=pl.col("SPEND") / kept[0])


RESULT: pl.DataFrame | None = None


@leaks("features", "memory")
def result_kept_in_a_global(orders, customers, w):
    global RESULT  # noqa: PLW0603
    if RESULT is None:
        RESULT = spend(orders, w)
    return RESULT


class Model:
    """Keeps its mean in an attribute, as estimators do."""

    fitted: dict[str, dict[str, float]] = {"of": {}}  # noqa: RUF012

    def __init__(self) -> None:
        self.state = {"seen": {}}

    def in_an_attribute(self, orders, customers, w):
        mean = self.state["seen"].setdefault("mean", known(orders, w)[A].mean())
        return spend(orders, w).select(K, X=pl.col("SPEND") / mean)

    @classmethod
    def in_the_class(cls, orders, customers, w):
        mean = cls.fitted["of"].setdefault("mean", known(orders, w)[A].mean())
        return spend(orders, w).select(K, X=pl.col("SPEND") / mean)


leaks("features", "memory")(Model().in_an_attribute)
leaks("features", "memory")(Model.in_the_class)


@leaks("features", "memory")
def mean_kept_in_a_new_global(orders, customers, w):
    global NEW  # noqa: PLW0603
    try:
        NEW
    except NameError:
        NEW = known(orders, w)[A].mean()
    return spend(orders, w).select(K, X=pl.col("SPEND") / NEW)


@leaks("features", "clock")
def numpys_today(orders, customers, w):
    now = (np.datetime64("today") - np.datetime64("2020-01-01")).astype(int)
    return active(orders, w).with_columns(X=pl.lit(int(now)))


@leaks("features", "future")
def commonest_status_of_all(orders, customers, w):
    mode = orders[S].value_counts(sort=True)[S][0]
    share = known(orders, w).group_by(K).agg(X=(pl.col(S) == mode).mean())
    return active(orders, w).join(share, on=K)


@leaks("features", "future")
def large_integers(orders, customers, w):
    counts = orders.group_by(K).agg(X=pl.len().cast(pl.Int64) + 2**60)
    return active(orders, w).join(counts, on=K)


@leaks("features", "crash")
def leaves_the_process(orders, customers, w):
    raise SystemExit(3)


@leaks("features", "table")
def returns_nobody(orders, customers, w):
    return spend(orders, w).head(0)


@leaks("features", "table")
def returns_lists_for_ids(orders, customers, w):
    return spend(orders, w).with_columns(pl.concat_list(K))


@leaks("features", "clock")
def days_until_today(orders, customers, w):
    last = known(orders, w).group_by(K).agg(X=(pl.lit(date.today()) - day.max()).dt.total_days())  # noqa: DTZ011
    return active(orders, w).join(last, on=K)


@leaks("features", "clock")
def seconds_since_the_epoch(orders, customers, w):
    return active(orders, w).with_columns(X=pl.lit(int(time.time()) // 86_400))


@leaks("features", "clock")
def filter_up_to_now(orders, customers, w):
    past = known(orders, w).filter(day >= datetime.now() - timedelta(days=900))  # noqa: DTZ005
    counts = past.group_by(K).agg(X=pl.len())
    return active(orders, w).join(counts, on=K, how="left").with_columns(pl.col("X").fill_null(0))


# Features: nonsense


@leaks("features", "crash")
def crashes(orders, customers, w):
    return orders.select("NO_SUCH_COLUMN")


@leaks("features", "table")
def returns_a_number(orders, customers, w):
    return 1


@leaks("features", "table")
def returns_no_customers(orders, customers, w):
    return spend(orders, w).drop(K)


@leaks("features", "one-row-per-entity")
def one_row_an_order(orders, customers, w):
    return known(orders, w).select(K, A)


@leaks("features", "ignores-input")
def fixed_values(orders, customers, w):
    return active(orders, w).with_columns(X=pl.lit(7))


# Features: honest


@honest("features")
def plain_aggregates(orders, customers, w):
    return active(orders, w).join(spend(orders, w), on=K)


@honest("features")
def counts_alone(orders, customers, w):
    return known(orders, w).group_by(K).agg(N=pl.len())


@honest("features")
def tenure_alone(orders, customers, w):
    since = customers.select(K, X=(pl.lit(w.as_of) - pl.col("REGISTRATION_DATE")).dt.total_days())
    return active(orders, w).join(since, on=K)


@honest("features")
def quintiles_with_ties_broken_by_id(orders, customers, w):
    ranked = spend(orders, w).sort("N", K).with_row_index("R")
    return ranked.select(K, Q=pl.col("R").cast(pl.Int64) * 5 // pl.len())


@honest("features")
def written_as_before_tomorrow(orders, customers, w):
    past = orders.filter(day < w.as_of + DAY)
    return active(orders, w).join(past.group_by(K).agg(X=amount.sum()), on=K)


@honest("features")
def lazy_frames(orders, customers, w):
    past = orders.lazy().filter(day <= w.as_of)
    return (
        past.group_by(K)
        .agg(X=amount.mean(), N=(day >= w.observation_start).sum())
        .filter(pl.col("N") > 0)
    )


@honest("features")
def ranks_within_the_population(orders, customers, w):
    return spend(orders, w).with_columns(R=pl.col("SPEND").rank() / pl.len())


@honest("features")
def mean_of_the_known(orders, customers, w):
    return spend(orders, w).with_columns(R=pl.col("SPEND") / known(orders, w)[A].mean())


@honest("features")
def statistics_of_the_gaps(orders, customers, w):
    gap = day.sort().diff().dt.total_days()
    return known(orders, w).group_by(K).agg(MEAN=gap.mean(), STD=gap.std(), MAX=gap.max())


@honest("features")
def last_status_by_date_and_id(orders, customers, w):
    return known(orders, w).sort(D, O).group_by(K, maintain_order=True).agg(X=pl.col(S).last())


@honest("features")
def attribute_of_the_customer(orders, customers, w):
    return active(orders, w).join(customers.select(K, "SEGMENT"), on=K, how="left")


@honest("features")
def season_of_the_as_of_date(orders, customers, w):
    month = known(orders, w).group_by(K).agg(M=day.max().dt.month(), W=day.max().dt.weekday())
    return active(orders, w).join(month, on=K).with_columns(NOW=pl.lit(w.as_of.month))


@honest("features")
def tenure(orders, customers, w):
    past = customers.filter(pl.col("REGISTRATION_DATE") <= w.as_of)
    since = (pl.lit(w.as_of) - pl.col("REGISTRATION_DATE")).dt.total_days()
    return past.select(K, X=since).join(spend(orders, w), on=K, how="left")


@honest("features")
def strong_but_known(orders, customers, w):
    last = known(orders, w).group_by(K).agg(X=(pl.lit(w.as_of) - day.max()).dt.total_days())
    return active(orders, w).join(last, on=K).with_columns(LAPSED=pl.col("X") > 90)


@honest("features")
def filtered_inside_the_aggregate(orders, customers, w):
    grouped = orders.group_by(K).agg(X=amount.filter(day <= w.as_of).sum())
    return active(orders, w).join(grouped, on=K)


@honest("features")
@late
def tier_if_it_was_known(orders, customers, w):
    tier = pl.when(pl.col("TIER_SET") <= w.as_of).then(pl.col("TIER"))
    known_tier = customers.select(K, TIER=tier)
    return active(orders, w).join(spend(orders, w), on=K).join(known_tier, on=K, how="left")


@honest("features")
def seeded_projection(orders, customers, w):
    weights = np.random.default_rng(0).normal(size=2)
    return spend(orders, w).select(K, X=pl.col("SPEND") * weights[0] + pl.col("N") * weights[1])


@honest("features")
def pandas_inside(orders, customers, w):
    frame = known(orders, w).to_pandas().groupby(K, as_index=False)[A].agg(["sum", "max"])
    return frame.rename(columns={"sum": "S", "max": "M"})
