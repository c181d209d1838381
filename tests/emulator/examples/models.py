"""Examples of churn/emulator/statements/models.py."""

from __future__ import annotations

from tests.emulator.examples.steps import MODEL, Examples

EXAMPLES: Examples = {
    "drop_model": [MODEL, ("DROP MODEL m", None), ("DROP MODEL m", 2003), ("DROP MODEL IF EXISTS m", None)],
    "comment_model": [MODEL, ("COMMENT ON MODEL m IS 'words'", None),
                      ('SHOW MODELS ->> SELECT "comment" FROM $1', [("words",)])],
    "set_model_comment": [MODEL, ("ALTER MODEL m SET COMMENT = 'words'", None),
                          ('SHOW MODELS ->> SELECT "comment" FROM $1', [("words",)])],
    "rename_model": [MODEL, ("ALTER MODEL m RENAME TO n", None), ("SELECT n!predict(1.0):output_feature_0::INT", [(1,)]),
                     ("SELECT m!predict(1.0)", 2003)],
    "show_models": [MODEL, ("SHOW MODELS LIKE 'M' ->> SELECT \"name\", \"versions\" FROM $1", [("M", '["V1"]')])],
    "describe_repository": [("DESC ARTIFACT REPOSITORY snowflake.snowpark.pypi_shared_repository", None),
                            ("DESC ARTIFACT REPOSITORY nope", 2003)],
}  # fmt: skip
