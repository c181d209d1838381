"""Examples of churn/emulator/statements/databases.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

EXAMPLES: Examples = {
    "create_database": [("CREATE DATABASE IF NOT EXISTS {db}", None), ("CREATE DATABASE {db}", 2002)],
    "drop_database": [("CREATE DATABASE {db}_2", None), ("DROP DATABASE {db}_2", None),
                      ("DROP DATABASE IF EXISTS {db}_2", None), ("DROP DATABASE {db}_2", 2003)],
    "create_schema": [("CREATE SCHEMA s COMMENT = 'c'", None), ("SELECT CURRENT_SCHEMA()", [("S",)]),
                      ("CREATE SCHEMA s", 2002), ("CREATE SCHEMA IF NOT EXISTS s", None)],
    "drop_schema": [("CREATE SCHEMA s", None), T, ("DROP SCHEMA s", None), ("DROP SCHEMA s", 2003),
                    ("DROP SCHEMA IF EXISTS s CASCADE", None)],
    "show_databases": [("SHOW DATABASES LIKE '{db}' ->> SELECT \"name\" FROM $1", [("{db}",)])],
    "show_schemas": [("SHOW SCHEMAS LIKE 'pub%' IN DATABASE {db} ->> SELECT \"name\" FROM $1", [("PUBLIC",)])],
}  # fmt: skip
