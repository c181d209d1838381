"""Submitting a training to a compute pool, against the signature of the real client."""

from __future__ import annotations

import inspect
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import snowflake.ml.jobs

from churn.domain.errors import StoreError
from churn.remote import jobs
from churn.settings import Settings

REAL = inspect.signature(snowflake.ml.jobs.submit_directory)


class Job:
    id = "JOB_1"

    def __init__(self, status: str) -> None:
        self.status = status

    def wait(self) -> str:
        return self.status

    def get_logs(self) -> str:
        return "what it printed"


@pytest.fixture(autouse=True)
def _module_of_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("PROBLEM = None")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)


def submitted(monkeypatch: pytest.MonkeyPatch, status: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}

    def submit(*arguments: Any, **keywords: Any) -> Job:
        kept.update(REAL.bind(*arguments, **keywords).arguments)
        folder = Path(kept["dir_path"])
        kept["files"] = {f.relative_to(folder).as_posix() for f in folder.rglob("*.py")}
        return Job(status)

    monkeypatch.setattr(snowflake.ml.jobs, "submit_directory", submit)
    said: list[str] = []
    kept["said"] = said
    settings = Settings(seed=1, as_of=date(2024, 3, 31), problem="mine:PROBLEM")
    jobs.submit(settings, None, "POOL", "CHURN", ["--search=3"], said.append)  # type: ignore[arg-type]
    return kept


def test_the_package_and_the_command_are_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = submitted(monkeypatch, "DONE")
    assert kept["compute_pool"] == "POOL"
    assert kept["args"] == [
        *("train", "--target", "snowflake", "--search=3"),
        *("--seed=1", "--as-of=2024-03-31", "--problem=mine:PROBLEM"),
    ]
    files = {"job.py", "mine.py", "churn/cli/__init__.py", "churn/domain/features.py"}
    assert files <= kept["files"]
    assert not [f for f in kept["files"] if f.startswith("churn/emulator/")]
    pinned = {requirement.split("==")[0] for requirement in kept["pip_requirements"]}
    assert {"xgboost", "polars", "scikit-learn", "snowflake-ml-python"} <= pinned
    assert not {"mlflow", "pytest"} & pinned
    assert kept["said"] == ["what it printed"]


def test_a_job_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="JOB_1 on the compute pool POOL ended as FAILED"):
        submitted(monkeypatch, "FAILED")
