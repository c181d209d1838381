"""There is one check, and workflows that do what the README says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = [*WORKFLOWS, *sorted((ROOT / ".github" / "actions").rglob("*.yml"))]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return content


def test_the_check_is_one_command() -> None:
    """CI, pull requests and the hook before a push run the same."""
    assert "\nmake check\n" in (ROOT / ".ci" / "run").read_text()
    assert "make check |" in (ROOT / ".github" / "workflows" / "pr-checks.yml").read_text()
    assert "entry: make check" in (ROOT / ".pre-commit-config.yaml").read_text()


@pytest.mark.parametrize("path", ACTIONS, ids=lambda p: p.parent.name + "/" + p.name)
def test_actions_are_pinned_and_targets_exist(path: Path) -> None:
    text = path.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert used.startswith("./") or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), used
    for target in re.findall(r"\bmake (?:--silent )?([a-z-]+)", text):
        assert target in TARGETS


def test_conditions_of_jobs_read_variables_of_the_repository() -> None:
    """Those of an environment are empty in a job's `if`: it would always be skipped."""
    conditions = [job["if"] for path in WORKFLOWS for job in jobs(path).values() if "if" in job]
    named = {name for text in conditions for name in re.findall(r"vars\.(\w+)", text)}
    readme = re.sub(r"\s+", " ", (ROOT / "README.md").read_text())
    (said,) = re.findall(r"variables of the repository, ([^.]*)\.", readme)
    assert named
    for name in named:
        assert f"`{name}`" in said


def test_no_checkout_keeps_its_token_but_the_one_that_pushes() -> None:
    keeping = [
        (path.name, name)
        for path in WORKFLOWS
        for name, job in jobs(path).items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout")
        and step.get("with", {}).get("persist-credentials") is not False
    ]
    assert keeping == [("verify-account.yml", "ledger")]
