"""Several statements in one text, and the blocks that keep their semicolons."""

from __future__ import annotations

import pytest

from churn.emulator.language.batches import statements
from churn.emulator.language.scripting import block
from tests.emulator.statements.running import refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; SELECT ';'", ["SELECT 1", "SELECT ';'"]),
        ("SELECT 1 -- a; b\n; SELECT 2", ["SELECT 1 -- a; b", "SELECT 2"]),
        ("BEGIN; SELECT 1; COMMIT", ["BEGIN", "SELECT 1", "COMMIT"]),
        (
            "BEGIN LET x := 1; RETURN x; END; SELECT 2",
            ["BEGIN LET x := 1; RETURN x; END", "SELECT 2"],
        ),
        (
            "BEGIN IF (TRUE) THEN RETURN 1; END IF; END; SELECT 2",
            ["BEGIN IF (TRUE) THEN RETURN 1; END IF; END", "SELECT 2"],
        ),
        ("SELECT $$a;b$$; SELECT 2", ["SELECT $$a;b$$", "SELECT 2"]),
        (";;", []),
    ],
)
def test_statements_are_parted(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


def test_a_block_is_a_tree() -> None:
    tree = block("DECLARE n INT DEFAULT 1; BEGIN IF (n > 0) THEN RETURN n; ELSE NULL; END IF; END")
    assert [step.word for step in tree.body] == ["LET", "IF"]
    assert [condition for condition, _ in tree.body[1].branches] == ["(n > 0)", ""]


def test_what_is_not_done_is_refused() -> None:
    with refused(2, "FETCH"):
        block("BEGIN FETCH c INTO x; END")
    with refused(1003, "syntax error"):
        block("BEGIN RETURN 1;")
