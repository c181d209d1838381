"""Labels: what is to be predicted, as a registered definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from churn.domain.definitions import Definition
from churn.domain.expressions import Scalar
from churn.domain.windows import Windows


@dataclass(frozen=True, kw_only=True)
class Event:
    """The rows that decide a label: one of them in the outcome window makes it `makes`.

    Args:
        where: The values that such a row has; any row of the table, if empty.
        makes: The label of an entity that has such a row: 1 or 0.
    """

    table: str
    where: Mapping[str, Scalar] = field(default_factory=dict)
    makes: int = 1

    def __str__(self) -> str:
        values = " and ".join(f"{name} = {value}" for name, value in self.where.items())
        rows = f"a row of {self.table}{f' with {values}' if values else ''}"
        return f"{self.makes} where the outcome window holds {rows}"


@dataclass(frozen=True, kw_only=True)
class Label(Definition):
    """The definition of a label, with one row for each entity of the population.

    `compute` returns the entity's key and `column`, which is 1 or 0. It is given events up to the
    end of the outcome window, and attributes as they were on the as-of date.

    Args:
        name: For instance CHURN; tables and columns of results are named after it.
        positive: The word for 1, as in "1,627 customers churned".
        negative: The word for 0.
        event: What decides it; the audit makes such events.
        windows: Those that are meant if none are given.
    """

    column: str
    positive: str
    negative: str
    event: Event
    windows: Windows
