"""Keys of CREATE TABLE are declared, and not enforced."""

from __future__ import annotations

import pytest

from churn.emulator.language.parser import parse
from churn.emulator.translation.definitions import taken_out
from tests.emulator.statements.running import refused


@pytest.mark.parametrize(
    ("columns", "left", "primary", "unique"),
    [
        ("a INT PRIMARY KEY, b TEXT", "a INT NOT NULL, b VARCHAR", ["A"], []),
        ("a INT, b TEXT UNIQUE", "a INT, b VARCHAR", [], ["B"]),
        ("a INT, b INT, PRIMARY KEY (a, b)", "a INT NOT NULL, b INT NOT NULL", ["A", "B"], []),
        ("a INT, CONSTRAINT k UNIQUE (a)", "a INT", [], ["A"]),
        ("a INT, FOREIGN KEY (a) REFERENCES u (a)", "a INT", [], []),
    ],
)
def test_keys(columns: str, left: str, primary: list[str], unique: list[str]) -> None:
    tree = parse(f"CREATE TABLE t ({columns})")
    keys = taken_out(tree)
    assert (keys.primary, keys.unique) == (primary, unique)
    assert tree.sql(dialect="snowflake") == f"CREATE TABLE t ({left})"


def test_a_name_stands_once() -> None:
    with refused(2025, "duplicate column name 'A'"):
        taken_out(parse("CREATE TABLE t (a INT, A TEXT)"))


def test_numbers_that_count_up() -> None:
    keys = taken_out(parse("CREATE TABLE t (a INT AUTOINCREMENT START 10 INCREMENT 5 ORDER)"))
    assert keys.identity == {"A": (10, 5, True)}
