"""What the emulator does, from its own list of statements."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from churn.emulator.clients import METHODS
from churn.emulator.language.text import opening
from churn.emulator.statements import SNOWFLAKE

TESTS = "tests/emulator/test_statements.py::"

REFUSED = (
    "CREATE PIPE p AS COPY INTO t FROM @s",
    "CREATE STREAM s ON TABLE t",
    "CREATE EXTERNAL TABLE t (a INT)",
    "CREATE ICEBERG TABLE t (a INT)",
    "CREATE MATERIALIZED VIEW v AS SELECT 1",
    "CREATE MASKING POLICY p AS (v STRING) RETURNS STRING -> v",
    "CREATE ROW ACCESS POLICY p AS (v STRING) RETURNS BOOLEAN -> TRUE",
    "CREATE NETWORK POLICY p",
    "CREATE COMPUTE POOL p",
    "CREATE SERVICE s",
    "CREATE STREAMLIT s",
    "CREATE NOTEBOOK n",
    "CREATE SHARE s",
    "CREATE GIT REPOSITORY r",
    "CREATE SECRET s",
    "CREATE API INTEGRATION i",
    "CREATE ONLINE FEATURE TABLE t",
    "CREATE CORTEX SEARCH SERVICE s",
    "CREATE IMAGE REPOSITORY r",
    "UNDROP SCHEMA s",
    "ALTER ACCOUNT SET X = 1",
    "SHOW PIPES",
    "SHOW STREAMS",
    "EXPLAIN SELECT 1",
    "VACUUM",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "COPY FILES INTO @s FROM @t",
    "PRAGMA version",
)
"""Statements that are refused by name; whatever else is not in the list of statements is, too."""


@dataclass(frozen=True)
class Row:
    """One line: a statement or function, whether it is implemented, and the test that shows it."""

    what: str
    status: str
    test: str
    page: str
    limits: str = ""


def rows() -> list[Row]:
    return [*_statements(), *_functions(), *_refused()]


def _statements() -> list[Row]:
    return [
        Row(
            each.syntax,
            "implemented",
            f"{TESTS}test_examples[{each.example}]",
            f"sql-reference/sql/{each.page}",
            each.limits,
        )
        for each in SNOWFLAKE.statements
    ]


def _functions() -> list[Row]:
    scalar = [(f"{n}(...)", n, f.page) for n, f in sorted(SNOWFLAKE.functions.items())]
    of_tables = [
        (f"TABLE({n}(...))", n, f.page) for n, f in sorted(SNOWFLAKE.table_functions.items())
    ]
    return [
        Row(
            call, "implemented", f"{TESTS}test_functions[{name}]", f"sql-reference/functions/{page}"
        )
        for call, name, page in scalar + of_tables
    ]


def _refused() -> list[Row]:
    return [Row(opening(text), "refused", f"{TESTS}test_refused", "") for text in REFUSED]


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
