"""Settings: flags over environment over a file over defaults, read once into a frozen value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

from churn.domain.errors import UsageError
from churn.domain.problem import SHIPPED
from churn.domain.rules import DEFAULTS, Rule, rules
from churn.domain.windows import Windows

SETTINGS_FILE = Path("churn.toml")
TARGETS = ("local", "snowflake")

SEEDS = 2**32
"""How many seeds NumPy's generators tell apart."""

ALERTS = "alerts"
"""The one setting that only a file can hold."""

SHOWN = 100
"""Characters of a path that a message shows."""

TEXT = (str, "a text")
DAY = (date, "a date written as 2024-06-30")
KINDS: Mapping[Any, tuple[Any, str]] = {
    str: TEXT,
    str | None: TEXT,
    int: (int, "a whole number"),
    Path: (Path, "a path"),
    date | None: DAY,
}
"""What a setting of each type is made of."""


@dataclass(frozen=True)
class Settings:
    """Flags over environment (`CHURN_*`) over `churn.toml` over these defaults.

    Args:
        problem: Which problem, as module:NAME.
        target: Where features are computed and results stored: local or snowflake.
        connection: A name in connections.toml, or `emulator`: one in this process. Naming one
            chooses the target snowflake.
        database: The database in Snowflake; the problem's name in upper case if not given.
        home: Where the local stores are.
        data: Where the local tables are.
        observation_start: With only an as-of date given, the windows keep their lengths.
        alerts: The monitor's rules; `[[alerts]]` in the file changes the defaults.
    """

    problem: str = SHIPPED
    target: str = ""
    connection: str | None = None
    database: str = ""
    home: Path = Path(".churn")
    data: Path = Path("data")
    seed: int = 42
    as_of: date | None = None
    observation_start: date | None = None
    outcome_end: date | None = None
    alerts: tuple[Rule, ...] = DEFAULTS

    @property
    def remote(self) -> bool:
        return (self.target or ("snowflake" if self.connection else "local")) == "snowflake"

    def windows(self, default: Windows) -> Windows:
        """The windows in force, given those that are meant otherwise."""
        moved = default.ending(self.as_of) if self.as_of else default
        return replace(
            moved,
            observation_start=self.observation_start or moved.observation_start,
            outcome_end=self.outcome_end or moved.outcome_end,
        )


def settings(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    file: Path = SETTINGS_FILE,
) -> Settings:
    """The settings in force; a flag that is None was not given.

    Raises:
        UsageError: The file is not TOML, holds an unknown name, or a value is malformed.
    """
    names = [field.name for field in fields(Settings)]
    try:
        written = tomllib.loads(file.read_text()) if file.is_file() else {}
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # also of numbers that are too long for Python
        raise UsageError(f"{file} is not valid TOML: {error}") from error
    for name in written:
        if name not in names:
            raise UsageError.unknown(f"setting in {file}", name, names)
    given = {name: environment.get(f"CHURN_{name.upper()}") for name in names if name != ALERTS}
    values = {
        **{name: (value, str(file)) for name, value in written.items()},
        **{name: (value, f"CHURN_{name.upper()}") for name, value in given.items() if value},
        **{name: (value, f"--{name}") for name, value in flags.items() if value is not None},
    }
    return Settings(
        **{name: _typed(name, value, source) for name, (value, source) in values.items()}
    )


def _typed(name: str, value: Any, source: str) -> Any:
    """The value in the setting's type; a file's own types are not turned into others.

    Raises:
        UsageError: It is none.
    """
    if name == ALERTS:
        return rules(value)
    kind, wanted = KINDS[get_type_hints(Settings)[name]]
    try:
        if name == "database":
            return database_name(str(value), source)
        if isinstance(value, str) and kind is not str:
            value = kind.fromisoformat(value) if kind is date else kind(value)
    except ValueError as error:
        raise UsageError(f"{name} in {source} is {value!r}", f"Give {wanted}.") from error
    if isinstance(value, Path) and kind is Path:
        return possible(value, f"{name} in {source}")
    if type(value) is not kind:
        raise UsageError(f"{name} in {source} is {value!r}", f"Give {wanted}.")
    if name == "target" and value not in TARGETS:
        raise UsageError.unknown("target", value, TARGETS)
    if name == "seed" and not 0 <= value < SEEDS:
        raise UsageError(f"seed in {source} is {value}", f"Give a number from 0 to {SEEDS - 1}.")
    return value


def possible(path: Path, what: str) -> Path:
    """The path, if there can be one of that name, whether there is or not.

    Raises:
        UsageError: It is too long, holds a NUL, or goes round in a circle.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return path
    except (OSError, ValueError) as error:
        shown = str(path) if len(str(path)) <= SHOWN else f"{str(path)[:SHOWN]}..."
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{what} is {shown!r}: {reason}", "Give another path.") from error
    return path


def database_name(value: str, source: str) -> str:
    """
    Raises:
        UsageError: It would have to be quoted.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,200}", value):
        raise UsageError(
            f"database in {source} is {value!r}",
            "Give a plain name: letters, digits and underscores.",
        )
    return value.upper()
