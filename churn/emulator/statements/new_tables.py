"""What CREATE TABLE makes: of columns, of a query, of another table, of a template."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlglot import exp

from churn.emulator.account import access, execution
from churn.emulator.account.account import Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import need_relation
from churn.emulator.language.clauses import clauses, closed
from churn.emulator.language.errors import compilation, invalid, unsupported
from churn.emulator.language.names import NAME, Name, duck_name
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Parsed
from churn.emulator.statements.sequences import create_duck_sequence
from churn.emulator.translation.definitions import count_up, need_distinct, taken_out

OPTIONS = (
    *("CLUSTER BY", "COMMENT", "TAG", "COPY GRANTS", "CHANGE_TRACKING", "ENABLE_SCHEMA_EVOLUTION"),
    *("DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "STAGE_FILE_FORMAT"),
    *("DEFAULT_DDL_COLLATION", "STAGE_COPY_OPTIONS", "ROW_TIMESTAMP"),
)

OTHER = re.compile(rf"(CLONE|LIKE)\s+({NAME})\s*(.*)", re.IGNORECASE | re.DOTALL)
TEMPLATE = re.compile(r"USING\s+TEMPLATE\s*(\(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class NewTable:
    """The object beside the table, and the options of the statement."""

    stored: Object
    options: Mapping[str, str] = field(default_factory=dict)


def new_table(session: Session, name: Name, parsed: Parsed) -> NewTable:
    """Make the table; what is kept of it beside DuckDB's."""
    definition = parsed["definition"]
    if other := OTHER.match(definition):
        return _copied(session, name, other[1].upper(), other[2], other[3])
    if template := TEMPLATE.match(definition):
        query, after = closed(template[1])
        definition = f"({_columns_of_template(session, query)}) {after}"
    head = clauses(definition).only(*OPTIONS)
    columns = f"({head.columns})" if head.columns else ""
    query = f" AS {head.query}" if head.query else ""
    if not columns and not query:
        raise compilation("Missing column specification", 2028, "42601")
    tree = parse(f"CREATE OR REPLACE TABLE {name} {columns}{query}")
    keys = taken_out(tree)
    count_up(tree, keys, partial(_sequence, session, name))
    if query and not columns:
        _check_columns(session, parse(head.query))
    session.cursor.run(tree, parsed.parameters)
    facts: dict[str, Any] = {
        "primary key": keys.primary,
        "unique key": keys.unique,
        "identity": {c: _identity(*steps) for c, steps in keys.identity.items()},
        "cluster by": head.get("CLUSTER BY"),
        "options": {k: v for k, v in head.options.items() if k not in ("COMMENT", "TAG")},
    }
    stored = session.owned("TABLE", name, **{k: v for k, v in facts.items() if v})
    return NewTable(stored, head.options)


def _identity(start: int, step: int, ordered: bool) -> str:  # noqa: FBT001
    return f"IDENTITY START {start} INCREMENT {step} {'ORDER' if ordered else 'NOORDER'}"


def _check_columns(session: Session, query: exp.Expression) -> None:
    """A query whose columns have one name twice makes no table."""
    if not isinstance(query, exp.Select):
        return
    names = [item.alias_or_name.upper() for item in query.expressions]
    if any(item.is_star for item in query.expressions) or len(set(names)) < len(names):
        need_distinct(session.cursor.run(query.copy().limit(0)).column_names)


def _sequence(session: Session, table: Name, column: str, start: int, step: int) -> Name:
    """One of the table's own, which no statement can name."""
    sequence = Name(table.database, table.schema, f"__identity_{uuid.uuid4().hex}")
    create_duck_sequence(session.account, sequence, start, step)
    return sequence


def _copied(session: Session, name: Name, how: str, written: str, rest: str) -> NewTable:
    """CREATE TABLE ... CLONE and LIKE.

    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    """
    if re.match(r"(AT|BEFORE)\s*\(", rest, re.IGNORECASE):
        raise unsupported(
            f"time travel: CLONE ... {rest.split('(', maxsplit=1)[0].strip().upper()}"
        )
    source = session.name(written)
    need_relation(session.account, source, "Table")
    access.need(session, "TABLE", source, "SELECT")
    if source == name:
        raise invalid(f"cannot replace {name} by itself")
    duck = session.cursor.duck
    row = duck.execute(
        "SELECT sql FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        [source.database, source.schema, source.name],
    ).fetchone()
    if row is None:
        raise invalid(f"'{source}' is not a table")
    definition = re.sub(rf"^CREATE TABLE\s+{NAME}\s*", "", row[0])
    duck.execute(f"CREATE OR REPLACE TABLE {duck_name(name)} {definition}")
    if how == "CLONE":
        duck.execute(f"INSERT INTO {duck_name(name)} FROM {duck_name(source)}")
    session.cursor.copy_column_facts(source, name)
    stored = session.account.objects.find("TABLE", source)
    properties = stored.properties if stored else {}
    options = clauses(rest).only(*OPTIONS).options
    return NewTable(session.owned("TABLE", name, **properties), options)


def _columns_of_template(session: Session, query: str) -> str:
    """The columns that ARRAY_AGG(OBJECT_CONSTRUCT(*)) of INFER_SCHEMA describes.

    https://docs.snowflake.com/en/sql-reference/sql/create-table#create-table-using-template
    """
    rows = execution.query(session, query).column(0).to_pylist()
    described = json.loads(rows[0]) if rows and isinstance(rows[0], str) else rows and rows[0]
    if not described:
        raise invalid("USING TEMPLATE needs a query that describes columns")
    columns = [json.loads(each) if isinstance(each, str) else each for each in described]
    columns.sort(key=lambda each: int(each.get("ORDER_ID", 0)))
    return ", ".join(
        '"{}" {}{}'.format(
            str(each["COLUMN_NAME"]).replace('"', '""'),
            each["TYPE"],
            "" if str(each.get("NULLABLE", True)).lower() == "true" else " NOT NULL",
        )
        for each in columns
    )
