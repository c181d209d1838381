"""The options that commands share, and the decorator that gives a command its settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Optional, get_type_hints

import typer
from typer.core import TyperGroup

from churn.domain.errors import StoppedError, UserError
from churn.settings import settings as read_settings

SETTINGS = "settings"


class Group(TyperGroup):
    """Errors that a user can act on are printed, not thrown."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.secho(f"Error: {error}", err=True, fg="red")
            raise typer.Exit(error.exit_code) from error
        except StoppedError as stopped:
            typer.secho(f"Error: {stopped}", err=True, fg="red")
            raise typer.Exit(stopped.exit_code) from stopped


def group(text: str) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        help=text,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date written as 2024-06-30") from None


def day(name: str, text: str) -> Any:
    """What makes a parameter an option that is a date."""
    return typer.Option(name, parser=_date, metavar="DATE", help=text)


OF_SETTINGS: dict[str, Any] = {
    "data": Annotated[
        Optional[Path],
        typer.Option("--data", help="Folder with a .csv or .parquet file for each table. [data]"),
    ],
    "seed": Annotated[Optional[int], typer.Option("--seed", min=0, help="Of all randomness. [42]")],
    "as_of": Annotated[
        Optional[date],
        day("--as-of", "Last day that is known; ends the observation window. [the label's]"),
    ],
    "observation_start": Annotated[
        Optional[date],
        day("--observation-start", "First day of the observation window. [the label's, moved]"),
    ],
    "outcome_end": Annotated[
        Optional[date], day("--outcome-end", "Last day of the outcome window. [the label's, moved]")
    ],
    "problem": Annotated[
        Optional[str],
        typer.Option(
            "--problem",
            metavar="MODULE:NAME",
            help="The problem to work on. [churn.domain.churn:CHURN]",
        ),
    ],
    "target": Annotated[
        Optional[str],
        typer.Option(
            "--target",
            help="Where to compute and to store: local or snowflake. [local]",
        ),
    ],
    "connection": Annotated[
        Optional[str],
        typer.Option(
            "--connection",
            help="To Snowflake: a name in connections.toml, or emulator: one in this process.",
        ),
    ],
}
"""The options of settings, by the setting's name."""

DATES = ("as_of", "observation_start", "outcome_end")
EVERYWHERE = ("problem", "target", "connection")

Out = Annotated[
    Optional[Path],
    typer.Option(help="File to write: .csv or .parquet. In Snowflake, without it: a table."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that this command did not make, too.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
View = Annotated[str, typer.Option("--view", help="Feature view. [the problem's last]")]
Version = Annotated[str, typer.Option("--version", help="Version of the view. [its last]")]
LabelName = Annotated[
    str, typer.Option("--label", help="Label: NAME/VERSION or VERSION. [the problem's last]")
]
ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="NAME, NAME@ALIAS or NAME/V1; V1 or @ALIAS alone also do."
    ),
]


def configured(
    *names: str, everywhere: tuple[str, ...] = EVERYWHERE
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of these settings to a command, which gets one value: `settings`.

    @app.command("labels")
    @configured("data", *DATES)
    def labels(settings: Settings, out: Out = None) -> None:
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY)
            for p in inspect.signature(command).parameters.values()
            if p.name != SETTINGS
        ]
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=OF_SETTINGS[name]
            )
            for name in (*names, *everywhere)
        ]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            flags = {parameter.name: given.pop(parameter.name) for parameter in added}
            command(settings=read_settings(flags), **given)

        del run.__wrapped__  # Typer would read the signature of the command itself
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
        return run

    return decorate
