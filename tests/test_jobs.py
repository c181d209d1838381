"""Submitting a training to a compute pool, against the signature of the real client."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import snowflake.ml.jobs

from churn import jobs
from churn.domain.errors import StoreError

REAL = inspect.signature(snowflake.ml.jobs.submit_directory)


class Job:
    id = "JOB_1"

    def __init__(self, status: str) -> None:
        self.status = status

    def wait(self) -> str:
        return self.status

    def get_logs(self) -> str:
        return "what it printed"


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
    jobs.train(
        None,  # type: ignore[arg-type]
        pool="POOL",
        database="CHURN",
        arguments=["--seed", "1"],
        say=said.append,
    )
    return kept


def test_the_package_and_the_command_are_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = submitted(monkeypatch, "DONE")
    assert kept["compute_pool"] == "POOL"
    assert kept["args"] == ["train", "--target", "snowflake", "--seed", "1"]
    assert {"job.py", "churn/cli.py", "churn/domain/features.py"} <= kept["files"]
    assert "churn/emulator/server.py" not in kept["files"]
    assert any(r.startswith("xgboost==") for r in kept["pip_requirements"])
    assert kept["said"] == ["what it printed"]


def test_a_job_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="JOB_1 on the compute pool POOL ended as FAILED"):
        submitted(monkeypatch, "FAILED")
