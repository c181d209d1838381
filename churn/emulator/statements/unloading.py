"""COPY INTO a stage."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.duck.arrow import plain
from churn.emulator.language.clauses import closed, pairs
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, invalid, unsupported
from churn.emulator.language.names import NAME
from churn.emulator.language.places import Place
from churn.emulator.language.results import TEXT, Parsed, Result, table_of
from churn.emulator.statements.file_writing import suffix, write
from churn.emulator.statements.formats import options
from churn.emulator.statements.reading import format_of_stage
from churn.emulator.statements.stages import place

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("unloading")

KNOWN = {
    *("FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE", "INCLUDE_QUERY_ID"),
    "DETAILED_OUTPUT",
}


@SUBSYSTEM.statement(
    "COPY INTO <@stage> FROM <rest...>",
    page="copy-into-location",
    limits="One file, or one a partition; MAX_FILE_SIZE has no effect.",
)
def unload(session: Session, parsed: Parsed) -> Result:
    query, after = _source(parsed["rest"])
    partition, after = _partition(after)
    given = pairs(after)
    for key in given.keys() - KNOWN:
        raise unsupported(f"COPY INTO <location> ... {key}")
    form = {"TYPE": "CSV"} | (
        options(session, given["FILE_FORMAT"])
        if "FILE_FORMAT" in given
        else format_of_stage(session, parsed["stage"])
    )
    where = place(session, parsed["stage"], "WRITE")
    on = {k: given.get(k, "FALSE").upper() == "TRUE" for k in KNOWN}
    if partition and (on["SINGLE"] or on["OVERWRITE"]):
        raise invalid("PARTITION BY is not allowed with SINGLE or OVERWRITE")
    pieces = list(_pieces(session, query, partition))
    mark = f"_{uuid.uuid4()}" if partition or on["INCLUDE_QUERY_ID"] else ""
    written = []
    for folder, rows in pieces:
        file = where.target if on["SINGLE"] else _numbered(where, folder, mark, form)
        if file.exists() and not on["OVERWRITE"]:
            raise SqlError(
                "Files already existing at the unload destination: "
                f"{parsed['stage']}. Use overwrite option to force unloading.",
                1030,
                "22000",
            )
        size = write(rows, file, form, header=on["HEADER"])
        written.append((file, rows.num_rows, size))
    if on["DETAILED_OUTPUT"]:
        return _detailed(where, written)
    counts = {
        "rows_unloaded": sum(count for _, count, _ in written),
        "input_bytes": sum(size for _, _, size in written),
        "output_bytes": sum(file.stat().st_size for file, _, _ in written),
    }
    return Result(pa.table({k: [v] for k, v in counts.items()}))


def _detailed(where: Place, written: list[tuple[Path, int, int]]) -> Result:
    rows = [
        {
            "FILE_NAME": file.relative_to(where.root).as_posix(),
            "FILE_SIZE": file.stat().st_size,
            "ROW_COUNT": count,
        }
        for file, count, _ in written
    ]
    columns = {"FILE_NAME": TEXT, "FILE_SIZE": pa.int64(), "ROW_COUNT": pa.int64()}
    return Result(table_of(rows, columns))


def _source(rest: str) -> tuple[str, str]:
    """The query that gives the rows, and what follows it."""
    if rest.startswith("("):
        return closed(rest)
    match = re.match(NAME, rest)
    if match is None:
        raise invalid("COPY INTO <location> needs FROM a table or a query")
    return f"SELECT * FROM {match.group()}", rest[match.end() :]


def _partition(after: str) -> tuple[str, str]:
    """The expression of PARTITION BY, and the other options."""
    match = re.match(r"\s*PARTITION\s+BY\s*(?=\()", after, re.IGNORECASE)
    return closed(after[match.end() :]) if match else ("", after)


def _pieces(session: Session, query: str, partition: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows by the folder that they go to."""
    if not partition:
        yield "", plain(execution.query(session, query))
        return
    every = plain(
        execution.query(session, f'SELECT *, TO_VARCHAR({partition}) AS "__PART" FROM ({query})')
    )
    folders = every.column(every.num_columns - 1)
    rows = every.select(list(range(every.num_columns - 1)))
    texts = folders.to_pylist()
    for folder in dict.fromkeys(texts):
        kept = pa.array([text == folder for text in texts])
        name = "__NULL__" if folder is None else str(folder)
        if ".." in Path(name).parts:
            raise invalid(f"the partition {name} leaves the stage")
        yield name, rows.filter(kept)


def _numbered(where: Place, folder: str, mark: str, form: Mapping[str, Any]) -> Path:
    """The file as Snowflake names the first of many: in a folder, or after a prefix."""
    target = where.target
    end = f"{mark}_0_0_0{suffix(form, single=False)}"
    if folder:
        return target / folder / f"data{end}"
    if where.path.endswith("/") or not where.path:
        return target / f"data{end}"
    return target.with_name(f"{target.name}{end}")
