"""The folders have arrows, the modules no circle, and nothing else of the package is needed."""

from __future__ import annotations

import ast
import graphlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

EMULATOR = "churn.emulator"
PACKAGE = ROOT / "churn" / "emulator"

FOLDERS = ("language", "duck", "account", "translation", "statements", "http")
"""Each may import those before it; modules beside the folders may import all."""


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join([EMULATOR, *(p for p in parts if p != "__init__")])


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it: in functions and for types only, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in MODULES else module


GRAPH = {
    name: {m for m in imported(path) if m.startswith("churn") and m != name}
    for name, path in MODULES.items()
}


def folder_of(module: str) -> str | None:
    part = module.removeprefix(EMULATOR).lstrip(".").split(".")[0]
    return part if part in FOLDERS else None


@pytest.mark.parametrize("name", MODULES)
def test_arrows_point_down(name: str) -> None:
    folder = folder_of(name)
    if folder is None:
        return
    allowed = FOLDERS[: FOLDERS.index(folder) + 1]
    for other in GRAPH[name]:
        assert folder_of(other) in allowed, f"{name} imports {other}"


@pytest.mark.parametrize("name", MODULES)
def test_it_imports_nothing_else_of_the_package(name: str) -> None:
    assert {m for m in GRAPH[name] if not m.startswith(EMULATOR)} == set()


def test_no_circle_among_modules() -> None:
    """Imports for types only count: they, too, make one module unreadable without the other."""
    order = list(graphlib.TopologicalSorter(GRAPH).static_order())
    assert len(order) == len(MODULES)


def test_a_circle_would_be_seen() -> None:
    circle = GRAPH | {f"{EMULATOR}.language.names": {f"{EMULATOR}.server"}}
    with pytest.raises(graphlib.CycleError):
        list(graphlib.TopologicalSorter(circle).static_order())


def test_only_one_module_imports_fakesnow() -> None:
    importers = [
        n for n, p in MODULES.items() if any(m.startswith("fakesnow") for m in imported(p))
    ]
    assert importers == [f"{EMULATOR}.duck.fakesnow"]


def test_the_language_knows_neither_clients_nor_databases() -> None:
    clients = ("duckdb", "fakesnow", "snowflake", "sqlite3", "starlette")
    for name, path in MODULES.items():
        if folder_of(name) == "language":
            assert not [m for m in imported(path) if m.startswith(clients)], name


ALONE = """
import sys, snowflake.connector
from churn.emulator.server import Emulator
with Emulator() as emulator, snowflake.connector.connect(**emulator.connection) as connection:
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE d")
    cursor.execute("CREATE TABLE t AS SELECT 1 AS a")
    print(cursor.execute("SELECT SUM(a) FROM t").fetchall())
print(sorted(m for m in sys.modules if m.startswith("churn.") and ".emulator" not in m))
"""


def test_it_works_with_the_rest_of_the_package_absent(tmp_path: Path) -> None:
    """Its folder alone, in a package that holds nothing else."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "churn" / "emulator", ignore=ignored)
    (tmp_path / "churn" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.split("\n")[:2] == ["[(1,)]", "[]"], done.stderr
