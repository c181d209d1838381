"""Arrows point down only, and starting up is fast."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "churn"

MAY_IMPORT = {
    "domain": {"domain"},
    "writing": {"domain"},
    "engines": {"domain", "engines", "writing"},
    "model": {"domain", "model"},
    "monitoring": {"domain", "monitoring"},
    "leakage": {"domain", "engines", "leakage"},
    "stores": {"domain", "engines", "model", "stores", "writing"},
    "pipelines": {"domain", "engines", "leakage", "model", "monitoring", "pipelines", "stores"},
    "emulator": {"emulator"},
    "connecting": {"domain", "bootstrap", "emulator"},
    "bootstrap": {"connecting", "domain", "engines", "stores"},
    "doctor": {"doctor"},
    "jobs": {"domain", "engines"},
    "scripts": {"domain"},
    "printing": {"doctor", "domain", "pipelines", "scripts", "stores"},
    "__main__": {"cli"},
    "pytest_plugin": {"bootstrap", "pipelines"},
    "cli": {"leakage", "domain", "engines", "pipelines", "printing", "stores", "bootstrap"}
    | {"connecting", "doctor", "emulator", "jobs", "scripts"},
}
"""What each part of the package may import of the others."""

ADAPTERS = {
    *("engines.polars", "engines.snowpark", "engines.files", "engines.problems"),
    *("stores.local", "stores.snowflake"),
}
"""Concrete engines and stores: chosen in bootstrap, and by commands that need no target."""

CHOOSERS = {"bootstrap", "cli"}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


MODULES = [(name, path) for name, path in modules() if name]


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_arrows_point_down(name: str, path: Path) -> None:
    part = name.split(".", maxsplit=1)[0]
    ours = {i.removeprefix("churn.") for i in imported(path) if i.startswith("churn.")}
    parts = {o.split(".")[0] for o in ours} - {"__version__"}
    assert parts - {part} <= MAY_IMPORT[part]
    if part not in CHOOSERS | {"engines", "jobs", "leakage", "stores"}:
        assert not ours & ADAPTERS


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").glob("*.py")), ids=lambda p: p.stem)
def test_the_domain_uses_the_standard_library_only(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path)} - {"churn"}
    assert outside <= sys.stdlib_module_names


@pytest.mark.parametrize("arguments", [["-c", "import churn"], ["-m", "churn", "--help"]])
def test_starting_up_imports_nothing_heavy_and_is_fast(arguments: list[str]) -> None:
    heavy = ("mlflow", "numpy", "pandas", "polars", "shap", "sklearn", "snowflake", "xgboost")
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    loaded = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not loaded & set(heavy)
    best = min(_seconds(arguments) for _ in range(3))
    assert best < 0.6  # 0.3 s on an idle machine of two cores; this one is busy with other tests


def _seconds(arguments: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - begun
