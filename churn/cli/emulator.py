"""`churn emulator`: a local Snowflake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from churn.cli.options import Json, group

app = group("Run a local Snowflake, and see what it does.")


@app.command("serve")
def serve(
    port: Annotated[int, typer.Option(min=0, help="0 for one that is free.")] = 8085,
    path: Annotated[
        Optional[Path], typer.Option(help="Folder to keep everything in; otherwise in memory.")
    ] = None,
) -> None:
    """Serve a local Snowflake on loopback until interrupted; prints how to connect."""
    from churn.emulator.server import Emulator

    running = Emulator(path, port)
    typer.echo(running.toml())
    running.serve()


@app.command("coverage")
def coverage(json: Json = False) -> None:
    """List what the emulator implements, how far, the test that holds it; and what it refuses."""
    from churn.cli import printing
    from churn.emulator.coverage import as_markdown, table

    printing.as_json(table()) if json else printing.say(as_markdown())
