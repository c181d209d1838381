"""Snowflake's reference pages as an oracle: each example's result is what its page documents.

`reference/known_gaps.txt` lists the examples that the emulator does not answer rightly, with how
it fails: a wrong answer, a fault (an error that is not Snowflake's), or a refusal by name. Each is
a strict expectation: who repairs one removes its line, and who makes one worse breaks the build.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error

from tests.emulator.reference.examples import FOLDER, Example, Failure, load

EXAMPLES = load()
REFUSALS = {2, 2140}
"""Unsupported feature, unknown function: what the emulator answers when it says no by name."""

RAW = re.compile(
    r"(Binder|Catalog|Constraint|Conversion|Internal|Invalid Input|Not implemented|"
    r"Out of Range|Parser|Transaction\w*) Error|DuckDB|sqlglot|syntax error at or near|"
    r"'\w+Error: ",
    re.IGNORECASE,
)
"""What no error of Snowflake's says."""


class WrongAnswer(AssertionError):
    """Another result than the page documents."""


class Fault(Exception):
    """An error that is not the page's."""


class Refused(Exception):
    """Snowflake does it; this emulator says by name that it does not."""


KINDS: dict[str, type[Exception]] = {"wrong": WrongAnswer, "fault": Fault, "refused": Refused}


def known_gaps() -> dict[str, str]:
    lines = (FOLDER / "known_gaps.txt").read_text("utf-8").splitlines()
    entries = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: kind for name, kind in entries}


GAPS = known_gaps()


def marked(example: Example) -> Any:
    if example.id not in GAPS:
        return pytest.param(example, id=example.id)
    expected = pytest.mark.xfail(raises=KINDS[GAPS[example.id]], strict=True, reason="known gap")
    return pytest.param(example, id=example.id, marks=expected)


@pytest.fixture(scope="module")
def open_connection(connect: Callable[..., Any]) -> Callable[..., SnowflakeConnection]:
    """The one place that knows where the examples run: a connection of the real connector."""
    return lambda **parameters: connect(**parameters).connection


@pytest.fixture(scope="module")
def connection(
    open_connection: Callable[..., SnowflakeConnection],
) -> Iterator[SnowflakeConnection]:
    """One connection for all examples, on a database of theirs."""
    opened = open_connection()
    opened.cursor().execute("CREATE OR REPLACE DATABASE reference_examples")
    yield opened
    opened.cursor().execute("DROP DATABASE reference_examples")
    opened.close()


@pytest.mark.parametrize("example", [marked(example) for example in EXAMPLES])
def test_the_documented_result(
    example: Example,
    connection: SnowflakeConnection,
    open_connection: Callable[..., SnowflakeConnection],
    tmp_path: Path,
) -> None:
    for name, text in (example.files or {}).items():
        (tmp_path / name).write_text(text, "utf-8")
    with prepared(example, connection, open_connection) as cursor:
        try:
            for statement in example.setup:
                cursor.execute(filled(statement, tmp_path))
            cursor.execute(filled(example.sql, tmp_path))
            rows = cursor.fetchall()
        except Error as error:
            check_error(example, error)
        except Exception as error:
            raise Fault(f"the connector cannot read the answer: {error!r}") from error
        else:
            check_result(example, cursor, rows)


@contextlib.contextmanager
def prepared(
    example: Example,
    shared: SnowflakeConnection,
    open_connection: Callable[..., SnowflakeConnection],
) -> Iterator[SnowflakeCursor]:
    """A cursor in the schema of the example's area, with the example's parameters."""
    own = open_connection(session_parameters=example.login) if example.login else shared
    cursor = own.cursor()
    if own.schema != example.area.upper():
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS reference_examples.{example.area}")
        cursor.execute(f"USE SCHEMA reference_examples.{example.area}")
    parameters = example.parameters or {}
    for name, value in parameters.items():
        cursor.execute(f"ALTER SESSION SET {name} = {literal(value)}")
    try:
        yield cursor
    finally:
        if any(sql.startswith("BEGIN") for sql in example.setup):
            cursor.execute("ROLLBACK")
        for name in parameters:
            cursor.execute(f"ALTER SESSION UNSET {name}")
        if own is not shared:
            own.close()


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper()


def filled(sql: str, folder: Path) -> str:
    """Statements that read or write files name their folder so."""
    return sql.replace("{folder}", str(folder))


def check_error(example: Example, error: Error) -> None:
    expected = example.error
    if expected is None or not is_documented(expected, error):
        by_name = error.errno in REFUSALS and RAW.search(str(error.msg)) is None
        kind = Refused if by_name else Fault
        raise kind(f"{example.page}: {expected or example.rows}, answered {error}") from error


