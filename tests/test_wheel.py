"""The built wheel works in an environment that has nothing else, from any folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def run(*arguments: object, cwd: Path) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHURN_", "PYTHON"))}
    done = subprocess.run(
        list(map(str, arguments)), cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def required(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """The distributions that a distribution needs here, itself among them."""
    from importlib.metadata import requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    todo: list[tuple[str, frozenset[str]]] = [(name, extras)]
    seen: dict[str, frozenset[str]] = {}
    while todo:
        distribution, wanted = todo.pop()
        canonical = canonicalize_name(distribution)
        if wanted <= seen.get(canonical, frozenset()) and canonical in seen:
            continue
        seen[canonical] = seen.get(canonical, frozenset()) | wanted
        for text in requires(distribution) or ():
            each = Requirement(text)
            chosen = [{"extra": extra} for extra in ("", *wanted)]
            if each.marker is None or any(
                each.marker.evaluate(environment) for environment in chosen
            ):
                todo.append((each.name, frozenset(each.extras)))
    return set(seen)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs, without extras: linked, not downloaded."""
    from importlib.metadata import distribution

    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    for name in required("churn") - {"churn", "pip", "setuptools"}:
        for file in distribution(name).files or ():
            source, target = Path(str(file.locate())), site / str(file)
            if ".." not in file.parts and not target.exists() and source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return folder / "env" / "bin" / "churn"


def test_train_and_plan_from_another_folder(installed: Path, tmp_path: Path) -> None:
    run(installed, "data", "generate", "--out", "data", "--customers", "400", cwd=tmp_path)
    told = run(installed, "train", "--search", "0", cwd=tmp_path)
    assert re.search(r"Model version +CUSTOMER_CHURN_PREDICTOR/V1", told)
    planned = run(installed, "sql", "plan", "setup", cwd=tmp_path)
    assert "CREATE ROLE IF NOT EXISTS CHURN_ROLE" in planned


def test_without_the_clients_the_way_to_install_them_is_said(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [installed, "runs", "list", "--connection", "emulator"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'churn[emulator]'" in done.stderr
    assert "Traceback" not in done.stderr
