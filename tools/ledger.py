"""Write down what a Snowflake account has verified, and when: docs/verified.md.

    pytest -m snowflake --connection NAME --junit-xml verified.xml
    python tools/ledger.py verified.xml --commit SHA

A row is a module of tests. When all that ran of it last passed stays, whatever came later.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
HEAD = """# What a Snowflake account has verified

Written by `tools/ledger.py` from a run of `pytest -m snowflake --connection NAME`;
`.github/workflows/verify-account.yml` runs both every week, once it is set up. The emulator runs the
same tests in every pull request.

| tests | what they hold | passed | last run | last passed whole | commit | Snowflake |
|---|---|---|---|---|---|---|
"""
NEVER = "never"


@dataclass(frozen=True)
class Row:
    """One module of tests, by its path."""

    path: str
    about: str
    passed: str
    ran: str = NEVER
    verified: str = NEVER
    commit: str = ""
    version: str = ""

    def __str__(self) -> str:
        facts = (self.about, self.passed, self.ran, self.verified, self.commit, self.version)
        return f"| `{self.path}` | {' | '.join(facts)} |"

    @classmethod
    def parse(cls, line: str) -> Row:
        path, *facts = (cell.strip() for cell in line.strip().strip("|").split("|"))
        return cls(path.strip("`"), *facts)


def about(path: Path) -> str:
    """The first line of the module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return text.partition("\n")[0].rstrip(".").replace("|", "/")


def read(ledger: Path) -> dict[str, Row]:
    lines = ledger.read_text().splitlines() if ledger.is_file() else []
    rows = [Row.parse(line) for line in lines if line.startswith("| `")]
    return {row.path: row for row in rows}


def updated(known: Mapping[str, Row], report: Path, commit: str) -> dict[str, Row]:
    """The rows with what a report in JUnit's format says."""
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - our own file
    if suite is None:
        raise SystemExit(f"{report} holds no test suite")
    day = suite.attrib["timestamp"][:10]
    version = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}
    results: dict[str, list[str]] = {}
    for case in suite.iter("testcase"):
        path = case.attrib["classname"].replace(".", "/") + ".py"
        results.setdefault(path, []).append(next((child.tag for child in case), "passed"))
    rows = dict(known)
    for path, found in results.items():
        passed, ran = found.count("passed"), len(found) - found.count("skipped")
        row = replace(
            rows.get(path, Row(path, "", "")),
            about=about(ROOT / path),
            passed=f"{passed} of {len(found)}",
        )
        if ran:
            row = replace(row, ran=day)
        if ran and passed == ran:
            row = replace(row, verified=day, commit=commit, version=version.get("snowflake", ""))
        rows[path] = row
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("report", type=Path, help="what pytest --junit-xml wrote")
    arguments.add_argument("--commit", required=True, help="of the project that was tested")
    arguments.add_argument("--ledger", type=Path, default=ROOT / "docs" / "verified.md")
    given = arguments.parse_args()
    rows = updated(read(given.ledger), given.report, given.commit[:10])
    given.ledger.write_text(HEAD + "".join(f"{rows[path]}\n" for path in sorted(rows)))


if __name__ == "__main__":
    main()
