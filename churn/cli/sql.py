"""`churn sql` and `churn doctor`: an account, and what has to be in it."""

from __future__ import annotations

from typing import Annotated

import typer

from churn import bootstrap
from churn.cli.options import Json, configured, group
from churn.settings import Settings

app = group("Print and run the SQL scripts: setup, load, inference, cleanup.")

Script = Annotated[str, typer.Argument(help="setup, load, inference or cleanup.")]


@app.command("plan")
@configured("data", everywhere=("problem",))
def plan(settings: Settings, script: Script) -> None:
    """Print a script with the problem and the names of the settings in it."""
    from churn.cli import printing

    printing.say(bootstrap.script(settings, script).rstrip())


@app.command("apply")
@configured("data")
def apply(settings: Settings, script: Script) -> None:
    """Run a script in Snowflake, and print what its queries answer."""
    from churn.cli import printing

    for done in bootstrap.run_script(settings, script):
        printing.statement(done)


@app.command("destroy")
@configured()
def destroy(
    settings: Settings,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything that the setup made, with all that is in it, after showing it."""
    from churn.cli import printing

    printing.say(bootstrap.script(settings, "cleanup"))
    for line in bootstrap.contents(settings):
        printing.say(f"  {line}")
    if not yes:
        typer.confirm("Remove all of this?", abort=True)
    for done in bootstrap.run_script(settings, "cleanup"):
        printing.statement(done)


@configured()
def doctor(settings: Settings, json: Json = False) -> None:
    """Check a connection before anything is created; exit code 1 if something is missing."""
    from churn.cli import printing

    findings = bootstrap.examine(settings)
    if json:
        printing.as_json({"ok": all(f.ok for f in findings), "findings": findings})
    else:
        printing.findings(findings)
    if not all(f.ok for f in findings):
        raise typer.Exit(1)
