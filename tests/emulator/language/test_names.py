"""Names of objects, as SQL writes them."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import (
    Name,
    column_name,
    duck_name,
    identifier,
    identifiers,
    like,
    sql_identifier,
)

PARTS = st.text("abAB_ .\"'é1$", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("t", ["T"]),
        ('"t"', ["t"]),
        ('db.s."My ""T"""', ["DB", "S", 'My "T"']),
        (" a . b ", ["A", "B"]),
        ("_x$1", ["_X$1"]),
    ],
)
def test_bare_names_are_upper_case_and_quoted_ones_as_they_are(
    written: str, parts: list[str]
) -> None:
    assert identifiers(written) == parts


@pytest.mark.parametrize("written", ["", "1a", "a b", "a.b.c.d.e", '"a', "a-b", '""'])
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(SqlError, match="invalid identifier") as error:
        identifiers(written)
    assert error.value.number == 904


def test_an_identifier_has_one_part() -> None:
    assert identifier("wh") == "WH"
    with pytest.raises(SqlError, match="invalid identifier"):
        identifier("a.b")


@pytest.mark.property
@given(PARTS)
def test_a_written_identifier_reads_as_the_same_name(part: str) -> None:
    assert identifiers(sql_identifier(part)) == [part]


@pytest.mark.parametrize(
    ("part", "written"),
    [("T", "T"), ("t", '"t"'), ("A$1", "A$1"), ("1A", '"1A"'), ('a"b', '"a""b"')],
)
def test_quotes_only_where_they_are_needed(part: str, written: str) -> None:
    assert sql_identifier(part) == written


def test_a_full_name_is_written_without_what_it_lacks() -> None:
    assert str(Name("DB", "S", "t")) == 'DB.S."t"'
    assert str(Name(name="WH")) == "WH"
    assert str(Name("DB", "S")) == "DB.S"


def test_children_are_below_their_parents() -> None:
    model = Name("DB", "S", "M")
    version = model.child("V1")
    assert (version.name, version.parent) == ("V1", "M")
    assert version.child("x").parent == "M/V1"
    assert str(version) == "DB.S.V1"


def test_duckdb_is_told_every_part_in_quotes() -> None:
    assert duck_name(Name("DB", 's"x', "T")) == '"DB"."s""x"."T"'


def test_a_columns_name_stands_before_its_type() -> None:
    assert column_name("a INT COMMENT 'x'") == "A"
    assert column_name('"x y" INT') == "x y"
    with pytest.raises(SqlError, match="cannot read the column"):
        column_name("'a'")


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (None, "anything", True),
        ("T%", "TABLE", True),
        ("t%", "TABLE", True),
        ("%ABL%", "TABLE", True),
        ("T_", "TA", True),
        ("T_", "TAB", False),
        (r"A\_B", "A_B", True),
        (r"A\_B", "AXB", False),
        ("a.b", "axb", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_like(pattern: str | None, value: str, matches: bool) -> None:
    assert like(pattern, value) is matches


@pytest.mark.property
@given(st.text("ab%_", max_size=5), st.text("abc", max_size=5))
def test_like_is_that_of_the_shell(pattern: str, value: str) -> None:
    shell = pattern.replace("%", "*").replace("_", "?")
    assert like(pattern, value) == fnmatch.fnmatchcase(value, shell)
