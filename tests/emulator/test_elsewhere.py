"""docs/emulator-elsewhere.md, done as it says, from a project that is empty."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from churn.emulator.server import Emulator
from tests.conftest import ROOT

pytestmark = pytest.mark.emulator

PAGE = (ROOT / "docs" / "emulator-elsewhere.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run_pytest(folder: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the tests of the page, and nothing else."""
    tests = blocks("python test")
    assert len(tests) == 2
    for number, text in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(text)
    return tmp_path


def test_the_fixtures_work_in_any_project(project: Path) -> None:
    out = run_pytest(project)
    assert "3 passed" in out, out


def test_names_of_the_project_stay_its_own(project: Path) -> None:
    """Neither the option --connection nor a fixture or test called `connect` is the plugin's."""
    (project / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--connection', default='mine')\n"
        "@pytest.fixture\n"
        "def connect(request):\n"
        "    return request.config.getoption('--connection')\n"
        "@pytest.fixture\n"
        "def emulator():\n"
        "    return 'mine'\n"
    )
    (project / "test_own.py").write_text(
        "def test_own(connect, emulator, request):\n"
        "    assert connect == emulator == 'mine'\n"
        "    assert not list(request.node.iter_markers())\n"
    )
    out = run_pytest(project, "test_own.py")
    assert "1 passed" in out, out


def test_markers_choose(project: Path) -> None:
    assert "1 passed, 2 deselected" in run_pytest(project, "-m", "not emulator")
    skipped = run_pytest(project, "-m", "snowflake")
    assert "needs an account: --snowflake-connection NAME" in skipped


def test_the_entry_of_connections_toml_is_enough(project: Path, tmp_path: Path) -> None:
    """The tests of the fixtures on a connection of that name: here, a served emulator."""
    (entry,) = blocks("toml connections")
    with Emulator() as running:
        served = tomllib.loads(running.toml())["emulator"]
        assert tomllib.loads(entry)["emulator"] == served | {"port": 8085}
        home = tmp_path / "home"
        home.mkdir()
        file = home / "connections.toml"
        file.write_text(entry.replace("8085", str(running.port)))
        file.chmod(0o600)
        out = run_pytest(
            project,
            *("--snowflake-connection", "emulator", "-m", "snowflake"),
            SNOWFLAKE_HOME=str(home),
        )
    assert "1 passed" in out, out
