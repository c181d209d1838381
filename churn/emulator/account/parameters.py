"""Parameters of a session: their defaults, what they may be, and what follows from them at once.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from churn.emulator.account.account import Session
from churn.emulator.language.errors import compilation, unsupported

PARAMETERS = {
    "AUTOCOMMIT": "true",
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_NULL_ORDERING": "LAST",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "true",
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "STATEMENT_TIMEOUT_IN_SECONDS": "172800",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMEZONE": "Etc/UTC",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TWO_DIGIT_CENTURY_START": "1970",
    "WEEK_OF_YEAR_POLICY": "0",
    "WEEK_START": "0",
}
"""Session parameters and their defaults."""

VALUES = {
    "BINARY_INPUT_FORMAT": {"HEX", "BASE64", "UTF8", "UTF-8"},
    "BINARY_OUTPUT_FORMAT": {"HEX", "BASE64", "UTF8", "UTF-8"},
    "DEFAULT_NULL_ORDERING": {"FIRST", "LAST"},
    "QUOTED_IDENTIFIERS_IGNORE_CASE": {"FALSE"},
    "TIMESTAMP_TYPE_MAPPING": {"TIMESTAMP_NTZ", "TIMESTAMP_LTZ"},
    "WEEK_OF_YEAR_POLICY": {"0", "1"},
    "WEEK_START": {str(day) for day in range(8)},
}
"""The values of those that change what queries mean."""


def set_parameter(session: Session, name: str, value: Any) -> None:
    """Set it, and what follows from it.

    Raises:
        SqlError: The emulator does not know what the value means, or nobody does.
    """
    written = str(value)
    if written.upper() not in VALUES.get(name, {written.upper()}):
        raise unsupported(f"the parameter {name} = {written}")
    if name == "TIMEZONE":
        _set_zone(session, written)
    session.parameters[name] = written
    if name == "AUTOCOMMIT":
        session.cursor.autocommit(on=written.upper() == "TRUE")


def unset_parameter(session: Session, name: str) -> None:
    if session.parameters.pop(name, None) is not None and name == "TIMEZONE":
        _set_zone(session, PARAMETERS["TIMEZONE"])


def _set_zone(session: Session, zone: str) -> None:
    if zone not in available_timezones():
        raise compilation(f"invalid value ['{zone}'] for parameter 'TIMEZONE'", 1006, "22023")
    session.cursor.duck.execute(f"SET TimeZone = '{zone}'")
