"""Examples of churn/emulator/statements/scripts.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "execute_immediate": [
        ("EXECUTE IMMEDIATE 'SELECT 42'", [(42,)]),
        ("EXECUTE IMMEDIATE $$BEGIN LET n INT := 0; FOR i IN 1 TO 4 DO n := n + i; END FOR; RETURN n; END;$$", [(10,)]),
        ("EXECUTE IMMEDIATE $$BEGIN SELECT 1 / 0; EXCEPTION WHEN OTHER THEN RETURN SQLCODE; END;$$", [(100051,)]),
        ("EXECUTE IMMEDIATE $$BEGIN OPEN c; END;$$", 2),
    ],
    "anonymous_block": [
        ("BEGIN CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); RETURN SQLROWCOUNT; END", [(2,)]),
        ("DECLARE r RESULTSET DEFAULT (SELECT a FROM t ORDER BY a); BEGIN RETURN TABLE(r); END", [(1,), (2,)]),
    ],
}  # fmt: skip
