"""What becomes of quotients, products and means."""

from __future__ import annotations

import pytest

from churn.emulator.translation import numbers
from tests.emulator.translation.trees import rewritten


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a / b", "SELECT quotient_checked(numeric(a), numeric(b))"),
        ("SELECT a / 2", "SELECT quotient_of(numeric(a), 2)"),
        ("SELECT a / NULLIF(b, 0)", "SELECT quotient_of(numeric(a), numeric(NULLIF(b, 0)))"),
        ("SELECT 1 / 0", "SELECT quotient_checked(1, 0)"),
        ("SELECT MAX(a) / 2", "SELECT quotient_of(numeric_by((a), MAX(a)), 2)"),
        ("SELECT a * b", "SELECT product(a, b)"),
        ("SELECT a * 2", "SELECT a * 2"),
        ("SELECT AVG(a)", "SELECT scaled(AVG(numeric(a)), ANY_VALUE(numeric(a)))"),
        (
            "SELECT AVG(a) OVER (PARTITION BY b)",
            "SELECT scaled_over(AVG(numeric(a)) OVER (PARTITION BY b), numeric(a))",
        ),
        ("SELECT MEDIAN(a)", "SELECT MEDIAN(thousandths(numeric(a)))"),
        ("SELECT SQRT(a)", "SELECT root(numeric(a))"),
    ],
)
def test_numbers(sql: str, expected: str) -> None:
    assert rewritten(numbers.SUBSYSTEM, sql) == expected
