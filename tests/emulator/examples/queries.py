"""Examples of churn/emulator/statements/queries.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "select": [
        T,
        ROWS,
        ("SELECT COUNT(*), SUM(a), COUNT(b) FROM t", [(2, 3, 1)]),
        ("WITH u AS (SELECT a FROM t) SELECT a FROM u ORDER BY a DESC", [(2,), (1,)]),
        ("(SELECT 1) UNION ALL (SELECT 2)", [(1,), (2,)]),
        ("SELECT 1 / 0", 100051),
        ("SELECT nope FROM t", 904),
        ("SELECT 1 FROM nope", 2003),
        ("SELECT FROM WHERE", 1003),
        ("SELECT no_such_function(1)", 2140),
        ("SELECT HASH(1)", 2),
        ("SELECT * FROM t AT(OFFSET => -60)", 2),
        ("SELECT ARRAY_CONSTRUCT(1, 2)", [("[\n  1,\n  2\n]",)]),
        ("SELECT 2.5::FLOAT::INT, -2.5::FLOAT::INT", [(3, -3)]),
        ("SELECT GREATEST(1, NULL), LEAST(1, 2)", [(None, 1)]),
        ("SELECT DATEDIFF('month', '2024-11-28'::DATE, '2024-12-05'::DATE)", [(1,)]),
        ("SELECT MAX_BY(b, a) FROM t", [(None,)]),
        ("SELECT SEQ4() AS n FROM TABLE(GENERATOR(ROWCOUNT => 3)) ORDER BY n", [(0,), (1,), (2,)]),
        ('SHOW TABLES ->> SELECT "name" FROM $1', [("T",)]),
        ("SELECT ZEROIFNULL(NULL), NULLIFZERO(0), DIV0(1, 0), SQUARE(3)", [(0, None, 0, 9)]),
        (
            "SELECT l.k, r.v FROM (SELECT 1 AS k, 5 AS t) l ASOF JOIN "
            "(SELECT column1 AS k, column2 AS t, column3 AS v FROM VALUES (1, 4, 'old'), "
            "(1, 5, 'now'), (1, 6, 'future')) r MATCH_CONDITION (l.t >= r.t) ON l.k = r.k",
            [(1, "now")],
        ),
    ],
    "insert": [T, ROWS, ("INSERT INTO t (a) SELECT 3", [(1,)]), ("INSERT INTO nope VALUES (1)", 2003)],
    "truncate": [T, ROWS, ("TRUNCATE TABLE t", None), ("SELECT COUNT(*) FROM t", [(0,)]),
                 ("TRUNCATE TABLE IF EXISTS nope", None)],
}  # fmt: skip
