"""Example data by the problem's own generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import polars as pl

from churn.domain.contracts import Table
from churn.domain.errors import UsageError
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.engines import Engine

F = TypeVar("F", bound=Frame)


def sample(problem: Problem, *, entities: int, seed: int) -> dict[str, pl.DataFrame]:
    """The example tables, by name, with the columns of their contracts in their order.

    Raises:
        UsageError: The problem has no generator, or one that leaves out tables or columns.
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
    return {table.name: _in_order(table, tables) for table in problem.tables}


def save(engine: Engine[F], problem: Problem, tables: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Write all tables; returns how many rows each has."""
    return {table.name: engine.save(table, tables[table.name]) for table in problem.tables}


def _in_order(table: Table, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The columns of the contract, in its order, as scripts load them."""
    rows = tables[table.name]
    missing = [name for name in table.names if name not in rows.columns]
    if missing:
        raise UsageError(
            f"the generator makes {table.name} without {', '.join(missing)}; it has "
            f"{', '.join(rows.columns)}",
            "It returns every column of the table's contract.",
        )
    return rows.select(table.names)
