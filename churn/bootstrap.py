"""Settings to engine and stores: the only place that chooses them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain.errors import UsageError
from churn.domain.windows import DEFAULT, Windows

if TYPE_CHECKING:
    from snowflake.snowpark import Session

    from churn.engines import Engine
    from churn.engines.polars import PolarsEngine
    from churn.engines.snowpark import SnowparkEngine
    from churn.stores import Stores

SETTINGS_FILE = Path("churn.toml")
TARGETS = ("local", "snowflake")
SCHEMA = "PREP_DATA"
"""Where customers, orders, labels and features are, in the database."""


@dataclass(frozen=True)
class Settings:
    """Flags over environment (`CHURN_*`) over `churn.toml` over these defaults.

    Args:
        target: Who computes and who remembers: local or snowflake.
        connection: A name in connections.toml, or `emulator`: one in this process. Naming one
            chooses the target snowflake.
        database: The database in Snowflake.
        home: Where the local stores are.
        data: Where the local tables are.
        observation_start: With only an as-of date given, the windows keep their lengths.
    """

    target: str = ""
    connection: str | None = None
    database: str = "CHURN"
    home: Path = Path(".churn")
    data: Path = Path("data")
    seed: int = 42
    as_of: date | None = None
    observation_start: date | None = None
    outcome_end: date | None = None

    @property
    def names(self) -> dict[str, str]:
        """What stands for the names in the SQL scripts."""
        return {
            "database": self.database,
            "role": f"{self.database}_ROLE",
            "warehouse": f"{self.database}_WH",
            "data": self.data.absolute().as_posix(),
        }

    @property
    def remote(self) -> bool:
        return (self.target or ("snowflake" if self.connection else "local")) == "snowflake"

    @property
    def windows(self) -> Windows:
        moved = DEFAULT.ending(self.as_of) if self.as_of else DEFAULT
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from error
    for name in written:
        if name not in names:
            raise UsageError.unknown(f"setting in {file}", name, names)
    given = {name: environment.get(f"CHURN_{name.upper()}") for name in names}
    values = {
        **{name: (value, str(file)) for name, value in written.items()},
        **{name: (value, f"CHURN_{name.upper()}") for name, value in given.items() if value},
        **{name: (value, f"--{name}") for name, value in flags.items() if value is not None},
    }
    return Settings(
        **{name: _typed(name, value, source) for name, (value, source) in values.items()}
    )


def _typed(name: str, value: Any, source: str) -> Any:
    try:
        if name in ("home", "data"):
            return Path(value)
        if name == "target" and value not in TARGETS:
            raise UsageError.unknown("target", str(value), TARGETS)
        if name in ("target", "connection"):
            return str(value)
        if name == "database":
            return database_name(str(value), source)
        if name == "seed":
            return int(value)
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        wanted = "a whole number" if name == "seed" else "a date written as 2024-06-30"
        raise UsageError(f"{name} in {source} is {value!r}", f"Give {wanted}.") from error


def database_name(value: str, source: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,200}", value):
        raise UsageError(
            f"database in {source} is {value!r}",
            "Give a plain name: letters, digits and underscores.",
        )
    return value.upper()


def engine(settings: Settings) -> Engine[Any]:
    """Who computes."""
    return remote_engine(settings) if settings.remote else local_engine(settings)


def remote_engine(settings: Settings) -> SnowparkEngine:
    from churn.connecting import EMULATOR

    if settings.connection == EMULATOR and _mark(settings) != _loaded(settings):
        load(settings)
    found = _snowpark_engine(settings)
    found.enter()
    return found


def _snowpark_engine(settings: Settings) -> SnowparkEngine:
    from churn.connecting import connect
    from churn.engines.snowpark import SnowparkEngine

    return SnowparkEngine(connect(settings), settings.database, SCHEMA)


def _loaded(settings: Settings) -> str:
    """What the emulator's tables were last loaded from."""
    file = settings.home / "emulator" / "loaded"
    return file.read_text() if file.is_file() else ""


def _mark(settings: Settings) -> str:
    """The local files as they are now, and the database they belong in."""
    files = sorted(f for f in settings.data.glob("*") if f.is_file())
    stamps = [f"{f.name} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in files]
    return "\n".join([settings.database, str(settings.data.absolute()), *stamps])


def loaded(settings: Settings) -> None:
    """Remember that the tables hold the local files, so that they are not loaded again."""
    if settings.connection == "emulator":
        folder = settings.home / "emulator"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "loaded").write_text(_mark(settings))


def contents(session: Session, database: str) -> list[str]:
    """What is in the database, for people: kind and name."""
    from snowflake.snowpark.exceptions import SnowparkClientException

    found = []
    for kind in ("TABLES", "VIEWS", "MODELS", "EXPERIMENTS", "DATASETS"):
        try:
            rows = session.sql(f"SHOW {kind} IN DATABASE {database}").collect()
        except SnowparkClientException:
            return [f"there is no database {database}"]
        found += [f"{kind[:-1].lower()} {r['schema_name']}.{r['name']}" for r in rows]
    return found


def load(settings: Settings) -> dict[str, int]:
    """Copy the local tables into Snowflake; returns their rows, by full name."""
    from churn.domain.contracts import TABLES
    from churn.stores.snowflake import SCHEMAS

    here, to = local_engine(settings), _snowpark_engine(settings)
    to.prepare(SCHEMAS)
    rows = {f"{to.source}.{t.name}": to.save(t, here.collect(here.read(t))) for t in TABLES}
    loaded(settings)
    return rows


def local_engine(settings: Settings) -> PolarsEngine:
    from churn.engines.polars import PolarsEngine

    if not settings.data.is_dir():
        raise UsageError(
            f"the folder {settings.data} does not exist",
            f"Name one that holds customers and orders, or make a sample: "
            f"churn data generate --out {settings.data}",
        )
    return PolarsEngine(settings.data)


def stores(settings: Settings) -> Stores:
    """Who remembers."""
    if settings.remote:
        from churn.connecting import connect
        from churn.stores import snowflake

        return snowflake.stores(connect(settings), settings.database)
    from churn.stores import local

    return local.stores(settings.home)


def code_version() -> str:
    """The package's version and, in a git checkout, the commit and whether it was changed since."""
    import subprocess

    from churn import __version__

    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return __version__  # installed without its repository
    return f"{__version__}+{described.stdout.strip()}"
