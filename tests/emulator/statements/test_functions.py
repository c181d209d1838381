"""Python functions and procedures."""

from __future__ import annotations

from typing import Any

import pytest

from churn.emulator.account.account import Session
from tests.emulator.statements.running import column, refused, rows, run

PYTHON = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = () HANDLER = 'f'"


def create(session: Session, head: str, body: str) -> None:
    run(session, f"CREATE OR REPLACE FUNCTION {head} {PYTHON} AS $$\n{body}\n$$")


@pytest.mark.parametrize(
    ("head", "body", "call", "value"),
    [
        ("f(x INT) RETURNS INT", "def f(x): return x + 1", "f(41)", 42),
        ("f(x FLOAT, y FLOAT) RETURNS FLOAT", "def f(x, y): return x / y", "f(1, 4)", 0.25),
        ("f(x TEXT) RETURNS BOOLEAN", "def f(x): return x == 'a'", "f('a')", True),
        ("f(x INT) RETURNS INT", "def f(x): return x", "f(NULL)", None),
        ("f(x INT) RETURNS INT", "def f(x): return x", "db.public.f(1)", 1),
        (
            "f() RETURNS DATE",
            "import datetime\ndef f(): return datetime.date(2024, 2, 29)",
            "f()::TEXT",
            "2024-02-29",
        ),
    ],
)
def test_a_function_is_called(
    session: Session, head: str, body: str, call: str, value: Any
) -> None:
    create(session, head, body)
    assert rows(session, f"SELECT {call}") == [(value,)]


def test_a_replaced_function_is_the_new_one(session: Session) -> None:
    for value in (1, 2):
        create(session, "f() RETURNS INT", f"def f(): return {value}")
        assert rows(session, "SELECT f()") == [(value,)]
    run(session, "DROP FUNCTION f()")
    with refused(2140, "Unknown function F"):
        run(session, "SELECT f()")


def test_code_from_a_stage(session: Session) -> None:
    from churn.emulator.statements.stages import place

    run(session, "CREATE STAGE code")
    (place(session, "@code").root / "emulated_own.py").write_text("def f(x):\n    return x * 2\n")
    imports = "IMPORTS = ('@code/emulated_own.py') HANDLER = 'emulated_own.f'"
    run(session, f"CREATE FUNCTION twice(x INT) RETURNS INT LANGUAGE PYTHON {imports}")
    assert rows(session, "SELECT twice(21)") == [(42,)]


def test_what_is_known_of_a_function(session: Session) -> None:
    create(session, "f(x INT, y TEXT) RETURNS FLOAT", "def f(x, y): return 0.5")
    described = dict(rows(session, "DESCRIBE FUNCTION f(INT, TEXT)"))
    assert described["signature"] == "(X INT, Y TEXT)"
    assert (described["returns"], described["handler"]) == ("FLOAT", "f")
    assert column(session, "SHOW USER FUNCTIONS", "arguments") == ["F(INT, TEXT) RETURN FLOAT"]
    assert column(session, "SHOW PROCEDURES", "name") == []


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("(x INT) RETURNS INT LANGUAGE JAVASCRIPT AS 'return x'", "LANGUAGE JAVASCRIPT"),
        (f"(x VECTOR(INT, 3)) RETURNS INT {PYTHON} AS ''", "the type VECTOR"),
    ],
)
def test_other_functions_are_refused(session: Session, definition: str, words: str) -> None:
    with refused(2, words):
        run(session, f"CREATE FUNCTION f{definition}")


def test_a_handler_is_needed(session: Session) -> None:
    with refused(1003, "needs a HANDLER"):
        run(session, "CREATE FUNCTION f() RETURNS INT LANGUAGE PYTHON AS 'x'")


def test_a_procedure_needs_a_server(session: Session) -> None:
    run(session, f"CREATE PROCEDURE p() RETURNS INT {PYTHON} AS $$\ndef f(session): return 1\n$$")
    with refused(2, "where no server runs"):
        run(session, "CALL p()")
    with refused(2003):
        run(session, "CALL none()")
