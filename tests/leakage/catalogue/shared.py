"""What the functions of the catalogue share: lists to stand in, and honest parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl

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


def labelled(orders: pl.DataFrame, w: Windows, start: date, end: date) -> pl.DataFrame:
    back = orders.filter(day.cast(pl.Date).is_between(start, end)).select(K, BACK=1).unique()
    return (
        active(orders, w)
        .join(back, on=K, how="left")
        .select(K, IS_CHURNED=pl.col("BACK").is_null().cast(pl.Int64))
    )
