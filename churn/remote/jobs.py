"""Training on a compute pool: the same command, submitted as a Snowflake ML Job.

Written against the documented API of snowflake-ml 2.6. NEVER VERIFIED: no account has run it, and
the emulator has no compute pools.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churn.domain.errors import StoreError

if TYPE_CHECKING:
    from snowflake.snowpark import Session

PACKAGE = Path(__file__).parent
ENTRY = "job.py"
STAGE = "JOBS"
REQUIREMENTS = (
    *("dataframely", "filelock", "matplotlib", "polars", "rich", "scikit-learn", "shap"),
    *("time-machine", "typer", "xgboost", "snowflake-ml-python"),
)
"""What the pipeline imports there, in the versions installed here."""


def train(
    session: Session,
    *,
    pool: str,
    database: str,
    arguments: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Submit `churn train` with these arguments, wait for it, and repeat what it printed.

    Raises:
        StoreError: The job could not be submitted, or failed.
    """
    from importlib.metadata import version

    from snowflake.ml.jobs import submit_directory

    from churn.engines.snowpark import CLIENT_ERRORS, message_of

    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("__pycache__", "emulator")
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=ignored)
        (Path(folder) / ENTRY).write_text("from churn.cli import main\n\nmain()\n")
        try:
            job = submit_directory(
                folder,
                pool,
                entrypoint=ENTRY,
                stage_name=f"{database}.PREP_DATA.{STAGE}",
                args=["train", "--target", "snowflake", *arguments],
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
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
