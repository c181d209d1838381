"""Examples of churn/emulator/statements/reading.py."""

from __future__ import annotations

from tests.emulator.examples.steps import ROWS, Examples, T

FUNCTIONS: Examples = {
    "INFER_SCHEMA": [
        T, ROWS, ("CREATE STAGE s", None), ("CREATE FILE FORMAT p TYPE = PARQUET", None),
        ("COPY INTO @s/out/ FROM t FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE", None),
        ("SELECT COLUMN_NAME, TYPE, ORDER_ID FROM TABLE(INFER_SCHEMA(LOCATION => '@s/out', FILE_FORMAT => 'p'))",
         [("A", "NUMBER(38, 0)", 0), ("B", "TEXT", 1)]),
        ("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@s/none', FILE_FORMAT => 'p'))", 91016),
    ],
}  # fmt: skip
