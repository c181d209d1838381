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
from churn.emulator.account.relations import columns_of, need_relation
from churn.emulator.duck.errors import TranslatedErrors
from churn.emulator.language.clauses import split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, invalid
from churn.emulator.language.names import Name, duck_name, identifiers
from churn.emulator.language.parser import parse
from churn.emulator.language.places import Place
from churn.emulator.language.results import TEXT, Kind, Parsed, Result, status, table_of
from churn.emulator.language.text import STAGE, unquote
from churn.emulator.statements.copy_errors import (
    Column,
    RowError,
    aborted,
    message_of,
    too_long,
    validated,
)
from churn.emulator.statements.copy_options import Copy, copy_of
from churn.emulator.statements.formats import options
from churn.emulator.statements.reading import format_of_stage, json_columns, read, read_csv
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
    limits="From internal stages.",
)
def copy_into(session: Session, parsed: Parsed) -> Result:
    target = session.name(parsed["name"])
    need_relation(session.account, target, "Table")
    checks.need_warehouse(session)
    copy = copy_of(parsed["rest"])
    location = copy.location or f"@%{parsed['name'].rpartition('.')[2].strip()}"
    where = place(session, location if copy.location else _own_stage(target))
    form = (
        options(session, copy.given["FILE_FORMAT"])
        if "FILE_FORMAT" in copy.given
        else format_of_stage(session, location)
    )
    load = _Load(session, target, copy, form)
    chosen = _chosen_files(where, copy.given)
    if copy.validation[0]:
        return load.validate(chosen, where)
    history = _History(session, target, forced=copy.on("FORCE"))
    files = _within_size([f for f in chosen if not history.has(f)], copy)
    if not files:
        return status("Copy executed with 0 files processed.")
    with _own_transaction(session):
        rows = [load.file(file, where) for file in files]
        for file, row in zip(files, rows, strict=True):
            if row["status"] != "LOAD_FAILED":
                history.add(file, purge=copy.on("PURGE"))
    if copy.on("RETURN_FAILED_ONLY"):
        rows = [row for row in rows if row["status"] == "LOAD_FAILED"]
    return Result(table_of(rows, COPIED), Kind.COMMAND)


def _own_stage(target: Name) -> str:
    quoted = '"' + target.name.replace('"', '""') + '"'
    return f'@%"{target.database}"."{target.schema}".{quoted}'


def _within_size(files: list[Path], copy: Copy) -> list[Path]:
    """At least one file, and no further one once SIZE_LIMIT bytes are reached."""
    limit = int(copy.given.get("SIZE_LIMIT", 0))
    kept, size = [], 0
    for file in files:
        if limit and size >= limit:
            break
        kept.append(file)
        size += file.stat().st_size
    return kept


def _chosen_files(where: Place, given: Mapping[str, str]) -> list[Path]:
    """The files that FILES and PATTERN leave."""
    files = where.files()
    if "FILES" in given:
        wanted = {unquote(f) for f in split(given["FILES"][1:-1])}
        files = [f for f in files if _below(where, f) in wanted]
    if "PATTERN" in given:
        files = matching(where, files, unquote(given["PATTERN"]))
    return files


