"""Examples of churn/emulator/statements/context.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "use_role": [("USE ROLE PUBLIC", None), ("SELECT CURRENT_ROLE()", [("PUBLIC",)]), ("USE ROLE nobody", 3013),
                 ("USE ROLE ACCOUNTADMIN", None)],
    "use_warehouse": [("USE WAREHOUSE nowhere", 2043)],
    "use_secondary_roles": [("USE SECONDARY ROLES NONE", [("Statement executed successfully.",)]),
                            ("USE SECONDARY ROLES SOME", 2)],
    "use_database": [("USE DATABASE {db}", None), ("SELECT CURRENT_DATABASE()", [("{db}",)]),
                     ("USE DATABASE nope", 2003)],
    "use_schema": [("CREATE SCHEMA s", None), ("USE SCHEMA PUBLIC", None), ("SELECT CURRENT_SCHEMA()", [("PUBLIC",)]),
                   ("USE SCHEMA nope", 2003), ("USE {db}.S", None)],
    "alter_session": [("ALTER SESSION SET QUERY_TAG = 'churn'", None),
                      ("SHOW PARAMETERS LIKE 'QUERY_TAG' ->> SELECT \"value\" FROM $1", [("churn",)])],
    "alter_session_unset": [("ALTER SESSION SET QUERY_TAG = 'x'", None), ("ALTER SESSION UNSET QUERY_TAG", None),
                            ("SHOW PARAMETERS LIKE 'QUERY_TAG' ->> SELECT \"value\" FROM $1", [("",)])],
    "show_parameters": [("SHOW PARAMETERS LIKE 'WEEK_START' IN SESSION ->> SELECT \"key\" FROM $1", [("WEEK_START",)])],
    "set_variable": [("SET v = 1 + 1", None), ("SELECT $v", [(2,)])],
    "set_variables": [("SET (v, w) = (1, 'x')", None), ("SET (v, w) = (2, $v)", None), ("SELECT $v, $w", [(2, 1)])],
    "unset_variables": [("SET (v, w) = (1, 'x')", None), ("UNSET (v, w)", None), ("SELECT $w", 2211)],
    "show_variables": [("SET v = 5", None), ("SHOW VARIABLES LIKE 'V' ->> SELECT \"value\", \"type\" FROM $1", [("5", "fixed")])],
    "unset_variable": [("SET v = 'x'", None), ("SELECT $v", [("x",)]), ("UNSET v", None), ("SELECT $v", 2211)],
    "begin": [T, ("BEGIN", None), ROWS, ("ROLLBACK", None), ("START TRANSACTION", None), ROWS, ("ROLLBACK", None), ("SELECT COUNT(*) FROM t", [(0,)])],
    "commit": [T, ("START TRANSACTION", None), ROWS, ("COMMIT", None), ("SELECT COUNT(*) FROM t", [(2,)]),
               ("COMMIT", None)],
    "rollback": [T, ("BEGIN TRANSACTION", None), ROWS, ("CREATE TABLE u (a INT)", None), ("ROLLBACK", None),
                 ("SELECT COUNT(*) FROM t", [(2,)])],
}  # fmt: skip
