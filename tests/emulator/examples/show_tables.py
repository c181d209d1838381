"""Examples of churn/emulator/statements/show_tables.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

EXAMPLES: Examples = {
    "describe_relation": [T, ('DESCRIBE TABLE t ->> SELECT "name", "type" FROM $1',
                              [("A", "NUMBER(38,0)"), ("B", "VARCHAR(10)")]), ("DESC TABLE nope", 2003)],
    "show_relations": [T, ("CREATE VIEW w AS SELECT 1 AS a", None),
                       ('SHOW TABLES ->> SELECT "name" FROM $1', [("T",)]),
                       ("SHOW VIEWS LIKE 'W' IN SCHEMA PUBLIC ->> SELECT \"name\" FROM $1", [("W",)]),
                       ("SHOW OBJECTS STARTS WITH 'T' LIMIT 1 ->> SELECT \"name\" FROM $1", [("T",)]),
                       ("SHOW TABLES IN SCHEMA nope", 2003)],
    "show_columns": [T, ('SHOW COLUMNS IN TABLE t ->> SELECT "column_name" FROM $1', [("A",), ("B",)])],
}  # fmt: skip
