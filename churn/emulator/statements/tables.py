"""Databases, schemas, tables and views; what CREATE, DROP and SHOW have in common."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator import access, statements
from churn.emulator.errors import exists, invalid, missing, unsupported
from churn.emulator.fake import parse
from churn.emulator.objects import Name, Object, like, sql_identifier
from churn.emulator.rewrite import constant, function, rewrite, table, text
from churn.emulator.session import DONE, identifier, identifiers, status
from churn.emulator.statements import Kind, Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

HIDDEN = {"main", "information_schema", "pg_catalog", "_fs_information_schema", "_emulator"}
SYSTEM = {"system", "temp", "memory", "_fs_global"}

WHEN = pa.timestamp("us", "UTC")
TEXT = pa.string()
NUMBER = pa.int64()

# What there is


def has_database(account: Account, name: str) -> bool:
    return name in databases(account)


def databases(account: Account) -> list[str]:
    with account.tables.duck.cursor() as duck:
        found = duck.execute("SELECT database_name FROM duckdb_databases() ORDER BY ALL").fetchall()
    return [name for (name,) in found if name not in SYSTEM]


def has_schema(account: Account, database: str, name: str) -> bool:
    return name == "INFORMATION_SCHEMA" or name in schemas(account, database)


def schemas(account: Account, database: str) -> list[str]:
    with account.tables.duck.cursor() as duck:
        found = duck.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? ORDER BY ALL",
            [database],
        ).fetchall()
    return [name for (name,) in found if name not in HIDDEN]


@dataclass(frozen=True)
class Relation:
    """A table or a view, as DuckDB has it."""

    name: Name
    kind: str
    rows: int | None = None
    comment: str = ""


def relations(
    account: Account, database: str | None = None, schema: str | None = None
) -> list[Relation]:
    query = """
        SELECT database_name, schema_name, table_name, 'TABLE', estimated_size, comment
        FROM duckdb_tables() WHERE NOT internal
        UNION ALL
        SELECT database_name, schema_name, view_name, 'VIEW', NULL, comment
        FROM duckdb_views() WHERE NOT internal
        ORDER BY ALL
    """
    with account.tables.duck.cursor() as duck:
        found = duck.execute(query).fetchall()
    return [
        Relation(Name(d, s, n), kind, rows, comment or "")
        for d, s, n, kind, rows, comment in found
        if d not in SYSTEM and s not in HIDDEN and database in (None, d) and schema in (None, s)
    ]


def relation(account: Account, name: Name) -> Relation | None:
    found = relations(account, name.database, name.schema)
    return next((r for r in found if r.name.name == name.name), None)


def need_relation(account: Account, name: Name, kind: str = "Object") -> Relation:
    found = relation(account, name)
    if found is None:
        raise missing(kind, name)
    return found


def need_schema(account: Account, name: Name) -> None:
    if not has_schema(account, name.database, name.schema):
        raise missing("schema", Name(name.database, name.schema))


# Temporary objects


def remember_temporary(session: Session, kind: str, name: Name) -> None:
    """Dropped with its session; on disk too, should the process be killed before."""
    session.temporary.append((kind, name))
    session.account.objects.put(Object("TEMPORARY", name.child(kind), {"kind": kind}))


def drop_temporary(account: Account, kind: str, name: Name) -> None:
    if kind in ("TABLE", "VIEW"):
        if (found := relation(account, name)) is not None and found.kind == kind:
            with account.tables.duck.cursor() as duck:
                duck.execute(f"DROP {kind} IF EXISTS {duck_name(name)}")
        account.objects.drop(kind, name)
    else:
        DROPS[kind](account, name)
    account.objects.drop("TEMPORARY", name.child(kind))


DROPS: dict[str, Callable[[Account, Name], None]] = {}
"""How to drop an object beside tables and views, by its kind."""


def taken(session: Session, words: Words, kind: str, name: Name) -> Result | None:
    """CREATE's answer where there is one of that name; None where it goes on.

    Raises:
        SqlError: Neither OR REPLACE nor IF NOT EXISTS was said, or the schema is not there.
    """
    need_schema(session.account, name)
    temporary = words.has("temporary") and "TEMP" in words["temporary"].upper()
    access.need_creation(session, kind, name, temporary=temporary)
    if kind in access.RELATIONS:
        found = relation(session.account, name)
        other = found is not None and found.kind != kind.removeprefix("DYNAMIC ")
        there = found is not None
    else:
        there, other = session.account.objects.find(kind, name) is not None, False
    if not there:
        return None
    if words.has("or_replace"):
        access.need(session, kind, name, "OWNERSHIP")
    return answer_taken(words, name.name, name, replaceable=not other)


def answer_taken(
    words: Words, short: str, full: object, *, replaceable: bool = True
) -> Result | None:
    if words.has("if_not_exists"):
        return status(f"{short} already exists, statement succeeded.")
    if words.has("or_replace") and replaceable:
        return None
    raise exists("object", full)


def answer_gone(words: Words, kind: str, short: str, full: object) -> Result:
    """DROP's answer where there is none of that name."""
    if words.has("if_exists"):
        return status(f"Drop statement executed successfully ({short} already dropped).")
    raise missing(kind, full)


