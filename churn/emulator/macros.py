"""Functions of Snowflake that DuckDB has not, in DuckDB's own language, for every session."""

from __future__ import annotations

DIVISION_BY_ZERO = "Division by zero"

SCHEMA = "_fs_global._emulator"

DEFINITIONS = {
    # What is zero is an error, where DuckDB answers NULL or infinity.
    "divisor(y)": f"CASE WHEN y = 0 THEN error('{DIVISION_BY_ZERO}') ELSE y END",
    # Half away from zero, where DuckDB rounds half to even.
    "whole(x)": (
        "CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT) "
        "ELSE CAST(x AS BIGINT) END"
    ),
    "zeroifnull(x)": "coalesce(x, 0)",
    "nullifzero(x)": "nullif(x, 0)",
    "div0(x, y)": "CASE WHEN y = 0 THEN 0 ELSE x / y END",
    "div0null(x, y)": "CASE WHEN y = 0 OR y IS NULL THEN 0 ELSE x / y END",
    "square(x)": "x * x",
    "width_bucket(x, low, high, buckets)": (
        "CASE WHEN x < low THEN 0 WHEN x >= high THEN buckets + 1 "
        "ELSE CAST(floor((x - low) / (high - low) * buckets) AS BIGINT) + 1 END"
    ),
}

CREATION = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};" + ";".join(
    f"CREATE OR REPLACE MACRO {SCHEMA}.{signature} AS {body}"
    for signature, body in DEFINITIONS.items()
)
