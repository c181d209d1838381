"""The process of a command: what it imports, and how a signal ends it."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from churn.domain.errors import StoppedError

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    for name in SIGNALS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        from churn.cli import app

        app()
    except StoppedError as stopped:
        sys.stderr.write(f"\nError: {stopped}\n")
        sys.exit(stopped.exit_code)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    raise StoppedError(signal.Signals(number).name, 128 + number)


if __name__ == "__main__":
    main()
