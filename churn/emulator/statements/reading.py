"""Queries of staged files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.duck.types import snowflake_type
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, unsupported
from churn.emulator.language.names import NAME
from churn.emulator.language.results import TEXT, table_of
from churn.emulator.statements.formats import options
from churn.emulator.statements.stages import matching, place
from churn.emulator.translation.arguments import table_node, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("reading")


def read(session: Session, files: list[Path], form: Mapping[str, Any]) -> pa.Table:
    """The rows of files: COLUMN1, COLUMN2, ... of a CSV, the columns by name of Parquet."""
    duck = session.cursor.duck
    names = [str(f) for f in files]
    match form.get("TYPE", "CSV"):
        case "PARQUET":
            return duck.execute(
                "SELECT * FROM read_parquet(?, union_by_name = true)", [names]
            ).to_arrow_table()
        case "JSON":
            return duck.execute(
                'SELECT json AS "COLUMN1" FROM read_json_objects(?, format = ?)',
                [names, "auto" if stripped(form) else "unstructured"],
            ).to_arrow_table()
        case _:
            return read_csv(session, names, form)[0]


def stripped(form: Mapping[str, Any]) -> bool:
    """Whether the elements of an outer array are the rows."""
    return str(form.get("STRIP_OUTER_ARRAY", "FALSE")).upper() == "TRUE"


def json_columns(session: Session, table: pa.Table) -> pa.Table:
    """The top-level keys of documents as columns."""
    registered = session.register(table)
    duck = session.cursor.duck
    keys = duck.execute(
        f"""SELECT DISTINCT unnest(json_keys("COLUMN1")) FROM "{registered}" ORDER BY 1"""
    ).fetchall()
    if not keys:
        return pa.table({})
    columns = ", ".join(
        """json_extract("COLUMN1", {}) AS "{}\"""".format(
            _duck_literal('$."' + key + '"'), key.replace('"', '""')
        )
        for (key,) in keys
    )
    return duck.execute(f'SELECT {columns} FROM "{registered}"').to_arrow_table()


