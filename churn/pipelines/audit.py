"""The leakage audit as a gate and as a command, on an engine's own tables as the example."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import polars as pl

from churn import leakage
from churn.domain.errors import LeakError, UsageError
from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import Label
from churn.domain.problem import Problem, attribute_of
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.leakage import Report

F = TypeVar("F", bound=Frame)

KINDS: dict[str, Callable[..., Report]] = {
    "features": leakage.audit_features,
    "labels": leakage.audit_labels,
    "training": leakage.audit_training,
}

SPARED = frozenset({"label-coverage"})
"""Findings that stop no training: the check of the data reports them already."""


def example(engine: Engine[F], problem: Problem, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """The tables of these names, by parameter."""
    tables = [problem.table(name) for name in dict.fromkeys(names)]
    return {table.parameter: engine.collect(engine.read(table)) for table in tables}


def require_no_leak(
    engine: Engine[F], problem: Problem, view: FeatureView, windows: Windows
) -> None:
    """Audit the view and the label in the quick form.

    Raises:
        LeakError: One of them leaks; all findings are named.
    """
    label = problem.label
    tables = example(engine, problem, (*view.tables, *label.tables))
    reports = (
        leakage.audit_view(view, problem, tables, windows, quick=True),
        leakage.audit_label(label, problem, tables, windows, quick=True),
    )
    findings = [f for report in reports for f in report.findings if f.rule not in SPARED]
    if findings:
        lines = "\n".join(map(str, findings))
        raise LeakError(
            f"{view} cannot be trained on:\n{lines}",
            "Fix it, or, if you are sure, train with --no-audit, which the run records.",
        )


def check(engine: Engine[F], problem: Problem, name: str, kind: str, windows: Windows) -> Report:
    """Audit the function, feature view or label of that name in the full form.

    Raises:
        UsageError: There is none, it cannot be called, or takes a table that there is not.
    """
    subject = callable_of(name)
    if isinstance(subject, FeatureView | Label):
        tables = example(engine, problem, subject.tables)
        audit = leakage.audit_view if isinstance(subject, FeatureView) else leakage.audit_label
        return audit(subject, problem, tables, windows)  # type: ignore[arg-type]
    if kind not in KINDS:
        raise UsageError.unknown("kind", kind, KINDS)
    tables = example(engine, problem, (table.name for table in problem.tables))
    return KINDS[kind](subject, tables, windows, problem=problem)


def callable_of(name: str) -> Any:
    """What `module:function` names; modules are looked for in the current folder, too.

    Raises:
        UsageError: There is no such module, or nothing in it of that name that can be called.
    """
    subject = attribute_of(name, "function")
    if not callable(subject) and not isinstance(subject, FeatureView | Label):
        raise UsageError(f"{name} is a {type(subject).__name__}, which cannot be called")
    return subject
