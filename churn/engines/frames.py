"""What the frames of all engines refuse, in the same words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from churn.domain.errors import UsageError


class Checked(ABC):
    """A frame that knows its columns.

    Raises:
        UsageError: From each check, if it fails.
    """

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]: ...

    def require(self, *names: str) -> None:
        known = self.columns
        for name in names:
            if name not in known:
                raise UsageError.unknown("column", name, known)

    def require_distinct(self, other: Self, keys: list[str]) -> None:
        """No column but the keys is on both sides of a join."""
        both = sorted((set(self.columns) & set(other.columns)) - set(keys))
        if both:
            raise UsageError(
                f"both sides of the join have the columns {', '.join(both)}",
                "Select or rename them on one side first.",
            )

    def require_same(self, other: Self) -> None:
        if self.columns != other.columns:
            raise UsageError(
                f"a union needs the same columns, found {self.columns} and {other.columns}",
                "Select the same columns in the same order first.",
            )
