"""Training on a compute pool: the same command, submitted as a Snowflake ML Job.

Written against the documented API of snowflake-ml 2.6. NEVER VERIFIED: no account has run it, and
the emulator has no compute pools.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from churn.domain.errors import StoreError
from churn.domain.problem import SHIPPED
from churn.domain.schemas import PREP_DATA
from churn.settings import Settings

if TYPE_CHECKING:
    from snowflake.snowpark import Session

PACKAGE = Path(__file__).parents[1]
ENTRY = "job.py"
STAGE = "JOBS"
LOCAL = frozenset({"mlflow"})
"""What only the local stores use."""

CLIENT = "snowflake-ml-python"


def submit(
    settings: Settings,
    session: Session,
    pool: str,
    database: str,
    words: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Submit `churn train` with these options, wait for it, and repeat what it printed.

    Args:
        settings: Its dates, seed and problem go along.

    Raises:
        StoreError: The job could not be submitted, or failed.
    """
    from importlib.metadata import version

    from snowflake.ml.jobs import submit_directory

    from churn.engines.snowpark import CLIENT_ERRORS, message_of

    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("__pycache__", "emulator")
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=ignored)
        (Path(folder) / ENTRY).write_text("from churn.__main__ import main\n\nmain()\n")
        _copy_problem(settings, Path(folder))
        try:
            job = submit_directory(
                folder,
                pool,
                entrypoint=ENTRY,
                stage_name=f"{database}.{PREP_DATA}.{STAGE}",
                args=["train", "--target", "snowflake", *words, *_options(settings)],
                pip_requirements=[f"{name}=={version(name)}" for name in requirements()],
                session=session,
                env_vars={"CHURN_DATABASE": database},
            )
            status = job.wait()
        except (*CLIENT_ERRORS, RuntimeError, ValueError) as error:
            raise StoreError(
                f"the job on the compute pool {pool} could not run: {message_of(error)}",
                "It needs USAGE on the pool and CREATE SERVICE on the schema.",
            ) from error
    say(str(job.get_logs()))
    if status != "DONE":
        raise StoreError(
            f"the job {job.id} on the compute pool {pool} ended as {status}",
            "What it printed is above.",
        )


def _copy_problem(settings: Settings, folder: Path) -> None:
    """The module of a problem of one's own, or the package that it is in."""
    name = settings.problem.partition(":")[0].partition(".")[0]
    if name == PACKAGE.name:
        return
    source = Path(str(importlib.import_module(name).__file__))
    if source.name == "__init__.py":
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source.parent, folder / name, ignore=ignored)
    else:
        shutil.copy(source, folder)


def requirements() -> list[str]:
    """What the package needs there: all that it requires, and the feature store's client."""
    from importlib.metadata import requires

    needed = [Requirement(text) for text in requires(PACKAGE.name) or ()]
    plain = [r.name for r in needed if r.marker is None]
    return [*(name for name in plain if name not in LOCAL), CLIENT]


def _options(settings: Settings) -> list[str]:
    """The settings of a training as options."""
    values = {
        "seed": settings.seed,
        "as-of": settings.as_of,
        "observation-start": settings.observation_start,
        "outcome-end": settings.outcome_end,
        "problem": None if settings.problem == SHIPPED else settings.problem,
    }
    return [f"--{name}={value}" for name, value in values.items() if value is not None]
