"""COPY INTO a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from churn.emulator.account import checks
from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import need_relation
from churn.emulator.language.clauses import closed, pairs, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, invalid, unsupported
from churn.emulator.language.names import Name, duck_name, identifiers
from churn.emulator.language.parser import parse
from churn.emulator.language.places import Place
from churn.emulator.language.results import TEXT, Kind, Parsed, Result, status, table_of
from churn.emulator.language.text import STAGE, unquote
from churn.emulator.statements.formats import options
from churn.emulator.statements.reading import format_of_stage, read, read_csv
from churn.emulator.statements.stages import matching, md5_of, place

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("loading")

COPIED = {
    **dict.fromkeys(("file", "status"), TEXT),
    **dict.fromkeys(("rows_parsed", "rows_loaded", "error_limit", "errors_seen"), pa.int64()),
    "first_error": TEXT,
    "first_error_line": pa.int64(),
    "first_error_character": pa.int64(),
    "first_error_column_name": TEXT,
}


@SUBSYSTEM.statement(
    "COPY INTO <name> [<rest...>]",
    page="copy-into-table",
    limits="From internal stages. ON_ERROR: ABORT_STATEMENT, CONTINUE and SKIP_FILE.",
)
def copy_into(session: Session, parsed: Parsed) -> Result:
    target = session.name(parsed["name"])
    need_relation(session.account, target, "Table")
    checks.need_warehouse(session)
    columns, query, location, given = _copy_clauses(parsed["rest"])
    where = place(session, location)
    form = (
        options(session, given["FILE_FORMAT"])
        if "FILE_FORMAT" in given
        else format_of_stage(session, location)
    )
    history = _History(session, target, forced=given.get("FORCE", "").upper() == "TRUE")
    files = [f for f in _chosen_files(where, given) if not history.has(f)]
    if not files:
        return status("Copy executed with 0 files processed.")
    mode = unquote(given.get("ON_ERROR", "ABORT_STATEMENT")).upper()
    if mode not in ("ABORT_STATEMENT", "CONTINUE", "SKIP_FILE"):
        raise unsupported(f"COPY INTO ... ON_ERROR = {mode}")
    match = unquote(given.get("MATCH_BY_COLUMN_NAME", "NONE")).upper() != "NONE"
    load = _Load(session, target, columns, query, form, mode, match=match)
    purge = given.get("PURGE", "").upper() == "TRUE"
    with _own_transaction(session):
        rows = [load.file(file, where) for file in files]
        for file, row in zip(files, rows, strict=True):
            if row["status"] != "LOAD_FAILED":
                history.add(file, purge=purge)
    return Result(table_of(rows, COPIED), Kind.COMMAND)


def _chosen_files(where: Place, given: Mapping[str, str]) -> list[Path]:
    """The files that FILES and PATTERN leave."""
    files = where.files()
    if "FILES" in given:
        wanted = {unquote(f) for f in split(given["FILES"][1:-1])}
        files = [f for f in files if f.relative_to(where.root).as_posix().split("/")[-1] in wanted]
    if "PATTERN" in given:
        files = matching(where, files, unquote(given["PATTERN"]))
    return files


@contextmanager
def _own_transaction(session: Session) -> Iterator[None]:
    """All or nothing, unless a transaction is open: then it is part of that one."""
    if session.cursor.in_transaction:
        yield
        return
    session.cursor.begin()
    try:
        yield
    except BaseException:
        session.end(commit=False)
        raise
    session.end(commit=True)


def _copy_clauses(text: str) -> tuple[list[str], str | None, str, dict[str, str]]:
    """The columns, the query if there is one, the location, and the options."""
    match = re.fullmatch(
        r"(?:\((?P<columns>.*?)\)\s*)?FROM\s+(?P<rest>.*)", text, re.IGNORECASE | re.DOTALL
    )
    if match is None:
        raise invalid("COPY INTO <table> needs FROM")
    columns = split(match["columns"]) if match["columns"] else []
    rest = match["rest"]
    if rest.startswith("("):
        query, after = closed(rest)
        source = re.search(rf"\bFROM\s+({STAGE})", query, re.IGNORECASE | re.DOTALL)
        if source is None:
            raise invalid("the query of COPY INTO reads from a stage")
        return columns, query.strip(), source[1], pairs(after)
    location = re.match(STAGE, rest, re.DOTALL)
    if location is None:
        raise invalid("COPY INTO reads from a stage")
    return columns, None, location.group(), pairs(rest[location.end() :])


class _History:
    """The files that a table was loaded from; loading them again does nothing."""

    def __init__(self, session: Session, target: Name, *, forced: bool) -> None:
        self.session, self.forced = session, forced
        self.target = target

    def _key(self, file: Path) -> Name:
        return self.target.child("LOADED").child(f"{file}:{md5_of(file)}")

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
        table, misshapen = self._rows(file)
        declared = self._declared(table)
        bad = self._rejected(table, declared)
        errors = len(bad) + len(misshapen)
        parsed = table.num_rows + len(misshapen)
        first = self._first(bad, misshapen, table)
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
        loaded = 0 if skipped else self._insert(table, declared, set(bad))
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
            table, misshapen = read_csv(self.session, [str(file)], self.form)
        else:
            table, misshapen = read(self.session, [file], self.form), []
        if self.query is None:
            return table, misshapen
        registered = self.session.register(table)
        query = re.sub(
            rf"\bFROM\s+{STAGE}(?:\s*\([^)]*\))?",
            f'FROM "{registered}"',
            self.query,
            count=1,
            flags=re.IGNORECASE | re.DOTALL,
        )
        rows = self.session.cursor.run(parse(query))
        return rows.rename_columns([f"COLUMN{i + 1}" for i in range(rows.num_columns)]), misshapen

    def _declared(self, table: pa.Table) -> list[tuple[str, str, str]]:
        """Column of the table, its type in DuckDB, column of the rows."""
        with self.session.account.tables.duck.cursor() as duck:
            every = duck.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                "AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [self.target.database, self.target.schema, self.target.name],
            ).fetchall()
        types = dict(every)
        if self.match:
            by_name = {n.upper(): n for n in table.column_names}
            return [(n, t, by_name[n.upper()]) for n, t in every if n.upper() in by_name]
        names = [identifiers(c)[0] for c in self.columns] or list(types)
        for name in names:
            if name not in types:
                raise compilation(f"invalid identifier '{name}'", 904, "42000")
        wide = len(names) != table.num_columns and table.num_columns
        if wide and self.form.get("ERROR_ON_COLUMN_COUNT_MISMATCH", "TRUE").upper() == "TRUE":
            raise SqlError(
                f"Number of columns in file ({table.num_columns}) does not match that of the "
                f"corresponding table ({len(names)}), use file format option "
                f"error_on_column_count_mismatch=false to ignore this error",
                100080,
                "22000",
            )
        return [(n, types[n], c) for n, c in zip(names, table.column_names, strict=False)]

    def _rejected(self, table: pa.Table, declared: list[tuple[str, str, str]]) -> dict[int, str]:
        """Rows that do not fit the types, by number, with the column that does not."""
        texts = [d for d in declared if pa.types.is_string(table.schema.field(d[2]).type)]
        checks = [d for d in texts if d[1] != "VARCHAR"]
        if not checks:
            return {}
        registered = self.session.register(table)
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
        self, bad: Mapping[int, str], misshapen: list[tuple[int, str]], table: pa.Table
    ) -> dict[str, Any]:
        skip = int(self.form.get("SKIP_HEADER", 0))
        if bad:
            row = min(bad)
            column = bad[row]
            source = next(c for n, _, c in self._declared(table) if n == column)
            shown = table.column(source)[row - 1].as_py()
            return {
                "first_error": f"Value '{shown}' of column {column} is not of its type",
                "first_error_line": row + skip,
                "first_error_column_name": f'"{self.target.name}"["{column}"]',
            }
        if misshapen:
            line, message = misshapen[0]
            return {"first_error": message.split("\n")[0], "first_error_line": line}
        return {}

    def _insert(self, table: pa.Table, declared: list[tuple[str, str, str]], bad: set[int]) -> int:
        if not table.num_columns:
            return 0
        if bad:
            kept = [i not in bad for i in range(1, table.num_rows + 1)]
            table = table.filter(pa.array(kept))
        registered = self.session.register(table)
        names = ", ".join(f'"{n}"' for n, _, _ in declared)
        casts = ", ".join(f'CAST("{c}" AS {t})' for _, t, c in declared)
        self.session.cursor.duck.execute(
            f'INSERT INTO {duck_name(self.target)} ({names}) SELECT {casts} FROM "{registered}"'
        )
        return int(table.num_rows)
