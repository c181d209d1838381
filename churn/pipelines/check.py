"""Is the data what its contracts say, and does it reach the windows?"""

from __future__ import annotations

from typing import TypeVar

from churn.domain.contracts import Problem, Severity
from churn.domain.errors import DataError
from churn.domain.frames import Frame
from churn.domain.windows import Windows
from churn.engines import Engine

F = TypeVar("F", bound=Frame)

SHOWN = 10


def check(engine: Engine[F], windows: Windows) -> tuple[Problem, ...]:
    """Every problem, errors first."""
    return engine.problems(windows, outcome=True)


def require(engine: Engine[F], windows: Windows, *, outcome: bool) -> tuple[str, ...]:
    """What is noteworthy about the data, in sentences.

    Raises:
        DataError: The data has errors; all of them are named.
    """
    problems = engine.problems(windows, outcome=outcome)
    errors = [p for p in problems if p.severity is Severity.ERROR]
    if errors:
        lines = [f"  {problem}" for problem in errors[:SHOWN]]
        lines += [f"  ... and {len(errors) - SHOWN} more"] if len(errors) > SHOWN else []
        raise DataError(
            "\n".join([f"the data in {engine.source} cannot be used:", *lines]),
            f"All of it, with the first rows: churn data check --data {engine.source}",
        )
    return tuple(map(str, problems))
