"""Leaks through a third and a fourth table, and through a label of another table than orders.

Beside orders and customers there are `tickets` (events, with a day on which they were closed),
`plans` (versions of an attribute), and `rates` (dated, of nobody in particular).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from churn.domain.expressions import col, count, days_between, when

Function = Callable[..., Any]

K, DAY = "CUSTOMER_ID", timedelta(days=1)
opened, closed = pl.col("OPENED_ON"), pl.col("CLOSED_ON")
valid = pl.col("VALID_FROM")

TIME = {
    "orders": "ORDER_DATE",
    "customers": None,
    "tickets": "OPENED_ON",
    "plans": "VALID_FROM",
    "rates": "DAY",
}

LEAKS: dict[str, list[tuple[str, Function]]] = {"features": [], "labels": [], "training": []}
HONEST: dict[str, list[Function]] = {"features": [], "labels": [], "training": []}


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


def example(orders: pl.DataFrame, customers: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tickets, plans and rates for these customers."""
    random = np.random.default_rng(7)
    ids = customers[K].to_numpy()
    start = date(2023, 1, 1)
    n = 4 * len(ids)
    days = random.integers(0, 740, n)
    wait = random.integers(0, 60, n)
    tickets = pl.DataFrame(
        {
            "TICKET_ID": [f"T{i:05d}" for i in random.permutation(n)],
            K: random.choice(ids, n),
            "OPENED_ON": [start + DAY * int(d) for d in days],
            "CLOSED_ON": [
                start + DAY * int(d + w) if w < 50 else None
                for d, w in zip(days, wait, strict=True)
            ],
            "KIND": random.choice(["QUESTION", "COMPLAINT", "CANCELLED"], n, p=[0.6, 0.25, 0.15]),
            "MINUTES": random.gamma(2.0, 8.0, n).round(1),
        }
    ).sort("TICKET_ID")
    changes = random.choice(ids, len(ids))
    plans = pl.concat(
        [
            pl.DataFrame(
                {
                    K: ids,
                    "VALID_FROM": [
                        date(2022, 6, 1) + DAY * int(d) for d in random.integers(0, 300, len(ids))
                    ],
                    "PLAN": random.choice(["Basic", "Plus"], len(ids)),
                    "PRICE": random.choice([9.0, 19.0], len(ids)),
                }
            ),
            pl.DataFrame(
                {
                    K: changes,
                    "VALID_FROM": [
                        start + DAY * int(d) for d in random.integers(120, 700, len(ids))
                    ],
                    "PLAN": random.choice(["Plus", "Gold"], len(ids)),
                    "PRICE": random.choice([19.0, 29.0], len(ids)),
                }
            ),
        ]
    ).unique([K, "VALID_FROM"], keep="first", maintain_order=True)
    rates = pl.DataFrame(
        {
            "DAY": [start + DAY * d for d in range(740)],
            "RATE": (1.0 + random.normal(0, 0.01, 740).cumsum() / 10).round(6),
        }
    )
    return {
        "orders": orders,
        "customers": customers,
        "tickets": tickets,
        "plans": plans,
        "rates": rates,
    }


def active(orders, windows):
    inside = pl.col("ORDER_DATE").is_between(windows.observation_start, windows.as_of)
    return orders.filter(inside).select(K).unique()


def past(tickets, windows):
    return tickets.filter(opened <= windows.as_of)


def joined(orders, windows, values):
    found = active(orders, windows).join(values, on=K, how="left")
    numbers = [n for n, t in found.schema.items() if t.is_numeric()]
    return found.with_columns(pl.col(numbers).fill_null(0))


# Features: tickets


