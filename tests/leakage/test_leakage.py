"""Every leak of the catalogue is found by its rule; no honest function is accused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings

from churn import leakage
from churn.domain.errors import UsageError
from churn.domain.windows import Windows
from churn.leakage import (
    audit_features,
    audit_label,
    audit_labels,
    audit_training,
    audit_view,
)
from churn.leakage.memory import Memory
from tests import strategies
from tests.conftest import SAMPLE, customers_frame, orders_frame
from tests.leakage.catalogue import HONEST, LATE, LEAKS, tables
from tests.shipped import CHURN, DEFAULT, VIEWS, churn_labels

AUDITS: dict[str, Callable[..., leakage.Report]] = {
    "features": audit_features,
    "labels": audit_labels,
    "training": audit_training,
}

LEAKY = [(kind, rule, f) for kind, found in LEAKS.items() for rule, f in found]
CLEAN = [(kind, f) for kind, found in HONEST.items() for f in found]


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else value.__name__


World = tuple[pl.DataFrame, pl.DataFrame]


def named(world: World) -> dict[str, pl.DataFrame]:
    return dict(zip(("orders", "customers"), world, strict=True))


@pytest.fixture(scope="module")
def world() -> World:
    tables = (
        pl.read_csv(SAMPLE / f"{n}.csv", try_parse_dates=True) for n in ("orders", "customers")
    )
    return tuple(tables)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def late_world(world: World) -> World:
    """With a tier, a closing date and a status that were set on some later day."""
    orders, customers = world
    number = pl.int_range(pl.len())
    some_day = pl.date(2024, 1, 1) + pl.duration(days=number * 37 % 500)
    return (
        orders.with_columns(STATUS_SET=pl.col("ORDER_DATE") + pl.duration(days=9)),
        customers.with_columns(
            TIER=(number % 3).cast(pl.String),
            TIER_SET=some_day,
            CLOSED=pl.when(number % 4 == 0).then(some_day),
        ),
    )


def quick(function: Any) -> bool:
    """One as-of date will do, but for calendar units, and when there is time."""
    return "end_of_the" not in function.__name__ and settings().max_examples < 100


@pytest.mark.parametrize(("kind", "rule", "function"), LEAKY, ids=name_of)
def test_every_leak_is_found_by_its_rule(
    world: World, late_world: World, kind: str, rule: str, function: Any
) -> None:
    tables = late_world if function in LATE else world
    report = AUDITS[kind](function, *tables, DEFAULT, quick=quick(function))
    assert rule in report.rules, report
    for finding in report.findings:
        assert finding.example
        assert finding.fix


@pytest.mark.parametrize(("kind", "function"), CLEAN, ids=name_of)
def test_no_honest_function_is_accused(
    world: World, late_world: World, kind: str, function: Any
) -> None:
    tables = late_world if function in LATE else world
    report = AUDITS[kind](function, *tables, DEFAULT, quick=quick(function))
    assert report.ok, report


# Third and fourth tables, and labels of theirs

LEAKY_TABLES = [(kind, rule, f) for kind, each in tables.LEAKS.items() for rule, f in each]
CLEAN_TABLES = [(kind, f) for kind, each in tables.HONEST.items() for f in each]


@pytest.fixture(scope="module")
def five_tables(world: World) -> dict[str, pl.DataFrame]:
    return tables.example(*world)


def audited(kind: str, function: Any, example: dict[str, pl.DataFrame]) -> leakage.Report:
    label = {} if kind == "features" else {"label": "IS_CANCELLED"}
    one_date = function is not tables.only_on_large_tables
    return AUDITS[kind](function, example, DEFAULT, time=tables.TIME, quick=one_date, **label)


@pytest.mark.parametrize(("kind", "rule", "function"), LEAKY_TABLES, ids=name_of)
def test_every_leak_of_another_table_is_found(
    five_tables: dict[str, pl.DataFrame], kind: str, rule: str, function: Any
) -> None:
    report = audited(kind, function, five_tables)
    assert rule in report.rules, report


@pytest.mark.parametrize(("kind", "function"), CLEAN_TABLES, ids=name_of)
def test_no_honest_function_of_other_tables_is_accused(
    five_tables: dict[str, pl.DataFrame], kind: str, function: Any
) -> None:
    report = audited(kind, function, five_tables)
    assert report.ok, report
    assert not report.skipped


def test_the_label_needs_no_name_and_its_event_is_found_out(
    five_tables: dict[str, pl.DataFrame],
) -> None:
    late, honest = tables.cancelled_a_day_late, tables.cancelled_in_the_window
    reports = [audit_labels(f, five_tables, DEFAULT, time=tables.TIME) for f in (late, honest)]
    assert [r.rules for r in reports] == [{"label-late"}, set()]
    assert "tickets on 2024-07-01 do not move the label" in reports[0].findings[0].example


def test_a_report_says_how_tables_were_dated(five_tables: dict[str, pl.DataFrame]) -> None:
    report = audit_features(tables.plan_as_of_then, five_tables, DEFAULT, time=tables.TIME)
    assert report.clocks == ("orders by ORDER_DATE", "plans by VALID_FROM")
    assert "tables: orders by ORDER_DATE, plans by VALID_FROM" in str(report)


def test_a_clock_that_cannot_be_told_is_asked_for(five_tables: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(
        UsageError, match=r"OPENED_ON, CLOSED_ON: which one dates its rows(.|\n)*time="
    ):
        audit_features(tables.known_tickets, five_tables, DEFAULT)


def test_a_parameter_that_is_no_table_is_refused(five_tables: dict[str, pl.DataFrame]) -> None:
    def misspelt(order: Any, windows: Windows) -> Any:
        return order

    with pytest.raises(UsageError, match=r"no table of the example 'order'\n.*Did you mean orders"):
        audit_features(misspelt, five_tables, DEFAULT, time=tables.TIME)


def test_the_catalogue_is_as_large_as_promised() -> None:
    assert len(LEAKY) >= 40
    assert len(CLEAN) >= 10
    assert len(LEAKY_TABLES) >= 35
    assert len(CLEAN_TABLES) >= 15
    named = {rule for _, rule, _ in (*LEAKY, *LEAKY_TABLES)}
    assert set(leakage.RULES) - named <= {"label-coverage"}


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_registered_views_do_not_leak(world: World, view: Any) -> None:
    report = audit_view(view, CHURN, named(world), DEFAULT)
    assert report.ok, report


def test_registered_labels_do_not_leak(world: World) -> None:
    report = audit_label(CHURN.label, CHURN, named(world), DEFAULT)
    assert report.ok, report


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_without_the_filter_of_the_pipeline_the_views_would_leak(world: World, view: Any) -> None:
    """The audit sees that it is `observed` that keeps the future out."""
    report = audit_features(view.compute, named(world), DEFAULT)
    assert report.rules == {"future"}


@pytest.mark.property
@settings(max_examples=15)
@given(strategies.worlds())
def test_no_generated_world_makes_a_registered_view_move(
    world: tuple[pl.DataFrame, pl.DataFrame, Windows],
) -> None:
    orders, customers, windows = world
    assume(not orders.is_empty())
    for view in VIEWS:
        report = audit_view(
            view, CHURN, {"orders": orders, "customers": customers}, windows, quick=True
        )
        assert report.ok, report


def test_the_smallest_example_is_one_order() -> None:
    def leaky(orders: Any, customers: Any, w: Windows) -> Any:
        inside = pl.col("ORDER_DATE").is_between(w.observation_start, w.as_of + timedelta(days=1))
        return orders.group_by("CUSTOMER_ID").agg(X=inside.sum()).filter(pl.col("X") > 0)

    orders = orders_frame(
        [("A-1", "2024-05-01", 5.0, "FULFILLED"), ("A-2", "2024-06-01", 5.0, "RETURNED")]
    )
    customers = customers_frame([("A-1", "Basic"), ("A-2", "Premium")])
    report = audit_features(leaky, orders, customers, DEFAULT)
    example = next(f.example for f in report.findings if f.column == "X")
    assert "one row of orders of A-" in example
    assert "added on 2024-07-01: X of A-" in example


def test_labels_that_the_data_does_not_cover(world: World) -> None:
    orders, customers = world
    short = orders.filter(pl.col("ORDER_DATE") <= date(2024, 11, 28))
    report = audit_labels(churn_labels, short, customers, DEFAULT)
    assert report.rules == {"label-coverage"}
    assert "orders end on 2024-11-28, 33 days before" in report.findings[0].example


def test_gaps_belong_to_neither_window(world: World) -> None:
    gap = Windows(
        as_of=DEFAULT.as_of,
        observation_start=DEFAULT.observation_start,
        outcome_end=DEFAULT.outcome_end,
        gap_days=10,
    )

    def without_gap(orders: Any, customers: Any, w: Windows) -> Any:
        plain = Windows(
            as_of=w.as_of, observation_start=w.observation_start, outcome_end=w.outcome_end
        )
        return churn_labels(orders, plain)

    assert audit_labels(churn_labels, *world, gap).ok
    assert "label-overlap" in audit_labels(without_gap, *world, gap).rules


@pytest.mark.parametrize("kind", ["integer ids", "timestamps", "lazy"])
def test_examples_of_other_types(world: World, kind: str) -> None:
    orders, customers = world
    if kind == "integer ids":
        number = pl.col("CUSTOMER_ID").str.slice(5).cast(pl.Int64)
        orders, customers = orders.with_columns(number), customers.with_columns(number)
    if kind == "timestamps":
        orders = orders.with_columns(pl.col("ORDER_DATE").cast(pl.Datetime("us")))
    if kind == "lazy":
        orders, customers = orders.lazy(), customers.lazy()  # type: ignore[assignment]
    report = audit_view(VIEWS[1], CHURN, named((orders, customers)), DEFAULT)
    assert report.ok, report
    assert "future" in audit_features(VIEWS[1].compute, orders, customers, DEFAULT).rules


def test_timestamps_lost_at_midnight_of_the_last_day(world: World) -> None:
    orders, customers = world
    orders = orders.with_columns(pl.col("ORDER_DATE").cast(pl.Datetime("us")))

    def until_midnight(orders: Any, customers: Any, w: Windows) -> Any:
        inside = pl.col("ORDER_DATE").is_between(w.outcome.start, w.outcome_end)
        back = orders.filter(inside)["CUSTOMER_ID"].unique().implode()
        known = orders.filter(w.observation_start <= pl.col("ORDER_DATE"))
        active = (
            known.filter(pl.col("ORDER_DATE") < w.observation.end).select("CUSTOMER_ID").unique()
        )
        return active.with_columns(IS_CHURNED=(~pl.col("CUSTOMER_ID").is_in(back)).cast(pl.Int64))

    assert audit_labels(until_midnight, orders, customers, DEFAULT).rules == {"label-early-end"}
    assert audit_labels(churn_labels, orders, customers, DEFAULT).ok


@pytest.mark.parametrize(
    "ids",
    [
        [f"C{i}" for i in range(1, 13)],
        [f"{i}-1{i}" for i in range(1, 13)],
        list("上客西甲乙丙丁戊"),
    ],
)
def test_tiny_examples_with_odd_ids_are_not_accused(ids: list[str]) -> None:
    from tests.leakage.catalogue.training import (
        seeded_split_of_the_known_customers,
        three_parts,
    )

    days = ("2024-02-10", "2024-04-10", "2024-06-20", "2024-08-01", "2024-12-20")
    rows = [
        (name, day, 10.0 + i, "FULFILLED")
        for i, name in enumerate(ids)
        for day in (days[:3] if i % 2 else days)
    ]
    orders, customers = orders_frame(rows), customers_frame([(name, "Basic") for name in ids])
    for function in (seeded_split_of_the_known_customers, three_parts):
        report = audit_training(function, orders, customers, DEFAULT)
        assert report.ok, report


@pytest.mark.parametrize(
    ("column", "leaks"),
    [("LAST_UPDATE", True), ("VALID_FROM", True), ("VALID_TO", False), ("BIRTH_DATE", False)],
)
def test_a_date_of_the_row_dates_its_attributes(world: World, column: str, leaks: bool) -> None:
    orders, customers = world
    dated = customers.with_columns(pl.lit(date(2024, 8, 1)).alias(column))
    report = audit_view(VIEWS[1], CHURN, named((orders, dated)), DEFAULT, quick=True)
    assert report.rules == ({"late-attribute"} if leaks else set())


def test_a_date_of_one_column_dates_no_other(world: World) -> None:
    orders, customers = world
    dated = orders.with_columns(STATUS_UPDATED_AT=pl.col("ORDER_DATE") + timedelta(days=9))

    def masked(orders: Any, customers: Any, w: Windows) -> Any:
        known = orders.filter(pl.col("ORDER_DATE") <= w.as_of)
        returned = (pl.col("STATUS") == "RETURNED") & (pl.col("STATUS_UPDATED_AT") <= w.as_of)
        sums = {"R": returned.sum(), "T": pl.col("ORDER_AMOUNT").sum()}
        return known.group_by("CUSTOMER_ID").agg(**sums)

    report = audit_features(masked, dated, customers, DEFAULT)
    assert report.ok, report


def test_what_could_not_be_asked_is_said(world: World) -> None:
    from tests.leakage.catalogue.training import split_by_hash_and_nothing_fitted

    def fussy(orders: Any, customers: Any, w: Windows) -> Any:
        if "ANOTHER" in customers["SEGMENT"]:
            raise ValueError("no such segment")
        return split_by_hash_and_nothing_fitted(orders, customers, w)

    report = audit_training(fussy, *world, DEFAULT, quick=True)
    assert report.ok
    assert report.skipped == ("the test part in a category of its own",)
    assert "not asked, for it raised an error" in str(report)


def test_examples_that_are_no_tables_are_refused(world: World) -> None:
    orders, customers = world
    with pytest.raises(UsageError, match="no column of orders 'ORDER_DATE'"):
        audit_features(churn_labels, orders.drop("ORDER_DATE"), customers, DEFAULT)
    with pytest.raises(UsageError, match="the example has no customers"):
        audit_features(churn_labels, orders, customers.head(0), DEFAULT)
    with pytest.raises(UsageError, match="must be a date"):
        audit_features(churn_labels, orders.cast({"ORDER_DATE": pl.String}), customers, DEFAULT)


def test_the_audit_leaves_what_a_function_remembers_as_it_was() -> None:
    kept = {"a": 1}

    def function() -> dict[str, int]:
        kept["b"] = 2
        return kept

    memory = Memory(function)
    function()
    memory.forget()
    assert kept == {"a": 1}


def test_equal_audits_say_the_same(world: World) -> None:
    first, second = (audit_features(VIEWS[1].compute, *world, DEFAULT) for _ in range(2))
    assert first.findings == second.findings
