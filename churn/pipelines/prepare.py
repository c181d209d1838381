"""Labels, features and attributes, from no more of the tables than each may see."""

from __future__ import annotations

from functools import reduce
from typing import TypeVar

import polars as pl

from churn.domain import known
from churn.domain.definitions import Definition
from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.problem import Problem
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.stores.records import require_finite, rounded

F = TypeVar("F", bound=Frame)


def features_table(view: FeatureView) -> str:
    """Where the features of a view are written to, as a table."""
    return f"{view.name}_{view.version}".upper()


def labels(engine: Engine[F], problem: Problem, windows: Windows) -> F:
    """The key and the label, ordered by key."""
    label = problem.label
    frames = _frames(engine, problem, label)
    tables = known.tables_for_label(problem.by_parameter, frames, label, windows)
    computed: F = label.of(tables, windows)
    return computed.select(problem.key, label.column).sort(problem.key)


def features(engine: Engine[F], problem: Problem, view: FeatureView, windows: Windows) -> F:
    """The key and the view's features, ordered by key, from what was known as of then."""
    frames = _frames(engine, problem, view)
    tables = known.tables_for_features(problem.by_parameter, frames, windows)
    computed: F = view.of(tables, windows)
    return computed.select(problem.key, *view.columns).sort(problem.key)


def _frames(engine: Engine[F], problem: Problem, definition: Definition) -> dict[str, F]:
    """The tables that the definition names, whole."""
    return {name: engine.read(problem.by_parameter[name]) for name in definition.parameters}


def feature_rows(
    engine: Engine[F], problem: Problem, view: FeatureView, windows: Windows
) -> pl.DataFrame:
    """The features as a model takes them: floats rounded, so that equal data gives equal rows."""
    rows = rounded(engine.collect(features(engine, problem, view, windows)))
    return require_finite(rows, problem.key)


def attributes(engine: Engine[F], problem: Problem, windows: Windows) -> pl.DataFrame:
    """The key and what results are broken down by, as known on the as-of date."""
    columns: dict[str, list[str]] = {}
    for attribute in problem.attributes:
        columns.setdefault(attribute.table, []).append(attribute.column)
    parts = []
    for name, chosen in columns.items():
        table = problem.table(name)
        rows = known.for_features(table, engine.read(table), windows)
        parts.append(engine.collect(rows.select(problem.key, *chosen)))
    if not parts:
        return pl.DataFrame(schema={problem.key: pl.String})
    return reduce(lambda a, b: a.join(b, on=problem.key, how="full", coalesce=True), parts)
