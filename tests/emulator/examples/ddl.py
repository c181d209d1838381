"""Examples of churn/emulator/statements/ddl.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

TABLE = 'create or replace TABLE {} (\n\tA NUMBER(38,0) NOT NULL,\n\t"b" VARCHAR(10)\n);'
VIEW = "create or replace view V(\n\tX COMMENT 'the a'\n) COMMENT='c' as SELECT a FROM t;"

FUNCTIONS: Examples = {
    "GET_DDL": [
        ('CREATE TABLE t (a INT NOT NULL, "b" VARCHAR(10))', None),
        ("SELECT GET_DDL('TABLE', 't')", [(TABLE.format("T"),)]),
        ("SELECT GET_DDL('table', 'public.t', TRUE)", [(TABLE.format("{db}.PUBLIC.T"),)]),
        ("CREATE VIEW v (x COMMENT 'the a') COMMENT = 'c' AS SELECT a FROM t", None),
        ("SELECT GET_DDL('VIEW', 'v')", [(VIEW,)]),
        ("SELECT GET_DDL('VIEW', 't')", 2003),
        ("SELECT GET_DDL('TABLE', 'nope')", 2003),
        ("SELECT GET_DDL('SCHEMA', 'public')", 2),
    ],
}  # fmt: skip