def renew(session: Session, new: Object) -> None:
    """Add an object in place of the one of its name, which goes with its files."""
    objects = session.account.objects
    with objects.together():
        DROPS[new.kind](session.account, new.name)  # or what a killed process left of it
        objects.add(new)
        access.made(session.account, new.kind, new.name)


def droppable(
    kind: str,
    page: str,
    drop: Callable[[Account, Name], Sequence[Path]] = lambda account, name: (),
    rest: str = "",
) -> None:
    """Declare DROP for a kind of object.

    Args:
        drop: Drops what is no row of its own, and returns the folders that go, too.
        rest: The syntax after the name.
    """

    def remove(account: Account, name: Name) -> None:
        with account.objects.together():
            for folder in drop(account, name):
                account.objects.afterwards(partial(shutil.rmtree, folder, ignore_errors=True))
            account.objects.drop(kind, name)
            account.objects.drop("TAGGED", name.child(kind))
            access.revoke_all(account, kind, name)

    def answer(session: Session, words: Words) -> Result:
        name = session.name(words["name"])
        if session.account.objects.find(kind, name) is None:
            return answer_gone(words, kind.lower(), name.name, name)
        access.need(session, kind, name, "OWNERSHIP")
        DROPS[kind](session.account, name)
        forget_relation(session, kind, name)
        return status(f"{name.name} successfully dropped.")

    answer.__name__ = f"drop_{kind.lower().replace(' ', '_')}"
    DROPS[kind] = remove
    statement(f"DROP {kind} [IF EXISTS] <name>{rest}", page=page)(answer)


def sweep(account: Account) -> None:
    """Drop what sessions of a process that was killed left behind."""
    for left in account.objects.all("TEMPORARY"):
        name = Name(left.name.database, left.name.schema, left.name.parent)
        drop_temporary(account, left["kind"], name)


def duck_name(name: Name) -> str:
    return ".".join(
        '"' + p.replace('"', '""') + '"' for p in (name.database, name.schema, name.name)
    )


# Databases and schemas


@statement(
    "CREATE [OR REPLACE] [TRANSIENT] DATABASE [IF NOT EXISTS] <name> [<options...>]",
    page="create-database",
    limits="Options other than COMMENT are refused.",
)
def create_database(session: Session, words: Words) -> Result:
    name = identifier(words["name"])
    options = clauses(words["options"]).only("COMMENT", "DATA_RETENTION_TIME_IN_DAYS")
    access.need_account(session, "CREATE DATABASE")
    if has_database(session.account, name):
        if answer := answer_taken(words, name, name):
            return answer
        access.need(session, "DATABASE", Name(name=name), "OWNERSHIP")
        _drop_database(session, name)
    session.account.tables.create_database(name)
    session.account.objects.put(session.owned("DATABASE", Name(name=name), options.text("COMMENT")))
    session.account.objects.put(session.owned("SCHEMA", Name(name, name="PUBLIC")))
    session.cursor.use(name, "PUBLIC")
    return status(f"Database {name} successfully created.")


@statement("DROP DATABASE [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-database")
def drop_database(session: Session, words: Words) -> Result:
    name = identifier(words["name"])
    if not has_database(session.account, name):
        return answer_gone(words, "database", name, name)
    access.need(session, "DATABASE", Name(name=name), "OWNERSHIP")
    _drop_database(session, name)
    return status(f"{name} successfully dropped.")


