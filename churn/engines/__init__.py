"""What runs the logic of the domain on a table system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from churn.domain.contracts import Table, Violation
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.domain.windows import Windows

if TYPE_CHECKING:
    import polars as pl

F = TypeVar("F", bound=Frame)


class Engine(Protocol[F]):
    """A table system: generic in its frame, so that no two engines are mixed."""

    @property
    def source(self) -> str:
        """Where its tables are, for people."""
        ...

    def violations(
        self, problem: Problem, windows: Windows, *, outcome: bool
    ) -> tuple[Violation, ...]:
        """Every way in which the tables break their contracts or do not reach the windows.

        Args:
            outcome: Whether the outcome window must be covered too, as labels need it.
        """
        ...

    def read(self, table: Table) -> F:
        """The columns of the contract, in its order and types."""
        ...

    def save(self, table: Table, rows: pl.DataFrame) -> int:
        """Make these rows the table, in place of what it was; returns how many they are."""
        ...

    def collect(self, frame: F) -> pl.DataFrame:
        """Compute it."""
        ...

    def write(self, frame: F, destination: Path | str) -> int:
        """Compute it into a file, or a table of that name; it is there whole or not at all.

        Returns:
            The rows written.
        """
        ...
