"""Examples of churn/emulator/statements/tags.py."""

from __future__ import annotations

from tests.emulator.examples.steps import Examples, T

EXAMPLES: Examples = {
    "create_tag": [("CREATE TAG g ALLOWED_VALUES 'a', 'b' COMMENT = 'c'", None), ("CREATE TAG g", 2002),
                   ("CREATE TAG IF NOT EXISTS g", None)],
    "drop_tag": [("DROP TAG IF EXISTS g", None), ("DROP TAG g", 2003)],
    "alter_tag": [("CREATE TAG g", None), ("ALTER TAG g ADD ALLOWED_VALUES 'a'", None),
                  ('SHOW TAGS ->> SELECT "allowed_values" FROM $1', [('["a"]',)])],
    "show_tags": [("CREATE TAG g", None), ("SHOW TAGS LIKE 'G' ->> SELECT \"name\" FROM $1", [("G",)])],
    "set_tag": [T, ("CREATE TAG g ALLOWED_VALUES 'a'", None), ("ALTER TABLE t SET TAG g = 'a'", None),
                ("SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')", [("a",)]),
                ("SELECT TAG_VALUE FROM TABLE({db}.INFORMATION_SCHEMA.TAG_REFERENCES('t', 'TABLE'))", [("a",)]),
                ("ALTER TABLE t SET TAG g = 'z'", 90293), ("ALTER TABLE nope SET TAG g = 'a'", 2003),
                ("ALTER TABLE t SET TAG nope = 'a'", 2003)],
    "unset_tag": [T, ("CREATE TAG g", None), ("ALTER TABLE t SET TAG g = 'a'", None),
                  ("ALTER TABLE t UNSET TAG g", None), ("SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')", [(None,)])],
}  # fmt: skip

FUNCTIONS: Examples = {
    "SYSTEM$GET_TAG": [T, ("CREATE TAG g", None), ("SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')", [(None,)]),
                       ("ALTER TABLE t SET TAG g = 'a'", None), ("SELECT SYSTEM$GET_TAG('g', 't', 'TABLE')", [("a",)]),
                       ("SELECT SYSTEM$GET_TAG('g', 'nope', 'TABLE')", 2003)],
    "TAG_REFERENCES": [T, ("CREATE TAG g", None), ("ALTER TABLE t SET TAG g = 'a'", None),
                       ("SELECT TAG_NAME, TAG_VALUE, OBJECT_NAME FROM TABLE({db}.INFORMATION_SCHEMA.TAG_REFERENCES('t', 'TABLE'))",
                        [("G", "a", "T")])],
}  # fmt: skip
