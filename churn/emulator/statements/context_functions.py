"""Functions of the session: where it is, who it is, what it asked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import VERSION, Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError
from churn.emulator.translation.arguments import text_of, value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("context_functions")

CONSTANTS: dict[str, Callable[[Session], str | None]] = {
    "CURRENT_DATABASE": lambda s: s.database,
    "CURRENT_SCHEMA": lambda s: s.schema,
    "CURRENT_SCHEMAS": lambda s: f'["{s.database}.{s.schema}"]' if s.schema else "[]",
    "CURRENT_ROLE": lambda s: s.role,
    "CURRENT_SECONDARY_ROLES": lambda s: '{"roles":"","value":""}',
    "CURRENT_AVAILABLE_ROLES": lambda s: (
        "[" + ",".join(f'"{o.name.name}"' for o in s.account.objects.all("ROLE")) + "]"
    ),
    "CURRENT_WAREHOUSE": lambda s: s.warehouse,
    "CURRENT_USER": lambda s: s.user,
    "CURRENT_ACCOUNT": lambda s: "EMULATOR",
    "CURRENT_ACCOUNT_NAME": lambda s: "EMULATOR",
    "CURRENT_ORGANIZATION_NAME": lambda s: "LOCAL",
    "CURRENT_REGION": lambda s: "LOCAL",
    "CURRENT_SESSION": lambda s: str(s.number),
    "CURRENT_VERSION": lambda s: VERSION,
    "CURRENT_CLIENT": lambda s: "PythonConnector",
    "CURRENT_IP_ADDRESS": lambda s: "127.0.0.1",
    "CURRENT_STATEMENT": lambda s: "",
    "CURRENT_TRANSACTION": lambda s: str(s.number) if s.cursor.in_transaction else None,
    "SYSTEM$CANCEL_ALL_QUERIES": lambda s: "Canceled 0 queries",
    "SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": lambda s: (
        "snowflake.snowpark.anaconda_shared_repository"
    ),
    "SYSTEM$ML_PLATFORM_CAPABILITIES": lambda s: "{}",
}
"""Functions whose value is known before the query runs."""


def _declare(name: str, value: Callable[[Session], str | None]) -> None:
    page = PAGES.get(name, name.lower().replace("$", "_"))
    SUBSYSTEM.function(name, page)(lambda session, arguments: exp.convert(value(session)))


PAGES = {"SYSTEM$GET_DEFAULT_PYTHON_ARTIFACT_REPOSITORY": "system_get_default"}

for _name, _value in CONSTANTS.items():
    _declare(_name, _value)


@SUBSYSTEM.function("LAST_QUERY_ID", page="last_query_id")
def last_query_id(session: Session, arguments: list[exp.Expression]) -> exp.Expression:

    back = value_of(session, arguments[0]) if arguments else -1
    ids = list(session.results)
    index = back if back < 0 else back - 1
    try:
        return exp.convert(ids[index])
    except IndexError:
        return exp.convert(None)


@SUBSYSTEM.function("IS_ROLE_IN_SESSION", page="is_role_in_session")
def is_role_in_session(session: Session, arguments: list[exp.Expression]) -> exp.Expression:

    return exp.convert(text_of(arguments[0]).upper() in access.roles(session))


@SUBSYSTEM.table_function("RESULT_SCAN", page="result_scan")
def result_scan(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    query = str(arguments[0]) if arguments else ""
    if (result := session.result_of(query)) is not None:
        return result.table
    raise SqlError(f"Statement {query} not found", 709, "02000")
