"""Examples of churn/emulator/statements/comments.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

EXAMPLES: Examples = {
    "comment_on": [("COMMENT ON SCHEMA public IS 'words'", None),
                   ('SHOW SCHEMAS LIKE \'PUBLIC\' ->> SELECT "comment" FROM $1', [("words",)]),
                   ("COMMENT ON STAGE nope IS 'words'", 2003), ("COMMENT IF EXISTS ON STAGE nope IS 'words'", None)],
    "comment_on_column": [T, ("COMMENT ON COLUMN t.a IS 'words'", None), ("COMMENT ON COLUMN t.z IS 'words'", 904),
                          ('DESCRIBE TABLE t ->> SELECT "comment" FROM $1', [("words",), (None,)])],
    "alter_comment": [("ALTER SCHEMA public SET COMMENT = 'words'", None),
                      ('SHOW SCHEMAS LIKE \'PUBLIC\' ->> SELECT "comment" FROM $1', [("words",)]),
                      ("ALTER SCHEMA public SET COLOUR = 'red'", 2), ("ALTER SCHEMA nope SET COMMENT = ''", 2003)],
    "alter_view": [("CREATE VIEW v AS SELECT 1 AS a", None), ("ALTER VIEW v SET COMMENT = 'words'", None),
                   ('SHOW VIEWS ->> SELECT "comment" FROM $1', [("words",)]), ("ALTER VIEW nope SET SECURE", 2003)],
    "alter_view_column": [("CREATE VIEW v AS SELECT 1 AS a", None), ("ALTER VIEW v MODIFY COLUMN a COMMENT 'words'", None),
                          ('DESCRIBE VIEW v ->> SELECT "comment" FROM $1', [("words",)])],
}  # fmt: skip
