"""Sessions on Snowflake: a connection of the user's, or an emulator in this process."""

from __future__ import annotations

import atexit
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.domain.errors import StoreError, UsageError

if TYPE_CHECKING:
    from snowflake.snowpark import Session

    from churn.emulator.server import Emulator
    from churn.settings import Settings

EMULATOR = "emulator"

TOKEN = Path("/snowflake/session/token")
"""There only inside a service or job of Snowflake."""

EXTRA = "Install the clients: pip install 'churn[snowflake]'."

KEY = (
    "Is private_key_file the key of this user (DESCRIBE USER shows RSA_PUBLIC_KEY_FP), and is the "
    "clock right? SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('<id>') tells an administrator more."
)
REMEDIES = {
    390100: "Correct user and password, or the token, in connections.toml.",
    390106: "Change the password in Snowsight, then in connections.toml.",
    390144: KEY,
    **dict.fromkeys(range(394300, 394305), KEY),
    390189: "Name a role that the user has: SHOW GRANTS TO USER <user>.",
    394400: "Make a new access token: ALTER USER <user> ADD PROGRAMMATIC ACCESS TOKEN.",
}
"""What to do, by the number of Snowflake's error."""

_sessions: dict[str, Session] = {}
_running: dict[Path, Emulator] = {}


def connect(settings: Settings, names: Mapping[str, str]) -> Session:
    """A Snowpark session on the connection of the settings, or on the default connection.

    It is the same one for the same connection.

    Args:
        names: Role and warehouse of the setup, by `role` and `warehouse`.

    Raises:
        UsageError: There is no such connection.
        StoreError: Snowflake does not let us in.
    """
    parameters = _parameters(settings, names)
    key = json.dumps(parameters, sort_keys=True, default=str)
    if key not in _sessions:
        _sessions[key] = _opened(settings, parameters)
        atexit.register(_sessions[key].close)
    return _sessions[key]


def close_sessions() -> None:
    """Close the sessions that `connect` keeps: what they know of a database may be gone."""
    while _sessions:
        _, kept = _sessions.popitem()
        atexit.unregister(kept.close)
        kept.close()


@contextmanager
def session(settings: Settings, names: Mapping[str, str]) -> Iterator[Session]:
    """One of its own, for what changes its role or its schema."""
    own = _opened(settings, _parameters(settings, names))
    try:
        yield own
    finally:
        own.close()


def _opened(settings: Settings, parameters: dict[str, Any]) -> Session:
    try:
        from snowflake.snowpark import Session
    except ImportError as error:
        raise UsageError("Snowflake's clients are not installed", EXTRA) from error
    from snowflake.connector.errors import Error
    from snowflake.snowpark.exceptions import SnowparkClientException

    # What they log they raise as well, and we say it once.
    logging.getLogger("snowflake").setLevel(logging.CRITICAL)
    named = settings.connection or "the default connection"
    try:
        created: Session = Session.builder.configs(parameters).create()
    except (Error, SnowparkClientException) as error:
        number = getattr(error, "errno", None) or 0
        raise StoreError(
            f"cannot connect with {named}: {_message(error)}",
            REMEDIES.get(number, "Is the account's name right, and reachable from here?"),
        ) from error
    except (OSError, ValueError, TypeError) as error:
        # What the connector raises when a private key cannot be read.
        raise StoreError(
            f"cannot connect with {named}: {_message(error)}",
            "Look at private_key_file and private_key_file_pwd in connections.toml.",
        ) from error
    return created


def _parameters(settings: Settings, names: Mapping[str, str]) -> dict[str, Any]:
    if settings.connection == EMULATOR:
        return _of_the_emulator(settings, names)
    if settings.connection is None and TOKEN.is_file():
        return _of_the_container()
    known = connections()
    name = settings.connection or default_connection()
    if name not in known:
        if settings.connection is None:
            raise UsageError(
                "no connection to Snowflake is configured",
                "Name one with --connection or CHURN_CONNECTION; or try all of it without an "
                "account: make train-emulated.",
            )
        raise UsageError.unknown("connection", str(name), [*sorted(known), EMULATOR])
    return {"connection_name": name}


def _of_the_emulator(settings: Settings, names: Mapping[str, str]) -> dict[str, Any]:
    """With the role and the warehouse of the setup, once it has run: their grants must do."""
    running = emulator(settings.home / "emulator")
    known = running.account.has_role(names["role"])
    mine = {key: names[key] for key in ("role", "warehouse")}
    return running.connection | (mine if known else {})


def _of_the_container() -> dict[str, Any]:
    """How code inside a Snowflake service or job connects: with the token that it is given."""
    return {
        "host": os.environ["SNOWFLAKE_HOST"],
        "account": os.environ["SNOWFLAKE_ACCOUNT"],
        "authenticator": "oauth",
        "token": TOKEN.read_text(),
    }


def connections() -> dict[str, Any]:
    """The connections in the user's connections.toml and config.toml."""
    from snowflake.connector.config_manager import CONFIG_MANAGER
    from snowflake.connector.errors import Error

    try:
        configured: Any = CONFIG_MANAGER["connections"]
    except (Error, OSError) as error:
        raise UsageError(f"the connections cannot be read: {_message(error)}") from error
    return dict(configured)


def default_connection() -> str:
    """The name that Snowflake's clients take when none is given."""
    from snowflake.connector.config_manager import CONFIG_MANAGER

    return str(CONFIG_MANAGER["default_connection_name"])


def emulator(folder: Path) -> Emulator:
    """The emulator of this process that keeps its state in the folder; started if need be."""
    try:
        from churn.emulator.server import Emulator
    except ImportError as error:
        raise UsageError(
            "the emulator is not installed", "Install it: pip install 'churn[emulator]'."
        ) from error
    if folder not in _running:
        running = Emulator(folder)
        running.__enter__()
        atexit.register(running.close)
        _running[folder] = running
    return _running[folder]


def _message(error: Exception) -> str:
    """What went wrong, in one line."""
    text = getattr(error, "raw_msg", None) or getattr(error, "msg", None) or str(error)
    return " ".join(str(text).split())
