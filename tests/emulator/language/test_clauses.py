"""The options in a definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.clauses import clauses, closed, pairs, split
from churn.emulator.language.errors import SqlError
from churn.emulator.language.text import quote


def test_columns_options_and_the_query() -> None:
    head = clauses(
        "(a COMMENT 'the (a', b) TARGET_LAG = '1 minute' WAREHOUSE = wh AS SELECT 1 AS a, 2 AS b"
    )
    assert head.columns == "a COMMENT 'the (a', b"
    assert head.options == {"TARGET_LAG": "'1 minute'", "WAREHOUSE": "wh"}
    assert head.query == "SELECT 1 AS a, 2 AS b"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("COMMENT='it''s'", {"COMMENT": "'it''s'"}),
        ("COMMENT = 'AS SELECT'", {"COMMENT": "'AS SELECT'"}),
        ("A = 1, B = 2", {"A": "1", "B": "2"}),
        ("WITH TAG (g = 'x', h = 'y')", {"TAG": "(g = 'x', h = 'y')"}),
        ("FILE_FORMAT = (TYPE = CSV)", {"FILE_FORMAT": "(TYPE = CSV)"}),
        ("copy grants cluster by (a, b)", {"COPY GRANTS": "", "CLUSTER BY": "(a, b)"}),
        ("COMMENT = $$a = b$$", {"COMMENT": "$$a = b$$"}),
    ],
)
def test_options(text: str, options: dict[str, str]) -> None:
    assert clauses(text).options == options


def test_an_options_text() -> None:
    head = clauses("COMMENT = 'it''s' SIZE = XSMALL")
    assert (head.text("COMMENT"), head.text("SIZE"), head.text("NONE")) == ("it's", "XSMALL", "")


def test_options_that_would_be_ignored_are_refused() -> None:
    head = clauses("COMMENT = 'c' DATA_RETENTION_TIME_IN_DAYS = 3")
    assert head.only("COMMENT", "DATA_RETENTION_TIME_IN_DAYS") is head
    with pytest.raises(SqlError, match="the option DATA_RETENTION_TIME_IN_DAYS"):
        head.only("COMMENT")


def test_what_parentheses_hold() -> None:
    assert closed("(a (b) ')') rest") == ("a (b) ')'", " rest")
    with pytest.raises(SqlError, match="is not closed"):
        closed("(a (b)")


def test_parts_between_commas_at_the_top_level() -> None:
    assert split("a, f(b, c), 'd, e', \"g, h\"") == ["a", "f(b, c)", "'d, e'", '"g, h"']
    assert split("") == []


@pytest.mark.property
@given(st.lists(st.text("a,'( )", min_size=1, max_size=6).map(quote), max_size=4))
def test_quoted_parts_come_back_whole(parts: list[str]) -> None:
    assert split(", ".join(parts)) == parts
    inner, rest = closed(f"({', '.join(parts)}) rest")
    assert (split(inner), rest) == (parts, " rest")


@pytest.mark.parametrize(
    "text", ["(TYPE = CSV NULL_IF = ('a', 'b') X=';')", "type=CSV NULL_IF=('a', 'b'), x=';'"]
)
def test_options_of_a_file_format(text: str) -> None:
    assert pairs(text) == {"TYPE": "CSV", "NULL_IF": "('a', 'b')", "X": "';'"}
