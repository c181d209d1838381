"""Settings to problem, engine and stores: the only place that chooses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain import problem as problems
from churn.domain.errors import UsageError
from churn.domain.problem import Problem
from churn.domain.schemas import PREP_DATA, SCHEMAS
from churn.settings import Settings

if TYPE_CHECKING:
    from snowflake.snowpark import Session

    from churn.engines import Engine
    from churn.engines.polars import PolarsEngine
    from churn.engines.snowpark import SnowparkEngine
    from churn.remote.doctor import Finding
    from churn.remote.scripts import Done
    from churn.stores import Stores


def problem(settings: Settings, label: str = "") -> Problem:
    """The problem in force, with the label of that name or version as its default.

    Raises:
        UsageError: There is no such problem or label.
    """
    loaded = problems.load(settings.problem)
    return loaded.choosing(loaded.label_of(label))


def database(settings: Settings) -> str:
    """The database in Snowflake: as set, or called after the problem."""
    return settings.database or problems.load(settings.problem).name.upper()


def names(settings: Settings) -> dict[str, str]:
    """What is called after the database, or stands for itself, in the SQL scripts."""
    base = database(settings)
    return {
        "database": base,
        "role": f"{base}_ROLE",
        "warehouse": f"{base}_WH",
        "data": settings.data.absolute().as_posix(),
    }


def engine(settings: Settings) -> Engine[Any]:
    """The engine of the chosen target."""
    return remote_engine(settings) if settings.remote else local_engine(settings)


def remote_engine(settings: Settings) -> SnowparkEngine:
    from churn.remote.connections import EMULATOR

    engine = _snowpark_engine(settings)
    if settings.connection == EMULATOR and _files_now(settings) != _last_load(settings):
        load(settings)
    engine.enter()
    return engine


def _snowpark_engine(settings: Settings) -> SnowparkEngine:
    opened = session(settings)
    from churn.engines.snowpark import SnowparkEngine  # the session says it if there is no client

    return SnowparkEngine(opened, database(settings), PREP_DATA)


def session(settings: Settings) -> Session:
    """The session of this process on the connection of the settings.

    An emulator of our own is set up first, as an account is by its administrator: whatever comes
    next then belongs to the role of the setup.
    """
    from churn.remote import connections

    called = names(settings)
    if settings.connection == connections.EMULATOR:
        emulator = connections.emulator(settings.home / "emulator")
        if not emulator.account.has_role(called["role"]):
            _loaded(settings).unlink(missing_ok=True)
            list(run_script(settings, "setup"))
    return connections.connect(settings, called)


def script(settings: Settings, name: str) -> str:
    """A script of `sql/` for the problem and the names of the settings."""
    from churn.remote import scripts

    return scripts.rendered(name, problem(settings), names(settings))


def run_script(settings: Settings, name: str) -> Iterator[Done]:
    """Run a script on a session of its own, statement by statement."""
    from churn.remote import connections, scripts

    with connections.session(settings, names(settings)) as own:
        yield from scripts.run(own, script(settings, name))
    if name == "load":
        remember_load(settings)
    if name == "cleanup":
        connections.close_sessions()


def _loaded(settings: Settings) -> Path:
    """The file that says what the emulator's tables were last loaded from."""
    return settings.home / "emulator" / "loaded"


def _last_load(settings: Settings) -> str:
    file = _loaded(settings)
    return file.read_text() if file.is_file() else ""


def _files_now(settings: Settings) -> str:
    """The local files as they are now, and the database they belong in."""
    files = sorted(f for f in settings.data.glob("*") if f.is_file())
    stamps = [f"{f.name} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in files]
    return "\n".join([database(settings), str(settings.data.absolute()), *stamps])


def remember_load(settings: Settings) -> None:
    """Note that the tables hold the local files, so that they are not loaded again."""
    if settings.connection == "emulator":
        _loaded(settings).parent.mkdir(parents=True, exist_ok=True)
        _loaded(settings).write_text(_files_now(settings))


def examine(settings: Settings) -> list[Finding]:
    """What the doctor says of a connection as it is."""
    from churn.remote import connections, doctor

    with connections.session(settings, names(settings)) as own:
        return list(doctor.examine(own, database(settings)))


def contents(settings: Settings) -> list[str]:
    """What is in the database, for people: kind and name."""
    from snowflake.snowpark.exceptions import SnowparkClientException

    from churn.remote import connections

    base, objects = database(settings), []
    with connections.session(settings, names(settings)) as own:
        for kind in ("TABLES", "VIEWS", "MODELS", "EXPERIMENTS", "DATASETS"):
            try:
                rows = own.sql(f"SHOW {kind} IN DATABASE {base}").collect()
            except SnowparkClientException:
                return [f"there is no database {base}"]
            objects += [f"{kind[:-1].lower()} {r['schema_name']}.{r['name']}" for r in rows]
    return objects


def load(settings: Settings) -> dict[str, int]:
    """Copy the local tables into Snowflake; returns their rows, by full name."""
    here, to = local_engine(settings), _snowpark_engine(settings)
    to.prepare(SCHEMAS)
    tables = problem(settings).tables
    rows = {f"{to.source}.{t.name}": to.save(t, here.collect(here.read(t))) for t in tables}
    remember_load(settings)
    return rows


def local_engine(settings: Settings) -> PolarsEngine:
    from churn.engines.polars import PolarsEngine

    if not settings.data.is_dir():
        tables = " and ".join(t.parameter for t in problem(settings).tables)
        raise UsageError(
            f"the folder {settings.data} does not exist",
            f"Name one that holds {tables}, or make a sample: "
            f"churn data generate --out {settings.data}",
        )
    return PolarsEngine(settings.data)


def stores(settings: Settings) -> Stores:
    """The stores of the chosen target."""
    if settings.remote:
        opened = session(settings)
        from churn.stores import snowflake  # the session says it if there is no client

        return snowflake.stores(opened, database(settings), problem(settings))
    from churn.stores import local

    return local.stores(settings.home, problem(settings))


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
