"""Texts of SQL: literals, comments, chains of statements."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.text import QUOTED, STAGE, opening, quote, steps, tidy, unquote


@pytest.mark.property
@given(st.text("ab'\\\n$ é", max_size=10))
def test_a_quoted_text_reads_as_itself(text: str) -> None:
    assert unquote(quote(text)) == text
    assert re.fullmatch(QUOTED, quote(text), re.DOTALL)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("'a'", "a"),
        ("'it''s'", "it's"),
        (r"'a\n\'b\\'", "a\n'b\\"),
        ("$$it's$$", "it's"),
        (" plain ", "plain"),
        ("''", ""),
    ],
)
def test_what_a_literal_stands_for(written: str, text: str) -> None:
    assert unquote(written) == text


@pytest.mark.parametrize(
    ("sql", "tidied"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("  SELECT 1 ; ", "SELECT 1"),
        ("SELECT 1 -- one", "SELECT 1"),
        ("SELECT 1 // one", "SELECT 1"),
        ("SELECT /* one */ 1", "SELECT   1"),
        ("SELECT '-- one'", "SELECT '-- one'"),
        ("SELECT $$ /* one */ $$", "SELECT $$ /* one */ $$"),
        ('SELECT "a--b" FROM t', 'SELECT "a--b" FROM t'),
        ("LIST 'snow://model/m'", "LIST 'snow://model/m'"),
        ("LIST snow://model/m", "LIST snow://model/m"),
        ("-- nothing", ""),
    ],
)
def test_comments_and_the_semicolon_go(sql: str, tidied: str) -> None:
    assert tidy(sql) == tidied


def test_a_chain_is_cut_into_its_steps() -> None:
    chain = """SHOW TABLES ->> SELECT '->>' FROM $1 ->> SELECT "->>" FROM $1"""
    assert steps(chain) == ["SHOW TABLES", "SELECT '->>' FROM $1", 'SELECT "->>" FROM $1']
    assert steps("SELECT a -> b") == ["SELECT a -> b"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE ONLINE FEATURE TABLE my_t", "CREATE ONLINE FEATURE TABLE"),
        ("create or replace pipe p AS COPY", "CREATE OR REPLACE PIPE"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("DROP PIPE p", "DROP PIPE"),
        ("@x", "@x"),
    ],
)
def test_a_statement_is_named_by_its_words_up_to_the_users_own(sql: str, words: str) -> None:
    assert opening(sql) == words


@pytest.mark.parametrize(
    "place",
    [
        "@s",
        "@db.s.stage/a/b.csv",
        "@~/x",
        "@%t",
        "'@s/a b'",
        "snow://model/m/versions/V1",
        '@"my stage"/x',
    ],
)
def test_places_of_files(place: str) -> None:
    assert re.fullmatch(STAGE, place)
