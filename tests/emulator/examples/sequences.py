"""Examples of churn/emulator/statements/sequences.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "create_sequence": [("CREATE SEQUENCE s START = 5 INCREMENT = 2", None), ("SELECT s.NEXTVAL", [(5,)]),
                        ("SELECT s.NEXTVAL", [(7,)]), ("CREATE SEQUENCE s", 2002)],
    "drop_sequence": [("CREATE SEQUENCE s", None), ("DROP SEQUENCE s", None), ("DROP SEQUENCE s", 2003)],
    "show_sequences": [("CREATE SEQUENCE s START 3", None),
                       ('SHOW SEQUENCES ->> SELECT "name", "next_value", "interval" FROM $1', [("S", "3", "1")])],
}  # fmt: skip
