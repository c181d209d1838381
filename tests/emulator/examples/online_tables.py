"""Examples of churn/emulator/statements/online_tables.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "show_online": [("SHOW ONLINE FEATURE TABLES IN SCHEMA PUBLIC", [])],
    "drop_online": [("DROP ONLINE FEATURE TABLE IF EXISTS x", None), ("DROP ONLINE FEATURE TABLE x", 2003)],
}  # fmt: skip
