"""The leakage audit as a gate and as a command, on an engine's own tables as the example."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from churn import leakage
from churn.domain.contracts import CUSTOMERS, ORDERS
from churn.domain.errors import LeakError, UsageError
from churn.domain.features import FeatureView
from churn.domain.frames import Frame
from churn.domain.labels import churn_labels
from churn.domain.windows import Windows
from churn.engines import Engine
from churn.leakage import Report

F = TypeVar("F", bound=Frame)

KINDS: dict[str, Callable[..., Report]] = {
    "features": leakage.audit_features,
    "labels": leakage.audit_labels,
    "training": leakage.audit_training,
}


def example(engine: Engine[F]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and customers."""
    return engine.collect(engine.read(ORDERS)), engine.collect(engine.read(CUSTOMERS))


def require_no_leak(engine: Engine[F], view: FeatureView, windows: Windows) -> None:
    """Audit the view and the label in the quick form.

    Raises:
        LeakError: One of them leaks; all findings are named.
    """
    orders, customers = example(engine)
    reports = (
        leakage.audit_view(view, orders, customers, windows, quick=True),
        leakage.audit_labels(churn_labels, orders, customers, windows, quick=True),
    )
    found = [f for report in reports for f in report.findings if f.rule != "label-coverage"]
    if found:
        lines = "\n".join(map(str, found))
        raise LeakError(
            f"{view} cannot be trained on:\n{lines}",
            "Mend it, or, if you are sure, train with --no-audit, which the run records.",
        )


def check(engine: Engine[F], name: str, kind: str, windows: Windows) -> Report:
    """Audit the function of that name in the full form."""
    function = named(name)
    orders, customers = example(engine)
    if isinstance(function, FeatureView):
        return leakage.audit_view(function, orders, customers, windows)
    if kind not in KINDS:
        raise UsageError.unknown("kind", kind, KINDS)
    return KINDS[kind](function, orders, customers, windows)


def named(name: str) -> Callable[..., object] | FeatureView:
    """What `module:function` names; modules are looked for in the current folder, too.

    Raises:
        UsageError: There is no such module, or nothing in it of that name that can be called.
    """
    module, mark, attribute = name.partition(":")
    if not (module and mark and attribute):
        raise UsageError(f"{name!r} names no function", "Write module:function.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"there is no module {error.name!r}", f"Looked for in {Path.cwd()} and on the path."
        ) from error
    if not hasattr(found, attribute):
        known = [n for n, v in vars(found).items() if callable(v) and not n.startswith("_")]
        raise UsageError.unknown(f"function in {module}", attribute, known)
    function = getattr(found, attribute)
    if not callable(function) and not isinstance(function, FeatureView):
        raise UsageError(f"{name} is a {type(function).__name__}, which cannot be called")
    return function  # type: ignore[no-any-return]
