"""Examples of churn/emulator/statements/procedures.py."""

from __future__ import annotations

from tests.emulator.examples.steps import PY, Examples

EXAMPLES: Examples = {
    "call": [
        (f"CREATE PROCEDURE p(n INT) RETURNS INT {PY} PACKAGES = ('snowflake-snowpark-python') AS "
         "$$\ndef f(session, n):\n    return session.sql('SELECT 40').collect()[0][0] + n\n$$", None),
        ("CALL p(2)", [(42,)]),
        ("CREATE PROCEDURE q(n INT) RETURNS INT AS 'BEGIN RETURN n * 2; END'", None),
        ("CALL q(n => 4)", [(8,)]),
        (f"CREATE PROCEDURE r() RETURNS TABLE (a INT) {PY} AS "
         "$$\ndef f(session):\n    return session.sql('SELECT 7')\n$$", None),
        ("CALL r()", [(7,)]), ("SELECT a + 1 FROM TABLE(r())", [(8,)]),
        ("CALL nope(1)", 2003),
    ],
    "call_anonymous": [
        (f"WITH p AS PROCEDURE (n INT) RETURNS INT {PY} AS $$\ndef f(session, n):\n    return n + 1\n$$ CALL p(2)",
         [(3,)]),
    ],
}  # fmt: skip
