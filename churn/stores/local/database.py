"""MLflow on a SQLite file, and the lock under which it is written to."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from churn.domain.errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = 60.0
"""Seconds to wait for another process that writes to the same store."""


class Database:
    """MLflow's client on a SQLite file, and the lock under which it is written to."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.path = self.home / "mlflow.db"

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    @cached_property
    def client(self) -> MlflowClient:
        with mlflow_quiet():
            from mlflow import MlflowClient

            address = f"sqlite:///{self.path}"
            with self.writing():
                if not self.exists:
                    self._create()
            return MlflowClient(tracking_uri=address, registry_uri=address)

    @cached_property
    def lock(self) -> FileLock:
        return FileLock(self.home / "lock")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among all processes.

        Raises:
            StoreError: The folder cannot be written to, or another process holds on to it.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise StoreError(
                f"the store {self.home} is being written to by another process for over "
                f"{PATIENCE:.0f} s",
                "Try again when it has finished.",
            ) from error
        except OSError as error:
            raise StoreError(
                f"the store {self.home} cannot be written to: {error.strerror}",
                "Set CHURN_HOME to a folder you may write to.",
            ) from error
        try:
            yield
        finally:
            self.lock.release()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """MLflow's and the file system's errors in our words."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, OSError) as error:
            raise StoreError(
                f"the store {self.home} failed: {str(error).splitlines()[0]}",
                "Is the disk full, or the folder read-only?",
            ) from error

    def experiment(self, name: str) -> str:
        """The id of the experiment, which is made if need be."""
        known = self.client.get_experiment_by_name(name)
        if known:
            return str(known.experiment_id)
        location = (self.home / "artifacts").as_uri()
        return str(self.client.create_experiment(name, artifact_location=location))

    def _create(self) -> None:
        """Under another name first: a database that is there is complete."""
        from mlflow import MlflowClient

        handle, name = tempfile.mkstemp(prefix="mlflow-", suffix=".db", dir=self.home)
        os.close(handle)
        temporary = Path(name)
        try:
            address = f"sqlite:///{temporary}"
            MlflowClient(tracking_uri=address, registry_uri=address).search_experiments()
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


def moment(milliseconds: int) -> datetime:
    """What MLflow counts in milliseconds, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@contextmanager
def mlflow_quiet() -> Iterator[None]:
    """MLflow without its telemetry, its migration log and its dependencies' deprecations."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
