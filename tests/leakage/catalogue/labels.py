"""Labels that leak, each by one mistake that people make, and labels that do not."""

from __future__ import annotations

from datetime import date

import polars as pl

from tests.leakage.catalogue.shared import (
    DAY,
    K,
    active,
    day,
    honest,
    known,
    labelled,
    leaks,
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