def _drop_database(session: Session, name: str) -> None:
    account = session.account
    for other in list(account.sessions.values()):
        if other.database == name:
            other.cursor.use(None, None)
    if session.database == name:
        session.cursor.use(None, None)
    drop_objects(account, name)
    account.tables.drop_database(name)
    account.objects.drop("DATABASE", Name(name=name))
    access.revoke_all(account, "DATABASE", Name(name=name))


def drop_objects(account: Account, database: str, schema: str | None = None) -> None:
    """The objects beside tables, with their files."""
    for found in account.objects.within(database, schema):
        if drop := DROPS.get(found.kind):
            drop(account, found.name)
    account.objects.drop_in(database, schema)


@statement(
    "CREATE [OR REPLACE] [TRANSIENT] SCHEMA [IF NOT EXISTS] <name> [<options...>]",
    page="create-schema",
    limits="Options other than COMMENT and TAG are refused.",
)
def create_schema(session: Session, words: Words) -> Result:
    name = session.schema_name(words["name"])
    if not has_database(session.account, name.database):
        raise missing("database", name.database)
    access.need(session, "DATABASE", Name(name=name.database), "CREATE SCHEMA")
    options = clauses(words["options"]).only("COMMENT", "TAG")
    if has_schema(session.account, name.database, name.schema):
        if answer := answer_taken(words, name.schema, name):
            return answer
        access.need(session, "SCHEMA", Name(name.database, name=name.schema), "OWNERSHIP")
        _drop_schema(session, name)
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f'CREATE SCHEMA "{name.database}"."{name.schema}"')
    session.account.objects.put(
        session.owned("SCHEMA", Name(name.database, name=name.schema), options.text("COMMENT"))
    )
    session.cursor.use(name.database, name.schema)
    return status(f"Schema {name.schema} successfully created.")


@statement("DROP SCHEMA [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-schema")
def drop_schema(session: Session, words: Words) -> Result:
    name = session.schema_name(words["name"])
    if not has_database(session.account, name.database) or not has_schema(
        session.account, name.database, name.schema
    ):
        return answer_gone(words, "schema", name.schema, name)
    access.need(session, "SCHEMA", Name(name.database, name=name.schema), "OWNERSHIP")
    _drop_schema(session, name)
    return status(f"{name.schema} successfully dropped.")


def _drop_schema(session: Session, name: Name) -> None:
    account = session.account
    for other in {*account.sessions.values(), session}:
        if (other.database, other.schema) == (name.database, name.schema):
            other.cursor.use(name.database, None)
    drop_objects(account, name.database, name.schema)
    with account.tables.duck.cursor() as duck:
        duck.execute(f'DROP SCHEMA "{name.database}"."{name.schema}" CASCADE')
    account.objects.drop("SCHEMA", Name(name.database, name=name.schema))
    access.revoke_all(account, "SCHEMA", name)


# Tables


@statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY|TRANSIENT|LOCAL TEMPORARY] TABLE "
    "[IF NOT EXISTS] <name> <definition...>",
    page="create-table",
    limits="Temporary tables vanish with their session, and are seen by others until then. "
    "CLUSTER BY is accepted and has no effect.",
    kind=Kind.TABLE,
)
def create_table(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := taken(session, words, "TABLE", name):
        return answer
    renewed = "OR REPLACE " if words.has("or_replace") else ""
    tree = parse(f"CREATE {renewed}TABLE {name} {words['definition']}")
    session.cursor.run(tree, words.parameters)
    forget_loads(session.account, name)
    session.account.objects.put(session.owned("TABLE", name))
    kept = "COPY GRANTS" in clauses(words["definition"]).options
    access.made(session.account, "TABLE", name, copy_grants=kept)
    _tag_from_header(session, "TABLE", name, words["definition"])
    if "TEMP" in words["temporary"].upper():
        remember_temporary(session, "TABLE", name)
    return status(f"Table {name.name} successfully created.")


def _tag_from_header(session: Session, kind: str, name: Name, definition: str) -> None:
    from churn.emulator import tags

    head = clauses(definition)
    tags.set_all(session, kind, name, head.get("TAG"))


@statement("DROP {TABLE|VIEW} [IF EXISTS] <name> [CASCADE|RESTRICT]", page="drop-table")
def drop_relation(session: Session, words: Words) -> Result:
    kind = words["table"].upper()
    name = session.name(words["name"])
    found = relation(session.account, name)
    if found is None:
        return answer_gone(words, kind, name.name, name)
    if found.kind != kind:
        raise invalid(f"'{name}' is a {found.kind}")
    access.need(session, kind, name, "OWNERSHIP")
    if session.account.objects.find("DYNAMIC TABLE", name):
        raise invalid(f"'{name}' is a DYNAMIC TABLE: use DROP DYNAMIC TABLE")
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"DROP {kind} {duck_name(name)}")
    forget_relation(session, kind, name)
    return status(f"{name.name} successfully dropped.")


