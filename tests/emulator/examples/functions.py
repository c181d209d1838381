"""Examples of churn/emulator/statements/functions.py."""

from __future__ import annotations

from tests.emulator.examples.steps import PY, Examples

EXAMPLES: Examples = {
    "create_function": [
        (f"CREATE FUNCTION f(x INT) RETURNS INT {PY} AS $$\ndef f(x):\n    return x + 1\n$$", None),
        ("SELECT f(41)", [(42,)]),
        ("CREATE FUNCTION g(x INT) RETURNS INT AS 'x + 1'", 2),
    ],
    "call": [
        (f"CREATE PROCEDURE p(n INT) RETURNS INT {PY} PACKAGES = ('snowflake-snowpark-python') AS "
         "$$\ndef f(session, n):\n    return session.sql('SELECT 40').collect()[0][0] + n\n$$", None),
        ("CALL p(2)", [(42,)]),
        ("CALL nope(1)", 2003),
    ],
    "comment_function": [
        (f"CREATE FUNCTION f(x INT) RETURNS INT {PY} AS $$\ndef f(x):\n    return x\n$$", None),
        ("COMMENT ON FUNCTION f(INT) IS 'it''s f'", None),
        ('SHOW USER FUNCTIONS ->> SELECT "name", "description" FROM $1', [("F", "it's f")]),
        ("COMMENT ON PROCEDURE p() IS 'none'", 2003), ("COMMENT IF EXISTS ON PROCEDURE p() IS 'none'", None),
    ],
    "drop_function": [("DROP FUNCTION f(INT)", 2003), ("DROP FUNCTION IF EXISTS f(INT)", None)],
    "drop_procedure": [("DROP PROCEDURE p(INT)", 2003)],
    "describe_function": [
        (f"CREATE FUNCTION f(x INT) RETURNS INT {PY} AS $$\ndef f(x):\n    return x\n$$", None),
        ("DESCRIBE FUNCTION f(INT) ->> SELECT \"value\" FROM $1 WHERE \"property\" = 'signature'",
         [("(x NUMBER(38,0))",)]),
    ],
    "show_functions": [('SHOW USER FUNCTIONS ->> SELECT "name" FROM $1', [])],
}  # fmt: skip
