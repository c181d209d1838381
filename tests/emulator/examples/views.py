"""Examples of churn/emulator/statements/views.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "create_view": [T, ROWS, ("CREATE VIEW v (x COMMENT 'the a') COMMENT = 'c' AS SELECT a FROM t", None),
                    ("SELECT SUM(x) FROM v", [(3,)]), ("CREATE VIEW v AS SELECT 1", 2002),
                    ('DESC VIEW v ->> SELECT "name", "comment" FROM $1', [("X", "the a")])],
}  # fmt: skip
