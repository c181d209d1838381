"""Snowflake's reference pages as an oracle: each example's result is what its page documents.

`reference/known_gaps.txt` lists the examples that the emulator does not answer rightly, with how
it fails: a wrong answer, a fault (an error that is not Snowflake's), or a refusal by name. Each is
a strict expectation: who repairs one removes its line, and who makes one worse breaks the build.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error

from tests.emulator.reference.comparison import in_order_of, is_row, is_value, type_of
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


class WrongAnswerError(AssertionError):
    """Another result than the page documents."""


class FaultError(Exception):
    """An error that is not the page's."""


class RefusalError(Exception):
    """Snowflake does it; this emulator says by name that it does not."""


KINDS: dict[str, type[Exception]] = {
    "wrong": WrongAnswerError,
    "fault": FaultError,
    "refused": RefusalError,
}


def known_gaps() -> dict[str, str]:
    lines = (FOLDER / "known_gaps.txt").read_text("utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


GAPS = known_gaps()


@pytest.fixture(scope="module")
def open_connection(snowflake_connect: Callable[..., Any]) -> Callable[..., SnowflakeConnection]:
    """The one place that knows where the examples run: a connection of the real connector."""
    return lambda **parameters: snowflake_connect(**parameters).connection


@pytest.fixture(scope="module")
def connection(
    open_connection: Callable[..., SnowflakeConnection],
) -> Iterator[SnowflakeConnection]:
    """One connection for all examples, on a database of their own."""
    opened = open_connection()
    opened.cursor().execute("CREATE OR REPLACE DATABASE reference_examples")
    yield opened
    opened.cursor().execute("DROP DATABASE reference_examples")
    opened.close()


@pytest.fixture(scope="module")
def standing() -> list[str]:
    """The statements of `given` whose tables stand as they made them."""
    return []


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.id for example in EXAMPLES])
def test_the_documented_result(
    example: Example,
    connection: SnowflakeConnection,
    open_connection: Callable[..., SnowflakeConnection],
    standing: list[str],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    expect_known_gap(request, example)
    for name, text in (example.files or {}).items():
        (tmp_path / name).write_text(text, "utf-8")
    with prepared(example, connection, open_connection) as cursor:
        try:
            for statement in statements(example, standing):
                cursor.execute(statement.replace("{folder}", str(tmp_path)))
            rows = cursor.fetchall()
        except Error as error:
            check_error(example, error)
        except Exception as error:
            raise FaultError(f"the connector cannot read the answer: {error!r}") from error
        else:
            check_result(example, cursor, rows)


def expect_known_gap(request: pytest.FixtureRequest, example: Example) -> None:
    """On the emulator; Snowflake itself has none."""
    if example.id in GAPS and not request.config.getoption("--connection"):
        kind = KINDS[GAPS[example.id]]
        request.applymarker(pytest.mark.xfail(raises=kind, strict=True, reason="known gap"))


@contextlib.contextmanager
def prepared(
    example: Example,
    shared: SnowflakeConnection,
    open_connection: Callable[..., SnowflakeConnection],
) -> Iterator[SnowflakeCursor]:
    """A cursor in the schema of the example's area."""
    own = open_connection(session_parameters=example.login) if example.login else shared
    cursor = own.cursor()
    if own.schema != example.area.upper():
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS reference_examples.{example.area}")
        cursor.execute(f"USE SCHEMA reference_examples.{example.area}")
    try:
        yield cursor
    finally:
        if any(sql.startswith("BEGIN") for sql in example.setup):
            cursor.execute("ROLLBACK")
        for name in example.parameters or {}:
            with contextlib.suppress(Error):  # what could not be set cannot be unset
                cursor.execute(f"ALTER SESSION UNSET {name}")
        if own is not shared:
            own.close()


def statements(example: Example, standing: list[str]) -> Iterator[str]:
    """Those of `given` only where the example before did not leave their tables behind."""
    for name, value in (example.parameters or {}).items():
        literal = f"'{value}'" if isinstance(value, str) else str(value).upper()
        yield f"ALTER SESSION SET {name} = {literal}"
    if standing != list(example.given):
        standing.clear()
        yield from example.given
    standing[:] = example.given if example.only_reads else []
    yield from example.setup
    yield example.sql


def check_error(example: Example, error: Error) -> None:
    expected = example.error
    if expected is None or not is_documented(expected, error):
        by_name = error.errno in REFUSALS and RAW.search(str(error.msg)) is None
        kind = RefusalError if by_name else FaultError
        raise kind(f"{example.page}: {expected or example.rows}, answered {error}") from None


def is_documented(expected: Failure, error: Error) -> bool:
    """An error of Snowflake's; a refusal by name is one only where the page documents just that."""
    return (
        (
            expected.number == error.errno
            or (expected.number is None and error.errno not in REFUSALS)
        )
        and expected.state in {None, error.sqlstate}
        and expected.words.lower() in str(error.msg).lower()
        and RAW.search(str(error.msg)) is None
    )


def check_result(example: Example, cursor: SnowflakeCursor, rows: list[Any]) -> None:
    columns = cursor.description
    if example.error:
        raise WrongAnswerError(f"{example.page}: {example.error}, answered {rows}")
    if example.columns:
        check_same(example, list(example.columns), [column.name for column in columns])
    if example.types:
        check_same(example, len(example.types), len(columns))
        check_same(example, list(example.types), list(map(type_of, columns, example.types)))
    if example.count is not None:
        check_same(example, example.count, len(rows))
    if example.contains is not None and example.contains not in str(rows[0][0]):
        raise WrongAnswerError(f"{example.page}: {example.contains!r}, answered {rows[0][0]!r}")
    if example.rows is not None:
        check_rows(example, example.rows, [list(row) for row in rows])


def check_same(example: Example, expected: object, actual: object) -> None:
    if expected != actual:
        raise WrongAnswerError(f"{example.page}: {expected}, answered {actual}")


def check_rows(example: Example, expected: list[Any], actual: list[Any]) -> None:
    if example.unordered:
        actual = in_order_of(expected, actual)
    if len(expected) != len(actual) or not all(map(is_row, expected, actual)):
        raise WrongAnswerError(f"{example.page}: {expected}, answered {actual}")


def test_known_gaps_are_examples() -> None:
    assert GAPS.keys() - {example.id for example in EXAMPLES} == set()
    assert set(GAPS.values()) <= KINDS.keys()


def test_pages_are_paths_of_the_documentation() -> None:
    assert [e.id for e in EXAMPLES if not re.fullmatch(r"[a-z-]+/[a-z0-9_/-]+", e.page)] == []


def test_no_example_stands_twice() -> None:
    uses = Counter((e.sql, e.given, e.setup, str(e.parameters), str(e.login)) for e in EXAMPLES)
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
        ({"json": "[undefined]"}, "[null]", False),
        ({"float": Decimal("0.5")}, 0.5, True),
        ({"float": Decimal("0.5")}, Decimal("0.5"), False),
        ({"float": Decimal("1.414213562")}, 2**0.5, True),
        ({"near": Decimal("0.549731")}, 0.548387, False),
        ({"hex": "ff"}, b"\xff", True),
        (dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), False),
        (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1), True),
        (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), False),
    ],
)
def test_values_are_compared_with_their_type(expected: Any, actual: Any, equal: bool) -> None:
    assert is_value(expected, actual) is equal
