"""What the emulator does, from its own list of statements."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from churn.emulator import account as _account  # its imports declare the statements
from churn.emulator import statements
from churn.emulator.clients import METHODS
from churn.emulator.examples import EXAMPLES, REFUSED
from churn.emulator.rewrite import FUNCTIONS, TABLE_FUNCTIONS

__all__ = ["_account", "as_markdown", "rows", "table"]

TESTS = "tests/emulator/test_statements.py::test_examples"


@dataclass(frozen=True)
class Row:
    """One line: a statement or function, whether it is implemented, and the test that shows it."""

    what: str
    status: str
    test: str
    page: str
    limits: str = ""


def rows() -> list[Row]:
    found = [
        Row(
            s.syntax,
            "implemented",
            f"{TESTS}[{s.answer.__name__}]" if s.answer.__name__ in EXAMPLES else "",
            f"sql-reference/sql/{s.page}",
            s.limits,
        )
        for s in statements.STATEMENTS
    ]
    for name, (_, page) in sorted(FUNCTIONS.items()):
        found.append(Row(f"{name}(...)", "implemented", "", f"sql-reference/functions/{page}"))
    for name, (_, page) in sorted(TABLE_FUNCTIONS.items()):
        found.append(
            Row(f"TABLE({name}(...))", "implemented", "", f"sql-reference/functions/{page}")
        )
    found += [
        Row(
            statements.opening(text),
            "refused",
            "tests/emulator/test_statements.py::test_refused",
            "",
        )
        for text in REFUSED
    ]
    return found


def table() -> list[dict[str, str]]:
    return [asdict(row) for row in rows()]


def as_markdown() -> str:
    """The page for people."""
    lines = [
        "# What the emulator does",
        "",
        "Made by `churn emulator coverage`. Verified on a real account: nothing so far.",
        "",
        "| statement | status | test | limits |",
        "|---|---|---|---|",
    ]
    for row in rows():
        what = row.what.replace("|", "\\|")
        test = row.test.rpartition("::")[2]
        lines.append(f"| `{what}` | {row.status} | {test} | {row.limits} |")
    lines += ["", "## snowflake-ml", "", "| method | status | test |", "|---|---|---|"]
    lines += [f"| `{name}` | {status} | {test} |" for name, (status, test) in METHODS.items()]
    return "\n".join(lines)
