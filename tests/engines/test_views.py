"""Every registered view and the labels: Snowpark, Polars and a plain loop give the same table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn.domain.features import FeatureView
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.engines.polars import PolarsEngine
from churn.engines.snowpark import SnowparkEngine, unquoted
from churn.pipelines import prepare
from tests import strategies
from tests.conftest import CUSTOMER_SCHEMA, ORDER_SCHEMA, SAMPLE
from tests.engines.tables import PolarsTables, SnowparkTables
from tests.oracles import by_a_loop, labels_by_a_loop
from tests.shipped import (
    CHURN,
    CUSTOMERS,
    DEFAULT,
    KEY,
    ORDERS,
    TABLES,
    VIEWS,
    features_of,
    labels_of,
)

POLARS = PolarsTables()
DEV = settings.get_current_profile_name() == "dev"

World = tuple[pl.DataFrame, pl.DataFrame, Windows]


@st.composite
def histories(draw: st.DrawFn) -> World:
    """Ten customers with histories of their own, around the same windows."""
    known = draw(strategies.windows())
    orders, customers = [], []
    for i in range(10):
        history = draw(strategies.orders(known, max_size=6))
        name = f"C{i}"
        orders.append(
            history.with_columns(
                CUSTOMER_ID=pl.lit(name), ORDER_ID=pl.format("O{}-{}", pl.lit(i), "ORDER_ID")
            )
        )
        segment = draw(st.sampled_from(strategies.SEGMENTS))
        customers.append((name, segment, known.observation_start, "North"))
    return (
        pl.concat(orders).select(list(ORDER_SCHEMA)),
        pl.DataFrame(customers, schema=CUSTOMER_SCHEMA, orient="row"),
        known,
    )


@pytest.mark.property
@settings(max_examples=6 if DEV else 1000, deadline=None)
@given(world=histories())
def test_generated_histories(snowpark: SnowparkTables, world: World) -> None:
    """In the profile `ci` these are 10,000 histories."""
    orders, customers, windows = world
    expected: dict[Any, pl.DataFrame] = {}
    for tables in (POLARS, snowpark):
        known, who = tables.frame(orders), tables.frame(customers)
        for view in VIEWS:
            frame = features_of(view, known, who, windows)
            found = tables.collect(frame).sort(KEY)
            assert_frame_equal(found, expected.setdefault(view, found), rel_tol=1e-9)
        found = tables.collect(labels_of(known, windows)).sort(KEY)
        assert_frame_equal(found, expected.setdefault("labels", found))
    loop = by_a_loop(orders, customers, windows)
    assert_frame_equal(expected[VIEWS[1]], loop, rel_tol=1e-9)
    assert dict(expected["labels"].rows()) == labels_by_a_loop(orders, windows)


@pytest.fixture(scope="module")
def sample(snowflake_shared_session: Any) -> SnowparkEngine:
    """The sample data, loaded."""
    database, schema = map(
        unquoted, snowflake_shared_session.get_fully_qualified_current_schema().split(".")
    )
    engine = SnowparkEngine(snowflake_shared_session, database, schema)
    local = PolarsEngine(SAMPLE)
    for table in TABLES:
        rows = local.collect(local.read(table))
        assert engine.save(table, rows) == rows.height
    return engine


Computed = Callable[[Engine[Any]], Any]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_features_of_the_sample(sample: SnowparkEngine, view: FeatureView) -> None:
    local = PolarsEngine(SAMPLE)
    found = sample.collect(prepare.features(sample, CHURN, view, DEFAULT))
    expected = local.collect(prepare.features(local, CHURN, view, DEFAULT))
    assert found.height > 1000
    assert_frame_equal(found, expected, rel_tol=1e-9)


def test_labels_of_the_sample(sample: SnowparkEngine) -> None:
    local = PolarsEngine(SAMPLE)
    found = sample.collect(prepare.labels(sample, CHURN, DEFAULT))
    assert_frame_equal(found, local.collect(prepare.labels(local, CHURN, DEFAULT)))


def test_the_tables_come_back_as_they_were_saved(sample: SnowparkEngine) -> None:
    local = PolarsEngine(SAMPLE)
    for table in (CUSTOMERS, ORDERS):
        found = sample.collect(sample.read(table)).sort(table.key)
        assert_frame_equal(found, local.collect(local.read(table)).sort(table.key))


def test_the_problems_are_those_of_the_files(sample: SnowparkEngine) -> None:
    here = sample.violations(CHURN, DEFAULT, outcome=True)
    assert [str(p) for p in here] == [
        str(p) for p in PolarsEngine(SAMPLE).violations(CHURN, DEFAULT, outcome=True)
    ]


def test_the_sql_is_readable(sample: SnowparkEngine) -> None:
    """No user function, no row number; literals are typed; names are qualified."""
    frame = prepare.features(sample, CHURN, VIEWS[1], DEFAULT)
    (sql,) = frame.data.queries["queries"]
    for word in ("ROW_NUMBER", "SNOWPARK_TEMP", "CREATE "):
        assert word not in sql.upper()
    assert f"{sample.database}.{sample.schema}.ORDERS" in sql.replace('"', "")
    assert "DATE '2024-06-30'" in sql or "'2024-06-30' :: DATE" in sql
