"""What a feature store is made of: dynamic tables, tasks, datasets, ENTITY_DETAIL."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
from sqlglot import exp

from churn.emulator import access, catalog, stages, statements, tags, wire
from churn.emulator.catalog import SHOW, TEXT, WHEN, clauses, common, shown, split
from churn.emulator.errors import exists, invalid, missing
from churn.emulator.objects import Name, Object, like
from churn.emulator.rewrite import constant, function, table_function, value
from churn.emulator.session import DONE, identifier, status
from churn.emulator.statements import Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

# Dynamic tables

LAG = re.compile(r"(\d+)\s*(s|m|h|d|second|minute|hour|day)s?", re.IGNORECASE)
UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def canonical_lag(written: str) -> str:
    """'1m' as Snowflake prints it: '1 minute'."""
    found = LAG.fullmatch(written.strip())
    if found is None:
        if written.upper() != "DOWNSTREAM":
            raise invalid(f"invalid TARGET_LAG '{written}'")
        return "DOWNSTREAM"
    count, unit = int(found[1]), UNITS.get(found[2].lower(), found[2].lower())
    return f"{count} {unit}{'s' if count != 1 else ''}"


@statement(
    "CREATE [OR REPLACE] DYNAMIC TABLE [IF NOT EXISTS] <name> <definition...>",
    page="create-dynamic-table",
    limits="Refreshed when asked (ALTER DYNAMIC TABLE ... REFRESH), in full; no scheduler.",
)
def create_dynamic_table(session: Session, words: Words) -> Result:
    account, name = session.account, session.name(words["name"])
    if answer := catalog.taken(session, words, "DYNAMIC TABLE", name):
        return answer
    head = clauses(words["definition"]).only(
        *("TARGET_LAG", "WAREHOUSE", "INITIALIZATION_WAREHOUSE", "REFRESH_MODE", "INITIALIZE"),
        *("COMMENT", "TAG", "CLUSTER BY", "DATA_RETENTION_TIME_IN_DAYS"),
    )
    warehouse = identifier(head.get("WAREHOUSE") or "''")
    session.need("WAREHOUSE", Name(name=warehouse), "USAGE")
    catalog.ctas(session, name, head.query, head.columns)
    initialize = (head.get("INITIALIZE") or "ON_CREATE").upper()
    stored = session.owned(
        "DYNAMIC TABLE",
        name,
        head.text("COMMENT"),
        text=_canonical(words.text, initialize),
        query=head.query,
        columns=head.columns,
        lag=canonical_lag(head.text("TARGET_LAG")),
        warehouse=warehouse,
        refresh_mode=(head.get("REFRESH_MODE") or "AUTO").upper(),
        state="ACTIVE",
        cluster_by=head.get("CLUSTER BY").strip("()"),
        context=[session.database, session.schema],
        **{"column comments": tags.comments(split(head.columns))},
    )
    with account.objects.together():
        account.objects.drop("DYNAMIC TABLE", name)
        account.objects.put(stored)
        account.objects.drop("TAGGED", name.child("TABLE"))
        tags.set_all(session, "TABLE", name, head.get("TAG"))
        access.made(account, "DYNAMIC TABLE", name)
        _refreshed(session, stored, "CREATION")
    return status(f"Dynamic table {name.name} successfully created.")


def _canonical(text: str, initialize: str) -> str:
    """The statement as SHOW prints it: some parts in Snowflake's own spelling."""
    lag = re.search(r"TARGET_LAG\s*=\s*'([^']*)'", text, re.IGNORECASE)
    if lag:
        text = text.replace(lag.group(), f"TARGET_LAG = '{canonical_lag(lag[1])}'", 1)
    return re.sub(
        r"\bINITIALIZE\s*=\s*\w+",
        f"initialize = '{initialize}'",
        text,
        count=1,
        flags=re.IGNORECASE,
    )


def _refreshed(session: Session, found: Object, action: str) -> None:
    now = datetime.now(UTC).isoformat()
    session.account.objects.put(
        session.owned(
            "DYNAMIC TABLE REFRESH",
            found.name.child(uuid.uuid4().hex),
            state="SUCCEEDED",
            start=now,
            end=now,
            action=action,
        )
    )


@statement("ALTER DYNAMIC TABLE [IF EXISTS] <name> REFRESH", page="alter-dynamic-table")
def refresh(session: Session, words: Words) -> Result:
    found = session.need("DYNAMIC TABLE", session.name(words["name"]))
    refresh_now(session, found)
    return status(DONE)


def refresh_now(session: Session, found: Object) -> None:
    """Run the query again, where it was written."""
    with _as_owner(session, found):
        catalog.ctas(session, found.name, found["query"], found["columns"])
    _refreshed(session, found, "FULL")