def forget_loads(account: Account, name: Name) -> None:
    """A new table, or an emptied one, has been loaded from nothing."""
    where = name.child("LOADED").child("")
    for load in account.objects.all(
        "LOADED FILE", database=name.database, schema=name.schema, parent=where.parent
    ):
        account.objects.drop("LOADED FILE", load.name)


def forget_relation(session: Session, kind: str, name: Name) -> None:
    objects = session.account.objects
    forget_loads(session.account, name)
    objects.drop(kind, name)
    objects.drop("TAGGED", name.child(kind))
    objects.drop("TEMPORARY", name.child(kind))
    access.revoke_all(session.account, kind, name)
    session.temporary[:] = [t for t in session.temporary if t != (kind, name)]


@statement("ALTER {TABLE|VIEW} [IF EXISTS] <name> RENAME TO <new>", page="alter-table")
def rename(session: Session, words: Words) -> Result:
    kind = words["table"].upper()
    name, new = session.name(words["name"]), session.name(words["new"])
    if (new.database, new.schema) != (name.database, name.schema):
        raise unsupported(f"ALTER {kind} ... RENAME TO another schema")
    need_relation(session.account, name, kind)
    if relation(session.account, new):
        raise exists("object", new)
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"ALTER {kind} {duck_name(name)} RENAME TO {sql_identifier(new.name)}")
    if stored := session.account.objects.find(kind, name):
        session.account.objects.drop(kind, name)
        session.account.objects.put(replace(stored, name=new))
    access.rename_all(session.account, kind, name, new)
    if (kind, name) in session.temporary:
        forget_relation(session, kind, name)
        remember_temporary(session, kind, new)
    return status(DONE)


@statement(
    "ALTER TABLE [IF EXISTS] <name> {ADD COLUMN|ADD|DROP COLUMN|RENAME COLUMN|ALTER COLUMN|ALTER|"
    "MODIFY COLUMN|MODIFY|CLUSTER BY|DROP CLUSTERING KEY} [<change...>]",
    page="alter-table",
)
def alter_table(session: Session, words: Words) -> Result:
    need_relation(session.account, session.name(words["name"]), "Table")
    session.cursor.run(parse(words.text))
    return status(DONE)


