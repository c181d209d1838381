"""Stages are folders: PUT, GET, LIST, REMOVE, file formats, COPY INTO, queries of files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from sqlglot import exp

from churn.emulator import access, catalog, statements, wire
from churn.emulator.catalog import SHOW, TEXT, WHEN, clauses, common, shown, split
from churn.emulator.errors import SqlError, compilation, invalid, unsupported
from churn.emulator.fake import parse
from churn.emulator.objects import Name
from churn.emulator.rewrite import constant, function, rewrite, table, table_function, text, value
from churn.emulator.session import identifiers, status
from churn.emulator.statements import Kind, Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

# Where files are


@dataclass(frozen=True)
class Place:
    """A folder, a path in it, and how LIST writes the folder's name."""

    root: Path
    path: str
    label: str

    @property
    def target(self) -> Path:
        return self.root / self.path if self.path else self.root

    def files(self) -> list[Path]:
        """The files at the path: one, all below it as a folder, or all that start with it."""
        every = sorted(f for f in self.root.rglob("*") if f.is_file())
        return [f for f in every if f.relative_to(self.root).as_posix().startswith(self.path)]


SNOW: dict[str, Callable[[Session, str, str], Place]] = {}
"""How snow://<kind>/<name>/<path> is found, by kind, from name and path."""


def stage_folder(account: Account, name: Name) -> Path:
    return (
        account.folder
        / "stages"
        / "/".join(quote(p, safe="") for p in (name.database, name.schema, name.name))
    )


def place(session: Session, location: str, *privileges: str) -> Place:
    """What a location means: @stage/path, @~/path, @%table/path, snow://kind/name/path.

    Raises:
        SqlError: The stage is not there, or the path leaves it.
    """
    location = unquote(location)
    if location.startswith("snow://"):
        kind, name, path = [*location.removeprefix("snow://").split("/", 2), "", ""][:3]
        if kind not in SNOW:
            raise unsupported(f"snow://{kind}")
        if ".." in Path(path).parts:
            raise invalid(f"the path {path} leaves the object")
        if "WRITE" in privileges:
            session.need(kind.upper(), session.name(name), "OWNERSHIP")
        return SNOW[kind](session, name, path)
    found = re.fullmatch(rf"@(?P<name>~|%?{statements.NAME})/?(?P<path>.*)", location, re.DOTALL)
    if found is None:
        raise invalid(f"cannot read the location {location}")
    path = found["path"].strip("/") if not found["path"].endswith("/") else found["path"]
    if ".." in Path(path).parts:
        raise invalid(f"the path {path} leaves the stage")
    account = session.account
    if found["name"] == "~":
        root, label = account.folder / "stages" / "~" / session.user, ""
    elif found["name"].startswith("%"):
        of = session.name(found["name"][1:])
        catalog.need_relation(account, of, "Table")
        access.need(session, "TABLE", of, "OWNERSHIP")
        root, label = stage_folder(account, Name(of.database, of.schema, f"%{of.name}")), ""
    else:
        stage = session.name(found["name"])
        session.need("STAGE", stage, *privileges)
        root, label = stage_folder(account, stage), stage.name.lower() + "/"
    root.mkdir(parents=True, exist_ok=True)
    return Place(root, path, label)


# Stages


@statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY] STAGE [IF NOT EXISTS] <name> "
    "[<options...>]",
    page="create-stage",
    limits="Internal stages only. Files are not encrypted.",
)
def create_stage(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "STAGE", name):
        return answer
    head = clauses(words["options"]).only(
        "COMMENT", "FILE_FORMAT", "DIRECTORY", "ENCRYPTION", "TAG", "COPY_OPTIONS"
    )
    form = options(session, head.get("FILE_FORMAT")) if head.get("FILE_FORMAT") else {}
    catalog.renew(session, session.owned("STAGE", name, head.text("COMMENT"), format=form))
    stage_folder(session.account, name).mkdir(parents=True, exist_ok=True)
    if "TEMP" in words["temporary"].upper():
        catalog.remember_temporary(session, "STAGE", name)
    return status(f"Stage area {name.name} successfully created.")


