"""The databases behind the sessions."""

from __future__ import annotations

import gc
import weakref

import pyarrow as pa

from churn.emulator.account import execution
from churn.emulator.account.account import Session
from tests.emulator.statements.running import rows, run

FUNCTION = (
    "CREATE FUNCTION db.public.f(x INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11' "
    "HANDLER = 'f' AS $$\ndef f(x): return x + 1\n$$"
)


def test_a_function_is_held_longer_than_the_connection_that_created_it(session: Session) -> None:
    """DuckDB would call what is no longer there."""

    def same(column: pa.Array) -> pa.Array:
        return column

    held = weakref.ref(same)
    tables = session.account.tables
    with tables.duck.cursor() as duck:
        tables.create_function(duck, "same", same, ["INTEGER"], "INTEGER")
    del same
    gc.collect()
    assert held() is not None
    assert tables.duck.execute("SELECT same(1)").fetchone() == (1,)


def test_a_function_outlives_the_session_that_called_it_first(session: Session) -> None:
    run(session, FUNCTION)
    first = execution.open_session(session.account, "ANN", "ACCOUNTADMIN")
    first.warehouse = "COMPUTE_WH"
    assert rows(first, "SELECT db.public.f(1)") == [(2,)]
    execution.close_session(session.account, first.token)
    gc.collect()
    assert [rows(session, f"SELECT f({i})") for i in range(3)] == [[(i + 1,)] for i in range(3)]
