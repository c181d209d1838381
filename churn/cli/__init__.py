"""The command line: parse, call one pipeline, print.

Exit codes: 0 done, 1 a gate failed or the data is bad, 2 wrong usage.
"""

from __future__ import annotations

from typing import Annotated

import typer

from churn import __version__
from churn.cli import data, emulator, leakage, models, monitor, problem, runs, sql, train
from churn.cli.options import group

app = group(
    "Features written once, a model trained on them, a list of those at risk: customer churn, or "
    "a problem of your own."
)
for name, commands in (
    ("problem", problem.app),
    ("data", data.app),
    ("runs", runs.app),
    ("models", models.app),
    ("monitor", monitor.app),
    ("leakage", leakage.app),
    ("sql", sql.app),
    ("emulator", emulator.app),
):
    app.add_typer(commands, name=name)

for name, command in (
    ("labels", train.labels),
    ("features", train.features),
    ("explore", train.explore),
    ("train", train.train),
    ("score", train.score),
    ("doctor", sql.doctor),
):
    app.command(name)(command)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"churn {__version__}")
        raise typer.Exit
