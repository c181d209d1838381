"""`churn leakage`: audits."""

from __future__ import annotations

from typing import Annotated

import typer

from churn import bootstrap
from churn.cli.options import DATES, Json, configured, group
from churn.settings import Settings

app = group("Ask whether a function knows what it could not have known.")


@app.command("check")
@configured("data", *DATES, everywhere=("problem",))
def check(
    settings: Settings,
    function: Annotated[str, typer.Argument(metavar="MODULE:FUNCTION", help="What to audit.")],
    kind: Annotated[str, typer.Option(help="features, labels or training.")] = "features",
    json: Json = False,
) -> None:
    """Audit a function of tables and windows; exit code 1 if it leaks."""
    from churn.cli import printing
    from churn.pipelines.audit import check

    problem = bootstrap.problem(settings)
    windows = settings.windows(problem.windows)
    report = check(bootstrap.local_engine(settings), problem, function, kind, windows)
    if json:
        printing.as_json(
            {
                "ok": report.ok,
                "kind": report.kind,
                "findings": report.findings,
                "skipped": report.skipped,
                "tables": report.clocks,
            }
        )
    else:
        printing.say(str(report))
    if not report.ok:
        raise typer.Exit(1)


@app.command("rules")
def rules(json: Json = False) -> None:
    """Each rule, what it means and how to fix what it shows."""
    from churn.cli import printing
    from churn.leakage.rules import RULES

    if json:
        printing.as_json({"rules": list(RULES.values())})
        return
    for rule in RULES.values():
        printing.say(f"{rule.name}\n  {rule.means}\n  Fix: {rule.fix}")
