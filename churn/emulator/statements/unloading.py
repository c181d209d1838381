"""COPY INTO a stage."""

from __future__ import annotations

import re

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
    rest = parsed["rest"]
    if rest.startswith("("):
        query, after = closed(rest)
    else:
        match = re.match(NAME, rest)
        if match is None:
            raise invalid("COPY INTO <location> needs FROM a table or a query")
        query, after = f"SELECT * FROM {match.group()}", rest[match.end() :]
    given = pairs(after)
    for key in given:
        if key not in ("FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE"):
            raise unsupported(f"COPY INTO <location> ... {key}")
    form = options(session, given["FILE_FORMAT"]) if "FILE_FORMAT" in given else {"TYPE": "CSV"}
    where = place(session, parsed["stage"], "WRITE")
    kind = form["TYPE"].lower()
    single = given.get("SINGLE", "FALSE").upper() == "TRUE"
    name = where.target
    if not single:
        folder = where.path.endswith("/") or not where.path
        file = f"data_0_0_0.{'snappy.parquet' if kind == 'parquet' else kind}"
        name = (
            where.target / file if folder else where.target.with_name(f"{name.name}_0_0_0.{kind}")
        )
    if name.exists() and given.get("OVERWRITE", "FALSE").upper() != "TRUE":
        raise SqlError(
            f"Files already existing at the unload destination: {parsed['stage']}", 1030, "22000"
        )
    rows = plain(execution.query(session, query))
    name.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        pyarrow.parquet.write_table(rows, name)
    elif kind == "csv":
        header = given.get("HEADER", "FALSE").upper() == "TRUE"
        pyarrow.csv.write_csv(rows, name, pyarrow.csv.WriteOptions(include_header=header))
    else:
        raise unsupported(f"COPY INTO <location> as {form['TYPE']}")
    size = name.stat().st_size
    found_rows = {"rows_unloaded": rows.num_rows, "input_bytes": size, "output_bytes": size}
    return Result(pa.table({k: [v] for k, v in found_rows.items()}))
