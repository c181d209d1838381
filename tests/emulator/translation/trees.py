"""SQL in, SQL out."""

from __future__ import annotations

from typing import Any

from churn.emulator.language.dialect import Dialect, Subsystem
from churn.emulator.language.parser import parse


def rewritten(subsystem: Subsystem[Any, Any], sql: str, session: Any = None) -> str:
    """What a subsystem's rewrites make of Snowflake's SQL, in DuckDB's; macros by name alone."""
    tree = Dialect.of(subsystem).rewritten(session, parse(sql))
    return str(tree.sql(dialect="duckdb")).replace('"_fs_global"."_emulator".', "")
