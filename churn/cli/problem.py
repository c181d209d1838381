"""`churn problem`: what is predicted, from which tables."""

from __future__ import annotations

from churn import bootstrap
from churn.cli.options import Json, configured, group
from churn.settings import Settings

app = group("Look at the problem in force.")


@app.command("show")
@configured(everywhere=("problem",))
def show(settings: Settings, json: Json = False) -> None:
    """Print the problem: tables with their clocks, views and labels with fingerprints, windows."""
    from churn.cli import printing

    problem = bootstrap.problem(settings)
    if not json:
        printing.problem(problem)
        return
    printing.as_json(
        {
            "problem": problem.name,
            "entity": problem.entity,
            "tables": [
                {"table": t.name, "clock": t.clock, "columns": t.names} for t in problem.tables
            ],
            "feature_views": [
                {"view": str(v), "fingerprint": v.plan.fingerprint, "tables": v.tables}
                for v in problem.views
            ],
            "labels": [
                {
                    "label": str(each),
                    "fingerprint": each.plan.fingerprint,
                    "tables": each.tables,
                    "column": each.column,
                    "windows": each.windows,
                }
                for each in problem.labels
            ],
            "attributes": [str(attribute) for attribute in problem.attributes],
            "model": problem.model,
            "experiment": problem.experiment,
            "dataset": problem.dataset,
        }
    )