@contextmanager
def _as_owner(session: Session, found: Object) -> Iterator[None]:
    """Where it was written, and with its owner's rights."""
    here, role = (session.database, session.schema), session.role
    session.cursor.use(*found["context"])
    session.role = found.owner
    try:
        yield
    finally:
        session.role = role
        session.cursor.use(*here)


@statement("ALTER DYNAMIC TABLE [IF EXISTS] <name> {SUSPEND|RESUME}", page="alter-dynamic-table")
def suspend(session: Session, words: Words) -> Result:
    found = session.need("DYNAMIC TABLE", session.name(words["name"]))
    state = "SUSPENDED" if words["suspend"].upper() == "SUSPEND" else "ACTIVE"
    session.account.objects.put(found.having(state=state))
    return status(DONE)


@statement("ALTER DYNAMIC TABLE [IF EXISTS] <name> SET <options...>", page="alter-dynamic-table")
def set_dynamic_table(session: Session, words: Words) -> Result:
    account = session.account
    found = session.need("DYNAMIC TABLE", session.name(words["name"]))
    head = clauses(words["options"]).only("TARGET_LAG", "WAREHOUSE", "COMMENT")
    changed: dict[str, Any] = {}
    definition = found["text"]
    if lag := head.text("TARGET_LAG"):
        changed["lag"] = canonical_lag(lag)
        definition = re.sub(
            r"TARGET_LAG\s*=\s*'[^']*'", f"TARGET_LAG = '{changed['lag']}'", definition, count=1
        )
    if written := head.get("WAREHOUSE"):
        changed["warehouse"] = identifier(written)
        session.need("WAREHOUSE", Name(name=changed["warehouse"]))
    comment = head.text("COMMENT") if "COMMENT" in head.options else found.comment
    if "COMMENT" in head.options:
        definition = re.sub(
            rf"COMMENT\s*=\s*{statements.QUOTED}(?=\s*TAG)",
            lambda _: f"COMMENT = {statements.quote(comment)}",
            definition,
            count=1,
        )
    account.objects.put(replace(found.having(**changed, text=definition), comment=comment))
    return status(DONE)


def _drop_table(account: Account, name: Name) -> Sequence[Path]:
    with account.tables.duck.cursor() as duck:
        duck.execute(f"DROP TABLE IF EXISTS {catalog.duck_name(name)}")
    account.objects.drop("TAGGED", name.child("TABLE"))
    return ()


catalog.droppable("DYNAMIC TABLE", "drop-dynamic-table", _drop_table)


@statement(f"SHOW DYNAMIC TABLES {SHOW}", page="show-dynamic-tables")
def show_dynamic_tables(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "cluster_by"), TEXT),
        "rows": pa.int64(),
        "bytes": pa.int64(),
        **dict.fromkeys(("owner", "target_lag", "refresh_mode", "refresh_mode_reason"), TEXT),
        **dict.fromkeys(("warehouse", "initialization_warehouse", "comment", "text"), TEXT),
        **dict.fromkeys(("automatic_clustering", "scheduling_state", "owner_role_type"), TEXT),
        "last_suspended_on": WHEN,
        **dict.fromkeys(("is_clone", "is_replica", "is_iceberg"), TEXT),
        "data_timestamp": WHEN,
    }
    found = []
    for o in shown(session, words, "DYNAMIC TABLE"):
        last = _history(session, o)[-1]
        rows = catalog.relation(session.account, o.name)
        found.append(
            common(o)
            | {
                "cluster_by": f"LINEAR({o['cluster_by']})" if o["cluster_by"] else "",
                "rows": rows.rows if rows else 0,
                "target_lag": o["lag"],
                "refresh_mode": "FULL" if o["refresh_mode"] == "AUTO" else o["refresh_mode"],
                "warehouse": o["warehouse"],
                "text": o["text"],
                "automatic_clustering": "OFF",
                "scheduling_state": o["state"],
                "data_timestamp": datetime.fromisoformat(last["end"]),
                "is_iceberg": "false",
            }
        )
    return Result(statements.rows(found, columns))


def _history(session: Session, found: Object) -> list[Object]:
    return session.account.objects.children("DYNAMIC TABLE REFRESH", found.name)


