"""SYSTEM$WAIT, and queries that are cancelled by SQL."""

from __future__ import annotations

import time

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, invalid
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("waiting")

UNITS = {"MILLISECONDS": 0.001, "SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86_400}


@SUBSYSTEM.function("SYSTEM$WAIT", page="system_wait")
def wait(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    amount, *unit = (value_of(session, a) for a in arguments)
    word = str(unit[0]).upper() if unit else "SECONDS"
    if word not in UNITS:
        raise invalid(f"SYSTEM$WAIT in {word}")
    if not session.describing:
        end = time.monotonic() + float(amount) * UNITS[word]
        while (left := end - time.monotonic()) > 0:
            if session.running is not None and session.running.cancelled:
                raise SqlError("SQL execution canceled", 604, "57014")
            time.sleep(min(left, 0.05))
    return exp.convert(f"waited {amount} {word.lower()}")


@SUBSYSTEM.function("SYSTEM$CANCEL_QUERY", page="system_cancel_query")
def cancel_query(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    asked = str(value_of(session, arguments[0]))
    known = session.account.history.find(asked)
    owners = [
        s for s in list(session.account.sessions.values()) if known and s.number == known.session
    ]
    if known is not None and any(owner.cancel(known) for owner in owners):
        return exp.convert(f"query [{asked}] terminated.")
    return exp.convert("Identified SQL statement is not currently executing.")
