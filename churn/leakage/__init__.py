"""Does a function know what it could not have known? An audit of anybody's function.

The function is a black box: the audit makes worlds from example tables, changes what must not
matter (above all, everything after the as-of date, in every table), and demands that nothing moves.

    report = audit_features(my_features, {"orders": orders, "tickets": tickets}, windows)
    assert report.ok, report
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from churn.domain import known
from churn.domain.definitions import WINDOWS
from churn.domain.errors import UsageError
from churn.domain.features import FeatureView
from churn.domain.labels import Event, Label
from churn.domain.problem import SHIPPED, Problem, load
from churn.domain.windows import Windows
from churn.engines.polars import PolarsFrame
from churn.leakage import features, labels, training
from churn.leakage.checks import Audit, Question
from churn.leakage.rules import RULES, Finding, Report, Rule
from churn.leakage.subject import Function
from churn.leakage.worlds import Frame

__all__ = [
    "RULES",
    "Finding",
    "Report",
    "Rule",
    "audit_features",
    "audit_label",
    "audit_labels",
    "audit_training",
    "audit_view",
]

Tables = Mapping[str, Frame]
Clocks = Mapping[str, str | None]


def audit_features(
    function: Function,
    tables: Tables | Frame,
    *example: Frame | Windows,
    windows: Windows | None = None,
    time: Clocks | None = None,
    key: str | None = None,
    problem: Problem | None = None,
    quick: bool = False,
) -> Report:
    """Audit a function that returns one row an entity.

    `audit_features(function, tables, windows)` calls it with the tables that its parameters name
    and with windows: `function(orders=..., tickets=..., windows=...)`. The form
    `audit_features(function, orders, customers, windows)` calls `function(orders, customers,
    windows)`. The function may take Polars frames, lazy or not, or frames of an engine.

    Args:
        tables: An example of each table, by name in lower case.
        time: The column that dates the rows of a table, by its name; None for a timeless table.
            What is not named is taken from the problem's contract, or is the only date that could.
        key: The column that names the entity, if it cannot be told from the tables.
        problem: Whose contracts say what is not given; the one that ships, if none is.
        quick: One as-of date only.

    Raises:
        UsageError: The example has no rows, lacks these columns or a table that is asked for.
    """
    asked = _question(function, tables, example, windows, time, key, problem)
    return features.run(Audit("features", asked), quick=quick)


def audit_labels(
    function: Function,
    tables: Tables | Frame,
    *example: Frame | Windows,
    windows: Windows | None = None,
    time: Clocks | None = None,
    key: str | None = None,
    label: str | None = None,
    event: Event | None = None,
    problem: Problem | None = None,
    quick: bool = False,
) -> Report:
    """Audit a function that returns the key and the label.

    See `audit_features` for the other arguments.

    Args:
        label: The label's column; the only one beside the key, or the problem's, if not given.
        event: What decides it, its table in lower case; found out if not given.
    """
    asked = _question(function, tables, example, windows, time, key, problem, label, event)
    return labels.run(Audit("labels", asked), quick=quick)


def audit_training(
    function: Function,
    tables: Tables | Frame,
    *example: Frame | Windows,
    windows: Windows | None = None,
    time: Clocks | None = None,
    key: str | None = None,
    label: str | None = None,
    event: Event | None = None,
    problem: Problem | None = None,
    quick: bool = False,
) -> Report:
    """Audit a function that returns a training set.

    The key, features, the label, SPLIT (train, valid or test), and optionally WEIGHT. See
    `audit_labels` for the arguments.
    """
    asked = _question(function, tables, example, windows, time, key, problem, label, event)
    return training.run(Audit("training", asked), quick=quick)


def audit_view(
    view: FeatureView, problem: Problem, tables: Tables, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit a registered feature view, given only what was known, as the pipelines do."""

    @functools.wraps(view.compute)
    def compute(**frames: Any) -> Any:
        asked_for = frames.pop(WINDOWS)
        cut = known.tables_for_features(problem.by_parameter, _ours(frames), asked_for)
        return view.of(cut, asked_for)

    question = Question(compute, _of(view, tables), windows, problem, key=problem.key)
    return features.run(Audit("features", question), quick=quick)


def audit_label(
    label: Label, problem: Problem, tables: Tables, windows: Windows, *, quick: bool = False
) -> Report:
    """Audit a registered label, given only what the pipelines give it."""

    @functools.wraps(label.compute)
    def compute(**frames: Any) -> Any:
        asked_for = frames.pop(WINDOWS)
        cut = known.tables_for_label(problem.by_parameter, _ours(frames), label, asked_for)
        return label.of(cut, asked_for)

    event = Event(table=label.event.table.lower(), where=label.event.where, makes=label.event.makes)
    question = Question(
        compute,
        _of(label, tables),
        windows,
        problem,
        key=problem.key,
        label=label.column,
        event=event,
    )
    return labels.run(Audit("labels", question), quick=quick)


def _ours(frames: Mapping[str, Any]) -> dict[str, PolarsFrame]:
    return {
        name: frame if isinstance(frame, PolarsFrame) else PolarsFrame(frame.lazy())
        for name, frame in frames.items()
    }


def _of(definition: FeatureView | Label, tables: Tables) -> Tables:
    return {name: tables[name] for name in definition.parameters}


def _question(
    function: Function,
    tables: Tables | Frame,
    example: tuple[Frame | Windows, ...],
    windows: Windows | None,
    time: Clocks | None,
    key: str | None,
    problem: Problem | None,
    label: str | None = None,
    event: Event | None = None,
) -> Question:
    """The arguments in their two forms: tables by name; or two frames, orders and customers."""
    *frames, last = (*example, windows) if windows else example or (None,)
    mapped = isinstance(tables, Mapping)
    if not isinstance(last, Windows) or len(frames) != (0 if mapped else 1):
        raise UsageError(
            "the audit takes a function, tables and windows",
            "Write audit_features(function, {'orders': orders, 'tickets': tickets}, windows).",
        )
    named: Any = tables if mapped else {"orders": tables, "customers": frames[0]}
    by_name = mapped or set(_parameters(function)) <= {*named, WINDOWS}
    return Question(
        function=function,
        tables=named,
        windows=last,
        problem=problem or load(SHIPPED),
        by_name=by_name,
        time=time,
        key=key,
        label=label,
        event=event,
    )


def _parameters(function: Function) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a builtin, which the audit calls by position
        return [""]