@statement("COMMENT [IF EXISTS] ON {TABLE|VIEW} <name> IS <'comment'>", page="comment")
def comment(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    found = need_relation(session.account, name)
    _set_comment(session, found, unquote(words["comment"]))
    return status(DONE)


def _set_comment(session: Session, found: Relation, text: str) -> None:
    with session.account.tables.duck.cursor() as duck:
        duck.execute(f"COMMENT ON {found.kind} {duck_name(found.name)} IS {statements.quote(text)}")


# The header of a definition


@dataclass(frozen=True)
class Clauses:
    """What stands between a name and the query: columns in parentheses, options, the query."""

    columns: str
    options: dict[str, str]
    query: str

    def get(self, key: str) -> str:
        return self.options.get(key, "")

    def text(self, key: str) -> str:
        return unquote(self.get(key))

    def only(self, *keys: str) -> Clauses:
        """Refuses options that would be ignored."""
        for key in self.options:
            if key not in keys:
                raise unsupported(f"the option {key}")
        return self


HEADER = re.compile(rf"""{statements.QUOTED}|"(?:[^"]|"")*"|[()=,]|[^\s()=,'"$]+|\S""", re.DOTALL)


def clauses(text: str) -> Clauses:
    """Read the header of a definition; what follows AS is the query."""
    columns, options = "", dict[str, str]()

    def word() -> str:
        """The next one; "" at the end."""
        found = HEADER.search(text)
        return found.group() if found else ""

    def rest() -> str:
        """What follows the next word."""
        found = HEADER.search(text)
        return text[found.end() :] if found else ""

    while key := word().upper():
        if key == "(" and not options and not columns:
            columns, text = closed(text.lstrip())
            continue
        text = rest()
        if key == "AS":
            return Clauses(columns, options, text.strip())
        if key in (",", "WITH"):
            continue
        if key in ("CLUSTER", "COPY"):
            key, text = f"{key} {word().upper()}", rest()
        assigned = word() == "="
        if assigned:
            text = rest()
        if word() == "(":
            inner, text = closed(text.lstrip())
            options[key] = f"({inner})"
        elif assigned:
            options[key], text = word(), rest()
        else:
            options[key] = ""
    return Clauses(columns, options, "")


def closed(text: str) -> tuple[str, str]:
    """What stands in the parentheses that the text begins with, and what follows them."""
    depth = 0
    for token in HEADER.finditer(text):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return text[1 : token.start()], text[token.end() :]
    raise invalid(f"a parenthesis in {text[:60]} is not closed")


def split(text: str) -> list[str]:
    """The parts between commas at the top level."""
    parts, depth, last = [], 0, 0
    for found in HEADER.finditer(text):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if found.group() == "," and depth == 0:
            parts.append(text[last : found.start()].strip())
            last = found.end()
    rest = text[last:].strip()
    return [*parts, rest] if rest else parts


# Columns

SNOWFLAKE_TYPES = {
    "BIGINT": "NUMBER(38,0)",
    "INTEGER": "NUMBER(38,0)",
    "SMALLINT": "NUMBER(38,0)",
    "TINYINT": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "VARCHAR": "VARCHAR(16777216)",
    "BLOB": "BINARY(8388608)",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    "JSON": "VARIANT",
}


def snowflake_type(duck: str, length: int | None = None) -> str:
    if duck.startswith("DECIMAL"):
        return duck.replace("DECIMAL", "NUMBER")
    if duck == "VARCHAR" and length:
        return f"VARCHAR({length})"
    return SNOWFLAKE_TYPES.get(duck, "ARRAY" if duck.endswith("[]") else "OBJECT")


DESCRIBED = {
    **dict.fromkeys(("name", "type", "kind", "null?", "default"), TEXT),
    **dict.fromkeys(("primary key", "unique key", "check", "expression", "comment"), TEXT),
    **dict.fromkeys(("policy name", "privacy domain"), TEXT),
}


def columns_of(account: Account, name: Name) -> list[dict[str, Any]]:
    with account.tables.duck.cursor() as duck:
        found = duck.execute(
            "SELECT column_name, c.data_type, is_nullable, column_default, c.comment, "
            "ext_character_maximum_length FROM duckdb_columns() c "
            "LEFT JOIN _fs_global._fs_information_schema._fs_columns_ext e "
            "ON ext_table_catalog = database_name AND ext_table_schema = schema_name "
            "AND ext_table_name = table_name AND ext_column_name = column_name "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [name.database, name.schema, name.name],
        ).fetchall()
    stored = account.objects.find("VIEW", name) or account.objects.find("DYNAMIC TABLE", name)
    comments = stored.get("column comments", {}) if stored else {}
    return [
        {
            "name": column,
            "type": snowflake_type(kind, length),
            "kind": "COLUMN",
            "null?": "Y" if nullable else "N",
            "default": default,
            "primary key": "N",
            "unique key": "N",
            "comment": comments.get(column, comment),
        }
        for column, kind, nullable, default, comment, length in found
    ]


@statement("{DESCRIBE|DESC} {TABLE|VIEW|DYNAMIC TABLE} <name>", page="desc-table")
def describe_relation(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    need_relation(session.account, name, words["table"])
    access.need(session, "TABLE", name)
    return Result(statements.rows(columns_of(session.account, name), DESCRIBED))


# SHOW


@dataclass(frozen=True)
class Scope:
    """Where SHOW looks: LIKE, IN, STARTS WITH, LIMIT."""

    database: str | None
    schema: str | None
    pattern: str | None
    prefix: str
    limit: int | None

    def cut(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [
            row
            for row in found
            if like(self.pattern, row["name"]) and row["name"].startswith(self.prefix)
        ]
        return kept[: self.limit]


SHOW = "[LIKE <'pattern'>] [IN <scope...>] [STARTS WITH <'prefix'>] [LIMIT <count...>]"


def scope(session: Session, words: Words) -> Scope:
    """What SHOW's words say; without IN, the current schema, or database, or the account."""
    where = re.sub(r"\s+", " ", words["scope"]).strip()
    kind, _, written = where.partition(" ")
    if kind.upper() == "ACCOUNT":
        database = schema = None
    elif kind.upper() == "DATABASE":
        database, schema = (identifier(written) if written else session.need_database()), None
        if not has_database(session.account, database):
            raise missing("database", database)
    elif where:
        name = session.schema_name(written if kind.upper() == "SCHEMA" else where)
        if len(identifiers(written or where)) == 1 and kind.upper() != "SCHEMA":
            one = identifiers(where)[0]
            if has_database(session.account, one):
                name = Name(one, "")
        database, schema = name.database, name.schema or None
        if schema and not has_schema(session.account, database, schema):
            raise missing("schema", name)
    else:
        database, schema = session.database, session.schema
    limit = re.match(r"\d+", words["count"])
    return Scope(
        database,
        schema,
        unquote(words["pattern"]) if words.has("pattern") else None,
        unquote(words["prefix"]) if words.has("prefix") else "",
        int(limit.group()) if limit else None,
    )


def shown(session: Session, words: Words, kind: str) -> list[Object]:
    """The objects of a kind in SHOW's scope."""
    where = scope(session, words)
    found = session.account.objects.all(
        kind, database=where.database, schema=where.schema, parent="", pattern=where.pattern
    )
    matching = (o for o in found if o.name.name.startswith(where.prefix))
    return [o for o in matching if access.visible(session, kind, o.name)][: where.limit]


def common(found: Object) -> dict[str, Any]:
    """The columns that every SHOW has."""
    return {
        "created_on": found.created_on,
        "name": found.name.name,
        "database_name": found.name.database,
        "schema_name": found.name.schema,
        "owner": found.owner,
        "comment": found.comment,
        "owner_role_type": "ROLE",
    }


@statement(f"SHOW [TERSE] DATABASES [HISTORY] {SHOW}", page="show-databases")
def show_databases(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "is_default", "is_current", "origin", "owner"), TEXT),
        **dict.fromkeys(("comment", "options", "retention_time", "kind"), TEXT),
    }
    found = []
    for name in databases(session.account):
        if not access.visible(session, "DATABASE", Name(name=name)):
            continue
        stored = session.account.objects.find("DATABASE", Name(name=name))
        found.append(
            {
                "created_on": stored.created_on if stored else datetime.now(UTC),
                "name": name,
                "is_default": "N",
                "is_current": "Y" if name == session.database else "N",
                "owner": stored.owner if stored else "",
                "comment": stored.comment if stored else "",
                "retention_time": "1",
                "kind": "STANDARD",
            }
        )
    return Result(statements.rows(scope(session, words).cut(found), columns))


@statement(f"SHOW [TERSE] SCHEMAS [HISTORY] {SHOW}", page="show-schemas")
def show_schemas(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "is_default", "is_current", "database_name", "owner"), TEXT),
        **dict.fromkeys(("comment", "options", "retention_time"), TEXT),
    }
    bare = Words(words.text, {**words.groups, "scope": None})
    where = scope(session, bare)
    written = re.sub(r"^(DATABASE|ACCOUNT)\b", "", words["scope"], flags=re.IGNORECASE).strip()
    database = identifier(written) if written else where.database
    if written and not has_database(session.account, str(database)):
        raise missing("database", database)
    found = []
    for owner in [database] if database else databases(session.account):
        for name in (*schemas(session.account, owner), "INFORMATION_SCHEMA"):
            stored = session.account.objects.find("SCHEMA", Name(owner, name=name))
            if stored and not access.visible(session, "SCHEMA", stored.name):
                continue
            found.append(
                {
                    "created_on": stored.created_on if stored else datetime.now(UTC),
                    "name": name,
                    "is_default": "N",
                    "is_current": "Y"
                    if (owner, name) == (session.database, session.schema)
                    else "N",
                    "database_name": owner,
                    "owner": stored.owner if stored else "",
                    "comment": stored.comment if stored else "",
                    "retention_time": "1",
                }
            )
    return Result(statements.rows(where.cut(found), columns))


