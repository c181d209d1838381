"""Stages are folders: PUT, GET, LIST, REMOVE."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import need_relation
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.clauses import clauses, pairs
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, invalid, unsupported
from churn.emulator.language.names import NAME, Name
from churn.emulator.language.places import Place
from churn.emulator.language.results import TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.formats import options
from churn.emulator.statements.lifecycle import (
    answer_if_exists,
    droppable,
    replace_object,
)
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.translation.arguments import value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("stages")


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
        if kind not in session.account.dialect.places:
            raise unsupported(f"snow://{kind}")
        if ".." in Path(path).parts:
            raise invalid(f"the path {path} leaves the object")
        if "WRITE" in privileges:
            access.need_object(session, kind.upper(), session.name(name), "OWNERSHIP")
        return session.account.dialect.places[kind](session, name, path)
    match = re.fullmatch(rf"@(?P<name>~|%?{NAME})/?(?P<path>.*)", location, re.DOTALL)
    if match is None:
        raise invalid(f"cannot read the location {location}")
    path = match["path"].strip("/") if not match["path"].endswith("/") else match["path"]
    if ".." in Path(path).parts:
        raise invalid(f"the path {path} leaves the stage")
    account = session.account
    if match["name"] == "~":
        root, label = account.folder / "stages" / "~" / session.user, ""
    elif match["name"].startswith("%"):
        of = session.name(match["name"][1:])
        need_relation(account, of, "Table")
        access.need(session, "TABLE", of, "OWNERSHIP")
        root, label = stage_folder(account, Name(of.database, of.schema, f"%{of.name}")), ""
    else:
        stage = session.name(match["name"])
        access.need_object(session, "STAGE", stage, *privileges)
        root, label = stage_folder(account, stage), stage.name.lower() + "/"
    root.mkdir(parents=True, exist_ok=True)
    return Place(root, path, label)


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY] STAGE [IF NOT EXISTS] <name> "
    "[<options...>]",
    page="create-stage",
    limits="Internal stages only. Files are not encrypted.",
)
def create_stage(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "STAGE", name):
        return answer
    head = clauses(parsed["options"]).only(
        "COMMENT", "FILE_FORMAT", "DIRECTORY", "ENCRYPTION", "TAG", "COPY_OPTIONS"
    )
    form = options(session, head.get("FILE_FORMAT")) if head.get("FILE_FORMAT") else {}
    replace_object(session, session.owned("STAGE", name, head.text("COMMENT"), format=form))
    stage_folder(session.account, name).mkdir(parents=True, exist_ok=True)
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, "STAGE", name)
    return status(f"Stage area {name.name} successfully created.")


droppable(SUBSYSTEM, "STAGE", "drop-stage", lambda account, name: [stage_folder(account, name)])


@SUBSYSTEM.statement(f"SHOW {{STAGES|FILE FORMATS}} {SHOW}", page="show-stages")
def show_stages(session: Session, parsed: Parsed) -> Result:
    kind = " ".join(parsed["stages"].upper().split()).removesuffix("S")
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "url", "type", "owner"), TEXT),
        **dict.fromkeys(("comment", "owner_role_type", "format_options"), TEXT),
    }
    rows = [
        common(o) | {"type": "INTERNAL" if kind == "STAGE" else o["options"].get("TYPE"), "url": ""}
        for o in shown(session, parsed, kind)
    ]
    return Result(table_of(rows, columns))


@SUBSYSTEM.statement(
    "PUT <file...> <@stage> [<options...>]",
    page="put",
    limits="Client and emulator share a file system.",
)
def put(session: Session, parsed: Parsed) -> Result:
    where = place(session, parsed["stage"], "WRITE")
    where.target.mkdir(parents=True, exist_ok=True)
    given = pairs(parsed["options"])
    known = {"AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE", "PARALLEL"}
    for option in given.keys() - known:
        raise unsupported(f"PUT ... {option}")
    return Result(
        SENT,
        transfer={
            "command": "UPLOAD",
            "operation": "Node",
            "src_locations": [unquote(parsed["file"]).removeprefix("file://")],
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


FOLDER = re.compile(rf"({QUOTED}|\S+)\s*(.*)", re.DOTALL)


@SUBSYSTEM.statement("GET <@stage> <folder...>", page="get")
def get(session: Session, parsed: Parsed) -> Result:
    where = place(session, parsed["stage"])
    files = where.files()
    written = FOLDER.fullmatch(parsed["folder"])
    if written is None:
        raise invalid("GET needs a folder: file://...")
    if "PATTERN" in (given := pairs(written[2])):
        files = matching(where, files, unquote(given["PATTERN"]))
    return Result(
        SENT,
        transfer={
            "command": "DOWNLOAD",
            "operation": "Node",
            "src_locations": [f.relative_to(where.root).as_posix() for f in files],
            "stageInfo": _stage_info(where.root),
            "encryptionMaterial": [],
            "localLocation": unquote(written[1]).removeprefix("file://"),
            "parallel": int(unquote(given.get("PARALLEL", "4"))),
            "statementTypeId": 0x6000,
        },
    )


def matching(where: Place, files: list[Path], pattern: str) -> list[Path]:
    return [
        f
        for f in files
        if re.fullmatch(pattern, where.label + f.relative_to(where.root).as_posix())
    ]


LISTED = {"name": TEXT, "size": pa.int64(), "md5": TEXT, "last_modified": TEXT}


@SUBSYSTEM.statement("{LIST|LS} <@stage> [PATTERN = <'regex'>]", page="list")
def list_files(session: Session, parsed: Parsed) -> Result:
    where = place(session, parsed["stage"])
    files = where.files()
    if parsed.has("regex"):
        files = matching(where, files, unquote(parsed["regex"]))
    rows = [
        {
            "name": where.label + f.relative_to(where.root).as_posix(),
            "size": f.stat().st_size,
            "md5": md5_of(f),
            "last_modified": datetime.fromtimestamp(f.stat().st_mtime, UTC).strftime(
                "%a, %d %b %Y %H:%M:%S GMT"
            ),
        }
        for f in files
    ]
    return Result(table_of(rows, LISTED))


def md5_of(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


@SUBSYSTEM.statement("{REMOVE|RM} <@stage> [PATTERN = <'regex'>]", page="remove")
def remove(session: Session, parsed: Parsed) -> Result:
    where = place(session, parsed["stage"], "WRITE")
    files = where.files()
    if parsed.has("regex"):
        files = matching(where, files, unquote(parsed["regex"]))
    rows: list[dict[str, object]] = []
    for file in files:
        rows.append(
            {"name": where.label + file.relative_to(where.root).as_posix(), "result": "removed"}
        )
        file.unlink()
    return Result(table_of(rows, {"name": TEXT, "result": TEXT}))


@SUBSYSTEM.function("GET_PRESIGNED_URL", page="get_presigned_url")
def presigned_url(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """An address at which the emulator's server gives the file to whoever has it."""
    location, name = (str(value_of(session, a)) for a in arguments[:2])
    where = place(session, f"{location.rstrip('/')}/{name}")
    if session.account.connection is None:
        raise unsupported("GET_PRESIGNED_URL where no server runs")
    if not where.target.is_file():
        raise SqlError(f"Remote file '{location}/{name}' was not found.", 91016, "22000")
    token = session.account.share(where.target)
    server = session.account.connection
    return exp.convert(
        f"http://{server['host']}:{server['port']}/files/{token}/{where.target.name}"
    )
