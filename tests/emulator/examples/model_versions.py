"""Examples of churn/emulator/statements/model_versions.py."""

from __future__ import annotations

from tests.emulator.examples.steps import MODEL, V2, Examples

EXAMPLES: Examples = {
    "create_model": [MODEL, ("CREATE STAGE s", None), ("CREATE MODEL n WITH VERSION V1 FROM @s", 399103),
                     ("ALTER MODEL m ADD VERSION V2 FROM @s", 399103)],
    "copy_version": [MODEL, ("CREATE MODEL n WITH VERSION A FROM MODEL m VERSION V1", None),
                     ("ALTER MODEL n ADD VERSION B FROM MODEL m", None),
                     ("ALTER MODEL n ADD VERSION B FROM MODEL m", 2002),
                     ('SHOW VERSIONS IN MODEL n ->> SELECT "name" FROM $1', [("A",), ("B",)]),
                     ("SELECT n!predict(0.0):output_feature_0::INT", [(0,)])],
    "drop_version": [MODEL, V2, ("ALTER MODEL m DROP VERSION V1", 399104), ("ALTER MODEL m DROP VERSION V2", None)],
    "set_default": [MODEL, V2, ("ALTER MODEL m SET DEFAULT_VERSION = V2", None),
                    ('SHOW MODELS ->> SELECT "default_version_name" FROM $1', [("V2",)]),
                    ("ALTER MODEL m SET DEFAULT_VERSION = V9", 2003)],
    "set_alias": [MODEL, V2, ("ALTER MODEL m VERSION V1 SET ALIAS = champion", None),
                  ("ALTER MODEL m VERSION V2 SET ALIAS = champion", 2002),
                  ("ALTER MODEL m VERSION V1 SET ALIAS = other", 1003),
                  ("ALTER MODEL m VERSION V1 SET ALIAS = LAST", 1003),
                  ("SELECT MODEL(m, champion)!predict(1.0):output_feature_0::INT", [(1,)])],
    "unset_alias": [MODEL, ("ALTER MODEL m VERSION V1 SET ALIAS = champion", None),
                    ("ALTER MODEL m VERSION champion UNSET ALIAS", None),
                    ("SELECT MODEL(m, champion)!predict(1.0)", 2003)],
    "modify_version": [MODEL, ("ALTER MODEL m MODIFY VERSION V1 SET COMMENT = 'words'", None),
                       ('ALTER MODEL m MODIFY VERSION V1 SET METADATA = $${"metrics": {"auc": 0.5}}$$', None),
                       ('SHOW VERSIONS IN MODEL m ->> SELECT "comment", "metadata" FROM $1',
                        [("words", '{"metrics": {"auc": 0.5}}')])],
    "show_versions": [MODEL, ("SHOW VERSIONS LIKE 'V1' IN MODEL m ->> SELECT \"aliases\" FROM $1",
                              [('["DEFAULT", "FIRST", "LAST"]',)]),
                      ("SELECT MODEL_VERSION_NAME FROM {db}.INFORMATION_SCHEMA.MODEL_VERSIONS WHERE "
                       "ARRAY_CONTAINS('LAST'::VARIANT, VERSION_ALIASES)", [("V1",)])],
    "show_model_functions": [MODEL, ('SHOW FUNCTIONS IN MODEL m VERSION V1 ->> SELECT "name" FROM $1 ORDER BY 1',
                                     [("EXPLAIN",), ("PREDICT",), ("PREDICT_PROBA",)]),
                             ("SHOW FUNCTIONS IN MODEL m ->> SELECT COUNT(*) FROM $1", [(3,)]),
                             ("CREATE TABLE t AS SELECT column1::FLOAT AS x FROM VALUES (0), (1)", None),
                             ("SELECT x, m!predict(x):output_feature_0::INT AS y FROM t ORDER BY x", [(0.0, 0), (1.0, 1)]),
                             ("WITH a AS MODEL m VERSION V1 SELECT SUM(a!predict(x => x):output_feature_0::INT) FROM t", [(1,)]),
                             ("SELECT COUNT(*) FROM t, TABLE(MODEL(m, V1)!explain(x))", [(2,)]),
                             ("SELECT m!nope(1.0)", 2140), ("SELECT m!predict(1.0, 2.0)", 1044)],
}  # fmt: skip
