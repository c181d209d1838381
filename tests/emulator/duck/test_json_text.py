"""JSON as PARSE_JSON reads it and as clients get it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.emulator.duck.json_text import MISSING, JsonError, dumps, loads, parse, shown

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.property
@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    stored = dumps(parse(json.dumps(value)))
    assert json.loads(stored) == value
    assert json.loads(shown(stored) or "") == value
    assert dumps(loads(stored)) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ('{"b": 1, "a": 2}', '{"a":2,"b":1}'),
        ("{a: 'x'}", '{"a":"x"}'),
        ("[1.50, 1e3, +.5]", "[1.50,1e3,0.5]"),
        ("[1 /* one */, 2]", "[1,2]"),
        ('{"a": undefined, "b": 1}', '{"b":1}'),
    ],
)
def test_more_than_json_is_read(written: str, stored: str) -> None:
    assert dumps(parse(written)) == stored


def test_empty_places_are_undefined() -> None:
    assert parse("[1,,]") == ["1", MISSING, MISSING]
    assert shown(dumps(parse("[,1]"))) == "[\n  undefined,\n  1\n]"


@pytest.mark.parametrize("written", ["[1", "{a}", "nope", '"a', "1 2", '{"a": 1, "a": 2}'])
def test_what_is_no_json_is_refused(written: str) -> None:
    with pytest.raises(JsonError, match="pos"):
        parse(written)


def test_the_last_of_duplicate_keys_counts_where_they_may_be() -> None:
    assert dumps(parse('{"a": 1, "a": 2}', duplicates=True)) == '{"a":2}'
