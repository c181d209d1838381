"""Examples of churn/emulator/statements/tables.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

EXAMPLES: Examples = {
    "create_table": [
        T,
        ("CREATE TABLE t (a INT)", 2002),
        ("CREATE TABLE IF NOT EXISTS t (a INT)", None),
        ("CREATE OR REPLACE TABLE u (n FLOAT) AS SELECT 1", None),
        ("SELECT n FROM u", [(1.0,)]),
        ("CREATE TEMPORARY TABLE v AS SELECT 1 AS a", None),
        ("CREATE TABLE nope.nope.t (a INT)", 2003),
        ("CREATE TABLE w IF NOT EXISTS (a INT PRIMARY KEY, b INT AUTOINCREMENT)", None),
        ("INSERT INTO w (a) VALUES (1), (1)", [(2,)]),
        ("CREATE TABLE x CLONE w", None),
        ("SELECT a, b FROM x", [(1, 1), (1, 2)]),
        ("CREATE TABLE y AS SELECT 1 AS a, 2 AS a", 2025),
    ],
    "drop_relation": [T, ("DROP TABLE t", None), ("DROP TABLE t", 2003), ("DROP TABLE IF EXISTS t", None),
                      ("CREATE VIEW v AS SELECT 1 AS a", None), ("DROP VIEW v", None)],
    "rename": [T, ("ALTER TABLE t RENAME TO u", None), ("SELECT COUNT(*) FROM u", [(0,)])],
    "comment": [T, ("COMMENT ON TABLE t IS 'words'", None), ("COMMENT ON TABLE nope IS 'words'", 2003),
                ('SHOW TABLES ->> SELECT "comment" FROM $1', [("words",)])],
}  # fmt: skip