@table_function("DYNAMIC_TABLE_REFRESH_HISTORY", page="dynamic_table_refresh_history")
def refresh_history(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    columns = {
        **dict.fromkeys(("NAME", "SCHEMA_NAME", "DATABASE_NAME", "STATE"), TEXT),
        **dict.fromkeys(("STATE_CODE", "STATE_MESSAGE", "QUERY_ID"), TEXT),
        **dict.fromkeys(("DATA_TIMESTAMP", "REFRESH_START_TIME", "REFRESH_END_TIME"), WHEN),
        **dict.fromkeys(("REFRESH_ACTION", "REFRESH_TRIGGER", "QUALIFIED_NAME"), TEXT),
    }
    found = [
        {
            "NAME": o.name.name,
            "SCHEMA_NAME": o.name.schema,
            "DATABASE_NAME": o.name.database,
            "QUALIFIED_NAME": str(o.name),
            "STATE": refresh["state"],
            "DATA_TIMESTAMP": datetime.fromisoformat(refresh["start"]),
            "REFRESH_START_TIME": datetime.fromisoformat(refresh["start"]),
            "REFRESH_END_TIME": datetime.fromisoformat(refresh["end"]),
            "REFRESH_ACTION": refresh["action"],
            "REFRESH_TRIGGER": "MANUAL",
        }
        for o in session.account.objects.all("DYNAMIC TABLE")
        if named.get("NAME", o.name.name) in (o.name.name, str(o.name))
        for refresh in reversed(_history(session, o))
    ]
    return statements.rows(found[: int(named.get("RESULT_LIMIT", 100))], columns)


# Tasks


@statement(
    "CREATE [OR REPLACE] TASK [IF NOT EXISTS] <name> <definition...>",
    page="create-task",
    limits="Run when asked (EXECUTE TASK); no scheduler.",
)
def create_task(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "TASK", name):
        return answer
    head = clauses(words["definition"]).only("WAREHOUSE", "SCHEDULE", "COMMENT", "TAG")
    warehouse = identifier(head.get("WAREHOUSE")) if head.get("WAREHOUSE") else None
    if warehouse:
        session.need("WAREHOUSE", Name(name=warehouse))
    new = session.owned(
        "TASK",
        name,
        head.text("COMMENT"),
        warehouse=warehouse,
        schedule=head.text("SCHEDULE"),
        state="suspended",
        definition=head.query,
        context=[session.database, session.schema],
    )
    catalog.renew(session, new)
    return status(f"Task {name.name} successfully created.")


@statement("ALTER TASK [IF EXISTS] <name> {SUSPEND|RESUME}", page="alter-task")
def alter_task(session: Session, words: Words) -> Result:
    found = session.account.objects.find("TASK", session.name(words["name"]))
    if found is None:
        if words.has("if_exists"):
            return status(DONE)
        raise missing("task", session.name(words["name"]))
    state = "suspended" if words["suspend"].upper() == "SUSPEND" else "started"
    session.account.objects.put(found.having(state=state))
    return status(DONE)


@statement("ALTER TASK [IF EXISTS] <name> SET {SCHEDULE|WAREHOUSE} = <value...>", page="alter-task")
def set_task(session: Session, words: Words) -> Result:
    found = session.need("TASK", session.name(words["name"]))
    key = words["schedule"].lower()
    session.account.objects.put(found.having(**{key: unquote(words["value"])}))
    return status(DONE)


@statement("EXECUTE TASK <name>", page="execute-task")
def execute_task(session: Session, words: Words) -> Result:
    found = session.need("TASK", session.name(words["name"]), "OPERATE")
    with _as_owner(session, found):
        session.run(found["definition"])
    return status(f"Task {found.name.name} is scheduled to run immediately.")


catalog.droppable("TASK", "drop-task")


@statement(f"SHOW TASKS {SHOW}", page="show-tasks")
def show_tasks(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "id", "database_name", "schema_name", "owner", "comment"), TEXT),
        **dict.fromkeys(("warehouse", "schedule", "state", "definition", "predecessors"), TEXT),
    }
    found = [
        common(o) | {k: o[k] for k in ("warehouse", "schedule", "state", "definition")}
        for o in shown(session, words, "TASK")
    ]
    return Result(statements.rows(found, columns))


@statement(
    "SHOW ONLINE FEATURE TABLES [<rest...>]",
    page="show-online-feature-tables",
    limits="There are none: CREATE ONLINE FEATURE TABLE is refused.",
)
def show_online(session: Session, words: Words) -> Result:
    columns = dict.fromkeys(("name", "database_name", "schema_name", "target_lag", "text"), TEXT)
    return Result(statements.rows([], columns))


