"""Examples of churn/emulator/statements/dynamic_tables.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, D, Examples, T

EXAMPLES: Examples = {
    "create_dynamic_table": [T, ROWS, D, ("SELECT SUM(a) FROM d", [(3,)]), ("INSERT INTO t VALUES (4, 'z')", None),
                             ("SELECT SUM(a) FROM d", [(3,)]), ("ALTER DYNAMIC TABLE d REFRESH", None),
                             ("SELECT SUM(a) FROM d", [(7,)]),
                             ("CREATE DYNAMIC TABLE x TARGET_LAG = '1m' WAREHOUSE = nope AS SELECT 1 AS a", 2003)],
    "refresh": [T, D, ("ALTER DYNAMIC TABLE d REFRESH", None),
                ("SELECT COUNT(*) FROM TABLE({db}.INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY()) "
                 "WHERE DATABASE_NAME = '{db}'", [(2,)])],
    "suspend": [T, D, ("ALTER DYNAMIC TABLE d SUSPEND", None),
                ('SHOW DYNAMIC TABLES ->> SELECT "scheduling_state" FROM $1', [("SUSPENDED",)])],
    "set_dynamic_table": [T, D, ("ALTER DYNAMIC TABLE d SET TARGET_LAG = '2 minutes' COMMENT = 'c'", None),
                          ('SHOW DYNAMIC TABLES ->> SELECT "target_lag", "comment" FROM $1', [("2 minutes", "c")])],
    "drop_dynamic_table": [T, D, ("DROP TABLE d", 1003), ("DROP DYNAMIC TABLE d", None), ("DROP DYNAMIC TABLE d", 2003)],
    "show_dynamic_tables": [T, D, ("SHOW DYNAMIC TABLES LIKE 'D' ->> SELECT \"name\", \"target_lag\" FROM $1", [("D", "1 minute")])],
}  # fmt: skip

FUNCTIONS: Examples = {
    "DYNAMIC_TABLE_REFRESH_HISTORY": [
        T, D, ("ALTER DYNAMIC TABLE d REFRESH", None),
        ("SELECT NAME, STATE, REFRESH_ACTION FROM TABLE({db}.INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY("
         "NAME => '{db}.PUBLIC.D', RESULT_LIMIT => 2))", [("D", "SUCCEEDED", "FULL"), ("D", "SUCCEEDED", "CREATION")])],
}  # fmt: skip
