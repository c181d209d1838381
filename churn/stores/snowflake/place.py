"""Where the stores are: a database, a session to it, and tables whose rows are replaced by key."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as sf

from churn.domain.errors import StoreError
from churn.engines.snowpark import CLIENT_ERRORS, message_of, quoted, unquoted

AS_OF = "AS_OF_DATE"


@dataclass(frozen=True)
class Place:
    """A database, with a session to it."""

    session: Session
    database: str

    def name(self, schema: str, table: str) -> str:
        return f"{self.database}.{schema}.{table}"

    @contextlib.contextmanager
    def translated(self, what: str) -> Iterator[None]:
        """The clients' errors in our words; their prints and warnings are kept off the screen."""
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                with contextlib.redirect_stderr(io.StringIO()):
                    yield
        except (*CLIENT_ERRORS, ValueError, RuntimeError) as error:
            raise StoreError(
                f"{what} in {self.database} failed: {message_of(error)}",
                "churn doctor checks the connection, the privileges and the schemas.",
            ) from error

    def exists(self, schema: str, table: str) -> bool:
        shown = self.session.sql(
            f"SHOW TABLES LIKE {text(table)} IN SCHEMA {self.database}.{schema}"
        ).collect()
        return bool(shown)

    def replace_rows(self, schema: str, table: str, rows: DataFrame, **keys: Any) -> None:
        """Put the rows in place of those with these keys, all or none."""
        name = self.name(schema, table)
        if self.exists(schema, table):
            self._require_columns(name, rows)
        else:
            rows.limit(0).write.save_as_table(name, mode="ignore")
        condition = sf.lit(True)
        for column, value in keys.items():
            condition &= sf.col(quoted(column)) == sf.lit(value)
        self.session.sql("BEGIN").collect()
        try:
            self.session.table(name).delete(condition)
            rows.write.save_as_table(name, mode="append", column_order="name")
            self.session.sql("COMMIT").collect()
        except BaseException:
            self.session.sql("ROLLBACK").collect()
            raise

    def add_columns(self, schema: str, table: str, rows: DataFrame) -> None:
        """Texts that an earlier version of this package did not keep, if the table is there."""
        if self.exists(schema, table):
            name = self.name(schema, table)
            for column in self._missing(name, rows):
                self.session.sql(f"ALTER TABLE {name} ADD COLUMN {column} VARCHAR").collect()

    def _missing(self, name: str, rows: DataFrame) -> list[str]:
        stored = {unquoted(f.name) for f in self.session.table(name).schema.fields}
        return [c for c in map(unquoted, rows.columns) if c not in stored]

    def _require_columns(self, name: str, rows: DataFrame) -> None:
        """
        Raises:
            StoreError: The table was made by a version of this package that kept other columns.
        """
        missing = self._missing(name, rows)
        if missing:
            raise StoreError(
                f"the table {name} has no column {', '.join(missing)}: an earlier version of this "
                "package made it, or another program",
                f"Keep it under another name: ALTER TABLE {name} RENAME TO {name}_OLD.",
            )


def text(value: str) -> str:
    """The text as SQL writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