def _below(where: Place, file: Path) -> str:
    """The file's path below the location."""
    path = file.relative_to(where.root).as_posix()
    return path.removeprefix(where.path.rstrip("/")).lstrip("/") if where.path else path


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
    copy: Copy
    form: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.form.get("TYPE", "CSV"))

    def file(self, file: Path, where: Place) -> dict[str, Any]:
        name = where.label + file.relative_to(where.root).as_posix()
        table, columns, errors = self._checked(file)
        misshapen = sum(not e.row for e in errors)
        parsed = table.num_rows + misshapen
        mode, most, percent = self.copy.most_errors
        if errors and mode == "ABORT_STATEMENT":
            raise aborted(name, errors[0])
        if percent:
            most = parsed * most / 100
        skipped = bool(errors) and mode == "SKIP_FILE" and len(errors) >= most
        bad = {e.row for e in errors}
        loaded = 0 if skipped else self._insert(table, columns, bad)
        state = "LOADED" if not errors else "PARTIALLY_LOADED" if loaded else "LOAD_FAILED"
        first: dict[str, Any] = {}
        if errors:
            first = {
                "first_error": errors[0].message,
                "first_error_line": errors[0].line,
                "first_error_character": 1,
                "first_error_column_name": errors[0].column,
            }
        return {
            "file": name,
            "status": state,
            "rows_parsed": parsed,
            "rows_loaded": loaded,
            "error_limit": parsed if mode == "CONTINUE" else max(1, int(most)),
            "errors_seen": len(errors),
        } | first

    def validate(self, files: list[Path], where: Place) -> Result:
        """The errors, or the first rows as they would be loaded; nothing is."""
        if self.copy.query is not None:
            raise invalid("VALIDATION_MODE does not support a COPY that transforms data")
        mode, count = self.copy.validation
        every: list[tuple[str, RowError]] = []
        tables = []
        for file in files:
            name = where.label + file.relative_to(where.root).as_posix()
            table, columns, errors = self._checked(file)
            every += [(name, e) for e in errors]
            tables.append(self._cast(table, columns, {e.row for e in errors}))
        if mode != "RETURN_ROWS":
            return validated(every)
        if every:
            raise aborted(*every[0])
        if not tables:
            return validated([])
        return Result(pa.concat_tables(tables).slice(0, count), Kind.QUERY)

    def _checked(self, file: Path) -> tuple[pa.Table, list[Column], list[RowError]]:
        table, misshapen = self._rows(file)
        columns = self._columns(table)
        skip = int(self.form.get("SKIP_HEADER", 0))
        errors = [
            RowError(0, line, message.split("\n")[0], number=100080, state="22000")
            for line, message in misshapen
        ]
        return table, columns, errors + self._rejected(table, columns, skip)

    def _rows(self, file: Path) -> tuple[pa.Table, list[tuple[int, str]]]:
        if self.kind == "CSV":
            table, misshapen = read_csv(self.session, [str(file)], self.form)
        else:
            table, misshapen = read(self.session, [file], self.form), []
        if self.copy.query is None:
            return table if self.kind == "CSV" else self._documents(table), misshapen
        registered = self.session.register(table)
        query = re.sub(
            rf"\bFROM\s+{STAGE}(?:\s*\([^)]*\))?",
            f'FROM "{registered}"',
            self.copy.query,
            count=1,
            flags=re.IGNORECASE | re.DOTALL,
        )
        rows = self.session.cursor.run(parse(query))
        return rows.rename_columns([f"COLUMN{i + 1}" for i in range(rows.num_columns)]), misshapen

    @property
    def matching(self) -> bool:
        return self.copy.text("MATCH_BY_COLUMN_NAME", "NONE") != "NONE"

    def _documents(self, table: pa.Table) -> pa.Table:
        """Rows of JSON or Parquet: one document each, or the columns that have their names."""
        if self.kind == "JSON" and self.matching:
            return json_columns(self.session, table)
        if self.matching:
            return table
        if self.kind == "JSON":
            return table
        if len(self.copy.columns or columns_of(self.session.account, self.target)) != 1:
            raise SqlError(
                f"SQL compilation error:\n{self.kind} file format can produce one and only one "
                f"column of type variant, object, or array. Load data into separate columns using "
                f"the MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
                904,
                "42000",
            )
        registered = self.session.register(table)
        return self.session.cursor.duck.execute(
            f'SELECT to_json(t) AS "COLUMN1" FROM "{registered}" t'
        ).to_arrow_table()

    def _columns(self, table: pa.Table) -> list[Column]:
        with self.session.account.tables.reading() as duck:
            every = duck.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                "AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [self.target.database, self.target.schema, self.target.name],
            ).fetchall()
        types = dict(every)
        lengths = {
            c["name"]: int(size[1])
            for c in columns_of(self.session.account, self.target)
            if (size := re.fullmatch(r"VARCHAR\((\d+)\)", c["type"]))
        }
        if self.matching:
            exact = self.copy.text("MATCH_BY_COLUMN_NAME") == "CASE_SENSITIVE"
            key = str if exact else str.upper
            by_name = {key(n): n for n in table.column_names}
            return [
                Column(n, t, by_name[key(n)], lengths.get(n)) for n, t in every if key(n) in by_name
            ]
        names = [identifiers(c)[0] for c in self.copy.columns] or list(types)
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
        pairs = zip(names, table.column_names, strict=False)
        return [Column(n, types[n], c, lengths.get(n)) for n, c in pairs]

    @property
    def truncates(self) -> bool:
        return self.copy.on("TRUNCATECOLUMNS") or not self.copy.on("ENFORCE_LENGTH", "TRUE")

    def _rejected(self, table: pa.Table, columns: list[Column], skip: int) -> list[RowError]:
        """Rows that do not fit the types or the lengths."""
        texts = {c.name: _text(table, c) for c in columns}
        wrong = []
        for i, column in enumerate(columns):
            value = texts[column.name]
            if value is None:
                continue
            if column.kind != "VARCHAR":
                wrong.append(
                    f"WHEN {value} IS NOT NULL AND TRY_CAST({value} AS {column.kind}) IS NULL "
                    f"THEN {i}"
                )
            elif column.length and column.length < MOST and not self.truncates:
                wrong.append(f"WHEN length({value}) > {column.length} THEN {i}")
        if not wrong:
            return []
        registered = self.session.register(table)
        rows = self.session.cursor.duck.execute(
            f"SELECT row, wrong FROM (SELECT row_number() OVER () row, CASE {' '.join(wrong)} END "
            f'AS wrong FROM "{registered}") WHERE wrong IS NOT NULL ORDER BY row'
        ).fetchall()
        return [self._error(table, columns[i], row, skip) for row, i in rows]

    def _error(self, table: pa.Table, column: Column, row: int, skip: int) -> RowError:
        value = str(table.column(column.source)[row - 1].as_py())
        described = (
            too_long(value, column.length or 0)
            if column.kind == "VARCHAR"
            else message_of(column.kind, value)
        )
        where = (
            f'"{self.target.name}"["{column.name}":{table.column_names.index(column.source) + 1}]'
        )
        return RowError(row, row + skip, described[0], where, *described[1:])

    def _cast(self, table: pa.Table, columns: list[Column], bad: set[int]) -> pa.Table:
        """The rows in the types of the table, without those that do not fit."""
        if bad - {0}:
            kept = [i not in bad for i in range(1, table.num_rows + 1)]
            table = table.filter(pa.array(kept))
        registered = self.session.register(table)
        casts = ", ".join(f'{self._value(table, c)} AS "{c.name}"' for c in columns)
        return self.session.cursor.duck.execute(
            f'SELECT {casts} FROM "{registered}"'
        ).to_arrow_table()

    def _value(self, table: pa.Table, column: Column) -> str:
        value = _text(table, column) or f'"{column.source}"'
        if column.kind == "VARCHAR" and column.length and self.truncates:
            value = f"left({value}, {column.length})"
        return f"CAST({value} AS {column.kind})"

    def _insert(self, table: pa.Table, columns: list[Column], bad: set[int]) -> int:
        if not table.num_columns or not columns:
            return 0
        registered = self.session.register(self._cast(table, columns, bad))
        names = ", ".join(f'"{c.name}"' for c in columns)
        with TranslatedErrors():
            self.session.cursor.duck.execute(
                f'INSERT INTO {duck_name(self.target)} ({names}) SELECT * FROM "{registered}"'
            )
        return int(table.num_rows) - len(bad - {0})


MOST = 16_777_216


def _text(table: pa.Table, column: Column) -> str | None:
    """The text of a value in SQL, where it is one: a document's without its quotes."""
    kind = table.schema.field(column.source).type
    if isinstance(kind, pa.BaseExtensionType) and column.kind != "JSON":
        return f"""("{column.source}" ->> '$')"""
    return f'"{column.source}"' if pa.types.is_string(kind) else None
