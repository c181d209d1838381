"""Examples of churn/emulator/statements/waiting.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

FUNCTIONS: Examples = {
    "SYSTEM$WAIT": [("SELECT SYSTEM$WAIT(0)", [("waited 0 seconds",)]), ("CALL SYSTEM$WAIT(1, 'YEARS')", 1003)],
    "SYSTEM$CANCEL_QUERY": [("SELECT SYSTEM$CANCEL_QUERY('none')",
                             [("Identified SQL statement is not currently executing.",)])],
}  # fmt: skip
