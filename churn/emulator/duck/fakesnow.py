"""Everything that is private in fakesnow, and used here: its translation of SQL to DuckDB.

Pinned to fakesnow 0.12.1. Nothing else in this package imports fakesnow.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from fakesnow import info_schema, macros
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import show
from sqlglot import exp

from churn.emulator.duck import arrow, python_functions, semistructured
from churn.emulator.duck import macros as own
from churn.emulator.duck.errors import TranslatedErrors
from churn.emulator.language.errors import unsupported
from churn.emulator.language.names import Name, duck_name

GLOBAL = "_fs_global"
MOST_SPILLED = "16GB"
"""What queries that exceed the memory may put on the disk."""

# fakesnow fetches Arrow in a way that DuckDB 2 warns of, for each query.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")


Rewrite = Callable[[exp.Expression], exp.Expression]


class _Forgetful(dict[str, Any]):
    """fakesnow keeps the result of every query for ever; results are kept elsewhere, bounded."""

    def __setitem__(self, key: str, value: Any) -> None:
        pass


class Tables:
    """The databases, with their tables and views: in memory, or one file each in a folder."""

    def __init__(self, folder: Path | None, allowed: Path | None = None) -> None:
        """Open them; DuckDB reads and writes files in the folder `allowed` alone."""
        self.folder = folder
        self._local = threading.local()
        self._functions: dict[str, Callable[..., Any]] = {}
        self.duck = duckdb.connect(
            ":memory:",
            config={"lambda_syntax": "ENABLE_SINGLE_ARROW", "preserve_insertion_order": True},
        )
        place = str(folder / f"{GLOBAL}.db") if folder else ":memory:"
        self.duck.execute(f"ATTACH IF NOT EXISTS '{place}' AS {GLOBAL}")
        self.duck.execute(info_schema.fs_global_creation_sql())
        self.duck.execute(show.fs_global_creation_sql())
        self.duck.execute("SET GLOBAL TimeZone = 'UTC'")
        semistructured.register(self.duck)
        python_functions.create(self.duck)
        self.duck.execute(own.CREATION)
        self.duck.execute(macros.creation_sql("memory"))  # for sessions without a database
        for file in sorted(folder.glob("*.db")) if folder else ():
            if file.stem != GLOBAL:
                self.duck.execute(f"ATTACH IF NOT EXISTS '{file}' AS \"{file.stem}\"")
                self._prepare(file.stem)
        if allowed is not None:
            self._close_doors(allowed)

    def _close_doors(self, allowed: Path) -> None:
        """No file outside of the folder, no extension, no variable of Python; bounded spilling.

        https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
        """
        inside = str(allowed.resolve()).replace("'", "''")
        for setting in (
            f"allowed_directories = ['{inside}/']",
            f"temp_directory = '{inside}/spilled'",
            f"max_temp_directory_size = '{MOST_SPILLED}'",
            "python_enable_replacements = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
        ):
            self.duck.execute(f"SET GLOBAL {setting}")

    def create_database(self, name: str) -> None:
        place = str(self.folder / f"{name}.db") if self.folder else ":memory:"
        self.duck.execute(f"ATTACH '{place}' AS \"{name}\"")
        self._prepare(name)
        self.duck.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"."PUBLIC"')

    def drop_database(self, name: str) -> None:
        self.duck.execute(f'DETACH "{name}"')
        if self.folder:
            for file in self.folder.glob(f"{name}.db*"):
                file.unlink()

    def _prepare(self, database: str) -> None:
        self.duck.execute(info_schema.per_db_creation_sql(database))
        self.duck.execute(macros.creation_sql(database))

    def create_function(
        self,
        duck: duckdb.DuckDBPyConnection,
        name: str,
        function: Callable[..., pa.Array],
        parameters: Sequence[Any],
        returns: Any,
        *,
        side_effects: bool = False,
    ) -> None:
        """Make a function of Arrow columns known to every session, for longer than this one.

        DuckDB calls it by its address and holds it no longer than the connection that created it.
        """
        duck.create_function(
            name,
            function,
            list(parameters),
            returns,
            type="arrow",
            null_handling="special",
            side_effects=side_effects,
        )
        self._functions[name] = function

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """What sees the catalogue as the statement does: within its transaction, if one is open."""
        within: duckdb.DuckDBPyConnection | None = getattr(self._local, "duck", None)
        if within is not None:
            yield within
            return
        with self.duck.cursor() as duck:
            yield duck

    @contextmanager
    def within(self, cursor: Cursor) -> Iterator[None]:
        """Read the catalogue in the transaction of the cursor, if it has one."""
        before = getattr(self._local, "duck", None)
        self._local.duck = cursor.duck if cursor.in_transaction else None
        try:
            yield
        finally:
            self._local.duck = before

    def session(self, rewrite: Rewrite) -> Cursor:
        connection = FakeSnowflakeConnection(
            self.duck.cursor(),
            _Forgetful(),
            create_database=False,
            create_schema=False,
            paramstyle="qmark",
        )
        return Cursor(connection, rewrite)

    def close(self) -> None:
        self.duck.close()


class Cursor(FakeSnowflakeCursor):
    """Runs translated SQL in one session of DuckDB."""

    def __init__(self, connection: FakeSnowflakeConnection, rewrite: Rewrite) -> None:
        super().__init__(connection, connection._duck_conn)
        self._rewrite = rewrite

    @property
    def duck(self) -> duckdb.DuckDBPyConnection:
        return self._duck_conn

    @property
    def database(self) -> str | None:
        return self._conn.database if self._conn.database_set else None

    @property
    def schema(self) -> str | None:
        return self._conn._schema if self._conn.schema_set else None

    def use(self, database: str | None, schema: str | None) -> None:
        """Resolve bare names there."""
        connection = self._conn
        connection.database, connection.database_set = database, database is not None
        connection._schema, connection.schema_set = schema, schema is not None
        if database:
            self._duck_conn.execute(f'SET schema = \'"{database}"."{schema or "main"}"\'')
        else:
            self._duck_conn.execute("SET schema = 'memory.main'")

    def autocommit(self, *, on: bool) -> None:
        self._conn.autocommit(on)

    @property
    def in_transaction(self) -> bool:
        return bool(self._conn._in_transaction)

    def begin(self) -> None:
        if not self.in_transaction:
            self._duck_conn.begin()
            self._conn._in_transaction = True

    def end(self, *, commit: bool) -> None:
        """Commit or roll back what is open; nothing open is no error, as in Snowflake."""
        if self.in_transaction:
            self._conn._in_transaction = False
            with TranslatedErrors():
                self._duck_conn.commit() if commit else self._duck_conn.rollback()

    def run(self, tree: exp.Expression, parameters: Sequence[Any] | None = None) -> pa.Table:
        """The statement's result as DuckDB's Arrow."""
        with TranslatedErrors():
            self.check_db_and_schema(tree)
            for statement in self._transform_explode(tree):
                translated = self._transform(statement, list(parameters) if parameters else None)
                self._execute(
                    translated, list(parameters or ()) if translated.find(exp.Placeholder) else None
                )
        if self._arrow_table is None:
            raise unsupported(f"a statement without a result: {tree.key}")
        return arrow.semistructured(self._arrow_table, self._duck_conn.description)

    def merge(self, tree: exp.Expression, parameters: Sequence[Any] | None = None) -> list[str]:
        """Run a MERGE as DuckDB's own; returns what was done to each row: INSERT, UPDATE..."""
        with TranslatedErrors():
            self.check_db_and_schema(tree)
            sql = self._transform(tree, list(parameters or ())).sql(dialect="duckdb")
            done = self._duck_conn.execute(f"{sql} RETURNING merge_action", list(parameters or ()))
            return [action for (*_, action) in done.fetchall()]

    def describe(self, query: exp.Expression) -> pa.Schema:
        """The columns of a query, without running it."""
        with TranslatedErrors():
            self.check_db_and_schema(query)
            unbound = query.transform(lambda e: exp.Null() if isinstance(e, exp.Placeholder) else e)
            translated = self._transform(unbound, None)
            if isinstance(translated, exp.Select):
                sql = translated.limit(0).sql(dialect="duckdb")  # keeps names that are there twice
            else:
                sql = f"SELECT * FROM ({translated.sql(dialect='duckdb')}) LIMIT 0"
            table = self._duck_conn.execute(sql).to_arrow_table()
            return arrow.semistructured(table, self._duck_conn.description).schema

    def _transform(self, expression: exp.Expression, params: Any) -> exp.Expression:
        return super()._transform(self._rewrite(expression), params)

    def _execute(self, transformed: exp.Expression, params: Any = None) -> None:
        """Fakesnow notes lengths and comments in a database of its own: not within a transaction
        on another one, which DuckDB refuses.
        """
        lengths = transformed.args.pop("text_lengths", None)
        comment = transformed.args.pop("table_comment", None)
        super()._execute(transformed, params)
        table = transformed.find(exp.Table)
        if table is None or not (lengths or comment):
            return
        where = table.catalog or self._conn.database, table.db or self._conn.schema, table.name
        with self._duck_conn.cursor() as duck:
            if lengths:
                duck.execute(info_schema.insert_text_lengths_sql(*where, lengths))
            if comment:
                duck.execute(info_schema.insert_table_comment_sql(*where, comment[1]))

    def copy_column_facts(self, source: Name, target: Name) -> None:
        """What fakesnow notes of a table's columns, and their comments, for a copy of it."""
        with self._duck_conn.cursor() as duck:
            duck.execute(
                "INSERT OR REPLACE INTO _fs_global._fs_information_schema._fs_columns_ext "
                "SELECT ?, ?, ?, * EXCLUDE (ext_table_catalog, ext_table_schema, ext_table_name) "
                "FROM _fs_global._fs_information_schema._fs_columns_ext "
                "WHERE (ext_table_catalog, ext_table_schema, ext_table_name) = (?, ?, ?)",
                [
                    *(target.database, target.schema, target.name),
                    *(source.database, source.schema, source.name),
                ],
            )
        commented = self._duck_conn.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL "
            "AND (database_name, schema_name, table_name) = (?, ?, ?)",
            [source.database, source.schema, source.name],
        ).fetchall()
        for column, comment in commented:
            column_name, text = column.replace('"', '""'), comment.replace("'", "''")
            self._duck_conn.execute(
                f"COMMENT ON COLUMN {duck_name(target)}.\"{column_name}\" IS '{text}'"
            )
