"""File formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.clauses import pairs, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.language.results import Parsed, Result, status
from churn.emulator.language.text import unquote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("formats")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SCOPED TEMPORARY] FILE FORMAT [IF NOT EXISTS] <name> "
    "[<options...>]",
    page="create-file-format",
    limits="CSV, PARQUET and JSON.",
)
def create_file_format(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "FILE FORMAT", name):
        return answer
    written = {k: v for k, v in pairs(parsed["options"]).items() if k != "COMMENT"}
    comment = unquote(pairs(parsed["options"]).get("COMMENT", ""))
    session.account.objects.put(
        session.owned("FILE FORMAT", name, comment, options=checked(written))
    )
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, "FILE FORMAT", name)
    return status(f"File format {name.name} successfully created.")


droppable(SUBSYSTEM, "FILE FORMAT", "drop-file-format")


READ = {
    *("TYPE", "FIELD_DELIMITER", "SKIP_HEADER", "PARSE_HEADER", "NULL_IF", "EMPTY_FIELD_AS_NULL"),
    *("FIELD_OPTIONALLY_ENCLOSED_BY", "ERROR_ON_COLUMN_COUNT_MISMATCH", "ENCODING", "TRIM_SPACE"),
    *("DATE_FORMAT", "COMPRESSION", "RECORD_DELIMITER", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD"),
}
"""Options of a file format that are obeyed, or have only one meaning here."""


WITHOUT_EFFECT = {
    *("BINARY_AS_TEXT", "USE_LOGICAL_TYPE", "USE_VECTORIZED_SCANNER", "SNAPPY_COMPRESSION"),
    *("STRIP_OUTER_ARRAY", "TIMESTAMP_FORMAT", "TIME_FORMAT", "REPLACE_INVALID_CHARACTERS"),
    "MULTI_LINE",
}


def checked(written: Mapping[str, str]) -> dict[str, Any]:
    """The options with their values; refuses what would be read wrongly."""
    known: dict[str, Any] = {}
    for key, raw in written.items():
        if key not in READ | WITHOUT_EFFECT:
            raise unsupported(f"the file format option {key}")
        if raw.startswith("("):
            known[key] = [unquote(v) for v in split(raw[1:-1])]
        else:
            known[key] = unquote(raw)
    kind = str(known.get("TYPE", "CSV")).upper()
    if kind not in ("CSV", "PARQUET", "JSON"):
        raise unsupported(f"the file format TYPE = {kind}")
    if known.get("DATE_FORMAT", "AUTO").upper() not in ("AUTO", "YYYY-MM-DD"):
        raise unsupported(f"the file format option DATE_FORMAT = {known['DATE_FORMAT']}")
    return known | {"TYPE": kind}


def options(session: Session, written: str) -> dict[str, Any]:
    """A format given in place, or by name."""
    given = pairs(written) if written.strip().startswith("(") else {"FORMAT_NAME": written}
    if named := given.pop("FORMAT_NAME", None):
        stored = access.need_object(session, "FILE FORMAT", session.name(unquote(named)))
        known: dict[str, Any] = stored["options"]
        return known
    return checked(given)
