"""Examples of churn/emulator/statements/unloading.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

EXAMPLES: Examples = {
    "unload": [
        T,
        ROWS,
        ("CREATE STAGE s", None),
        ("COPY INTO @s/out/ FROM (SELECT a FROM t) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE", None),
        ("CREATE FILE FORMAT p TYPE = PARQUET", None),
        ("SELECT COLUMN_NAME, TYPE FROM TABLE(INFER_SCHEMA(LOCATION => '@s/out', FILE_FORMAT => 'p'))",
         [("A", "NUMBER(38, 0)")]),
        ("CREATE TABLE u (a INT)", None),
        ('COPY INTO u FROM (SELECT $1:"A"::NUMBER(38, 0) FROM @s/out) FILE_FORMAT = (TYPE = PARQUET)', None),
        ("SELECT SUM(a) FROM u", [(3,)]),
    ],
}  # fmt: skip
