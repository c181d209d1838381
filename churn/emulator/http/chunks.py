"""A result as it is sent: in the answer itself, the rest in chunks; as Arrow or as JSON."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pyarrow as pa

from churn.emulator.account.account import Session
from churn.emulator.account.parameters import PARAMETERS
from churn.emulator.http import wire
from churn.emulator.http.json_rows import json_rows
from churn.emulator.language.results import Kind, Result

FIRST = 10_000
ROWS = 100_000
"""Rows in the answer itself, and in each chunk."""

AS_JSON = "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT"


def answer(session: Session, query: str, result: Result) -> dict[str, Any]:
    """The part of the response that holds the rows, or says where they are."""
    table = result.table
    as_json = str(session.parameters.get(AS_JSON, "ARROW")).upper().startswith("JSON")
    zone = str(session.parameters.get("TIMEZONE", PARAMETERS["TIMEZONE"]))
    if result.kind not in (Kind.QUERY, Kind.COMMAND):
        return wire.answer(result, zone)
    if not as_json and (table.num_rows <= ROWS or session.account.connection is None):
        return wire.answer(result, zone)
    first = table if table.num_rows <= ROWS else table.slice(0, FIRST)
    data = wire.answer(Result(first, result.kind), zone) | {"total": table.num_rows}
    data["returned"] = table.num_rows
    if as_json:
        rows = json_rows(_decoded(data["rowsetBase64"]), data["rowtype"])
        data |= {"queryResultFormat": "json", "rowset": rows}
        del data["rowsetBase64"]
    if first is table:
        return data
    server = session.account.connection or {}
    where = f"http://{server['host']}:{server['port']}/chunks/{session.number}/{query}"
    count = -(-(table.num_rows - FIRST) // ROWS)
    return data | {
        "chunkHeaders": {},
        "chunks": [
            {
                "url": f"{where}/{i}/{'json' if as_json else 'arrow'}/{session.chunk_key}",
                "rowCount": min(ROWS, table.num_rows - FIRST - i * ROWS),
                "uncompressedSize": _slice(table, i).nbytes,
                "compressedSize": _slice(table, i).nbytes,
            }
            for i in range(count)
        ],
    }


def _slice(table: pa.Table, number: int) -> pa.Table:
    return table.slice(FIRST + number * ROWS, ROWS)


def content(result: Result, number: int, form: str) -> bytes:
    """A chunk's rows: an Arrow stream, or JSON arrays with commas between them."""
    table = _slice(result.table, number)
    columns = wire.row_type(table.schema)
    stream = wire.encode(table, columns)
    if form == "json":
        return json.dumps(json_rows(_decoded(stream), columns))[1:-1].encode()
    return base64.b64decode(stream)


def _decoded(stream: str) -> pa.Table | None:
    if not stream:
        return None
    with pa.ipc.open_stream(io.BytesIO(base64.b64decode(stream))) as reader:
        return reader.read_all()
