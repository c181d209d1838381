"""Parameters that are written into a statement."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.parameters import inline
from churn.emulator.language.text import unquote


@pytest.mark.parametrize(
    ("sql", "given", "expected", "left"),
    [
        ("USE DATABASE identifier(?)", ["d"], "USE DATABASE d", []),
        ("SELECT * FROM identifier('a.b')", [], "SELECT * FROM a.b", []),
        (
            "SELECT ? FROM IDENTIFIER ( ? ) WHERE a = ?",
            [1, "t", 2],
            "SELECT ? FROM t WHERE a = ?",
            [1, 2],
        ),
        ("ALTER SESSION SET QUERY_TAG = ?", ["a'b"], "ALTER SESSION SET QUERY_TAG = 'a''b'", []),
        ("SELECT '?', ?", [1], "SELECT '?', ?", [1]),
        ("SHOW TABLES LIKE ?", ["T%"], "SHOW TABLES LIKE 'T%'", []),
        ("(SELECT ?)", [1], "(SELECT ?)", [1]),
    ],
)
def test_names_are_written_in_and_values_where_nothing_binds_them(
    sql: str, given: list[Any], expected: str, left: list[Any]
) -> None:
    assert inline(sql, given) == (expected, left)


def test_the_given_parameters_stay_as_they_are() -> None:
    parameters = ["t", 1]
    inline("SELECT * FROM identifier(?) WHERE a = ?", parameters)
    assert parameters == ["t", 1]


@pytest.mark.property
@given(st.text(max_size=10))
def test_no_text_breaks_out_of_its_quotes(value: str) -> None:
    written, _ = inline("ALTER SESSION SET QUERY_TAG = ?", [value])
    literal = written.removeprefix("ALTER SESSION SET QUERY_TAG = ")
    assert literal[0] == literal[-1] == "'"
    assert unquote(literal) == value
