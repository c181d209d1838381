"""Is the data what its contracts say, and does it reach the windows?"""

from __future__ import annotations

from typing import TypeVar

from churn.domain.contracts import Severity, Violation
from churn.domain.errors import DataError
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import Engine

F = TypeVar("F", bound=Frame)

SHOWN = 10


def check(engine: Engine[F], problem: Problem, windows: Windows) -> tuple[Violation, ...]:
    """Every violation, errors first."""
    return engine.violations(problem, windows, outcome=True)


def timeless(problem: Problem) -> tuple[str, ...]:
    """The tables without a clock, in sentences: what they say is taken as known at any time."""
    return tuple(
        f"{table.name} is timeless: no column says from when a row is known, so its values are "
        "taken as known on every as-of date"
        for table in problem.tables
        if table.time is None
    )


def require(
    engine: Engine[F], problem: Problem, windows: Windows, *, outcome: bool
) -> tuple[str, ...]:
    """What is noteworthy about the data, in sentences.

    Raises:
        DataError: The data has errors; all of them are named.
    """
    violations = engine.violations(problem, windows, outcome=outcome)
    errors = [v for v in violations if v.severity is Severity.ERROR]
    if errors:
        lines = [f"  {violation}" for violation in errors[:SHOWN]]
        lines += [f"  ... and {len(errors) - SHOWN} more"] if len(errors) > SHOWN else []
        raise DataError(
            "\n".join([f"the data in {engine.source} cannot be used:", *lines]),
            "All of it, with the first rows: churn data check.",
        )
    return tuple(map(str, violations))
