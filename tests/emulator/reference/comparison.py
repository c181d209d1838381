"""Whether what the connector returns is what a page documents: values, with their types."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from decimal import Decimal
from typing import Any

from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.cursor import ResultMetadata


def is_value(expected: Any, actual: Any) -> bool:
    """Whether a value is the documented one, of the type that the connector makes of it."""
    match expected:
        case {"json": text}:
            return isinstance(actual, str) and is_json(text, actual)
        case {"float": number}:
            return isinstance(actual, float) and is_close(Decimal(number), actual)
        case {"near": number}:
            return isinstance(actual, float | int | Decimal) and is_close(Decimal(number), actual)
        case {"hex": digits}:
            return isinstance(actual, bytes | bytearray) and bytes.fromhex(digits) == actual
        case {}:
            return actual is None
        case dt.datetime():
            return is_moment(expected, actual)
        case Decimal():
            return isinstance(actual, Decimal) and f"{expected:f}" == f"{actual:f}"
        case _:
            return type(expected) is type(actual) and bool(expected == actual)


def is_row(expected: list[Any], actual: list[Any]) -> bool:
    return len(expected) == len(actual) and all(map(is_value, expected, actual))


def is_json(expected: str, actual: str) -> bool:
    """Equal as JSON, where an element that is SQL NULL is `undefined`."""
    try:
        return bool(parsed(expected) == parsed(actual))
    except ValueError:
        return False


def parsed(text: str) -> Any:
    return json.loads(re.sub(r"\bundefined\b", '"SQL NULL"', text))


def is_close(expected: Decimal, actual: float | Decimal) -> bool:
    """Equal to the digits that the page prints."""
    last_digit = 10.0 ** int(expected.as_tuple().exponent)
    return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=min(last_digit, 1e-6) / 1.9)


def is_moment(expected: dt.datetime, actual: Any) -> bool:
    """Equal on the clock and, of a timestamp with a zone, by the same offset."""
    return isinstance(actual, dt.datetime) and (
        expected.replace(tzinfo=None) == actual.replace(tzinfo=None)
        and expected.utcoffset() == actual.utcoffset()
    )


def in_order_of(expected: list[Any], actual: list[Any]) -> list[Any]:
    """The actual rows, each beside the expected one it equals; the rest at the end."""
    rest, paired = list(actual), []
    for row in expected:
        equal = next((other for other in rest if is_row(row, other)), None)
        if equal is not None:
            rest.remove(equal)
            paired.append(equal)
    return paired + rest


def type_of(column: ResultMetadata, like: str) -> str:
    """A column's type, as far as `like` states it: TEXT, TEXT(5), TEXT(5) NOT NULL."""
    name = str(FIELD_ID_TO_NAME[column.type_code])
    if "(" in like:
        size = [column.internal_size] if name == "TEXT" else [column.precision, column.scale]
        name += "(" + ",".join(str(part) for part in size if part is not None) + ")"
    return name + ("" if column.is_nullable or "NOT NULL" not in like else " NOT NULL")
