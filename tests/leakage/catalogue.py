"""Functions that leak, each by one mistake that people make, and functions that do not.

`LEAKS` names for each function the rule that must find it; `HONEST` must not be accused.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import TargetEncoder

from churn.domain.expressions import col, days_between, when
from churn.domain.windows import Windows

Function = Callable[..., Any]

LEAKS: dict[str, list[tuple[str, Function]]] = {"features": [], "labels": [], "training": []}
LATE: list[Function] = []
HONEST: dict[str, list[Function]] = {"features": [], "labels": [], "training": []}

K, D, A, S, O = "CUSTOMER_ID", "ORDER_DATE", "ORDER_AMOUNT", "STATUS", "ORDER_ID"
DAY = timedelta(days=1)
day, amount = pl.col(D), pl.col(A)


def leaks(kind: str, rule: str) -> Callable[[Function], Function]:
    def note(function: Function) -> Function:
        LEAKS[kind].append((rule, function))
        return function

    return note


def honest(kind: str) -> Callable[[Function], Function]:
    def note(function: Function) -> Function:
        HONEST[kind].append(function)
        return function

    return note


def late(function: Function) -> Function:
    """It reads columns that only the world with late dates has."""
    LATE.append(function)
    return function


def known(orders: pl.DataFrame, w: Windows) -> pl.DataFrame:
    return orders.filter(day.cast(pl.Date) <= w.as_of)


def active(orders: pl.DataFrame, w: Windows) -> pl.DataFrame:
    inside = day.cast(pl.Date).is_between(w.observation_start, w.as_of)
    return orders.filter(inside).select(K).unique()


def spend(orders: pl.DataFrame, w: Windows) -> pl.DataFrame:
    return known(orders, w).group_by(K).agg(SPEND=amount.sum(), N=pl.len())


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


# Labels


def labelled(orders: pl.DataFrame, w: Windows, start: date, end: date) -> pl.DataFrame:
    back = orders.filter(day.cast(pl.Date).is_between(start, end)).select(K, BACK=1).unique()
    return (
        active(orders, w)
        .join(back, on=K, how="left")
        .select(K, IS_CHURNED=pl.col("BACK").is_null().cast(pl.Int64))
    )


@leaks("labels", "label-overlap")
def window_starts_on_the_as_of_date(orders, customers, w):
    return labelled(orders, w, w.as_of, w.outcome_end)


@leaks("labels", "label-overlap")
def window_starts_a_week_early(orders, customers, w):
    return labelled(orders, w, w.as_of - 6 * DAY, w.outcome_end)


@leaks("labels", "label-late")
def window_starts_a_day_late(orders, customers, w):
    return labelled(orders, w, w.outcome.start + DAY, w.outcome_end)


@leaks("labels", "label-late")
def window_starts_a_month_late(orders, customers, w):
    return labelled(orders, w, w.outcome.start + 31 * DAY, w.outcome_end)


@leaks("labels", "label-early-end")
def window_ends_a_day_early(orders, customers, w):
    return labelled(orders, w, w.outcome.start, w.outcome_end - DAY)


@leaks("labels", "label-endless")
def window_never_ends(orders, customers, w):
    return labelled(orders, w, w.outcome.start, date(2999, 1, 1))


@leaks("labels", "label-endless")
def window_ends_a_day_late(orders, customers, w):
    return labelled(orders, w, w.outcome.start, w.outcome_end + DAY)


@leaks("labels", "label-hole")
def window_with_a_hole(orders, customers, w):
    hole = (w.outcome.start + 40 * DAY, w.outcome.start + 70 * DAY)
    return labelled(
        orders.filter(~day.cast(pl.Date).is_between(*hole)), w, w.outcome.start, w.outcome_end
    )


@leaks("labels", "label-overlap")
def forgives_early_regulars(orders, customers, w):
    early = orders.filter(
        day.cast(pl.Date).is_between(w.observation_start, w.observation_start + 20 * DAY)
    )
    regular = early.group_by(K).len().filter(pl.col("len") > 4)[K].implode()
    found = labelled(orders, w, w.outcome.start, w.outcome_end)
    return found.with_columns(
        IS_CHURNED=pl.when(pl.col(K).is_in(regular)).then(0).otherwise(pl.col("IS_CHURNED"))
    )


@leaks("labels", "table")
def labels_of_other_ids(orders, customers, w):
    found = labelled(orders, w, w.outcome.start, w.outcome_end)
    return found.with_columns(pl.col(K).str.extract(r"(\d+)$").cast(pl.Int64))


@leaks("labels", "label-past")
def recency_in_disguise(orders, customers, w):
    last = known(orders, w).group_by(K).agg(L=day.max())
    churned = (pl.lit(w.as_of) - pl.col("L")).dt.total_days() > 60
    return active(orders, w).join(last, on=K).select(K, IS_CHURNED=churned.cast(pl.Int64))


@leaks("labels", "membership")
def population_of_those_seen_again(orders, customers, w):
    ever = (
        orders.filter(day.cast(pl.Date).is_between(w.observation_start, w.outcome_end))
        .select(K)
        .unique()
    )
    return ever.join(
        labelled(orders, w, w.outcome.start, w.outcome_end), on=K, how="left"
    ).fill_null(0)


@leaks("labels", "label-values")
def labels_of_words(orders, customers, w):
    found = labelled(orders, w, w.outcome.start, w.outcome_end)
    return found.with_columns(pl.col("IS_CHURNED").replace_strict({0: "no", 1: "yes"}))


@leaks("labels", "clock")
def window_ends_today(orders, customers, w):
    return labelled(orders, w, w.outcome.start, min(w.outcome_end, date.today()))  # noqa: DTZ011


@honest("labels")
def the_definition(orders, customers, w):
    return labelled(orders, w, w.outcome.start, w.outcome_end)


@honest("labels")
def at_least_two_orders(orders, customers, w):
    inside = orders.filter(day.cast(pl.Date).is_between(w.outcome.start, w.outcome_end))
    counts = inside.group_by(K).agg(N=pl.len())
    joined = active(orders, w).join(counts, on=K, how="left")
    return joined.select(K, IS_CHURNED=(pl.col("N").fill_null(0) < 2).cast(pl.Int8))


# Training


def is_test(name: str) -> bool:
    return int(sha256(name.encode()).hexdigest()[:8], 16) % 10 >= 7


def split_by_hash(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        SPLIT=pl.Series(["test" if is_test(k) else "train" for k in rows[K]], dtype=pl.String)
    )


def rows_of(orders: pl.DataFrame, customers: pl.DataFrame, w: Windows) -> pl.DataFrame:
    std = known(orders, w).group_by(K).agg(STD=amount.std())
    return (
        labelled(orders, w, w.outcome.start, w.outcome_end)
        .join(spend(orders, w), on=K)
        .join(std, on=K)
        .join(customers.select(K, "SEGMENT"), on=K, how="left")
        .sort(K)
    )


train_part = pl.col("SPLIT") == "train"


@leaks("training", "split-entity")
def a_customer_in_both_parts(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat(
        [
            rows,
            rows.head(3).with_columns(SPLIT=pl.lit("test")),
            rows.head(3).with_columns(SPLIT=pl.lit("train")),
        ]
    )


@leaks("training", "split-entity")
def snapshots_in_both_parts(orders, customers, w):
    now = rows_of(orders, customers, w).with_columns(SPLIT=pl.lit("test"))
    earlier = rows_of(orders, customers, w.ending(w.as_of - 30 * DAY)).with_columns(
        SPLIT=pl.lit("train")
    )
    return pl.concat([earlier, now])


@leaks("training", "split-entity")
def snapshots_named_in_the_id(orders, customers, w):
    now, earlier = (
        rows_of(orders, customers, v).with_columns(pl.col(K) + f"@{v.as_of}", SPLIT=pl.lit(part))
        for v, part in ((w, "test"), (w.ending(w.as_of - 30 * DAY), "train"))
    )
    return pl.concat([earlier, now])


@leaks("training", "random")
def split_by_pythons_hash(orders, customers, w):
    rows = rows_of(orders, customers, w)
    return rows.with_columns(
        SPLIT=pl.Series(["test" if hash(k) % 3 == 0 else "train" for k in rows[K]])
    )


@leaks("training", "label-values")
def training_with_labels_of_words(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("IS_CHURNED").replace_strict({0: "no", 1: "yes"}))


@leaks("training", "label-late")
def late_labels_and_a_fit_that_needs_both_classes(orders, customers, w):
    rows = rows_of(orders, customers, w).drop("IS_CHURNED")
    late = labelled(orders, w, w.outcome.start + 5 * DAY, w.outcome_end)
    rows = split_by_hash(rows.join(late, on=K).sort(K))
    train = rows.filter(train_part)
    model = LogisticRegression().fit(
        train.select("SPEND", "N").to_numpy(), train["IS_CHURNED"].to_numpy()
    )
    return rows.with_columns(USED=pl.lit(float(model.coef_.size)))


@leaks("training", "test-resampled")
def oversampled_with_noise_before_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat(
        [rows, rows.with_columns(pl.col("SPEND") * 1.01).filter(pl.col("IS_CHURNED") == 0)]
    )


@leaks("training", "split-near-duplicate")
def two_spellings_of_one_id(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    copy = rows.with_columns(
        (" " + pl.col(K).str.to_lowercase()).alias(K),
        SPLIT=pl.when(train_part).then(pl.lit("test")).otherwise(pl.lit("train")),
    )
    return pl.concat([rows, copy.head(4)])


@leaks("training", "split-label")
def split_stratified_by_label(orders, customers, w):
    rows = rows_of(orders, customers, w)
    _, test = train_test_split(np.arange(rows.height), stratify=rows["IS_CHURNED"], random_state=0)
    return rows.with_columns(
        SPLIT=pl.when(pl.int_range(pl.len()).is_in(test.tolist()))
        .then(pl.lit("test"))
        .otherwise(pl.lit("train"))
    )


@leaks("training", "future")
def split_by_later_spend(orders, customers, w):
    later = orders.filter(day > w.as_of).group_by(K).agg(T=amount.sum())
    rows = rows_of(orders, customers, w).join(later, on=K, how="left")
    high = pl.col("T").fill_null(0) > 150
    return rows.with_columns(
        SPLIT=pl.when(high).then(pl.lit("test")).otherwise(pl.lit("train"))
    ).drop("T")


@leaks("training", "future")
def weights_by_later_spend(orders, customers, w):
    later = orders.filter(day > w.as_of).group_by(K).agg(WEIGHT=amount.sum())
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.join(later, on=K, how="left").with_columns(pl.col("WEIGHT").fill_null(1.0))


@leaks("training", "row-order")
def split_by_position(orders, customers, w):
    rows = rows_of(orders, customers, w)
    first = orders.with_row_index("I").group_by(K).agg(I=pl.col("I").min())
    rows = rows.join(first, on=K).sort("I").drop("I")
    part = pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("test")).otherwise(pl.lit("train"))
    return rows.with_columns(SPLIT=part)


@leaks("training", "random")
def split_at_random(orders, customers, w):
    rows = rows_of(orders, customers, w)
    draw = np.random.default_rng().random(rows.height) < 0.3
    return rows.with_columns(
        SPLIT=pl.when(pl.Series(draw)).then(pl.lit("test")).otherwise(pl.lit("train"))
    )


@leaks("training", "test-fit")
def scaled_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    x = pl.col("SPEND")
    return rows.with_columns(SPEND=(x - x.mean()) / x.std())


@leaks("training", "test-fit")
def imputed_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("STD").fill_null(pl.col("STD").mean()))


@leaks("training", "test-fit")
def encoded_by_all_rows(orders, customers, w):
    return split_by_hash(rows_of(orders, customers, w)).to_dummies("SEGMENT")


@leaks("training", "test-fit")
def clipped_at_a_quantile_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(pl.col("SPEND").clip(upper_bound=rows["SPEND"].quantile(0.8)))


@leaks("training", "test-fit")
def scaled_by_the_largest_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    last = known(orders, w).group_by(K).agg(L=(pl.lit(w.as_of) - day.max()).dt.total_days())
    return rows.join(last, on=K).with_columns(pl.col("L") / pl.col("L").max())


@leaks("training", "test-fit")
def selected_by_the_variance_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    spread = {c: rows[c].var() / abs(rows[c].mean()) for c in ("SPEND", "N")}
    return rows.drop(min(spread, key=spread.__getitem__))


@leaks("training", "test-label")
def threshold_chosen_on_the_test_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    test = rows.filter(~train_part)
    hits = {n: ((test["N"] < n).cast(pl.Int64) == test["IS_CHURNED"]).sum() for n in range(2, 9)}
    return rows.with_columns(TOLD=pl.col("N") < max(hits, key=hits.__getitem__))


@leaks("training", "test-label")
def target_encoded_by_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(SEGMENT=pl.col("IS_CHURNED").mean().over("SEGMENT"))


@leaks("training", "own-label")
def target_encoded_with_the_own_label(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    rates = rows.filter(train_part).group_by("SEGMENT").agg(RATE=pl.col("IS_CHURNED").mean())
    return rows.join(rates, on="SEGMENT", how="left").drop("SEGMENT")


@leaks("training", "test-label")
def selected_by_correlation_in_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    strength = {c: abs(rows.select(pl.corr(c, "IS_CHURNED")).item()) for c in ("SPEND", "N")}
    return rows.drop(min(strength, key=strength.__getitem__))


@leaks("training", "test-label")
def weighted_by_the_churn_rate_of_all_rows(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(WEIGHT=pl.col("IS_CHURNED").mean() + pl.col("IS_CHURNED") * 0)


@leaks("training", "own-label")
def the_label_as_a_feature(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return rows.with_columns(X=pl.col("IS_CHURNED") * 3 + 1)


@leaks("training", "test-resampled")
def oversampled_before_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat([rows, rows.filter(pl.col("IS_CHURNED") == 0)])


@leaks("training", "label-endless")
def labels_without_end(orders, customers, w):
    rows = rows_of(orders, customers, w).drop("IS_CHURNED")
    return split_by_hash(rows.join(labelled(orders, w, w.outcome.start, date(2999, 1, 1)), on=K))


@leaks("training", "future")
def features_from_the_outcome_window(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    later = orders.filter(day <= w.outcome_end).group_by(K).agg(MAX=amount.max())
    return rows.join(later, on=K)


@leaks("training", "split-values")
def no_test_part(orders, customers, w):
    return rows_of(orders, customers, w).with_columns(SPLIT=pl.lit("train"))


@honest("training")
def split_by_hash_and_nothing_fitted(orders, customers, w):
    return split_by_hash(rows_of(orders, customers, w))


@honest("training")
def fitted_on_the_training_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    train = rows.filter(train_part)
    return rows.with_columns(
        SPEND=(pl.col("SPEND") - train["SPEND"].mean()) / train["SPEND"].std(),
        STD=pl.col("STD").fill_null(train["STD"].mean()),
        **{f"IS_{s}": pl.col("SEGMENT") == s for s in sorted(set(train["SEGMENT"]))},
    )


@honest("training")
def balanced_weights_of_the_training_part(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    rate = rows.filter(train_part)["IS_CHURNED"].mean()
    churned = pl.col("IS_CHURNED") == 1
    balanced = pl.when(churned).then(1 / (rate + 0.01)).otherwise(1 / (1.01 - rate))
    return rows.with_columns(WEIGHT=pl.when(train_part).then(balanced).otherwise(1.0))


@honest("training")
def oversampled_after_the_split(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    return pl.concat([rows, rows.filter(train_part, pl.col("IS_CHURNED") == 0)])


@honest("training")
def target_encoded_out_of_fold(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    train = rows.filter(train_part)
    sums = train.group_by("SEGMENT").agg(SUM=pl.col("IS_CHURNED").sum(), COUNT=pl.len())
    own = pl.when(train_part).then(pl.col("IS_CHURNED")).otherwise(0)
    one = pl.when(train_part).then(1).otherwise(0)
    rate = (pl.col("SUM") - own) / (pl.col("COUNT").cast(pl.Int64) - one).replace(0, None)
    joined = rows.join(sums, on="SEGMENT", how="left").with_columns(RATE=rate)
    return joined.drop("SUM", "COUNT", "SEGMENT")


@honest("training")
def snapshots_in_one_part(orders, customers, w):
    earlier = w.ending(w.as_of - 30 * DAY)
    rows = [rows_of(orders, customers, v).with_columns(AS_OF=pl.lit(v.as_of)) for v in (w, earlier)]
    return split_by_hash(pl.concat(rows))


@honest("training")
def seeded_split_of_the_known_customers(orders, customers, w):
    rows = rows_of(orders, customers, w)
    _, test = train_test_split(rows[K].to_list(), random_state=0)
    part = pl.when(pl.col(K).is_in(test)).then(pl.lit("TEST")).otherwise(pl.lit("TRAIN"))
    return rows.with_columns(SPLIT=part)


@honest("training")
def sklearns_target_encoder(orders, customers, w):
    """Cross-fitted on the training part; its folds are stratified by the label."""
    rows = split_by_hash(rows_of(orders, customers, w))
    train, test = rows.filter(train_part), rows.filter(~train_part)
    encoder = TargetEncoder(cv=StratifiedKFold(3, shuffle=True, random_state=0))
    inside = encoder.fit_transform(
        train.select("SEGMENT").to_numpy(), train["IS_CHURNED"].to_numpy()
    )
    outside = encoder.transform(test.select("SEGMENT").to_numpy())
    return pl.concat(
        [
            train.with_columns(RATE=pl.Series(inside[:, 0])),
            test.with_columns(RATE=pl.Series(outside[:, 0])),
        ]
    )


@honest("training")
def three_parts(orders, customers, w):
    rows = split_by_hash(rows_of(orders, customers, w))
    valid = pl.Series([sha256(("v" + k).encode()).digest()[0] < 60 for k in rows[K]])
    return rows.with_columns(
        SPLIT=pl.when(train_part & valid).then(pl.lit("valid")).otherwise(pl.col("SPLIT"))
    )
