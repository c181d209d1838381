"""Semi-structured values as Snowflake writes them: keys sorted, numbers as they were given.

A value is JSON in DuckDB. An element of an array that is SQL NULL, which Snowflake prints as
`undefined`, is the text of `UNDEFINED`; a number keeps its digits, so that 1.0 is not 1.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

UNDEFINED = "\ue000undefined"
"""A text of a private character, which no data holds."""

QUOTED_UNDEFINED = json.dumps(UNDEFINED, ensure_ascii=False)


class Number(str):
    """The digits of a number."""

    __slots__ = ()

    @property
    def value(self) -> Decimal:
        return Decimal(self)


class Missing:
    """The one value `undefined`."""

    def __repr__(self) -> str:
        return "undefined"


MISSING = Missing()


class JsonError(ValueError):
    """What is wrong with a text, in Snowflake's words."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


def loads(text: str) -> Any:
    """A stored value: numbers as `Number`, objects as dictionaries."""
    value = _DECODER.decode(text)
    return _with_missing(value) if UNDEFINED in text else value


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, object_pairs_hook=_pairs)


def _with_missing(value: Any) -> Any:
    match value:
        case list():
            return [_with_missing(each) for each in value]
        case dict():
            return {key: _with_missing(each) for key, each in value.items()}
        case _:
            return MISSING if isinstance(value, str) and value == UNDEFINED else value


def dumps(value: Any) -> str:
    """The value as it is stored: compact, keys sorted."""
    match value:
        case Number():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case list():
            return "[" + ",".join(map(dumps, value)) + "]"
        case dict():
            items = sorted(value.items())
            return "{" + ",".join(f"{dumps(key)}:{dumps(each)}" for key, each in items) + "}"
        case Missing():
            return QUOTED_UNDEFINED
        case _:
            return str(value)


def shown(text: str) -> str | None:
    """The value as a client gets it: indented by two; None where it is `undefined`."""
    value = loads(text)
    return None if value is MISSING else _indented(value, "\n")


def _indented(value: Any, line: str) -> str:
    inner = line + "  "
    match value:
        case list() if value:
            return "[" + ",".join(inner + _indented(each, inner) for each in value) + line + "]"
        case dict() if value:
            rows = (
                f"{inner}{dumps(key)}: {_indented(each, inner)}"
                for key, each in sorted(value.items())
            )
            return "{" + ",".join(rows) + line + "}"
        case Missing():
            return "undefined"
        case _:
            return dumps(value)


def parse(text: str, *, duplicates: bool = False) -> Any:
    """What PARSE_JSON makes of a text.

    It takes more than JSON: keys without quotes, single quotes, empty places in arrays, comments.
    https://docs.snowflake.com/en/sql-reference/functions/parse_json

    Raises:
        JsonError: It is no JSON, or an object has a key twice and `duplicates` is not set.
    """
    return _Reader(text, duplicates=duplicates).read()


_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "undefined": MISSING}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


class _Reader:
    """One text, read from left to right."""

    def __init__(self, text: str, *, duplicates: bool) -> None:
        self.text = text
        self.at = 0
        self.duplicates = duplicates

    def read(self) -> Any:
        if self.peek() == "":
            return MISSING
        value = self.value()
        if self.peek():
            raise self.error()
        return value

    def peek(self) -> str:
        """The next character that counts."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.text[self.at : self.at + 1]

    def error(self) -> JsonError:
        if self.at >= len(self.text):
            return JsonError(f"incomplete JSON text, pos {self.at}")
        return JsonError(f"unknown keyword or unexpected character, pos {self.at + 1}")

    def value(self) -> Any:
        match self.peek():
            case "{":
                return self.object()
            case "[":
                return self.array()
            case '"' | "'":
                return self.quoted()
            case _:
                return self.scalar()

    def scalar(self) -> Any:
        if match := _NUMBER.match(self.text, self.at):
            self.at = match.end()
            return _number(match.group())
        match = _WORD.match(self.text, self.at)
        word = match.group() if match else ""
        if word.lower() in _WORDS:
            self.at += len(word)
            return _WORDS[word.lower()]
        if word in ("NaN", "Infinity"):
            self.at += len(word)
            return word
        raise self.error()

    def quoted(self) -> str:
        quote = self.text[self.at]
        start = self.at + 1
        match = re.compile(rf"(?:[^{quote}\\]|\\.)*", re.DOTALL).match(self.text, start)
        end = match.end() if match else start
        if self.text[end : end + 1] != quote:
            self.at = len(self.text)
            raise JsonError(f"misformatted string, pos {end}")
        self.at = end + 1
        inner = self.text[start:end]
        if "\\" not in inner:
            return inner
        plain: str = json.loads('"' + _ESCAPE.sub(_unescaped, inner).replace("\0", "\\u0000") + '"')
        return plain

    def array(self) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        while (mark := self.peek()) != "]":
            if mark == ",":
                items.append(MISSING)
            else:
                items.append(self.value())
            if self.peek() == ",":
                self.at += 1
                if self.peek() == "]":
                    items.append(MISSING)
            elif self.peek() != "]":
                raise self.error()
        self.at += 1
        return items

    def object(self) -> dict[str, Any]:
        self.at += 1
        items: dict[str, Any] = {}
        while self.peek() != "}":
            key, place = self.key(), self.at
            if key in items and not self.duplicates:
                raise JsonError(f'duplicate object attribute "{key}", pos {place}')
            if self.peek() != ":":
                raise self.error()
            self.at += 1
            value = MISSING if self.peek() in (",", "}") else self.value()
            if value is not MISSING:
                items[key] = value
            if self.peek() == ",":
                self.at += 1
            elif self.peek() != "}":
                raise self.error()
        self.at += 1
        return items

    def key(self) -> str:
        if self.peek() in ('"', "'"):
            return self.quoted()
        match = _WORD.match(self.text, self.at)
        if match is None:
            raise self.error()
        self.at = match.end()
        return match.group()


def _unescaped(match: re.Match[str]) -> str:
    """The escape as JSON has it."""
    mark = match[1]
    if mark[0] == "u":
        return match[0]
    if mark[0] == "x":
        return f"\\u00{mark[1:]}"
    return json.dumps(_ESCAPES.get(mark, mark))[1:-1]


def _number(digits: str) -> Number:
    """As JSON writes it: no plus sign, no leading or trailing point, no leading zeros."""
    sign, rest = ("-", digits[1:]) if digits[0] == "-" else ("", digits.lstrip("+"))
    mantissa, mark, exponent = rest.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    plain = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
    return Number(sign + plain + mark + exponent)