def is_documented(expected: Failure, error: Error) -> bool:
    return (
        expected.number in {None, error.errno}
        and expected.state in {None, error.sqlstate}
        and expected.words.lower() in str(error.msg).lower()
        and RAW.search(str(error.msg)) is None
    )


def check_result(example: Example, cursor: SnowflakeCursor, rows: list[Any]) -> None:
    if example.error:
        raise WrongAnswer(f"{example.page}: {example.error}, answered {rows}")
    if example.columns:
        same(example, list(example.columns), [column.name for column in cursor.description])
    if example.types:
        same(example, list(example.types), described(cursor, example.types))
    if example.count is not None:
        same(example, example.count, len(rows))
    if example.contains is not None and example.contains not in str(rows[0][0]):
        raise WrongAnswer(f"{example.page}: {example.contains!r} is not in {rows[0][0]!r}")
    if example.rows is not None:
        check_rows(example, rows)


def same(example: Example, expected: object, actual: object) -> None:
    if expected != actual:
        raise WrongAnswer(f"{example.page}: {expected}, answered {actual}")


def check_rows(example: Example, rows: list[Any]) -> None:
    expected, actual = example.rows or [], [list(row) for row in rows]
    if example.unordered:
        actual = in_order_of(expected, actual)
    if len(expected) != len(actual) or not all(map(is_row, expected, actual)):
        raise WrongAnswer(f"{example.page}: {expected}, answered {actual}")


def in_order_of(expected: list[Any], actual: list[Any]) -> list[Any]:
    """The actual rows, each beside the expected one it equals; the rest at the end."""
    rest, paired = list(actual), []
    for row in expected:
        equal = next((other for other in rest if is_row(row, other)), None)
        if equal is not None:
            rest.remove(equal)
            paired.append(equal)
    return paired + rest


def is_row(expected: list[Any], actual: list[Any]) -> bool:
    return len(expected) == len(actual) and all(map(is_value, expected, actual))


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
    if not expected.is_finite():
        return str(expected) == str(Decimal(actual))
    last_digit = 10.0 ** int(expected.as_tuple().exponent)
    return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=min(last_digit, 1e-6) / 1.9)


def is_moment(expected: dt.datetime, actual: Any) -> bool:
    """Equal on the clock and, of a timestamp with a zone, by the same offset."""
    return isinstance(actual, dt.datetime) and (
        expected.replace(tzinfo=None) == actual.replace(tzinfo=None)
        and expected.utcoffset() == actual.utcoffset()
    )


def described(cursor: SnowflakeCursor, expected: tuple[str, ...]) -> list[str]:
    """The columns' types, as far as the example states them: TEXT, TEXT(5), TEXT(5) NOT NULL."""
    columns = cursor.description
    return [
        type_of(column, like) for column, like in zip(columns, expected, strict=False)
    ] + ["?"] * (len(expected) != len(columns))


def type_of(column: Any, like: str) -> str:
    name = str(FIELD_ID_TO_NAME[column.type_code])
    if "(" in like:
        size = [column.internal_size] if name == "TEXT" else [column.precision, column.scale]
        name += "(" + ",".join(str(part) for part in size if part is not None) + ")"
    return name + ("" if column.is_nullable or "NOT NULL" not in like else " NOT NULL")


def test_known_gaps_are_examples() -> None:
    assert GAPS.keys() - {example.id for example in EXAMPLES} == set()
    assert set(GAPS.values()) <= KINDS.keys()


def test_pages_are_paths_of_the_documentation() -> None:
    assert [e.id for e in EXAMPLES if not re.fullmatch(r"[a-z-]+/[a-z0-9_/-]+", e.page)] == []


def test_no_example_stands_twice() -> None:
    uses = Counter((e.sql, e.setup, str(e.parameters), str(e.login)) for e in EXAMPLES)
    assert [sql for (sql, *_), count in uses.items() if count > 1] == []


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        (1, 1, True),
        (1, Decimal(1), False),
        (1, True, False),
        (Decimal("1.50"), Decimal("1.50"), True),
        (Decimal("1.50"), Decimal("1.5"), False),
        (Decimal("1E-13"), Decimal("0.0000000000001"), True),
        ("a", '"a"', False),
        ({}, None, True),
        ({}, "", False),
        ({"json": '{"a": 1}'}, '{\n  "a": 1\n}', True),
        ({"json": '"a"'}, "a", False),
        ({"float": Decimal("0.5")}, 0.5, True),
        ({"float": Decimal("0.5")}, Decimal("0.5"), False),
        ({"hex": "ff"}, b"\xff", True),
        (dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), False),
        (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1), True),
        (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), False),
    ],
)
def test_values_are_compared_with_their_type(expected: Any, actual: Any, equal: bool) -> None:
    assert is_value(expected, actual) is equal
