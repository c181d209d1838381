"""What Snowflake answers when it refuses, by its own numbers."""

from __future__ import annotations

UNSUPPORTED = 2
"""The number of every refusal: Snowflake's own for "Unsupported feature"."""


class SqlError(Exception):
    """An answer `success: false`; the connector raises it as a ProgrammingError."""

    def __init__(self, message: str, number: int, state: str) -> None:
        super().__init__(message)
        self.message = message
        self.number = number
        self.state = state
        self.query: str | None = None
        """The id of the query that failed, once a client has asked it."""


def unsupported(what: str) -> SqlError:
    """A refusal by name of what this emulator does not do."""
    return SqlError(
        f"Unsupported feature '{what}'. The emulator does not implement it; "
        f"churn emulator coverage lists what it does.",
        UNSUPPORTED,
        "0A000",
    )


def compilation(message: str, number: int, state: str) -> SqlError:
    return SqlError(f"SQL compilation error:\n{message}", number, state)


def missing(kind: str, name: object) -> SqlError:
    """The object is not there, or the role may not see it: Snowflake does not tell which."""
    return compilation(
        f"{kind.capitalize()} '{name}' does not exist or not authorized.", 2003, "02000"
    )


def exists(kind: str, name: object) -> SqlError:
    return compilation(f"{kind.capitalize()} '{name}' already exists.", 2002, "42710")


def invalid(message: str) -> SqlError:
    """A statement that Snowflake would not accept either."""
    return compilation(message, 1003, "42000")
