"""Example data by the problem's own generator."""

from __future__ import annotations

from typing import TypeVar

from churn.domain.errors import UsageError
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.engines import Engine

F = TypeVar("F", bound=Frame)


def generate(engine: Engine[F], problem: Problem, *, entities: int, seed: int) -> dict[str, int]:
    """Write all tables; returns how many rows each has.

    Raises:
        UsageError: The problem has no generator.
    """
    if problem.sample is None:
        raise UsageError(
            f"the problem {problem.name} brings no generator of example data",
            "Give Problem(..., sample=function): of a number of entities and a seed, to a Polars "
            "frame for each table, by its name.",
        )
    tables = problem.sample(entities, seed)
    missing = [table.name for table in problem.tables if table.name not in tables]
    if missing:
        raise UsageError(
            f"the generator of {problem.name} makes no {', '.join(missing)}; it makes "
            f"{', '.join(tables)}",
            "It returns a Polars frame for each table, by its name in upper case.",
        )
    return {table.name: engine.save(table, tables[table.name]) for table in problem.tables}
