"""Formats of dates and times, against Python's own."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.language.moment_formats import TIMESTAMPS, parse, parse_auto, strftime

MODELS = {
    "YYYY-MM-DD HH24:MI:SS.FF6": "%Y-%m-%d %H:%M:%S.%f",
    "DD-MON-YYYY HH12:MI:SS.FF6 AM": "%d-%b-%Y %I:%M:%S.%f %p",
    'MMMM DD, YYYY"T"HH24MISS.FF': "%B %d, %YT%H%M%S.%f",
}


@pytest.mark.property
@pytest.mark.parametrize("model", MODELS)
@given(moment=st.datetimes(dt.datetime(1000, 1, 1)))
def test_what_python_prints_is_read(model: str, moment: dt.datetime) -> None:
    read = parse(moment.strftime(MODELS[model]), model)
    assert read is not None
    assert read.clock == moment


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("mm/dd/yyyy, hh24:mi hours", "%m/%d/%Y, %H:%M hours"),
        ("MO/D H24:ME:S", "%-m/%-d %-H:%-M:%-S"),
        ("SS.FF2", "%S.\x012%n"),
        ('YYYY"Year" 100%', "%YYear 100%%"),
    ],
)
def test_as_strftime(model: str, expected: str) -> None:
    assert strftime(model) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-04-28 20:57:01-07", "2013-04-28 20:57:01.000000-07:00"),
        ("Thu, 21 Dec 2000 16:01:07 +0200", "2000-12-21 16:01:07.000000+02:00"),
        ("17-DEC-1980", "1980-12-17 00:00:00.000000"),
        ("31536000000000000", "1971-01-01 00:00:00.000000"),
        ("2019/01/02", None),
        ("05/16", None),
        ("2024-02-30", None),
    ],
)
def test_auto(text: str, expected: str | None) -> None:
    moment = parse_auto(text, TIMESTAMPS)
    assert (None if moment is None else str(moment)) == expected


def test_two_digits_of_a_year_count_from_the_century() -> None:
    assert str(parse("79", "YY", 1980))[:4] == "2079"
    assert str(parse("80", "YY", 1980))[:4] == "1980"
