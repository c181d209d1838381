"""Values of SQL as Python handlers see them, and back.

https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa

from churn.emulator.language.errors import unsupported

INTEGERS = {"INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"}
FLOATS = {"FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL"}
TEXTS = {"VARCHAR", "STRING", "TEXT", "CHAR", "CHARACTER", "NVARCHAR", "NCHAR"}
DOCUMENTS = {"VARIANT", "OBJECT", "ARRAY", "MAP", "GEOGRAPHY", "GEOMETRY"}
OTHERS: dict[str, tuple[str, pa.DataType]] = {
    "BOOLEAN": ("BOOLEAN", pa.bool_()),
    "DATE": ("DATE", pa.date32()),
    "TIME": ("TIME", pa.time64("us")),
    **dict.fromkeys(("BINARY", "VARBINARY"), ("BLOB", pa.binary())),
    **dict.fromkeys(
        ("TIMESTAMP", "DATETIME", "TIMESTAMP_NTZ", "TIMESTAMPNTZ"),
        ("TIMESTAMP", pa.timestamp("us")),
    ),
    **dict.fromkeys(
        ("TIMESTAMP_LTZ", "TIMESTAMPLTZ", "TIMESTAMP_TZ", "TIMESTAMPTZ"),
        ("TIMESTAMP WITH TIME ZONE", pa.timestamp("us", "UTC")),
    ),
}


@dataclass(frozen=True)
class Type:
    """A type of an argument or a result.

    Args:
        duck: As DuckDB hands it to a function: documents travel as JSON text.
        arrow: As Arrow holds it.
    """

    word: str
    duck: str
    arrow: pa.DataType
    scale: int = 0

    @property
    def document(self) -> bool:
        return self.word in DOCUMENTS

    @property
    def declared(self) -> str:
        """DuckDB's type of a column of it."""
        return "JSON" if self.document else self.duck

    def into_python(self, value: Any) -> Any:
        if value is None or not self.document or not isinstance(value, str):
            return value
        return json.loads(value)

    def from_python(self, value: Any) -> Any:
        if value is None or _missing(value):
            return None
        value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
        if self.document:
            return json.dumps(value, default=_plain)
        if self.word in TEXTS:
            return value if isinstance(value, str) else str(value)
        if self.word in FLOATS:
            return float(value)
        if self.duck == "BIGINT":
            return int(Decimal(str(value)).to_integral_value(ROUND_HALF_UP))
        if self.duck.startswith("DECIMAL"):
            return Decimal(str(value)).quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP)
        return bytes(value) if self.duck == "BLOB" else value

    def array(self, values: Sequence[Any]) -> pa.Array:
        return pa.array([self.from_python(v) for v in values], self.arrow)


def _missing(value: Any) -> bool:
    """NaN and NaT of pandas in a column that is no float."""
    return type(value).__name__ in ("NaTType", "NAType") or (
        isinstance(value, float) and value != value  # noqa: PLR0124
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def type_of(written: str) -> Type:
    """The type that a definition writes.

    Raises:
        SqlError: Functions of it are not done.
    """
    word = re.split(r"[(\s]", written.strip(), maxsplit=1)[0].upper()
    word = "DOUBLE" if written.upper().startswith("DOUBLE") else word
    if word in INTEGERS:
        return Type(word, "BIGINT", pa.int64())
    if word in FLOATS:
        return Type(word, "DOUBLE", pa.float64())
    if word in TEXTS or word in DOCUMENTS:
        return Type(word, "VARCHAR", pa.string())
    if word in ("NUMBER", "DECIMAL", "NUMERIC"):
        return _number(word, written)
    if word not in OTHERS:
        raise unsupported(f"the type {written} of an argument or a result")
    return Type(word, *OTHERS[word])


def _number(word: str, written: str) -> Type:
    digits = re.search(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", written)
    scale = int(digits[2] or 0) if digits else 0
    if not scale:
        return Type(word, "BIGINT", pa.int64())
    precision = int(digits[1]) if digits else 38
    return Type(word, f"DECIMAL({precision},{scale})", pa.decimal128(precision, scale), scale)
