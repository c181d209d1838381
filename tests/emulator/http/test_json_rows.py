"""Values in JSON, as the connector's converter reads them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from churn.emulator.http.json_rows import text


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("boolean", True, "1"),
        ("fixed", Decimal("1E+2"), "100"),
        ("date", dt.date(1970, 1, 3), "2"),
        ("time", 1_500_000_000, "1.500000000"),
        ("timestamp_ntz", {"epoch": -2, "fraction": 500_000_000}, "-1.500000000"),
        ("timestamp_tz", {"epoch": 1, "fraction": 0, "timezone": 1500}, "1.000000000 1500"),
        ("binary", b"\xff", "FF"),
        ("text", "x", "x"),
    ],
)
def test_a_value_is_a_text(kind: str, value: Any, expected: str) -> None:
    assert text(kind, value) == expected
