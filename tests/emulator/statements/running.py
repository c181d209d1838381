"""Statements on a session without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Session
from churn.emulator.language.errors import SqlError


def run(session: Session, *statements: str) -> None:
    for sql in statements:
        execution.run(session, sql)


def rows(session: Session, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    table = execution.query(session, sql, parameters)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def column(session: Session, sql: str, name: str) -> list[Any]:
    """One column of a SHOW, DESCRIBE or LIST."""
    values: list[Any] = execution.query(session, sql).column(name).to_pylist()
    return values


@contextmanager
def refused(number: int, words: str = "") -> Iterator[None]:
    with pytest.raises(SqlError) as error:
        yield
    assert error.value.number == number, error.value
    assert words in error.value.message