catalog.droppable("STAGE", "drop-stage", lambda account, name: [stage_folder(account, name)])
catalog.droppable("FILE FORMAT", "drop-file-format")


@statement(f"SHOW {{STAGES|FILE FORMATS}} {SHOW}", page="show-stages")
def show_stages(session: Session, words: Words) -> Result:
    kind = " ".join(words["stages"].upper().split()).removesuffix("S")
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "url", "type", "owner"), TEXT),
        **dict.fromkeys(("comment", "owner_role_type", "format_options"), TEXT),
    }
    found = [
        common(o) | {"type": "INTERNAL" if kind == "STAGE" else o["options"].get("TYPE"), "url": ""}
        for o in shown(session, words, kind)
    ]
    return Result(statements.rows(found, columns))


# File formats


@statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY] FILE FORMAT [IF NOT EXISTS] <name> "
    "[<options...>]",
    page="create-file-format",
    limits="CSV, PARQUET and JSON.",
)
def create_file_format(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "FILE FORMAT", name):
        return answer
    written = {k: v for k, v in _pairs(words["options"]).items() if k != "COMMENT"}
    comment = unquote(_pairs(words["options"]).get("COMMENT", ""))
    session.account.objects.put(
        session.owned("FILE FORMAT", name, comment, options=checked(written))
    )
    if "TEMP" in words["temporary"].upper():
        catalog.remember_temporary(session, "FILE FORMAT", name)
    return status(f"File format {name.name} successfully created.")


