"""Examples of churn/emulator/statements/alter_tables.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "alter_table": [
        T, ("ALTER TABLE t ADD COLUMN c FLOAT", None), ("SELECT c FROM t", []),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS c FLOAT, d INT", None), ("ALTER TABLE t ADD c INT", 1430),
        ("ALTER TABLE t ALTER COLUMN d SET NOT NULL", None),
        ('DESCRIBE TABLE t ->> SELECT "null?" FROM $1', [("Y",), ("Y",), ("Y",), ("N",)]),
        ("ALTER TABLE t DROP COLUMN IF EXISTS c, nope, d", None), ("INSERT INTO t (a) VALUES (1)", [(1,)]),
        ("CREATE TABLE u (z INT)", None), ("ALTER TABLE t SWAP WITH u", None), ("SELECT z FROM t", []),
        ("ALTER TABLE nope ADD COLUMN c FLOAT", 2003),
    ],
    "undrop_table": [T, ROWS, ("DROP TABLE t", None), ("UNDROP TABLE t", [("Table T successfully restored.",)]),
                     ("SELECT COUNT(*) FROM t", [(2,)]), ("UNDROP TABLE t", 2002), ("UNDROP TABLE nope", 2003)],
}  # fmt: skip
