from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from churn.domain.churn.generator import BOUNDARY_DAYS, FIRST_DAY, LAST_DAY, sample
from churn.domain.errors import UsageError
from churn.domain.windows import DAY
from churn.engines.polars import PolarsEngine
from churn.pipelines import prepare
from tests.conftest import SAMPLE
from tests.shipped import CHURN, DEFAULT, TABLES

Tables = Mapping[str, pl.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return sample(3000, 42)


@pytest.fixture(scope="module")
def labelled(sample_engine: PolarsEngine) -> pl.DataFrame:
    return sample_engine.collect(prepare.labels(sample_engine, CHURN, DEFAULT))


def test_the_committed_sample_is_what_the_generator_makes(
    tables: Tables, sample_engine: PolarsEngine
) -> None:

    for table in TABLES:
        assert_frame_equal(sample_engine.collect(sample_engine.read(table)), tables[table.name])


def test_equal_seeds_make_equal_tables_and_others_do_not() -> None:
    assert_frame_equal(sample(50, 7)["ORDERS"], sample(50, 7)["ORDERS"])
    assert not sample(50, 7)["ORDERS"].equals(sample(50, 8)["ORDERS"])


@pytest.mark.parametrize("customers", [1, 2, 17, 20_000])
@pytest.mark.parametrize("seed", [0, 3])
def test_any_size_keeps_the_contracts(tmp_path: object, customers: int, seed: int) -> None:
    from pathlib import Path

    engine = PolarsEngine(Path(str(tmp_path)))
    made = sample(customers, seed)
    for table in TABLES:
        engine.save(table, made[table.name])
    assert engine.violations(CHURN, DEFAULT, outcome=True) == ()
    assert made["CUSTOMERS"].height == customers
    assert set(BOUNDARY_DAYS) <= set(made["ORDERS"]["ORDER_DATE"])


@pytest.mark.parametrize(("customers", "seed"), [(0, 1), (-5, 1), (10, -1)])
def test_nonsense_sizes_are_refused(customers: int, seed: int) -> None:
    with pytest.raises(UsageError, match="at least 1 customer"):
        sample(customers, seed)


def test_the_sample_is_of_the_size_that_is_promised(tables: Tables) -> None:
    assert 18_000 < tables["ORDERS"].height < 24_000
    days = tables["ORDERS"]["ORDER_DATE"]
    assert min(days) - FIRST_DAY < 7 * DAY
    assert max(days) == LAST_DAY


def test_every_boundary_day_has_orders(tables: Tables) -> None:
    """So that an error of a day cannot hide."""
    named = "2023-12-31 2024-01-01 2024-06-30 2024-07-01 2024-12-31 2025-01-01"
    assert " ".join(map(str, BOUNDARY_DAYS)) == named
    for day in BOUNDARY_DAYS:
        assert tables["ORDERS"].filter(pl.col("ORDER_DATE") == day).height >= 6


def test_the_signal_is_there_but_not_perfect(labelled: pl.DataFrame) -> None:
    assert 0.3 < labelled["IS_CHURNED"].sum() / labelled.height < 0.5


@pytest.mark.parametrize("attribute", CHURN.attribute_names)
def test_segments_and_regions_churn_differently(
    labelled: pl.DataFrame, sample_engine: PolarsEngine, attribute: str
) -> None:
    rates = (
        labelled.join(prepare.attributes(sample_engine, CHURN, DEFAULT), on="CUSTOMER_ID")
        .group_by(attribute)
        .agg(pl.col("IS_CHURNED").mean())
    )["IS_CHURNED"]
    assert max(rates) - min(rates) > 0.05


@pytest.mark.parametrize(
    "hint",
    [
        pl.col("ORDER_ID").str.slice(4).cast(pl.Int64).max(),
        pl.col("ORDER_ID").str.slice(4).cast(pl.Int64).sort().diff().max(),
        pl.col("CUSTOMER_ID").first().str.slice(5).cast(pl.Int64),
        pl.int_range(pl.len()).max(),
    ],
    ids=["order number", "gap between order numbers", "customer number", "row count"],
)
def test_ids_give_nothing_away_beyond_the_number_of_orders(
    labelled: pl.DataFrame, hint: pl.Expr
) -> None:
    """In the lab's data, gaps between a customer's order ids give the label away (AUC 1.0)."""
    orders = pl.read_csv(SAMPLE / "orders.csv", try_parse_dates=True)
    known = orders.filter(pl.col("ORDER_DATE") <= DEFAULT.as_of)
    numbered = known.group_by("CUSTOMER_ID").agg(HINT=hint, N=pl.len())
    joined = labelled.join(numbered, on="CUSTOMER_ID").drop_nulls()
    alone = _skill(joined["IS_CHURNED"].to_numpy(), joined["HINT"].to_numpy())
    count = _skill(joined["IS_CHURNED"].to_numpy(), joined["N"].to_numpy())
    assert alone < count + 0.04


def _skill(y: npt.NDArray[np.int64], x: npt.NDArray[np.int64]) -> float:
    auc = float(roc_auc_score(y, x))
    return max(auc, 1 - auc)


def test_customers_behave_like_customers(tables: Tables, labelled: pl.DataFrame) -> None:
    """Returns, cancellations, one-time buyers, a season, and a decline before the end."""
    orders = tables["ORDERS"]
    shares = dict(orders["STATUS"].value_counts(normalize=True).rows())
    assert shares["FULFILLED"] > 0.7
    assert min(shares["RETURNED"], shares["CANCELLED"]) > 0.05
    counts = orders.group_by("CUSTOMER_ID").len()["len"]
    assert (counts == 1).sum() > 150
    december, february = (
        orders.filter(pl.col("ORDER_DATE").dt.year() == 2023, pl.col("ORDER_DATE").dt.month() == m)
        for m in (12, 2)
    )
    assert december.height > february.height
    recent = orders.filter(pl.col("ORDER_DATE").is_between(date(2024, 4, 1), DEFAULT.as_of))
    early = orders.filter(pl.col("ORDER_DATE").is_between(date(2024, 1, 1), date(2024, 3, 31)))
    change = {
        label: recent.join(group, on="CUSTOMER_ID").height
        / early.join(group, on="CUSTOMER_ID").height
        for (label,), group in labelled.group_by("IS_CHURNED")
    }
    assert change[1] < change[0]
