"""COPY INTO a stage."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.duck.arrow import plain
from churn.emulator.language.clauses import closed, pairs
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, invalid, unsupported
from churn.emulator.language.names import NAME
from churn.emulator.language.places import Place
from churn.emulator.language.results import Parsed, Result
from churn.emulator.statements.formats import options
from churn.emulator.statements.stages import place

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("unloading")


@SUBSYSTEM.statement(
    "COPY INTO <@stage> FROM <rest...>",
    page="copy-into-location",
    limits="Parquet and CSV, one file.",
)
def unload(session: Session, parsed: Parsed) -> Result:
    query, after = _source(parsed["rest"])
    given = pairs(after)
    for key in given:
        if key not in ("FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE"):
            raise unsupported(f"COPY INTO <location> ... {key}")
    form = options(session, given["FILE_FORMAT"]) if "FILE_FORMAT" in given else {"TYPE": "CSV"}
    where = place(session, parsed["stage"], "WRITE")
    single = given.get("SINGLE", "FALSE").upper() == "TRUE"
    file = where.target if single else _numbered(where, form["TYPE"].lower())
    if file.exists() and given.get("OVERWRITE", "FALSE").upper() != "TRUE":
        raise SqlError(
            f"Files already existing at the unload destination: {parsed['stage']}", 1030, "22000"
        )
    rows = plain(execution.query(session, query))
    _write(rows, file, form["TYPE"], header=given.get("HEADER", "FALSE").upper() == "TRUE")
    size = file.stat().st_size
    counts = {"rows_unloaded": rows.num_rows, "input_bytes": size, "output_bytes": size}
    return Result(pa.table({k: [v] for k, v in counts.items()}))


def _source(rest: str) -> tuple[str, str]:
    """The query that gives the rows, and what follows it."""
    if rest.startswith("("):
        return closed(rest)
    match = re.match(NAME, rest)
    if match is None:
        raise invalid("COPY INTO <location> needs FROM a table or a query")
    return f"SELECT * FROM {match.group()}", rest[match.end() :]


def _numbered(where: Place, kind: str) -> Path:
    """The file as Snowflake names the first of many: in a folder, or after a prefix."""
    target = where.target
    if where.path.endswith("/") or not where.path:
        return target / f"data_0_0_0.{'snappy.parquet' if kind == 'parquet' else kind}"
    return target.with_name(f"{target.name}_0_0_0.{kind}")


def _write(rows: pa.Table, file: Path, kind: str, *, header: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "PARQUET":
            pyarrow.parquet.write_table(rows, file)
        case "CSV":
            pyarrow.csv.write_csv(rows, file, pyarrow.csv.WriteOptions(include_header=header))
        case _:
            raise unsupported(f"COPY INTO <location> as {kind}")
