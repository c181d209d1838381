"""What features and labels have in common: a function of tables, and what it says written out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from churn.domain.errors import UsageError
from churn.domain.plans import Plan
from churn.domain.windows import PARAMETERS, Windows

WINDOWS = "windows"

Compute = Callable[..., Any]
"""Takes the tables that its parameters name, in lower case, and `windows`; returns a frame."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A named version of a function of tables.

    Args:
        compute: Its parameters are `windows` and the tables it depends on, by name in lower case:
            `def customer_features_v2(orders: F, customers: F, windows: Windows) -> F`.
    """

    name: str
    version: str
    compute: Compute

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The tables it depends on, in lower case."""
        return table_parameters(self.compute, str(self))

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables it depends on."""
        return tuple(name.upper() for name in self.parameters)

    @property
    def plan(self) -> Plan:
        """The definition written out: tables and windows by name, and no date of any sample."""
        tables = {name: Plan.table(name.upper()) for name in self.parameters}
        written: Plan = self.of(tables, PARAMETERS)
        return written

    def of(self, tables: Mapping[str, Any], windows: Windows) -> Any:
        """The function's result.

        Args:
            tables: Frames by parameter; others than its own are not passed on.
        """
        own = {name: tables[name] for name in self.parameters}
        return self.compute(**own, windows=windows)


def table_parameters(function: Compute, what: str) -> tuple[str, ...]:
    """The parameters that name tables: all but `windows`, and those that have a default.

    Raises:
        UsageError: The function takes no windows, or anything by position only.
    """
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if len(named) < len(parameters) or WINDOWS not in [p.name for p in named]:
        written = ", ".join(map(str, parameters))
        raise UsageError(
            f"the function of {what} takes ({written})",
            "It takes tables by name, in lower case, and windows: (orders, customers, windows).",
        )
    return tuple(p.name for p in named if p.name != WINDOWS and p.default is p.empty)
