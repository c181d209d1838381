"""Rows as the files that COPY INTO a location writes."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from churn.emulator.language.errors import compilation, unsupported

COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "NONE": ("", lambda data: data),
    "GZIP": (".gz", lambda data: gzip.compress(data, mtime=0)),
    "BZ2": (".bz2", bz2.compress),
}


def suffix(form: Mapping[str, Any], *, single: bool) -> str:
    """How the name of a file ends.

    https://docs.snowflake.com/en/sql-reference/sql/copy-into-location
    """
    kind = form["TYPE"]
    if kind == "PARQUET":
        return ".snappy.parquet" if not single else ".parquet"
    extension = "." + str(form.get("FILE_EXTENSION") or kind.lower()).lstrip(".")
    return extension + ("" if form.get("FILE_EXTENSION") else COMPRESSIONS[compression(form)][0])


def compression(form: Mapping[str, Any]) -> str:
    written = str(form.get("COMPRESSION", "AUTO")).upper()
    known = "GZIP" if written == "AUTO" else written
    if form["TYPE"] != "PARQUET" and known not in COMPRESSIONS:
        raise unsupported(f"COPY INTO <location> ... COMPRESSION = {written}")
    return known


def write(rows: pa.Table, file: Path, form: Mapping[str, Any], *, header: bool) -> int:
    """Write them; how many bytes they have before compression."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if form["TYPE"] == "PARQUET":
        names = rows.column_names if header else [f"_COL_{i}" for i in range(rows.num_columns)]
        pyarrow.parquet.write_table(rows.rename_columns(names), file, compression="snappy")
        return file.stat().st_size
    text = _csv(rows, form, header=header) if form["TYPE"] == "CSV" else _json(rows)
    data = text.encode()
    file.write_bytes(COMPRESSIONS[compression(form)][1](data))
    return len(data)


def _json(rows: pa.Table) -> str:
    if rows.num_columns != 1:
        raise compilation(
            "JSON file format only supports single column of type VARIANT", 2029, "42601"
        )
    values = rows.column(0).to_pylist()
    lines = (
        v if isinstance(v, str) else json.dumps(v, default=str) for v in values if v is not None
    )
    return "".join(json.dumps(json.loads(line), separators=(",", ":")) + "\n" for line in lines)


def _csv(rows: pa.Table, form: Mapping[str, Any], *, header: bool) -> str:
    delimiter = str(form.get("FIELD_DELIMITER", ","))
    end = str(form.get("RECORD_DELIMITER", "\n"))
    quote = str(form.get("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE"))
    quote = "" if quote.upper() == "NONE" else quote
    null = next(iter(form.get("NULL_IF", [r"\N"])), "")
    if not form.get("NULL_IF") and str(form.get("EMPTY_FIELD_AS_NULL", "TRUE")).upper() == "FALSE":
        null = ""
    escape = str(form.get("ESCAPE_UNENCLOSED_FIELD", "\\"))

    def field(value: Any, *, quoted: bool) -> str:
        if value is None:
            return null
        text = text_of(value)
        if quote and quoted:
            return quote + text.replace(quote, quote * 2) + quote
        if quote or escape.upper() == "NONE":
            return text
        for special in (escape, delimiter, "\n", "\r"):
            text = text.replace(special, escape + special)
        return text

    texts = [pa.types.is_string(f.type) for f in rows.schema]
    lines = [delimiter.join(field(n, quoted=True) for n in rows.column_names)] if header else []
    lines += [
        delimiter.join(field(v, quoted=q) for v, q in zip(row, texts, strict=True))
        for row in zip(*(c.to_pylist() for c in rows.columns), strict=True)
    ]
    return "".join(line + end for line in lines)


def text_of(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case bytes():
            return value.hex().upper()
        case dt.datetime():
            moment = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
            return moment + (value.strftime(" %z") if value.tzinfo else "")
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
