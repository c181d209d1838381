"""Examples of churn/emulator/statements/tasks.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, K, T

EXAMPLES: Examples = {
    "create_task": [T, K, ("CREATE TASK k SCHEDULE = '1 MINUTE' AS SELECT 1", 2002)],
    "alter_task": [T, K, ("ALTER TASK k RESUME", None), ('SHOW TASKS ->> SELECT "state" FROM $1', [("started",)])],
    "set_task": [T, K, ("ALTER TASK k SET SCHEDULE = '5 MINUTE'", None),
                 ('SHOW TASKS ->> SELECT "schedule" FROM $1', [("5 MINUTE",)])],
    "execute_task": [T, K, ("EXECUTE TASK k", None), ("SELECT a FROM t", [(9,)])],
    "drop_task": [T, K, ("DROP TASK k", None), ("DROP TASK k", 2003)],
    "show_tasks": [T, K, ("SHOW TASKS LIKE 'K' ->> SELECT \"name\" FROM $1", [("K",)])],
}  # fmt: skip