@statement(f"SHOW [TERSE] {{TABLES|VIEWS|OBJECTS}} [HISTORY] {SHOW}", page="show-tables")
def show_relations(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "kind", "comment"), TEXT),
        "cluster_by": TEXT,
        "rows": NUMBER,
        "bytes": NUMBER,
        **dict.fromkeys(("owner", "retention_time", "text", "is_secure", "is_materialized"), TEXT),
        **dict.fromkeys(("owner_role_type", "is_dynamic", "is_iceberg"), TEXT),
    }
    wanted = words["tables"].upper()
    where = scope(session, words)
    account = session.account
    temporary = {o.name.parent for o in account.objects.all("TEMPORARY")}
    found = []
    for each in relations(account, where.database, where.schema):
        if wanted != "OBJECTS" and each.kind != wanted.removesuffix("S"):
            continue
        if not access.visible(session, each.kind, each.name):
            continue
        stored = account.objects.find(each.kind, each.name) or Object(each.kind, each.name)
        row = common(stored) | {
            "kind": "TEMPORARY" if each.name.name in temporary else each.kind,
            "cluster_by": "",
            "retention_time": "1",
            "rows": each.rows,
            "bytes": 0,
            "text": stored.get("text", ""),
            "is_secure": "false",
            "is_materialized": "false",
            "is_iceberg": "N",
            "is_dynamic": "Y" if account.objects.find("DYNAMIC TABLE", each.name) else "N",
            "comment": stored.comment or each.comment,
        }
        found.append(row)
    if wanted == "VIEWS":
        columns = {k: v for k, v in columns.items() if k not in ("rows", "bytes", "retention_time")}
    return Result(statements.rows(where.cut(found), columns))


