"""ALTER TABLE, part by part; UNDROP."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.relations import columns_of, need_relation, relation
from churn.emulator.language.clauses import clauses, closed, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, exists, invalid, missing, unsupported
from churn.emulator.language.names import PART, Name, column_name, duck_name
from churn.emulator.language.parser import parse
from churn.emulator.language.results import DONE, Parsed, Result, status
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.dropped import kept_tables, take_back
from churn.emulator.statements.new_tables import OPTIONS
from churn.emulator.statements.tables import set_comment
from churn.emulator.translation.definitions import taken_out

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("alter_tables")

Change = Callable[[Session, Name, re.Match[str]], None]
CHANGES: list[tuple[re.Pattern[str], Change]] = []


def change(pattern: str) -> Callable[[Change], Change]:
    """Declare what does one form of ALTER TABLE; the first whose form fits does it."""

    def declare(function: Change) -> Change:
        CHANGES.append((re.compile(pattern + r"\s*", re.IGNORECASE | re.DOTALL), function))
        return function

    return declare


@SUBSYSTEM.statement(
    "ALTER TABLE [IF EXISTS] <name> {ADD|DROP|RENAME COLUMN|ALTER|MODIFY|CLUSTER BY|SUSPEND|"
    "RESUME|SET|UNSET|SWAP WITH} [<change...>]",
    page="alter-table",
    limits="Clustering and what concerns storage are accepted and have no effect.",
)
def alter_table(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if parsed.has("if_exists") and relation(session.account, name) is None:
        return status(DONE)
    need_relation(session.account, name, "Table")
    text = f"{parsed['add']} {parsed['change']}"
    for pattern, apply in CHANGES:
        if match := pattern.fullmatch(text):
            apply(session, name, match)
            return status(DONE)
    raise unsupported(f"ALTER TABLE ... {' '.join(text.split()[:3]).upper()}")


@change(r"ADD\s+(?P<key>(?:CONSTRAINT\s+\S+\s+)?(?:PRIMARY\s+KEY|UNIQUE|FOREIGN\s+KEY)\b.*)")
def add_key(session: Session, name: Name, match: re.Match[str]) -> None:
    columns = ", ".join(f'"{c["name"]}" INT' for c in columns_of(session.account, name))
    keys = taken_out(parse(f"CREATE TABLE t ({columns}, {match['key']})"))
    known = {c["name"] for c in columns_of(session.account, name)}
    for column in (*keys.primary, *keys.unique):
        if column not in known:
            raise compilation(f"invalid identifier '{column}'", 904, "42000")
    _put(session, name, lambda o: o.having(**{
        "primary key": [*o.get("primary key", []), *keys.primary],
        "unique key": [*o.get("unique key", []), *keys.unique],
    }))  # fmt: skip


@change(r"DROP\s+(?:CONSTRAINT\s+\S+|PRIMARY\s+KEY|UNIQUE\b.*|FOREIGN\s+KEY\b.*)(?:\s+CASCADE)?")
def drop_key(session: Session, name: Name, match: re.Match[str]) -> None:
    _put(session, name, lambda o: o.having(**{"primary key": [], "unique key": []}))


@change(r"(?:DROP\s+CLUSTERING\s+KEY|(?:SUSPEND|RESUME)\s+RECLUSTER|CLUSTER\s+BY\s*(?P<keys>.*))")
def cluster(session: Session, name: Name, match: re.Match[str]) -> None:
    if not match.group().upper().startswith(("SUSPEND", "RESUME")):
        _put(session, name, lambda o: o.having(**{"cluster by": match["keys"] or ""}))


@change(r"ADD\s+(?:COLUMN\s+)?(?P<absent>IF\s+NOT\s+EXISTS\s+)?(?P<columns>.*)")
def add_columns(session: Session, name: Name, match: re.Match[str]) -> None:
    known = {c["name"] for c in columns_of(session.account, name)}
    for written in split(match["columns"]):
        column = re.sub(r"^COLUMN\s+", "", written, flags=re.IGNORECASE)
        absent = re.match(r"IF\s+NOT\s+EXISTS\s+", column, re.IGNORECASE)
        column = column[absent.end() :] if absent else column
        if column_name(column) in known:
            if match["absent"] or absent:
                continue
            raise compilation(f"column '{column_name(column)}' already exists", 1430, "42601")
        _add_column(session, name, column)


def _add_column(session: Session, name: Name, column: str) -> None:
    required = re.search(r"\s+NOT\s+NULL\b", column, re.IGNORECASE)
    comment = re.search(rf"\s+COMMENT\s+({QUOTED})", column, re.IGNORECASE | re.DOTALL)
    bare = column.replace(comment.group(), "") if comment else column
    bare = re.sub(r"\s+NOT\s+NULL\b", "", bare, flags=re.IGNORECASE)
    bare = re.sub(r"\s+(PRIMARY\s+KEY|UNIQUE)\b", "", bare, flags=re.IGNORECASE)
    has_rows = (
        required
        and session.cursor.duck.execute(f"SELECT 1 FROM {duck_name(name)} LIMIT 1").fetchone()
    )
    if has_rows and not re.search(r"\bDEFAULT\b", column, re.IGNORECASE):
        raise compilation(
            f"Non-nullable column '{column_name(column)}' cannot be added to non-empty table "
            f"'{name.name}' unless it has a non-null default value.",
            2264,
            "42601",
        )
    session.cursor.run(parse(f"ALTER TABLE {name} ADD COLUMN {bare}"))
    if required:
        _alter(session, name, column_name(column), "SET NOT NULL")
    if comment:
        _comment(session, name, column_name(column), unquote(comment[1]))


@change(r"DROP\s+(?:COLUMN\s+)?(?P<present>IF\s+EXISTS\s+)?(?P<columns>.*)")
def drop_columns(session: Session, name: Name, match: re.Match[str]) -> None:
    known = {c["name"] for c in columns_of(session.account, name)}
    written = [column_name(c) for c in split(match["columns"])]
    for column in written:
        if column not in known and not match["present"]:
            raise compilation(f"column '{column}' does not exist", 1430, "42601")
    dropped = known.intersection(written)
    if known and known == dropped:
        raise invalid(f"cannot drop all columns of {name}")
    for column in dropped:
        session.cursor.duck.execute(f"ALTER TABLE {duck_name(name)} DROP COLUMN {_quoted(column)}")


@change(rf"RENAME\s+COLUMN\s+(?P<old>{PART})\s+TO\s+(?P<new>{PART})")
def rename_column(session: Session, name: Name, match: re.Match[str]) -> None:
    old, new = column_name(match["old"]), column_name(match["new"])
    _need_column(session, name, old)
    if new in {c["name"] for c in columns_of(session.account, name)}:
        raise compilation(f"duplicate column name '{new}'", 2025, "42S21")
    session.cursor.duck.execute(
        f"ALTER TABLE {duck_name(name)} RENAME COLUMN {_quoted(old)} TO {_quoted(new)}"
    )


@change(r"(?:ALTER|MODIFY)\s+(?P<columns>.*)")
def alter_columns(session: Session, name: Name, match: re.Match[str]) -> None:
    text = match["columns"].strip()
    text = closed(text)[0] if text.startswith("(") else text
    last = ""
    for part in split(text):
        written = re.sub(r"^COLUMN\s+", "", part.strip(), flags=re.IGNORECASE)
        column = column_name(written)
        rest = re.sub(rf"^{PART}\s*", "", written)
        if column in ("SET", "DROP", "COMMENT") and last:  # ... SET NOT NULL, COMMENT 'x'
            column, rest = last, written
        last = column
        _need_column(session, name, column)
        _alter_column(session, name, column, rest)


def _alter_column(session: Session, name: Name, column: str, rest: str) -> None:
    words = " ".join(rest.split()).upper()
    if words in ("SET NOT NULL", "NOT NULL"):
        _need_no_nulls(session, name, column)
        _alter(session, name, column, "SET NOT NULL")
    elif words == "DROP NOT NULL":
        _alter(session, name, column, "DROP NOT NULL")
    elif words == "DROP DEFAULT":
        _alter(session, name, column, "DROP DEFAULT")
    elif comment := re.fullmatch(rf"COMMENT\s+({QUOTED})", rest, re.IGNORECASE | re.DOTALL):
        _comment(session, name, column, unquote(comment[1]))
    elif words == "UNSET COMMENT":
        _comment(session, name, column, "")
    elif default := re.fullmatch(r"SET\s+DEFAULT\s+(.*)", rest, re.IGNORECASE | re.DOTALL):
        session.cursor.run(
            parse(f"ALTER TABLE {name} ALTER COLUMN {_quoted(column)} SET DEFAULT {default[1]}")
        )
    elif kind := re.fullmatch(
        r"(?:SET\s+DATA\s+)?TYPE\s+(.*)|((?:VARCHAR|NUMBER|TEXT|STRING|DECIMAL|CHAR)\b.*)",
        rest,
        re.IGNORECASE | re.DOTALL,
    ):
        session.cursor.run(
            parse(
                f"ALTER TABLE {name} ALTER COLUMN {_quoted(column)} "
                f"SET DATA TYPE {kind[1] or kind[2]}"
            )
        )
    else:
        raise unsupported(f"ALTER TABLE ... ALTER COLUMN ... {' '.join(words.split()[:3])}")


def _need_no_nulls(session: Session, name: Name, column: str) -> None:
    empty = session.cursor.duck.execute(
        f"SELECT 1 FROM {duck_name(name)} WHERE {_quoted(column)} IS NULL LIMIT 1"
    ).fetchone()
    if empty:
        raise compilation(
            f"cannot change column {column} to NOT NULL: it contains NULL", 2115, "22000"
        )


def _alter(session: Session, name: Name, column: str, how: str) -> None:
    session.cursor.duck.execute(f"ALTER TABLE {duck_name(name)} ALTER {_quoted(column)} {how}")


def _comment(session: Session, name: Name, column: str, text: str) -> None:
    session.cursor.duck.execute(
        f"COMMENT ON COLUMN {duck_name(name)}.{_quoted(column)} IS "
        + (("'" + text.replace("'", "''") + "'") if text else "NULL")
    )


@change(r"SET\s+(?P<options>.*)")
def set_options(session: Session, name: Name, match: re.Match[str]) -> None:
    options = dict(clauses(match["options"]).only(*OPTIONS).options)
    if "COMMENT" in options:
        set_comment(session, need_relation(session.account, name), unquote(options.pop("COMMENT")))
    _put(session, name, lambda o: o.having(options=o.get("options", {}) | options))


@change(r"UNSET\s+(?P<options>.*)")
def unset_options(session: Session, name: Name, match: re.Match[str]) -> None:
    gone = {option.strip().upper() for option in match["options"].split(",")}
    for option in gone - set(OPTIONS):
        raise unsupported(f"ALTER TABLE ... UNSET {option}")
    if "COMMENT" in gone:
        set_comment(session, need_relation(session.account, name), "")
    _put(
        session,
        name,
        lambda o: o.having(
            options={k: v for k, v in o.get("options", {}).items() if k not in gone}
        ),
    )


@change(r"SWAP\s+WITH\s+(?P<other>.*)")
def swap(session: Session, name: Name, match: re.Match[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    other = session.name(match["other"])
    need_relation(session.account, other, "Table")
    access.need(session, "TABLE", other, "OWNERSHIP")
    if (other.database, other.schema) != (name.database, name.schema):
        raise unsupported("ALTER TABLE ... SWAP WITH a table of another schema")
    between = Name(name.database, name.schema, f"__swapped_{uuid.uuid4().hex}")
    for old, new in ((name, between), (other, name), (between, other)):
        session.cursor.duck.execute(f"ALTER TABLE {duck_name(old)} RENAME TO {_quoted(new.name)}")
    objects = session.account.objects
    stored = [(objects.find("TABLE", name), other), (objects.find("TABLE", other), name)]
    for each, place in stored:
        if each is not None:
            objects.put(replace(each, name=place))


@SUBSYSTEM.statement("UNDROP TABLE <name>", page="undrop-table", limits="The last 20 of a schema.")
def undrop_table(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if relation(session.account, name) is not None:
        raise exists("object", name)
    dropped = [o for o in kept_tables(session.account, name.database, name.schema)
               if o["name"] == name.name]  # fmt: skip
    if not dropped:
        raise missing("table", name)
    take_back(session, dropped[-1])
    return status(f"Table {name.name} successfully restored.")


def _put(session: Session, name: Name, change: Callable[[Object], Object]) -> None:
    stored = session.account.objects.find("TABLE", name) or session.owned("TABLE", name)
    session.account.objects.put(change(stored))


def _need_column(session: Session, name: Name, column: str) -> None:
    if column not in {c["name"] for c in columns_of(session.account, name)}:
        raise compilation(f"invalid identifier '{column}'", 904, "42000")


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'
