"""Arrows point down only, there is no circle, and what is general knows no problem by name."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "churn"

MAY_IMPORT = {
    "domain": {"domain"},
    "engines": {"domain", "engines"},
    "model": {"domain", "model"},
    "monitoring": {"domain", "monitoring"},
    "leakage": {"domain", "engines", "leakage"},
    "stores": {"domain", "engines", "model", "stores"},
    "pipelines": {"domain", "engines", "leakage", "model", "monitoring", "pipelines", "stores"},
    "settings": {"domain"},
    "emulator": {"emulator"},
    "remote": {"domain", "emulator", "engines", "remote", "settings"},
    "bootstrap": {"domain", "engines", "remote", "settings", "stores"},
    "pytest_leakage": {"bootstrap", "pipelines", "settings"},
    "cli": {"bootstrap", "cli", "domain", "emulator", "engines", "leakage", "model", "monitoring"}
    | {"pipelines", "remote", "settings", "stores"},
    "__main__": {"cli", "domain"},
}
"""What each part of the package may import of the others."""

CONCRETE = re.compile(r"(engines\.(polars|snowpark|files|violations)|stores\.(local|snowflake))\b")
"""Engines and stores that `bootstrap` chooses between."""

MAY_CHOOSE = {"bootstrap", "cli", "engines", "leakage", "remote", "stores"}
"""Besides the chooser: engines and stores themselves; audits, which run on Polars by design; jobs
and scripts, which run in Snowflake; and commands that need no target.
"""

GENERAL = ("domain", "engines", "leakage", "model", "monitoring", "stores", "pipelines")
"""Parts that any problem uses."""

PROBLEM_WORDS = re.compile(r"(?i:churn)|CUSTOMER|ORDERS|ORDER_(ID|DATE|AMOUNT)")

PACKAGE_WORDS = re.compile(
    r"churn (data|doctor|explore|models|runs|score|sql|train)\b|churn\.domain\.churn:CHURN"
    r"|churn\.toml|churn\[|churn\.domain\.|CHURN_HOME"
)
"""The names of package, commands and settings, which stay what they are."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(p for p in parts if p != "__init__"), path


def imported(path: Path) -> set[str]:
    """Modules by full name; of a package, the module in it that is meant."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if _is_ours(name) else node.module for name in inner}
    return names


def _is_ours(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


MODULES = [(name, path) for name, path in modules() if name]


def ours(path: Path) -> set[str]:
    return {i.removeprefix("churn.") for i in imported(path) if i.startswith("churn.")}


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_arrows_point_down(name: str, path: Path) -> None:
    part = name.split(".", maxsplit=1)[0]
    parts = {o.split(".")[0] for o in ours(path)} - {"__version__", part}
    assert parts <= MAY_IMPORT[part]
    if part not in MAY_CHOOSE:
        assert not [o for o in ours(path) if CONCRETE.match(o)]


def test_there_is_no_circle() -> None:
    """Not even among imports for types only."""
    names = {name for name, _ in MODULES if not name.startswith("emulator")}
    graph = {name: (ours(path) & names) - {name} for name, path in MODULES if name in names}
    list(graphlib.TopologicalSorter(graph).static_order())


def test_engines_know_nothing_of_each_other() -> None:
    assert "engines.snowpark" not in ours(PACKAGE / "engines" / "polars.py")
    assert "engines.polars" not in ours(PACKAGE / "engines" / "snowpark.py")


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").rglob("*.py")), ids=lambda p: p.stem)
def test_the_domain_uses_the_standard_library_only(path: Path) -> None:
    """But for generators of example data, which are imported when they are asked for."""
    outside = {name.split(".")[0] for name in imported(path)} - {"churn"}
    assert outside <= sys.stdlib_module_names or path.stem == "generator"


def general() -> Iterator[Path]:
    for part in GENERAL:
        yield from sorted((PACKAGE / part).rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    [p for p in general() if "churn" not in p.relative_to(PACKAGE).parts],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_what_is_general_knows_no_problem_by_name(path: Path) -> None:
    """In names and in texts; docstrings may take their examples from where they like."""
    for line, word in words(ast.parse(path.read_text())):
        assert not PROBLEM_WORDS.search(PACKAGE_WORDS.sub("", word)), f"line {line}: {word}"


def words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {id(n.body[0]) for n in ast.walk(tree) if isinstance(n, documented) and n.body}
    for node in ast.walk(tree):
        match node:
            case ast.Expr() if isinstance(node.value, ast.Constant):
                docstrings.add(id(node.value))
            case ast.Constant(value=str() as text) if id(node) not in docstrings:
                yield node.lineno, text
            case ast.Name(id=name) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.Attribute(attr=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name


@pytest.mark.parametrize("arguments", [["-c", "import churn"], ["-m", "churn", "--help"]])
def test_starting_up_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = ("mlflow", "numpy", "pandas", "polars", "shap", "sklearn", "snowflake", "xgboost")
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    loaded = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not loaded & set(heavy)
