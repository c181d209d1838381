"""Formats of numbers: what is printed is read again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.number_formats import parsed, printed


@pytest.mark.property
@pytest.mark.parametrize("model", ["999,999.99", "S000000.00", "999999.99MI", "$999,999.99", "TM9"])
@given(number=st.decimals(-999_999, 999_999, places=2))
def test_round_trip(model: str, number: Decimal) -> None:
    assert parsed(printed(number, model), model) == number


@pytest.mark.parametrize(
    ("number", "model", "text"),
    [
        ("1.2", "999,999.999", "       1.2  "),
        ("-7", "99S", " 7-"),
        ("-7", "MI99", "- 7"),
        ("-12.391", '">"0XXX"<"', ">FFF4<"),
        ("3987", "$99.0", " $##.#"),
        ("0", "B9,999.0", "      .0"),
        ("1234", "9D999EE", " 1.234E3"),
    ],
)
def test_printed(number: str, model: str, text: str) -> None:
    assert printed(Decimal(number), model) == text


@pytest.mark.parametrize(("text", "model"), [("ae5", "XX"), ("12,34.5", "9,999.9"), ("x", "TM9")])
def test_what_does_not_fit_is_no_number(text: str, model: str) -> None:
    assert parsed(text, model) is None
