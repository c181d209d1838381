"""Datasets: versions of Parquet files."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.duck.arrow import plain
from churn.emulator.language.clauses import clauses, closed
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import exists, invalid
from churn.emulator.language.names import Name, like
from churn.emulator.language.places import Place
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable, replace_object
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.stages import stage_folder

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("datasets")


def _dataset_folder(account: Account, name: Name) -> Path:
    place = stage_folder(account, name)
    return account.folder / "datasets" / place.relative_to(account.folder / "stages")


@SUBSYSTEM.place("dataset")
def _snow(session: Session, name: str, path: str) -> Place:
    dataset = access.need_object(session, "DATASET", session.name(name))
    return Place(_dataset_folder(session.account, dataset.name), path, "")


@SUBSYSTEM.statement("CREATE [OR REPLACE] DATASET [IF NOT EXISTS] <name>", page="create-dataset")
def create_dataset(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "DATASET", name):
        return answer
    replace_object(session, session.owned("DATASET", name))
    return status(f"Dataset {name.name} successfully created.")


droppable(
    SUBSYSTEM, "DATASET", "drop-dataset", lambda account, name: [_dataset_folder(account, name)]
)


VERSION_FROM = re.compile(
    rf"(?P<version>{QUOTED})\s+FROM\s*(?P<rest>\(.*)", re.IGNORECASE | re.DOTALL
)


@SUBSYSTEM.statement("ALTER DATASET <name> ADD VERSION <definition...>", page="alter-dataset")
def add_dataset_version(session: Session, parsed: Parsed) -> Result:
    """ALTER DATASET d ADD VERSION 'v' FROM (query) [PARTITION BY ...] [COMMENT] [METADATA]."""
    dataset = access.need_object(session, "DATASET", session.name(parsed["name"]))
    match = VERSION_FROM.fullmatch(parsed["definition"])
    if match is None:
        raise invalid("ALTER DATASET ... ADD VERSION '<version>' FROM (<query>)")
    version = unquote(match["version"])
    key = dataset.name.child(version)
    if session.account.objects.find("DATASET VERSION", key):
        raise exists("dataset version", version)
    query, rest = closed(match["rest"])
    head = clauses(rest)
    rows = plain(execution.query(session, query))
    folder = _dataset_folder(session.account, dataset.name) / "versions" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pyarrow.parquet.write_table(_microseconds(rows), folder / "data_0_0_0.snappy.parquet")
    metadata = head.text("METADATA")
    session.account.objects.add(
        session.owned(
            "DATASET VERSION",
            key,
            head.text("COMMENT"),
            metadata=json.loads(metadata) if metadata else {},
            rows=rows.num_rows,
        )
    )
    return status(DONE)


def _microseconds(rows: pa.Table) -> pa.Table:
    kinds = [
        pa.timestamp("us", f.type.tz) if pa.types.is_timestamp(f.type) else f.type
        for f in rows.schema
    ]
    schema = pa.schema([pa.field(n, k) for n, k in zip(rows.column_names, kinds, strict=True)])
    return rows.cast(schema, safe=False)


@SUBSYSTEM.statement("ALTER DATASET <name> DROP VERSION <'version'>", page="alter-dataset")
def drop_dataset_version(session: Session, parsed: Parsed) -> Result:
    dataset = access.need_object(session, "DATASET", session.name(parsed["name"]))
    key = dataset.name.child(unquote(parsed["version"]))
    session.account.objects.need("DATASET VERSION", key)
    session.account.objects.drop("DATASET VERSION", key)
    folder = _dataset_folder(session.account, dataset.name) / "versions" / key.name
    shutil.rmtree(folder, ignore_errors=True)
    return status(DONE)


@SUBSYSTEM.statement(f"SHOW DATASETS {SHOW}", page="show-datasets")
def show_datasets(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
        "versions": TEXT,
    }
    rows = [
        common(o) | {"versions": json.dumps([v.name.name for v in _dataset_versions(session, o)])}
        for o in shown(session, parsed, "DATASET")
    ]
    return Result(table_of(rows, columns))


def _dataset_versions(session: Session, dataset: Object) -> list[Object]:
    return session.account.objects.children("DATASET VERSION", dataset.name)


@SUBSYSTEM.statement(
    "SHOW VERSIONS [LIKE <'pattern'>] IN DATASET <name>", page="show-versions-in-dataset"
)
def show_dataset_versions(session: Session, parsed: Parsed) -> Result:
    dataset = access.need_object(session, "DATASET", session.name(parsed["name"]))
    pattern = unquote(parsed["pattern"]) if parsed.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("version", "name", "comment", "metadata", "owner"), TEXT),
        "rows": pa.int64(),
    }
    rows = [
        common(v)
        | {"version": v.name.name, "metadata": json.dumps(v["metadata"]), "rows": v["rows"]}
        for v in _dataset_versions(session, dataset)
        if like(pattern, v.name.name)
    ]
    return Result(table_of(rows, columns))