READ = {
    *("TYPE", "FIELD_DELIMITER", "SKIP_HEADER", "PARSE_HEADER", "NULL_IF", "EMPTY_FIELD_AS_NULL"),
    *("FIELD_OPTIONALLY_ENCLOSED_BY", "ERROR_ON_COLUMN_COUNT_MISMATCH", "ENCODING", "TRIM_SPACE"),
    *("DATE_FORMAT", "COMPRESSION", "RECORD_DELIMITER", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD"),
}
"""Options of a file format that are obeyed, or have only one meaning here."""

WITHOUT_EFFECT = {
    *("BINARY_AS_TEXT", "USE_LOGICAL_TYPE", "USE_VECTORIZED_SCANNER", "SNAPPY_COMPRESSION"),
    *("STRIP_OUTER_ARRAY", "TIMESTAMP_FORMAT", "TIME_FORMAT", "REPLACE_INVALID_CHARACTERS"),
    "MULTI_LINE",
}


def _pairs(written: str) -> dict[str, str]:
    inner = written.strip()
    if inner.startswith("("):
        inner = inner[1:-1]
    pair = re.compile(
        rf"(\w+)\s*=\s*({statements.QUOTED}|\((?:[^()']|{statements.QUOTED})*\)|[^\s,]+)", re.DOTALL
    )
    return {key.upper(): value for key, value in pair.findall(inner)}


def checked(written: Mapping[str, str]) -> dict[str, Any]:
    """The options with their values; refuses what would be read wrongly."""
    found: dict[str, Any] = {}
    for key, raw in written.items():
        if key not in READ | WITHOUT_EFFECT:
            raise unsupported(f"the file format option {key}")
        if raw.startswith("("):
            found[key] = [unquote(v) for v in split(raw[1:-1])]
        else:
            found[key] = unquote(raw)
    kind = str(found.get("TYPE", "CSV")).upper()
    if kind not in ("CSV", "PARQUET", "JSON"):
        raise unsupported(f"the file format TYPE = {kind}")
    if found.get("DATE_FORMAT", "AUTO").upper() not in ("AUTO", "YYYY-MM-DD"):
        raise unsupported(f"the file format option DATE_FORMAT = {found['DATE_FORMAT']}")
    return found | {"TYPE": kind}


def options(session: Session, written: str) -> dict[str, Any]:
    """A format given in place, or by name."""
    pairs = _pairs(written) if written.strip().startswith("(") else {"FORMAT_NAME": written}
    if named := pairs.pop("FORMAT_NAME", None):
        stored = session.need("FILE FORMAT", session.name(unquote(named)))
        found: dict[str, Any] = stored["options"]
        return found
    return checked(pairs)


# Moving files


@statement(
    "PUT <'file'> <@stage> [<options...>]",
    page="put",
    limits="Client and emulator share a file system. A file that is there is replaced.",
)
def put(session: Session, words: Words) -> Result:
    where = place(session, words["stage"], "WRITE")
    where.target.mkdir(parents=True, exist_ok=True)
    given = _pairs(words["options"])
    return Result(
        SENT,
        transfer={
            "command": "UPLOAD",
            "operation": "Node",
            "src_locations": [unquote(words["file"]).removeprefix("file://")],
            "stageInfo": _stage_info(where.target),
            "encryptionMaterial": None,
            "autoCompress": unquote(given.get("AUTO_COMPRESS", "true")).lower() == "true",
            "sourceCompression": unquote(given.get("SOURCE_COMPRESSION", "auto_detect")).lower(),
            "overwrite": unquote(given.get("OVERWRITE", "false")).lower() == "true",
            "parallel": int(unquote(given.get("PARALLEL", "4"))),
            "threshold": 209715200,
            "statementTypeId": 0x6000,
        },
    )


SENT = pa.table({"status": pa.array([], pa.string())})


def _stage_info(folder: Path) -> dict[str, Any]:
    return {
        "locationType": "LOCAL_FS",
        "location": str(folder.resolve()),
        "path": "",
        "creds": {},
        "isClientSideEncrypted": False,
    }


@statement("GET <@stage> <'folder'> [<options...>]", page="get")
def get(session: Session, words: Words) -> Result:
    where = place(session, words["stage"])
    found = where.files()
    if "PATTERN" in (given := _pairs(words["options"])):
        found = _matching(where, found, unquote(given["PATTERN"]))
    return Result(
        SENT,
        transfer={
            "command": "DOWNLOAD",
            "operation": "Node",
            "src_locations": [f.relative_to(where.root).as_posix() for f in found],
            "stageInfo": _stage_info(where.root),
            "encryptionMaterial": [],
            "localLocation": unquote(words["folder"]).removeprefix("file://"),
            "parallel": int(unquote(given.get("PARALLEL", "4"))),
            "statementTypeId": 0x6000,
        },
    )


def _matching(where: Place, files: list[Path], pattern: str) -> list[Path]:
    return [
        f
        for f in files
        if re.fullmatch(pattern, where.label + f.relative_to(where.root).as_posix())
    ]


LISTED = {"name": TEXT, "size": pa.int64(), "md5": TEXT, "last_modified": TEXT}


@statement("{LIST|LS} <@stage> [PATTERN = <'regex'>]", page="list")
def list_files(session: Session, words: Words) -> Result:
    where = place(session, words["stage"])
    found = where.files()
    if words.has("regex"):
        found = _matching(where, found, unquote(words["regex"]))
    rows = [
        {
            "name": where.label + f.relative_to(where.root).as_posix(),
            "size": f.stat().st_size,
            "md5": _md5(f),
            "last_modified": datetime.fromtimestamp(f.stat().st_mtime, UTC).strftime(
                "%a, %d %b %Y %H:%M:%S GMT"
            ),
        }
        for f in found
    ]
    return Result(statements.rows(rows, LISTED))


def _md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


@statement("{REMOVE|RM} <@stage> [PATTERN = <'regex'>]", page="remove")
def remove(session: Session, words: Words) -> Result:
    where = place(session, words["stage"], "WRITE")
    found = where.files()
    if words.has("regex"):
        found = _matching(where, found, unquote(words["regex"]))
    rows: list[dict[str, object]] = []
    for file in found:
        rows.append(
            {"name": where.label + file.relative_to(where.root).as_posix(), "result": "removed"}
        )
        file.unlink()
    return Result(statements.rows(rows, {"name": TEXT, "result": TEXT}))


@function("GET_PRESIGNED_URL", page="get_presigned_url")
def presigned_url(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """An address at which the emulator's server gives the file to whoever has it."""
    location, name = (str(value(session, a)) for a in arguments[:2])
    where = place(session, f"{location.rstrip('/')}/{name}")
    if session.account.connection is None:
        raise unsupported("GET_PRESIGNED_URL where no server runs")
    if not where.target.is_file():
        raise SqlError(f"Remote file '{location}/{name}' was not found.", 91016, "22000")
    token = session.account.share(where.target)
    server = session.account.connection
    return constant(f"http://{server['host']}:{server['port']}/files/{token}/{where.target.name}")


# Reading files


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
                'SELECT json AS "COLUMN1" FROM read_json_objects(?)', [names]
            ).to_arrow_table()
        case _:
            return _read_csv(session, names, form)[0]


def _read_csv(
    session: Session, names: list[str], form: Mapping[str, Any]
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """All columns as text, with line numbers; and the lines that have the wrong shape."""
    duck = session.cursor.duck
    skip = int(form.get("SKIP_HEADER", 0))
    enclosed = form.get("FIELD_OPTIONALLY_ENCLOSED_BY", '"')
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
    found = duck.execute(f"SELECT * FROM read_csv(?, {written})", [names]).to_arrow_table()
    rejected = duck.execute(
        "SELECT line, any_value(error_message) FROM temp.reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return _nulls(session, found, form), rejected


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


def _nulls(session: Session, found: pa.Table, form: Mapping[str, Any]) -> pa.Table:
    """Empty fields and those of NULL_IF are NULL, where the format says so."""
    import pyarrow.compute as pc

    texts = list(form.get("NULL_IF", [r"\N"]))
    if str(form.get("EMPTY_FIELD_AS_NULL", "TRUE")).upper() == "TRUE":
        texts.append("")
    columns = []
    trimmed = str(form.get("TRIM_SPACE", "FALSE")).upper() == "TRUE"
    for written in found.columns:
        column = pc.utf8_trim(written, " ") if trimmed else written
        is_null = pc.is_in(column, value_set=pa.array(texts, pa.string()))
        columns.append(pc.if_else(is_null, pa.scalar(None, pa.string()), column))
    return pa.Table.from_arrays(columns, names=found.column_names)


@rewrite(exp.Table)
def staged(session: Session, node: exp.Expression) -> exp.Expression:
    """FROM @stage/path (FILE_FORMAT => 'f', PATTERN => 'p')."""
    location = text(node.this) if isinstance(node.this, exp.Var | exp.Literal) else ""
    if not location.startswith(("@", "snow://")):
        return node
    where = place(session, location)
    files = where.files()
    if node.args.get("pattern"):
        files = _matching(where, files, text(node.args["pattern"]))
    form = (
        options(session, text(node.args["format"]))
        if node.args.get("format")
        else _stage_format(session, location)
    )
    if not files:
        raise SqlError(f"Remote file '{location}' was not found.", 91016, "22000")
    new = table(session.register(read(session, files, form)))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new


@rewrite(exp.JSONExtract)
def staged_fields(session: Session, node: exp.Expression) -> exp.Expression:
    """$1:name of a Parquet file is the column of that name."""
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


def _stage_format(session: Session, location: str) -> dict[str, Any]:
    found = re.match(rf"@({statements.NAME})", location)
    stage = session.account.objects.find("STAGE", session.name(found[1])) if found else None
    form: dict[str, Any] = stage.get("format", {}) if stage else {}
    return form


INFERRED = {
    **dict.fromkeys(("COLUMN_NAME", "TYPE"), TEXT),
    "NULLABLE": pa.bool_(),
    **dict.fromkeys(("EXPRESSION", "FILENAMES"), TEXT),
    "ORDER_ID": pa.int64(),
}


@table_function("INFER_SCHEMA", page="infer_schema")
def infer_schema(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    where = place(session, named["LOCATION"])
    form = options(session, named["FILE_FORMAT"])
    files = where.files()
    if form["TYPE"] != "PARQUET":
        raise unsupported(f"INFER_SCHEMA of {form['TYPE']}")
    if not files:
        raise SqlError(f"Remote file '{named['LOCATION']}' was not found.", 91016, "22000")
    found = session.cursor.duck.execute(
        "DESCRIBE SELECT * FROM read_parquet(?, union_by_name = true)", [[str(f) for f in files]]
    ).fetchall()
    rows = []
    for order, (name, kind, *_) in enumerate(found):
        wanted = catalog.snowflake_type(kind).replace("(16777216)", "").replace(",", ", ")
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
    return statements.rows(rows, INFERRED)


# COPY INTO

COPIED = {
    **dict.fromkeys(("file", "status"), TEXT),
    **dict.fromkeys(("rows_parsed", "rows_loaded", "error_limit", "errors_seen"), pa.int64()),
    "first_error": TEXT,
    "first_error_line": pa.int64(),
    "first_error_character": pa.int64(),
    "first_error_column_name": TEXT,
}


@statement(
    "COPY INTO <@stage> FROM <rest...>",
    page="copy-into-location",
    limits="Parquet and CSV, one file.",
)
def unload(session: Session, words: Words) -> Result:
    rest = words["rest"]
    if rest.startswith("("):
        query, after = catalog.closed(rest)
    else:
        found = re.match(statements.NAME, rest)
        if found is None:
            raise invalid("COPY INTO <location> needs FROM a table or a query")
        query, after = f"SELECT * FROM {found.group()}", rest[found.end() :]
    given = _pairs(after)
    for key in given:
        if key not in ("FILE_FORMAT", "OVERWRITE", "SINGLE", "HEADER", "MAX_FILE_SIZE"):
            raise unsupported(f"COPY INTO <location> ... {key}")
    form = options(session, given["FILE_FORMAT"]) if "FILE_FORMAT" in given else {"TYPE": "CSV"}
    where = place(session, words["stage"], "WRITE")
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
            f"Files already existing at the unload destination: {words['stage']}", 1030, "22000"
        )
    rows = wire.plain(session.query(query))
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


@statement(
    "COPY INTO <name> [<rest...>]",
    page="copy-into-table",
    limits="From internal stages. ON_ERROR: ABORT_STATEMENT, CONTINUE and SKIP_FILE.",
)
def copy_into(session: Session, words: Words) -> Result:
    target = session.name(words["name"])
    catalog.need_relation(session.account, target, "Table")
    access.need_warehouse(session)
    columns, query, location, given = _copy_clauses(words["rest"])
    where = place(session, location)
    form = (
        options(session, given["FILE_FORMAT"])
        if "FILE_FORMAT" in given
        else _stage_format(session, location)
    )
    files = where.files()
    if "FILES" in given:
        wanted = {unquote(f) for f in split(given["FILES"][1:-1])}
        files = [f for f in files if f.relative_to(where.root).as_posix().split("/")[-1] in wanted]
    if "PATTERN" in given:
        files = _matching(where, files, unquote(given["PATTERN"]))
    history = _History(session, target, forced=given.get("FORCE", "").upper() == "TRUE")
    files = [f for f in files if not history.has(f)]
    if not files:
        return status("Copy executed with 0 files processed.")
    mode = unquote(given.get("ON_ERROR", "ABORT_STATEMENT")).upper()
    if mode not in ("ABORT_STATEMENT", "CONTINUE", "SKIP_FILE"):
        raise unsupported(f"COPY INTO ... ON_ERROR = {mode}")
    match = unquote(given.get("MATCH_BY_COLUMN_NAME", "NONE")).upper() != "NONE"
    load = _Load(session, target, columns, query, form, mode, match=match)
    outer = not session.cursor.in_transaction
    if outer:
        session.cursor.begin()
    try:
        rows = [load.file(f, where) for f in files]
    except BaseException:
        if outer:
            session.end(commit=False)
        raise
    for file, row in zip(files, rows, strict=True):
        if row["status"] != "LOAD_FAILED":
            history.add(file, purge=given.get("PURGE", "").upper() == "TRUE")
    if outer:
        session.end(commit=True)
    return Result(statements.rows(rows, COPIED), Kind.COMMAND)


def _copy_clauses(text: str) -> tuple[list[str], str | None, str, dict[str, str]]:
    """The columns, the query if there is one, the location, and the options."""
    found = re.fullmatch(
        r"(?:\((?P<columns>.*?)\)\s*)?FROM\s+(?P<rest>.*)", text, re.IGNORECASE | re.DOTALL
    )
    if found is None:
        raise invalid("COPY INTO <table> needs FROM")
    columns = split(found["columns"]) if found["columns"] else []
    rest = found["rest"]
    if rest.startswith("("):
        query, after = catalog.closed(rest)
        source = re.search(rf"\bFROM\s+({statements.STAGE})", query, re.IGNORECASE | re.DOTALL)
        if source is None:
            raise invalid("the query of COPY INTO reads from a stage")
        return columns, query.strip(), source[1], _pairs(after)
    location = re.match(statements.STAGE, rest, re.DOTALL)
    if location is None:
        raise invalid("COPY INTO reads from a stage")
    return columns, None, location.group(), _pairs(rest[location.end() :])


class _History:
    """The files that a table was loaded from; loading them again does nothing."""

    def __init__(self, session: Session, target: Name, *, forced: bool) -> None:
        self.session, self.forced = session, forced
        self.target = target

    def _key(self, file: Path) -> Name:
        return self.target.child("LOADED").child(f"{file}:{_md5(file)}")

    def has(self, file: Path) -> bool:
        key = self._key(file)
        known = key in self.session.pending or self.session.account.objects.find("LOADED FILE", key)
        return not self.forced and bool(known)

    def add(self, file: Path, *, purge: bool) -> None:
        """With the transaction that loads it."""
        key = self._key(file)

        def remember() -> None:
            self.session.account.objects.put(self.session.owned("LOADED FILE", key))
            if purge:
                file.unlink()

        self.session.once_committed(key, remember)


@dataclass(frozen=True)
class _Load:
    """How one COPY INTO loads each of its files."""

    session: Session
    target: Name
    columns: list[str]
    query: str | None
    form: Mapping[str, Any]
    mode: str
    match: bool

    def file(self, file: Path, where: Place) -> dict[str, Any]:
        name = where.label + file.relative_to(where.root).as_posix()
        found, misshapen = self._rows(file)
        declared = self._declared(found)
        bad = self._rejected(found, declared)
        errors = len(bad) + len(misshapen)
        parsed = found.num_rows + len(misshapen)
        first = self._first(bad, misshapen, found)
        if errors and self.mode == "ABORT_STATEMENT":
            raise SqlError(
                f"{first['first_error']}\n  File '{name}', line {first['first_error_line']}\n"
                f"  Row {first['first_error_line']}, column {first['first_error_column_name']}\n"
                f"  If you would like to continue loading when an error is encountered, use other "
                f"values such as 'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option.",
                100038,
                "22018",
            )
        skipped = errors and self.mode == "SKIP_FILE"
        loaded = 0 if skipped else self._insert(found, declared, set(bad))
        state = "LOADED" if not errors else "PARTIALLY_LOADED" if loaded else "LOAD_FAILED"
        return {
            "file": name,
            "status": state,
            "rows_parsed": parsed,
            "rows_loaded": loaded,
            "error_limit": parsed if self.mode == "CONTINUE" else 1,
            "errors_seen": errors,
        } | first

    def _rows(self, file: Path) -> tuple[pa.Table, list[tuple[int, str]]]:
        if self.form.get("TYPE", "CSV") == "CSV":
            found, misshapen = _read_csv(self.session, [str(file)], self.form)
        else:
            found, misshapen = read(self.session, [file], self.form), []
        if self.query is None:
            return found, misshapen
        registered = self.session.register(found)
        query = re.sub(
            rf"\bFROM\s+{statements.STAGE}(?:\s*\([^)]*\))?",
            f'FROM "{registered}"',
            self.query,
            count=1,
            flags=re.IGNORECASE | re.DOTALL,
        )
        rows = self.session.cursor.run(parse(query))
        return rows.rename_columns([f"COLUMN{i + 1}" for i in range(rows.num_columns)]), misshapen

    def _declared(self, found: pa.Table) -> list[tuple[str, str, str]]:
        """Column of the table, its type in DuckDB, column of the rows."""
        with self.session.account.tables.duck.cursor() as duck:
            every = duck.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                "AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [self.target.database, self.target.schema, self.target.name],
            ).fetchall()
        types = dict(every)
        if self.match:
            by_name = {n.upper(): n for n in found.column_names}
            return [(n, t, by_name[n.upper()]) for n, t in every if n.upper() in by_name]
        names = [identifiers(c)[0] for c in self.columns] or list(types)
        for name in names:
            if name not in types:
                raise compilation(f"invalid identifier '{name}'", 904, "42000")
        wide = len(names) != found.num_columns and found.num_columns
        if wide and self.form.get("ERROR_ON_COLUMN_COUNT_MISMATCH", "TRUE").upper() == "TRUE":
            raise SqlError(
                f"Number of columns in file ({found.num_columns}) does not match that of the "
                f"corresponding table ({len(names)}), use file format option "
                f"error_on_column_count_mismatch=false to ignore this error",
                100080,
                "22000",
            )
        return [(n, types[n], c) for n, c in zip(names, found.column_names, strict=False)]

    def _rejected(self, found: pa.Table, declared: list[tuple[str, str, str]]) -> dict[int, str]:
        """Rows that do not fit the types, by number, with the column that does not."""
        texts = [d for d in declared if pa.types.is_string(found.schema.field(d[2]).type)]
        checks = [d for d in texts if d[1] != "VARCHAR"]
        if not checks:
            return {}
        registered = self.session.register(found)
        wrong = " ".join(
            f"""WHEN "{c}" IS NOT NULL AND TRY_CAST("{c}" AS {t}) IS NULL THEN '{n}'"""
            for n, t, c in checks
        )
        rows = self.session.cursor.duck.execute(
            f"SELECT row, wrong FROM (SELECT row_number() OVER () row, CASE {wrong} END AS wrong "
            f'FROM "{registered}") WHERE wrong IS NOT NULL'
        ).fetchall()
        return dict(rows)

    def _first(
        self, bad: Mapping[int, str], misshapen: list[tuple[int, str]], found: pa.Table
    ) -> dict[str, Any]:
        skip = int(self.form.get("SKIP_HEADER", 0))
        if bad:
            row = min(bad)
            column = bad[row]
            source = next(c for n, _, c in self._declared(found) if n == column)
            shown = found.column(source)[row - 1].as_py()
            return {
                "first_error": f"Value '{shown}' of column {column} is not of its type",
                "first_error_line": row + skip,
                "first_error_column_name": f'"{self.target.name}"["{column}"]',
            }
        if misshapen:
            line, message = misshapen[0]
            return {"first_error": message.split("\n")[0], "first_error_line": line}
        return {}

    def _insert(self, found: pa.Table, declared: list[tuple[str, str, str]], bad: set[int]) -> int:
        if not found.num_columns:
            return 0
        if bad:
            kept = [i not in bad for i in range(1, found.num_rows + 1)]
            found = found.filter(pa.array(kept))
        registered = self.session.register(found)
        names = ", ".join(f'"{n}"' for n, _, _ in declared)
        casts = ", ".join(f'CAST("{c}" AS {t})' for _, t, c in declared)
        self.session.cursor.duck.execute(
            f"INSERT INTO {catalog.duck_name(self.target)} ({names}) "
            f'SELECT {casts} FROM "{registered}"'
        )
        return int(found.num_rows)
