"""The errors that a user can act on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self

LONGEST_NAME = 100
"""Characters of a name that a message shows."""


class UserError(Exception):
    """What went wrong and what to do next; printed without a traceback, exit code 1."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    @classmethod
    def unknown(cls, kind: str, name: str, known: Iterable[str]) -> Self:
        """No `kind` of that name: says which there are, the likeliest first."""
        names, name = list(known), name[:LONGEST_NAME]
        cases = {n.upper(): n for n in names}
        close = [cases[n] for n in get_close_matches(name.upper(), cases, n=1)]
        there = ", ".join(close + [n for n in names if n not in close]) or "none yet"
        guess = f"Did you mean {close[0]}? " if close else ""
        return cls(f"there is no {kind} {name!r}", f"{guess}There is: {there}.")


class UsageError(UserError):
    """The call itself is wrong; exit code 2."""

    exit_code = 2


class DataError(UserError):
    """The tables are not what their contracts say, or do not hold what was asked."""


class LeakError(UserError):
    """A function knows what it could not have known."""


class StoreError(UserError):
    """A store cannot be read or written, or does not hold what was asked."""


class ImportRefusedError(UserError):
    """A model from elsewhere cannot be taken in as it is."""


class StoppedError(KeyboardInterrupt):
    """A signal asks the process to end; what is not whole goes on the way out."""

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(f"stopped by {name}; nothing is half written")
        self.exit_code = exit_code