def read_csv(
    session: Session, names: list[str], form: Mapping[str, Any]
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """All columns as text, with line numbers; and the lines that have the wrong shape."""
    duck = session.cursor.duck
    skip = int(form.get("SKIP_HEADER", 0))
    enclosed = form.get("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")
    delimiter = form.get("FIELD_DELIMITER", ",")
    settings: dict[str, Any] = {
        "all_varchar": True,
        "header": form.get("PARSE_HEADER", "FALSE").upper() == "TRUE",
        "skip": skip,
        "delim": delimiter,
        "quote": "" if enclosed.upper() == "NONE" else enclosed,
        "auto_detect": False,
        "store_rejects": True,
        "parallel": False,
        "escape": "" if enclosed.upper() == "NONE" else enclosed,
    }
    width = max((_width(n, skip, delimiter, enclosed) for n in names), default=0)
    if not width:
        return pa.table({}), []
    if settings["header"]:
        settings["auto_detect"] = True
    else:
        settings["columns"] = {f"COLUMN{i + 1}": "VARCHAR" for i in range(width)}
    duck.execute("DROP TABLE IF EXISTS temp.reject_errors")
    duck.execute("DROP TABLE IF EXISTS temp.reject_scans")
    written = ", ".join(f"{k} = {_duck_literal(v)}" for k, v in settings.items())
    table = duck.execute(f"SELECT * FROM read_csv(?, {written})", [names]).to_arrow_table()
    rejected = duck.execute(
        "SELECT line, any_value(error_message) FROM temp.reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return _nulls(session, table, form), rejected


def _duck_literal(given: Any) -> str:
    match given:
        case bool():
            return str(given).lower()
        case int():
            return str(given)
        case dict():
            return "{" + ", ".join(f"'{k}': '{v}'" for k, v in given.items()) + "}"
        case _:
            return "'" + str(given).replace("'", "''") + "'"


def _width(name: str, skip: int, delimiter: str, enclosed: str) -> int:
    """The fields of the first line that is read."""
    import csv
    import gzip
    import itertools

    opening = gzip.open if name.endswith(".gz") else open
    with opening(name, "rt", encoding="utf-8") as lines:
        quoting: Any = csv.QUOTE_NONE if enclosed.upper() == "NONE" else csv.QUOTE_MINIMAL
        quotechar = '"' if enclosed.upper() == "NONE" else enclosed
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quotechar, quoting=quoting)
        return max((len(row) for row in itertools.islice(reader, skip, skip + 100)), default=0)


def _nulls(session: Session, table: pa.Table, form: Mapping[str, Any]) -> pa.Table:
    """Empty fields and those of NULL_IF are NULL, where the format says so."""
    import pyarrow.compute as pc

    texts = list(form.get("NULL_IF", [r"\N"]))
    if str(form.get("EMPTY_FIELD_AS_NULL", "TRUE")).upper() == "TRUE":
        texts.append("")
    columns = []
    trimmed = str(form.get("TRIM_SPACE", "FALSE")).upper() == "TRUE"
    for written in table.columns:
        column = pc.utf8_trim(written, " ") if trimmed else written
        is_null = pc.is_in(column, value_set=pa.array(texts, pa.string()))
        columns.append(pc.if_else(is_null, pa.scalar(None, pa.string()), column))
    return pa.Table.from_arrays(columns, names=table.column_names)


@SUBSYSTEM.session_rewrite(exp.Table)
def staged(session: Session, node: exp.Expression) -> exp.Expression:
    """FROM @stage/path (FILE_FORMAT => 'f', PATTERN => 'p').

    https://docs.snowflake.com/en/user-guide/querying-stage
    """
    location = text_of(node.this) if isinstance(node.this, exp.Var | exp.Literal) else ""
    if not location.startswith(("@", "snow://")):
        return node
    where = place(session, location)
    files = where.files()
    if node.args.get("pattern"):
        files = matching(where, files, text_of(node.args["pattern"]))
    form = (
        options(session, text_of(node.args["format"]))
        if node.args.get("format")
        else format_of_stage(session, location)
    )
    if not files:
        raise SqlError(f"Remote file '{location}' was not found.", 91016, "22000")
    new = table_node(session.register(read(session, files, form)))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new


@SUBSYSTEM.session_rewrite(exp.JSONExtract)
def staged_fields(session: Session, node: exp.Expression) -> exp.Expression:
    """$1:name of a Parquet file is the column of that name.

    https://docs.snowflake.com/en/user-guide/querying-stage
    """
    first = node.this
    by_number = isinstance(first, exp.Column) and first.name == "COLUMN1"
    select = node.find_ancestor(exp.Select)
    source = select.args.get("from_") if select else None
    if not by_number or source is None or not isinstance(source.this, exp.Table):
        return node
    registered = source.this.name
    if not registered.startswith("__TABLE_"):
        return node
    keys = [part for part in node.expression.expressions if isinstance(part, exp.JSONPathKey)]
    known = session.cursor.duck.execute(f'DESCRIBE "{registered}"').fetchall()
    names = [name for name, *_ in known]
    if len(keys) == 1 and keys[0].this in names and "COLUMN1" not in names:
        return exp.column(exp.to_identifier(keys[0].this, quoted=True))
    return node


def format_of_stage(session: Session, location: str) -> dict[str, Any]:
    match = re.match(rf"@({NAME})", location)
    stage = session.account.objects.find("STAGE", session.name(match[1])) if match else None
    form: dict[str, Any] = stage.get("format", {}) if stage else {}
    return form


INFERRED = {
    **dict.fromkeys(("COLUMN_NAME", "TYPE"), TEXT),
    "NULLABLE": pa.bool_(),
    **dict.fromkeys(("EXPRESSION", "FILENAMES"), TEXT),
    "ORDER_ID": pa.int64(),
}


@SUBSYSTEM.table_function("INFER_SCHEMA", page="infer_schema")
def infer_schema(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    where = place(session, named["LOCATION"])
    form = options(session, named["FILE_FORMAT"])
    files = where.files()
    if form["TYPE"] != "PARQUET":
        raise unsupported(f"INFER_SCHEMA of {form['TYPE']}")
    if not files:
        raise SqlError(f"Remote file '{named['LOCATION']}' was not found.", 91016, "22000")
    described = session.cursor.duck.execute(
        "DESCRIBE SELECT * FROM read_parquet(?, union_by_name = true)", [[str(f) for f in files]]
    ).fetchall()
    rows = []
    for order, (name, kind, *_) in enumerate(described):
        wanted = snowflake_type(kind).replace("(16777216)", "").replace(",", ", ")
        wanted = {"VARCHAR": "TEXT", "FLOAT": "REAL"}.get(wanted, wanted.replace("(9)", ""))
        rows.append(
            {
                "COLUMN_NAME": name,
                "TYPE": wanted,
                "NULLABLE": True,
                "EXPRESSION": f"$1:{name}::{wanted}",
                "FILENAMES": ", ".join(f.name for f in files),
                "ORDER_ID": order,
            }
        )
    return table_of(rows, INFERRED)
