"""Types of Snowflake and of DuckDB, as each writes them."""

from __future__ import annotations

import re

from churn.emulator.language.errors import unsupported

SNOWFLAKE_TYPES = {
    "BIGINT": "NUMBER(38,0)",
    "INTEGER": "NUMBER(38,0)",
    "SMALLINT": "NUMBER(38,0)",
    "TINYINT": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "VARCHAR": "VARCHAR(16777216)",
    "BLOB": "BINARY(8388608)",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    "JSON": "VARIANT",
}


def snowflake_type(duck: str, length: int | None = None) -> str:
    if duck.startswith("DECIMAL"):
        return duck.replace("DECIMAL", "NUMBER")
    if duck == "VARCHAR" and length:
        return f"VARCHAR({length})"
    return SNOWFLAKE_TYPES.get(duck, "ARRAY" if duck.endswith("[]") else "OBJECT")


DUCK_TYPES = {
    **dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"), "BIGINT"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL", "FLOAT8"), "DOUBLE"),
    **dict.fromkeys(("STRING", "VARCHAR", "TEXT", "CHAR"), "VARCHAR"),
    **dict.fromkeys(("VARIANT", "OBJECT", "ARRAY"), "JSON"),
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "BINARY": "BLOB",
    "TIMESTAMP_NTZ": "TIMESTAMP",
}


def duck_type(written: str) -> str:
    """DuckDB's type of a type in SQL."""
    base = re.match(r"\w+", written.strip())
    word = base.group().upper() if base else ""
    if word in ("NUMBER", "DECIMAL", "NUMERIC"):
        digits = re.search(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", written)
        scale = int(digits[2] or 0) if digits else 0
        return f"DECIMAL({digits[1]},{scale})" if digits and scale else "BIGINT"
    if word not in DUCK_TYPES:
        raise unsupported(f"the type {written} of an argument or a result")
    return DUCK_TYPES[word]
