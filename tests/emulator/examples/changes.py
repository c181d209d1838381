"""Examples of churn/emulator/statements/changes.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "update": [
        T, ROWS, ("UPDATE t SET b = 'y' WHERE a = 2", [(1, 0)]), ("SELECT b FROM t", [("x",), ("y",)]),
        ("UPDATE t x SET x.b = s.c FROM (SELECT 'p' AS c UNION ALL SELECT 'p') s WHERE x.a = 1", [(1, 1)]),
    ],
    "delete": [T, ROWS, ("DELETE FROM t WHERE a = 1", [(1,)]), ("DELETE FROM t", [(1,)])],
    "merge": [
        T,
        ROWS,
        (
            "MERGE INTO t USING (SELECT 2 AS a UNION ALL SELECT 3) s ON t.a = s.a "
            "WHEN MATCHED THEN UPDATE SET t.b = 'm' WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)",
            [(1, 1)],
        ),
        ("SELECT a, b FROM t ORDER BY a", [(1, "x"), (2, "m"), (3, None)]),
        ("MERGE INTO t USING (VALUES (1), (1)) s (a) ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 'n'", 100090),
        ("MERGE INTO t USING (VALUES (1), (1)) s (a) ON t.a = s.a WHEN MATCHED THEN DELETE", [(1,)]),
    ],
    "insert_several": [
        T,
        ("INSERT FIRST WHEN n > 1 THEN INTO t (a) VALUES (n) ELSE INTO t (b) VALUES (n) "
         "SELECT column1 AS n FROM VALUES (1), (2)", None),
        ("SELECT a, b FROM t ORDER BY a", [(2, None), (None, "1")]),
    ],
}  # fmt: skip
