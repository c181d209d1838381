"""The verbs that features and labels may use on a table."""

from __future__ import annotations

from typing import Literal, Protocol, Self, TypeVar

from churn.domain.expressions import Expression, Operand

Join = Literal["inner", "left", "semi", "anti"]

Made_co = TypeVar("Made_co", covariant=True)


class Grouped(Protocol[Made_co]):
    def agg(self, **aggregates: Expression) -> Made_co:
        """The keys and one column an aggregate, one row a group."""
        ...


class Frame(Protocol):
    """A table that is computed when an engine is asked to. The order of rows never matters."""

    def filter(self, *conditions: Expression) -> Self:
        """The rows for which all conditions are true; NULL is not true."""
        ...

    def select(self, *names: str, **expressions: Operand) -> Self:
        """Exactly these columns, in this order."""
        ...

    def with_columns(self, **expressions: Operand) -> Self:
        """All columns, and these added at the end or replaced in place."""
        ...

    def group_by(self, *keys: str) -> Grouped[Self]:
        """NULL keys form a group. Without keys, one group of all rows, even of none."""
        ...

    def join(self, other: Self, on: str | tuple[str, ...], how: Join = "inner") -> Self:
        """Rows that agree on the columns `on`; NULL agrees with nothing.

        The other's remaining columns follow, and must have other names.
        """
        ...

    def join_asof(
        self, other: Self, *, left_time: str, right_time: str, by: str | tuple[str, ...], tie: str
    ) -> Self:
        """Each row with the other's latest row at or before its time, or with NULLs.

        Among the other's rows of the same time, the one with the largest `tie` counts.
        """
        ...

    def union(self, other: Self) -> Self:
        """The rows of both, duplicates kept; the same columns in the same order."""
        ...

    def distinct(self) -> Self:
        """Without duplicate rows; NULL equals NULL here."""
        ...

    def sort(self, *by: str, descending: bool = False) -> Self:
        """For output. NULL comes last."""
        ...