@statement("DROP ONLINE FEATURE TABLE [IF EXISTS] <name>", page="drop-online-feature-table")
def drop_online(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    return catalog.answer_gone(words, "online feature table", name.name, name)


@function("ENTITY_DETAIL", page="entity_detail")
def entity_detail(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    """What the feature store asks: the tags of a table or view, or what carries a tag."""
    kind, written = (str(value(session, a)) for a in arguments[:2])
    name = session.name(written)
    if kind.upper() == "TAG":
        session.need("TAG", name)
        found = [
            _tag_row(session, r, *_carrier(r))
            for r in session.account.objects.all("TAGGED")
            if r["tag"] == str(name)
        ]
    else:
        relation = catalog.need_relation(session.account, name, kind)
        stored = "VIEW" if relation.kind == "VIEW" else "TABLE"
        found = [_tag_row(session, r, stored, name) for r in tags.references(session, stored, name)]
    key = "referencedEntities" if kind.upper() == "TAG" else "tagReferencesInfo"
    detail = {key: {"tagReferenceList": found}}
    return constant(json.dumps(detail))


def _carrier(reference: Object) -> tuple[str, Name]:
    """What carries the tag: the kind and name in the path of the reference."""
    path, _, kind = reference.name.parent.rpartition("/")
    return kind, Name(reference.name.database, reference.name.schema, path)


def _tag_row(session: Session, reference: Object, kind: str, name: Name) -> dict[str, Any]:
    tag = session.name(reference["tag"])
    domain = "TABLE" if kind == "VIEW" else kind
    return {
        "tagDatabase": tag.database,
        "tagSchema": tag.schema,
        "tagName": tag.name,
        "tagValue": reference["value"],
        "level": kind,
        "entityDatabase": name.database,
        "entitySchema": name.schema,
        "entityName": name.name,
        "domain": domain,
        "entityDomain": domain,
    }


# Datasets


def _dataset_folder(account: Account, name: Name) -> Path:
    place = stages.stage_folder(account, name)
    return account.folder / "datasets" / place.relative_to(account.folder / "stages")


def _snow(session: Session, name: str, path: str) -> stages.Place:
    found = session.need("DATASET", session.name(name))
    return stages.Place(_dataset_folder(session.account, found.name), path, "")


stages.SNOW["dataset"] = _snow


@statement("CREATE [OR REPLACE] DATASET [IF NOT EXISTS] <name>", page="create-dataset")
def create_dataset(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "DATASET", name):
        return answer
    catalog.renew(session, session.owned("DATASET", name))
    return status(f"Dataset {name.name} successfully created.")


catalog.droppable("DATASET", "drop-dataset", lambda account, name: [_dataset_folder(account, name)])


VERSION_FROM = re.compile(
    rf"(?P<version>{statements.QUOTED})\s+FROM\s*(?P<rest>\(.*)", re.IGNORECASE | re.DOTALL
)


@statement("ALTER DATASET <name> ADD VERSION <definition...>", page="alter-dataset")
def add_dataset_version(session: Session, words: Words) -> Result:
    """ALTER DATASET d ADD VERSION 'v' FROM (query) [PARTITION BY ...] [COMMENT] [METADATA]."""
    dataset = session.need("DATASET", session.name(words["name"]))
    found = VERSION_FROM.fullmatch(words["definition"])
    if found is None:
        raise invalid("ALTER DATASET ... ADD VERSION '<version>' FROM (<query>)")
    version = unquote(found["version"])
    key = dataset.name.child(version)
    if session.account.objects.find("DATASET VERSION", key):
        raise exists("dataset version", version)
    query, rest = catalog.closed(found["rest"])
    head = clauses(rest)
    rows = wire.plain(session.query(query))
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


@statement("ALTER DATASET <name> DROP VERSION <'version'>", page="alter-dataset")
def drop_dataset_version(session: Session, words: Words) -> Result:
    dataset = session.need("DATASET", session.name(words["name"]))
    key = dataset.name.child(unquote(words["version"]))
    session.account.objects.need("DATASET VERSION", key)
    session.account.objects.drop("DATASET VERSION", key)
    folder = _dataset_folder(session.account, dataset.name) / "versions" / key.name
    shutil.rmtree(folder, ignore_errors=True)
    return status(DONE)


@statement(f"SHOW DATASETS {SHOW}", page="show-datasets")
def show_datasets(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
        "versions": TEXT,
    }
    found = [
        common(o) | {"versions": json.dumps([v.name.name for v in _dataset_versions(session, o)])}
        for o in shown(session, words, "DATASET")
    ]
    return Result(statements.rows(found, columns))


def _dataset_versions(session: Session, dataset: Object) -> list[Object]:
    return session.account.objects.children("DATASET VERSION", dataset.name)


@statement("SHOW VERSIONS [LIKE <'pattern'>] IN DATASET <name>", page="show-versions-in-dataset")
def show_dataset_versions(session: Session, words: Words) -> Result:
    dataset = session.need("DATASET", session.name(words["name"]))
    pattern = unquote(words["pattern"]) if words.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("version", "name", "comment", "metadata", "owner"), TEXT),
        "rows": pa.int64(),
    }
    found = [
        common(v)
        | {"version": v.name.name, "metadata": json.dumps(v["metadata"]), "rows": v["rows"]}
        for v in _dataset_versions(session, dataset)
        if like(pattern, v.name.name)
    ]
    return Result(statements.rows(found, columns))