@leaks("features", "future")
def all_tickets(orders, tickets, windows):
    return joined(orders, windows, tickets.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def tickets_up_to_tomorrow(orders, tickets, windows):
    soon = tickets.filter(opened <= windows.as_of + DAY)
    return joined(orders, windows, soon.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def tickets_of_the_next_month(orders, tickets, windows):
    soon = tickets.filter(opened > windows.as_of, opened <= windows.as_of + 30 * DAY)
    return joined(orders, windows, soon.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def tickets_without_a_clock(tickets, windows):
    """Nothing but the third table."""
    known = past(tickets, windows).select(K).unique()
    return known.join(tickets.group_by(K).agg(X=pl.col("MINUTES").sum()), on=K)


@leaks("features", "future")
def share_of_complaints_ever(orders, tickets, windows):
    share = tickets.group_by(K).agg(X=(pl.col("KIND") == "COMPLAINT").mean())
    return joined(orders, windows, share)


@leaks("features", "future")
def minutes_against_the_mean_of_all(orders, tickets, windows):
    mean = tickets["MINUTES"].mean()
    minutes = past(tickets, windows).group_by(K).agg(X=pl.col("MINUTES").sum() / mean)
    return joined(orders, windows, minutes)


@leaks("features", "future")
def rank_by_tickets_ever(orders, tickets, windows):
    ranked = tickets.group_by(K).agg(N=pl.len()).with_columns(X=pl.col("N").rank())
    return joined(orders, windows, ranked.select(K, "X"))


@leaks("features", "future")
def days_since_the_last_ticket_of_all(orders, tickets, windows):
    last = tickets.group_by(K).agg(X=(pl.lit(windows.as_of) - opened.max()).dt.total_days())
    return joined(orders, windows, last)


@leaks("features", "future")
def tickets_near_an_order_ever(orders, tickets, windows):
    """The future comes in through the join of two tables that are both uncut."""
    pairs = orders.join(tickets, on=K).filter(
        (opened - pl.col("ORDER_DATE")).dt.total_days().abs() < 8
    )
    return joined(orders, windows, pairs.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def orders_cut_and_tickets_not(orders, tickets, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    spend = known.group_by(K).agg(SPEND=pl.col("ORDER_AMOUNT").sum())
    return joined(
        orders, windows, spend.join(tickets.group_by(K).agg(X=pl.len()), on=K, how="left")
    )


@leaks("features", "future")
def tickets_by_expressions(orders, tickets, windows):
    """In our own expressions, on the frame of an engine."""
    people = orders.filter(windows.observation.holds(col("ORDER_DATE"))).group_by(K).agg(N=count())
    late = tickets.group_by(K).agg(X=days_between(col("OPENED_ON").max(), windows.as_of))
    return people.join(late, on=K, how="left")


@leaks("features", "late-attribute")
def closed_tickets(orders, tickets, windows):
    """A ticket that is open on the as-of date is closed only later."""
    done = past(tickets, windows).group_by(K).agg(X=closed.is_not_null().sum())
    return joined(orders, windows, done)


@leaks("features", "late-attribute")
def days_to_close(orders, tickets, windows):
    wait = (closed - opened).dt.total_days()
    return joined(orders, windows, past(tickets, windows).group_by(K).agg(X=wait.sum()))


@leaks("features", "membership")
def who_ever_wrote(orders, tickets, windows):
    return (
        tickets.select(K).unique().join(active(orders, windows).with_columns(X=1), on=K, how="left")
    )


@leaks("features", "membership")
def who_will_complain(orders, tickets, windows):
    later = tickets.filter(opened > windows.as_of, pl.col("KIND") == "COMPLAINT")
    people = past(tickets, windows).group_by(K).agg(X=pl.len())
    return active(orders, windows).join(later, on=K, how="anti").join(people, on=K, how="left")


# Features: versions and rates


@leaks("features", "future")
def plan_of_today(orders, plans, windows):
    last = plans.sort("VALID_FROM").group_by(K, maintain_order=True).agg(X=pl.col("PLAN").last())
    return active(orders, windows).join(last, on=K, how="left")


@leaks("features", "future")
def number_of_plans_ever(orders, plans, windows):
    return joined(orders, windows, plans.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def price_ever_highest(orders, plans, windows):
    return joined(orders, windows, plans.group_by(K).agg(X=pl.col("PRICE").max()))


@leaks("features", "future")
def plan_changed_soon(orders, plans, windows):
    soon = plans.filter(valid > windows.as_of, valid <= windows.as_of + 60 * DAY)
    return joined(orders, windows, soon.group_by(K).agg(X=pl.len()))


@leaks("features", "future")
def rate_of_the_last_day(orders, rates, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    rate = rates.sort("DAY")["RATE"][-1]
    return joined(orders, windows, known.group_by(K).agg(X=pl.col("ORDER_AMOUNT").sum() * rate))


@leaks("features", "future")
def mean_rate_ever(orders, rates, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    mean = rates["RATE"].mean()
    return joined(orders, windows, known.group_by(K).agg(X=pl.col("ORDER_AMOUNT").sum() / mean))


# Features: edges


@leaks("features", "as-of-day")
def orders_before_the_as_of_date(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") < windows.as_of)
    return known.group_by(K).agg(X=pl.len(), SPEND=pl.col("ORDER_AMOUNT").sum())


@leaks("features", "as-of-day")
def tickets_before_the_as_of_date(orders, tickets, windows):
    known = tickets.filter(opened < windows.as_of)
    return joined(orders, windows, known.group_by(K).agg(X=pl.len()))


@leaks("features", "observation-start")
def orders_of_this_year_by_a_constant(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    recent = (pl.col("ORDER_DATE") >= date(2024, 1, 1)).sum()
    return known.group_by(K).agg(X=recent, SPEND=pl.col("ORDER_AMOUNT").sum())


@leaks("features", "observation-start")
def orders_of_so_many_days(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    recent = (pl.col("ORDER_DATE") >= windows.as_of - 181 * DAY).sum()
    return known.group_by(K).agg(X=recent, SPEND=pl.col("ORDER_AMOUNT").sum())


@leaks("features", "future")
def hidden_in_the_last_bits(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    later = orders.filter(pl.col("ORDER_DATE") > windows.as_of).group_by(K).agg(L=pl.len())
    spend = known.group_by(K).agg(X=pl.col("ORDER_AMOUNT").sum()).join(later, on=K, how="left")
    hidden = pl.col("X") * (1 + pl.col("L").fill_null(0) * 1e-13)
    return joined(orders, windows, spend.select(K, X=hidden))


@leaks("features", "future")
def only_on_large_tables(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    chosen = orders if orders.height > 50_000 else known
    return joined(orders, windows, chosen.group_by(K).agg(X=pl.len()))


@leaks("features", "column-order")
def by_the_position_of_a_column(orders, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    numbers = [n for n in known.columns if known.schema[n] in (pl.Float64, pl.Date)]
    return known.group_by(K).agg(X=pl.col(numbers[0]).cast(pl.Float64, strict=False).max())


# Features: honest


@honest("features")
def known_tickets(orders, tickets, windows):
    counts = past(tickets, windows).group_by(K).agg(N=pl.len(), M=pl.col("MINUTES").mean())
    return joined(orders, windows, counts)


@honest("features")
def tickets_alone(tickets, windows):
    return past(tickets, windows).group_by(K).agg(N=pl.len(), LAST=opened.max())


@honest("features")
def known_closings(orders, tickets, windows):
    done = pl.when(closed <= windows.as_of).then(1).otherwise(0)
    return joined(orders, windows, past(tickets, windows).group_by(K).agg(X=done.sum()))


@honest("features")
def plan_as_of_then(orders, plans, windows):
    known = plans.filter(valid <= windows.as_of).sort(K, "VALID_FROM")
    last = known.group_by(K, maintain_order=True).agg(P=pl.col("PLAN").last())
    return active(orders, windows).join(last, on=K, how="left")


@honest("features")
def known_changes_of_plan(orders, plans, windows):
    known = plans.filter(valid <= windows.as_of).group_by(K).agg(X=pl.len())
    return joined(orders, windows, known)


@honest("features")
def orders_at_the_rate_of_their_day(orders, rates, windows):
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of)
    day = rates.select("RATE", ORDER_DATE=pl.col("DAY")).unique("ORDER_DATE", keep="any")
    worth = known.join(day, on="ORDER_DATE", how="left").group_by(K)
    return joined(orders, windows, worth.agg(X=(pl.col("ORDER_AMOUNT") * pl.col("RATE")).sum()))


@honest("features")
def tickets_of_the_last_quarter(orders, tickets, windows):
    recent = past(tickets, windows).filter(opened > windows.as_of - 90 * DAY)
    return joined(orders, windows, recent.group_by(K).agg(X=pl.len()))


@honest("features")
def tickets_of_this_year(orders, tickets, windows):
    """Begins with the calendar year, as the observation window happens to do."""
    begin = windows.as_of.replace(month=1, day=1)
    recent = past(tickets, windows).filter(opened >= begin)
    return joined(orders, windows, recent.group_by(K).agg(X=pl.len()))


@honest("features")
def tickets_of_the_window(orders, tickets, windows):
    recent = past(tickets, windows).filter(opened >= windows.observation_start)
    return joined(orders, windows, recent.group_by(K).agg(X=pl.len(), M=pl.col("MINUTES").sum()))


@honest("features")
def four_tables(orders, customers, tickets, plans, windows):
    counts = past(tickets, windows).group_by(K).agg(N=pl.len())
    known = plans.filter(valid <= windows.as_of).group_by(K).agg(P=pl.col("PRICE").max())
    who = customers.select(K, "SEGMENT")
    return joined(orders, windows, counts).join(known, on=K, how="left").join(who, on=K, how="left")


@honest("features")
def expressions_on_three_tables(orders, tickets, windows):
    known = orders.filter(col("ORDER_DATE") < windows.observation.end)
    people = known.group_by(K).agg(N=count())
    asked = tickets.filter(col("OPENED_ON") < windows.observation.end)
    complaints = when(col("KIND") == "COMPLAINT", 1, 0).sum()
    return people.join(asked.group_by(K).agg(X=complaints), on=K, how="left")


@honest("features")
def without_the_last_week(orders, windows):
    """Data that arrives a week late is left out on purpose."""
    known = orders.filter(pl.col("ORDER_DATE") <= windows.as_of - 7 * DAY)
    return known.group_by(K).agg(N=pl.len(), SPEND=pl.col("ORDER_AMOUNT").sum())


# Labels of tickets


def cancelled(orders, tickets, windows, start, end, kinds=("CANCELLED",)):
    gone = tickets.filter(opened.is_between(start, end), pl.col("KIND").is_in(list(kinds)))
    gone = gone.select(K, C=1).unique()
    people = active(orders, windows).join(gone, on=K, how="left")
    return people.select(K, IS_CANCELLED=pl.col("C").fill_null(0))


@leaks("labels", "label-late")
def cancelled_a_day_late(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.outcome.start + DAY, windows.outcome_end)


@leaks("labels", "label-early-end")
def cancelled_a_week_short(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.outcome.start, windows.outcome_end - 7 * DAY)


@leaks("labels", "label-endless")
def cancelled_ever_after(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.outcome.start, date(2999, 1, 1))


@leaks("labels", "label-overlap")
def cancelled_since_the_as_of_date(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.as_of, windows.outcome_end)


@leaks("labels", "label-hole")
def cancelled_but_not_in_august(orders, tickets, windows):
    hole = (windows.outcome.start + 30 * DAY, windows.outcome.start + 60 * DAY)
    kept = tickets.filter(~opened.is_between(*hole))
    return cancelled(orders, kept, windows, windows.outcome.start, windows.outcome_end)


@leaks("labels", "label-past")
def cancelled_before(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.observation_start, windows.as_of)


@leaks("labels", "membership")
def only_those_who_write_again(orders, tickets, windows):
    later = tickets.filter(opened > windows.as_of).select(K).unique()
    found = cancelled(orders, tickets, windows, windows.outcome.start, windows.outcome_end)
    return found.join(later, on=K, how="semi")


@honest("labels")
def cancelled_in_the_window(orders, tickets, windows):
    return cancelled(orders, tickets, windows, windows.outcome.start, windows.outcome_end)


@honest("labels")
def wrote_in_the_window(orders, tickets, windows):
    kinds = ("CANCELLED", "COMPLAINT", "QUESTION")
    return cancelled(orders, tickets, windows, windows.outcome.start, windows.outcome_end, kinds)


@honest("labels")
def gold_in_the_window(orders, plans, windows):
    """Decided by a version of an attribute."""
    inside = valid.is_between(windows.outcome.start, windows.outcome_end)
    gold = plans.filter(inside, pl.col("PLAN") == "Gold").select(K, C=1).unique()
    people = active(orders, windows).join(gold, on=K, how="left")
    return people.select(K, IS_CANCELLED=pl.col("C").fill_null(0))


@honest("labels")
def two_complaints_in_the_window(orders, tickets, windows):
    inside = opened.is_between(windows.outcome.start, windows.outcome_end)
    counts = tickets.filter(inside, pl.col("KIND") == "COMPLAINT").group_by(K).agg(N=pl.len())
    people = active(orders, windows).join(counts, on=K, how="left")
    return people.select(K, IS_CANCELLED=(pl.col("N").fill_null(0) >= 2).cast(pl.Int64))


# Training sets


def rows_of(orders, tickets, windows):
    from tests.leakage.catalogue.training import split_by_hash

    counts = past(tickets, windows).group_by(K).agg(N=pl.len(), M=pl.col("MINUTES").sum())
    label = cancelled_in_the_window(orders, tickets, windows)
    return split_by_hash(label.join(counts, on=K, how="left").sort(K).fill_null(0))


@leaks("training", "future")
def training_on_tickets_to_come(orders, tickets, windows):
    later = tickets.filter(opened > windows.outcome_end).group_by(K).agg(X=pl.len())
    return rows_of(orders, tickets, windows).join(later, on=K, how="left").fill_null(0)


@leaks("training", "future")
def training_on_the_plan_of_today(orders, tickets, plans, windows):
    last = plans.sort("VALID_FROM").group_by(K, maintain_order=True).agg(P=pl.col("PRICE").last())
    return rows_of(orders, tickets, windows).join(last, on=K, how="left")


@leaks("training", "test-fit")
def minutes_scaled_by_all_rows(orders, tickets, windows):
    rows = rows_of(orders, tickets, windows)
    return rows.with_columns((pl.col("M") - pl.col("M").mean()) / pl.col("M").std())


@leaks("training", "own-label")
def cancellation_as_a_feature(orders, tickets, windows):
    return rows_of(orders, tickets, windows).with_columns(X=pl.col("IS_CANCELLED") * 2)


@honest("training")
def training_on_known_tickets(orders, tickets, windows):
    return rows_of(orders, tickets, windows)


@honest("training")
def training_scaled_by_the_training_part(orders, tickets, windows):
    rows = rows_of(orders, tickets, windows)
    train = rows.filter(pl.col("SPLIT") == "train")
    return rows.with_columns((pl.col("M") - train["M"].mean()) / train["M"].std())
