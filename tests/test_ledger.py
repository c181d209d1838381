"""tools/ledger.py: what a real account has verified, and when."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

TOOL = ROOT / "tools" / "ledger.py"
LEDGER = ROOT / "docs" / "verified.md"

CASE = '<testcase classname="tests.{module}" name="{name}">{result}</testcase>'
RUN = """<testsuites><testsuite timestamp="{day}T04:17:00+00:00">
<properties><property name="snowflake" value="9.38.1"/></properties>{cases}</testsuite></testsuites>
"""


def run(folder: Path, day: str, **results: list[str]) -> str:
    """The ledger after a run with these results, by module; p passed, f failed, s skipped."""
    words = {"p": "", "f": "<failure/>", "e": "<error/>", "s": "<skipped/>"}
    cases = "".join(
        CASE.format(module=module, name=f"test_{i}", result=words[r])
        for module, rs in results.items()
        for i, r in enumerate(rs)
    )
    (folder / "run.xml").write_text(RUN.format(day=day, cases=cases))
    command = [sys.executable, str(TOOL), str(folder / "run.xml"), "--commit", f"c{day[-2:]}"]
    ledger = folder / "verified.md"
    subprocess.run([*command, "--ledger", str(ledger)], check=True)
    return ledger.read_text()


def rows(text: str) -> dict[str, list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_what_passed_last_is_kept_when_it_fails(tmp_path: Path) -> None:
    first = rows(run(tmp_path, "2026-01-05", test_remote=["p", "p"], test_jobs=["s", "s"]))
    assert first["tests/test_remote.py"][1:] == [
        "2 of 2",
        "2026-01-05",
        "2026-01-05",
        "c05",
        "9.38.1",
    ]
    assert first["tests/test_jobs.py"][1:] == ["0 of 2", "never", "never", "", ""]
    then = rows(run(tmp_path, "2026-01-12", test_remote=["p", "f"], test_jobs=["p", "e"]))
    assert then["tests/test_remote.py"][1:] == [
        "1 of 2",
        "2026-01-12",
        "2026-01-05",
        "c05",
        "9.38.1",
    ]
    assert then["tests/test_jobs.py"][1:] == ["1 of 2", "2026-01-12", "never", "", ""]
    last = rows(run(tmp_path, "2026-01-19", test_remote=["p", "s"]))
    assert last["tests/test_remote.py"][3:] == ["2026-01-19", "c19", "9.38.1"]
    assert last["tests/test_jobs.py"] == then["tests/test_jobs.py"]


def test_what_runs_on_an_account_is_in_the_ledger(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what it is about, in the words of its module."""
    ledger = rows(LEDGER.read_text())
    spec = importlib.util.spec_from_file_location("ledger", TOOL)
    assert spec
    assert spec.loader
    tool: Any = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ledger", tool)
    spec.loader.exec_module(tool)
    for path, (what, *_) in ledger.items():
        assert what == tool.about(ROOT / path)
    needed = {
        str(Path(item.path).relative_to(ROOT))
        for item in request.session.items
        if "snowflake_connect" in (names := getattr(item, "fixturenames", ()))
        and "snowflake_emulator" not in names
    }
    assert needed <= set(ledger)