@statement(
    "SHOW COLUMNS [LIKE <'pattern'>] IN [TABLE|VIEW] <name>",
    page="show-columns",
    limits="Of one table or view.",
)
def show_columns(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    need_relation(session.account, name)
    access.need(session, "TABLE", name)
    pattern = unquote(words["pattern"]) if words.has("pattern") else None
    columns = ("table_name", "schema_name", "column_name", "data_type", "null?", "default")
    found = [
        {
            "table_name": name.name,
            "schema_name": name.schema,
            "column_name": c["name"],
            "data_type": c["type"],
            "null?": "true" if c["null?"] == "Y" else "false",
            "default": c["default"] or "",
            "kind": "COLUMN",
            "comment": c["comment"] or "",
            "database_name": name.database,
        }
        for c in columns_of(session.account, name)
        if like(pattern, c["name"])
    ]
    more = ("kind", "comment", "database_name")
    return Result(statements.rows(found, dict.fromkeys((*columns, *more), TEXT)))


# Making tables


def ctas(session: Session, name: Name, query: str, columns: str = "") -> None:
    """Make a table of a query; the names of the columns may be given."""
    declared = [exp.to_identifier(column_name(c), quoted=True) for c in split(columns)]
    source = parse(query)
    if declared:
        source = exp.select("*").from_(
            exp.Subquery(
                this=source,
                alias=exp.TableAlias(this=exp.to_identifier("_q", quoted=True), columns=declared),
            )
        )
    session.cursor.run(exp.Create(this=table(name), kind="TABLE", replace=True, expression=source))


def column_name(written: str) -> str:
    found = re.match(statements.PART, written)
    if found is None:
        raise invalid(f"cannot read the column {written}")
    return identifier(found.group())


# What clients ask of an account's packages


@function("SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY", page="system_get_default")
def default_repository(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    return constant("snowflake.snowpark.anaconda_shared_repository")


INFORMATION: dict[str, Callable[[Session, str], pa.Table]] = {}
"""Views of INFORMATION_SCHEMA that are ours: by name, from the database."""


@rewrite(exp.Table)
def information_schema(session: Session, node: exp.Expression) -> exp.Expression:
    if str(node.args.get("db") or "").upper().strip('"') != "INFORMATION_SCHEMA":
        return node
    view = INFORMATION.get(node.name.upper())
    if view is None:
        return node
    database = text(node.args["catalog"]) if node.args.get("catalog") else session.database
    new = table(session.register(view(session, database or "")))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new


def packages(session: Session, database: str) -> pa.Table:
    """What is installed here, for the Python that runs here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found: list[dict[str, object]] = [
        {
            "PACKAGE_NAME": re.sub(r"[-_.]+", "-", d.name.lower()),
            "VERSION": d.version,
            "LANGUAGE": "python",
            "RUNTIME_VERSION": version,
        }
        for d in importlib.metadata.distributions()
    ]
    return statements.rows(
        found, dict.fromkeys(("PACKAGE_NAME", "VERSION", "LANGUAGE", "RUNTIME_VERSION"), TEXT)
    )


INFORMATION["PACKAGES"] = packages
