from __future__ import annotations

from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.domain.errors import DataError
from churn.model.split import is_train, split
from tests.shipped import CHURN, KEY


def population(size: int, churned: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"CUSTOMER_ID": [f"C{i}" for i in range(size)], "IS_CHURNED": churned})


def test_the_side_is_the_first_32_bits_of_sha_256() -> None:
    """Any engine can compute it: SHA2(CUSTOMER_ID, 256) in Snowflake."""
    bits = {name: int(sha256(name.encode()).hexdigest()[:8], 16) for name in ("C0", "C7")}
    assert bits["C0"] == 0xC899B3D7
    assert {name: is_train(name) for name in bits} == {"C0": True, "C7": False}
    assert bits["C7"] / 2**32 >= 0.8


@given(st.lists(st.text(), unique=True), st.lists(st.text(), unique=True))
def test_a_customer_keeps_its_side_whoever_else_is_there(some: list[str], more: list[str]) -> None:
    before = {name: is_train(name) for name in some}
    assert before == {name: is_train(name) for name in [*more, *some] if name in before}


def test_four_of_five_customers_train() -> None:
    share = sum(is_train(f"CUST_{i}") for i in range(20_000)) / 20_000
    assert share == pytest.approx(0.8, abs=0.01)


def test_parts_share_no_customer_and_lose_none() -> None:
    rows = population(500, [i % 2 for i in range(500)])
    parts = split(rows, KEY, CHURN.label)
    assert sorted([*parts.train["CUSTOMER_ID"], *parts.test["CUSTOMER_ID"]]) == sorted(
        rows["CUSTOMER_ID"]
    )
    assert parts.findings == ()


def test_parts_that_churn_differently_are_a_finding() -> None:
    rows = population(2000, [int(is_train(f"C{i}")) if i % 3 else i % 2 for i in range(2000)])
    (finding,) = split(rows, KEY, CHURN.label).findings
    assert "the parts are not alike: " in finding
    assert "standard errors apart" in finding


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only_is_refused(label: int) -> None:
    with pytest.raises(DataError, match=r"one class only: .* rows of 100"):
        split(population(100, [label] * 100), KEY, CHURN.label)


def test_too_few_customers_for_a_test_part_are_refused() -> None:
    with pytest.raises(DataError, match="one class only"):
        split(population(2, [0, 1]), KEY, CHURN.label)
