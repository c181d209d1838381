"""Examples of churn/emulator/statements/context_functions.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples

FUNCTIONS: Examples = {
    "CURRENT_DATABASE": [("SELECT CURRENT_DATABASE()", [("{db}",)])],
    "CURRENT_SCHEMA": [("CREATE SCHEMA s", None), ("SELECT CURRENT_SCHEMA()", [("S",)])],
    "CURRENT_SCHEMAS": [("SELECT CURRENT_SCHEMAS() LIKE '%PUBLIC%'", [(True,)])],
    "CURRENT_ROLE": [("USE ROLE PUBLIC", None), ("SELECT CURRENT_ROLE()", [("PUBLIC",)]), ("USE ROLE ACCOUNTADMIN", None)],
    "CURRENT_SECONDARY_ROLES": [("USE SECONDARY ROLES NONE", None),
                                ("SELECT CURRENT_SECONDARY_ROLES()", [('{"roles":"","value":""}',)])],
    "CURRENT_AVAILABLE_ROLES": [("SELECT CURRENT_AVAILABLE_ROLES() LIKE '%\"PUBLIC\"%'", [(True,)])],
    "CURRENT_WAREHOUSE": [("CREATE WAREHOUSE {db}_WH", None), ("SELECT CURRENT_WAREHOUSE()", [("{db}_WH",)]),
                          ("DROP WAREHOUSE {db}_WH", None)],
    "CURRENT_USER": [("SELECT CURRENT_USER() = UPPER(CURRENT_USER())", [(True,)])],
    "CURRENT_ACCOUNT": [("SELECT CURRENT_ACCOUNT() IS NOT NULL", [(True,)])],
    "CURRENT_ACCOUNT_NAME": [("SELECT CURRENT_ACCOUNT_NAME() IS NOT NULL", [(True,)])],
    "CURRENT_ORGANIZATION_NAME": [("SELECT CURRENT_ORGANIZATION_NAME() IS NOT NULL", [(True,)])],
    "CURRENT_REGION": [("SELECT CURRENT_REGION() IS NOT NULL", [(True,)])],
    "CURRENT_SESSION": [("SELECT CURRENT_SESSION()::INT > 0", [(True,)])],
    "CURRENT_VERSION": [("SELECT REGEXP_LIKE(CURRENT_VERSION(), '[0-9]+[.][0-9]+[.][0-9]+.*')", [(True,)])],
    "CURRENT_CLIENT": [("SELECT CURRENT_CLIENT() LIKE 'Python%'", [(True,)])],
    "CURRENT_IP_ADDRESS": [("SELECT REGEXP_LIKE(CURRENT_IP_ADDRESS(), '[0-9a-f.:]+')", [(True,)])],
    "CURRENT_STATEMENT": [("SELECT CURRENT_STATEMENT() IS NOT NULL", [(True,)])],
    "CURRENT_TRANSACTION": [("SELECT CURRENT_TRANSACTION() IS NULL", [(True,)]), ("BEGIN", None),
                            ("SELECT CURRENT_TRANSACTION() IS NULL", [(False,)]), ("ROLLBACK", None),
                            ("SELECT CURRENT_TRANSACTION() IS NULL", [(True,)])],
    "SYSTEM$CANCEL_ALL_QUERIES": [("SELECT SYSTEM$CANCEL_ALL_QUERIES(CURRENT_SESSION()) LIKE '%0%'", [(True,)])],
    "SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": [
        ("SELECT SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY()", [("snowflake.snowpark.anaconda_shared_repository",)])],
    "SYSTEM$ML_PLATFORM_CAPABILITIES": [("SELECT SYSTEM$ML_PLATFORM_CAPABILITIES() LIKE '{%}'", [(True,)])],
    "LAST_QUERY_ID": [("SELECT 7 AS n", [(7,)]), ("SET first_query = LAST_QUERY_ID(1)", None),
                      ("SELECT LENGTH(LAST_QUERY_ID()), LAST_QUERY_ID() = $first_query", [(36, False)])],
    "IS_ROLE_IN_SESSION": [("SELECT IS_ROLE_IN_SESSION('PUBLIC'), IS_ROLE_IN_SESSION('NOBODY')", [(True, False)])],
    "RESULT_SCAN": [("SELECT 7 AS n", [(7,)]), ("SELECT n + 1 FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))", [(8,)]),
                    ("SELECT * FROM TABLE(RESULT_SCAN('none'))", 709)],
}  # fmt: skip
