"""Examples of churn/emulator/statements/functions.py."""

from __future__ import annotations

from tests.emulator.examples.steps import PY, Examples

EXAMPLES: Examples = {
    "create_function": [
        (f"CREATE FUNCTION f(x INT) RETURNS INT {PY} AS $$\ndef f(x):\n    return x + 1\n$$", None),
        ("SELECT f(41)", [(42,)]),
        ("CREATE FUNCTION g(x INT) RETURNS INT AS 'x + 1'", None),
        ("SELECT g(41), f(x => 1)", [(42, 2)]),
        ("CREATE FUNCTION j(x INT) RETURNS INT LANGUAGE JAVASCRIPT AS 'return x'", 2),
        (f"CREATE FUNCTION h(x INT) RETURNS TABLE (y INT) {PY} AS "
         "$$\nclass f:\n    def process(self, x):\n        yield (x,)\n        yield (x + 1,)\n$$", None),
        ("SELECT t.a, h.y FROM (SELECT 1 AS a) t, TABLE(h(t.a)) h", [(1, 1), (1, 2)]),
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
         [("(X INT)",)]),
    ],
    "show_functions": [('SHOW USER FUNCTIONS ->> SELECT "name" FROM $1', [])],
}  # fmt: skip
