"""What functions may see of a table: on either engine, what a plain loop says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.domain import known
from churn.domain.contracts import ColumnContract, Table
from churn.domain.expressions import Type
from churn.domain.labels import Event
from churn.domain.windows import DAY, Windows
from tests.engines.tables import Tables
from tests.shipped import CHURN

WINDOWS = Windows(
    as_of=date(2024, 6, 30), observation_start=date(2024, 4, 1), outcome_end=date(2024, 9, 30)
)
KEY = ColumnContract(name="KEY", type=Type.TEXT, description="names the entity")
DAY_COLUMN = ColumnContract(name="DAY", type=Type.DATE, description="dates the row")
VALUE = ColumnContract(name="VALUE", type=Type.INTEGER, description="a number")
DONE = ColumnContract(
    name="DONE", type=Type.DATE, nullable=True, known_from="DONE", description="set later"
)

EVENTS = Table(name="EVENTS", entity="KEY", time="DAY", columns=(KEY, DAY_COLUMN, VALUE, DONE))
VERSIONS = Table(
    name="VERSIONS", entity="KEY", time="DAY", versions=True, columns=(KEY, DAY_COLUMN, VALUE)
)
TIMELESS = Table(name="TIMELESS", entity="KEY", columns=(KEY, DAY_COLUMN, VALUE))

EDGES = [WINDOWS.as_of + DAY * n for n in (-1, 0, 1)] + [date(2024, 1, 1), date(2024, 9, 30)]
days = st.sampled_from(EDGES) | st.dates(date(2024, 1, 1), date(2024, 12, 31))
rows = st.lists(st.tuples(st.sampled_from("ABC"), days, st.integers(0, 9), st.none() | days))
SCHEMA = {"KEY": pl.String, "DAY": pl.Date, "VALUE": pl.Int64, "DONE": pl.Date}


def seen(tables: Tables, table: Table, given_rows: list[Any], **of_label: Any) -> list[Any]:
    frame = pl.DataFrame(given_rows, schema=SCHEMA, orient="row").select(table.names)
    native = tables.frame(frame)
    cut = (
        known.for_label(table, native, of_label["label"], WINDOWS)
        if of_label
        else known.for_features(table, native, WINDOWS)
    )
    return sorted(tables.collect(cut).rows(), key=str)


@pytest.mark.property
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows)
def test_events_are_cut_at_the_as_of_date(tables: Tables, rows: list[Any]) -> None:
    """And what was set later is not yet known."""
    as_of = WINDOWS.as_of
    expected = [
        (key, day, value, done if done and done <= as_of else None)
        for key, day, value, done in rows
        if day <= as_of
    ]
    assert seen(tables, EVENTS, rows) == sorted(expected, key=str)


@pytest.mark.property
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows)
def test_of_versions_the_one_that_held_then_is_seen(tables: Tables, rows: list[Any]) -> None:
    one_a_day = list({(key, day): (key, day, value, None) for key, day, value, _ in rows}.values())
    latest: dict[str, Any] = {}
    for key, day, value, _ in sorted(one_a_day, key=lambda row: row[1]):
        if day <= WINDOWS.as_of:
            latest[key] = (key, day, value)
    assert seen(tables, VERSIONS, one_a_day) == sorted(latest.values(), key=str)


def test_a_timeless_table_is_seen_whole(tables: Tables) -> None:
    row = ("A", date(2024, 12, 1), 1, None)
    assert seen(tables, TIMELESS, [row]) == [row[:3]]


def test_a_label_sees_events_up_to_the_end_of_its_window(tables: Tables) -> None:
    days = (WINDOWS.as_of, WINDOWS.outcome.start, WINDOWS.outcome_end, WINDOWS.outcome_end + DAY)
    rows = [("A", day, 1, None) for day in days]
    cut = seen(tables, EVENTS, rows, label=CHURN.label)
    assert [row[1] for row in cut] == list(days[:3])


def test_a_label_sees_all_versions_of_its_own_table_and_one_of_others(tables: Tables) -> None:
    own = replace(CHURN.label, event=Event(table="VERSIONS"))
    rows = [("A", day, 1, None) for day in (date(2024, 1, 1), WINDOWS.as_of, WINDOWS.outcome_end)]
    assert len(seen(tables, VERSIONS, rows, label=own)) == 3
    assert [row[1] for row in seen(tables, VERSIONS, rows, label=CHURN.label)] == [WINDOWS.as_of]
