"""A syntax in the notation of Snowflake's manual is the pattern of its statements."""

from __future__ import annotations

import pytest

from churn.emulator.language.syntax import pattern, required_words

CREATE = "CREATE [OR REPLACE] [TEMPORARY|TEMP] STAGE [IF NOT EXISTS] <name> [<options...>]"


def groups(syntax: str, text: str) -> dict[str, str]:
    match = pattern(syntax).fullmatch(text)
    assert match, text
    return {k: v.strip() for k, v in match.groupdict().items() if v and v.strip()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE STAGE s", {"name": "s"}),
        ("create  stage\ns ", {"name": "s"}),
        (
            "CREATE OR REPLACE TEMP STAGE db.x.s",
            {"or_replace": "OR REPLACE", "temporary": "TEMP", "name": "db.x.s"},
        ),
        ("CREATE STAGE IF NOT EXISTS s", {"if_not_exists": "IF NOT EXISTS", "name": "s"}),
        ("CREATE STAGE \"a b\" COMMENT = 'x'", {"name": '"a b"', "options": "COMMENT = 'x'"}),
    ],
)
def test_what_a_statement_holds(text: str, expected: dict[str, str]) -> None:
    assert groups(CREATE, text) == expected


@pytest.mark.parametrize(
    "text",
    ["CREATE STAGE", "CREATE STAGES s", "CREATE TEMPO STAGE s", "DROP STAGE s", "CREATESTAGE s"],
)
def test_what_is_another_statement(text: str) -> None:
    assert not pattern(CREATE).fullmatch(text)


def test_if_is_never_taken_for_a_name() -> None:
    assert not pattern("DROP TAG [IF EXISTS] <name>").fullmatch("DROP TAG IF EXISTS")


def test_braces_must_be_there_and_brackets_may() -> None:
    required = pattern("DROP {TABLE|VIEW} <name> [CASCADE]")
    assert required.fullmatch("DROP VIEW v CASCADE")
    assert not required.fullmatch("DROP v")


def test_a_group_is_named_after_its_first_alternative() -> None:
    assert groups("DROP {TABLE|VIEW} <name>", "DROP VIEW v") == {"table": "VIEW", "name": "v"}


@pytest.mark.parametrize(
    ("syntax", "text", "expected"),
    [
        (
            "LIST <@stage> [PATTERN = <'regex'>]",
            "LIST @s/a PATTERN = '.*'",
            {"stage": "@s/a", "pattern": "PATTERN = '.*'", "regex": "'.*'"},
        ),
        (
            "PUT <'file'> <@stage>",
            "PUT 'file:///a b' @~/x",
            {"file": "'file:///a b'", "stage": "@~/x"},
        ),
        ("X = <'text'>", "X = $$it's$$", {"text": "$$it's$$"}),
        ("CALL <name> ( <rest...>", "CALL p(1, 2)", {"name": "p", "rest": "1, 2)"}),
    ],
)
def test_texts_places_and_the_rest(syntax: str, text: str, expected: dict[str, str]) -> None:
    assert groups(syntax, text) == expected


@pytest.mark.parametrize(
    ("more", "fewer"),
    [
        (
            "SHOW FUNCTIONS [LIKE <'p'>] IN MODEL <name>",
            "SHOW FUNCTIONS [LIKE <'p'>] [IN <scope...>]",
        ),
        ("DROP DYNAMIC TABLE <name>", "DROP {TABLE|VIEW} <name>"),
        ("COPY INTO <@stage> FROM <rest...>", "COPY INTO <name> [<rest...>]"),
    ],
)
def test_the_statement_of_more_words_comes_first(more: str, fewer: str) -> None:
    assert required_words(more) > required_words(fewer)
