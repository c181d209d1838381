"""`churn runs`: the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from churn import bootstrap
from churn.cli.options import Json, configured, group
from churn.domain.errors import StoreError, UsageError
from churn.settings import Settings

if TYPE_CHECKING:
    from churn.stores.records import Run

app = group("Look at the runs of the experiment.")


@app.command("list")
@configured()
def list_runs(settings: Settings, json: Json = False) -> None:
    """All finished runs, the newest first."""
    from churn.cli import printing

    runs = bootstrap.stores(settings).experiments.runs()
    printing.as_json({"runs": runs}) if json else printing.runs(runs)


@app.command("show")
@configured()
def show(
    settings: Settings,
    run: Annotated[str, typer.Argument(help="Id of the run, or its beginning, or its name.")],
    json: Json = False,
) -> None:
    """One run: parameters, metrics, findings and where its artifacts are."""
    from churn.cli import printing

    chosen = _chosen(bootstrap.stores(settings).experiments.runs(), run)
    printing.as_json(chosen) if json else printing.run(chosen)


@app.command("compare")
@configured()
def compare(
    settings: Settings,
    run: Annotated[
        Optional[list[str]], typer.Argument(help="Runs to compare; those of the last training.")
    ] = None,
    json: Json = False,
) -> None:
    """Runs side by side; all of them of one definition of the label."""
    from churn.cli import printing

    runs = bootstrap.stores(settings).experiments.runs()
    if not runs:
        raise StoreError("there are no runs yet", "Train first: churn train --data DIR")
    last = [r for r in runs if r.training == runs[0].training]
    chosen = [_chosen(runs, name) for name in run] if run else last
    _require_one_label(chosen)
    printing.as_json({"runs": chosen}) if json else printing.comparison(chosen)


def _chosen(runs: Sequence[Run], text: str) -> Run:
    """By id, the beginning of an id, or a name: the newest of that name."""
    for run in runs:
        beginning = text and run.id.lower().startswith(text.lower())
        if beginning or run.name.lower() == text.lower():
            return run
    raise StoreError.unknown("run", text, [f"{run.name} {run.id[:8]}" for run in runs[:20]])


def _require_one_label(runs: Sequence[Run]) -> None:
    """
    Raises:
        UsageError: They predict different things, so that their metrics say nothing together.
    """
    labels = {
        f"{run.parameters['label']} ({run.parameters['label_fingerprint']})": run
        for run in runs
        if "label_fingerprint" in run.parameters
    }
    if len(labels) > 1:
        told = "; ".join(f"{run.name} {run.id[:8]}: {label}" for label, run in labels.items())
        raise UsageError(
            f"the runs predict different labels: {told}", "Compare runs of one label definition."
        )
