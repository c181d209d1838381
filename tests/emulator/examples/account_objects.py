"""Examples of churn/emulator/statements/account_objects.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

EXAMPLES: Examples = {
    "create_account_object": [("CREATE ROLE IF NOT EXISTS {db}_ROLE", None), ("CREATE ROLE {db}_ROLE", 2002),
                              ("CREATE WAREHOUSE {db}_WH WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60", None),
                              ("DROP ROLE {db}_ROLE", None), ("DROP WAREHOUSE {db}_WH", None)],
    "alter_user": [("CREATE USER {db}_U TYPE = SERVICE", None), ("ALTER USER {db}_U SET DEFAULT_ROLE = PUBLIC", None),
                   ("ALTER USER {db}_U UNSET RSA_PUBLIC_KEY_2", None), ("ALTER USER {db}_U SET PASSWORD = 'x'", 2),
                   ("DROP USER {db}_U", None)],
    "drop_account_object": [("DROP ROLE IF EXISTS {db}_NONE", None), ("DROP WAREHOUSE {db}_NONE", 2003)],
    "alter_warehouse": [("CREATE WAREHOUSE {db}_WH", None), ("ALTER WAREHOUSE {db}_WH SUSPEND", None),
                        ("ALTER WAREHOUSE {db}_WH SET AUTO_SUSPEND = 30", None),
                        ("ALTER WAREHOUSE nope RESUME", 2003), ("DROP WAREHOUSE {db}_WH", None)],
    "show_account_objects": [("SHOW ROLES LIKE 'PUBLIC' ->> SELECT \"name\" FROM $1", [("PUBLIC",)])],
}  # fmt: skip
