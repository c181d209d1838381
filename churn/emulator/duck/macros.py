"""Functions of Snowflake that DuckDB has not or means otherwise, in DuckDB's own language."""

from __future__ import annotations

from churn.emulator.duck import value_macros, variant_macros

SCHEMA = value_macros.SCHEMA


def _dates(on_date: str, on_time: str) -> dict[str, str]:
    """A function of a moment: a date stays a date, a text is a timestamp."""
    return {
        "(x DATE, n)": f"CAST({on_date} AS DATE)",
        "(x TIMESTAMP, n)": on_time,
        "(x TIMESTAMPTZ, n)": on_time,
        "(x VARCHAR, n)": on_time.replace("x", "CAST(x AS TIMESTAMP)"),
    }


DEFINITIONS: dict[str, dict[str, str]] = {
    # Half away from zero, where DuckDB rounds half to even.
    "whole": {
        "(x)": "CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') "
        "THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT) ELSE CAST(x AS BIGINT) END"
    },
    "add_days": _dates("x + CAST(n AS INTEGER)", "x + to_days(CAST(n AS INTEGER))"),
    "add_months": _dates("x + to_months(CAST(n AS INTEGER))", "x + to_months(CAST(n AS INTEGER))"),
    "truncated": _dates("date_trunc(n, x)", "date_trunc(n, x)"),
    "object_of": {"(x)": "CAST(to_json(x) AS JSON)"},
    **variant_macros.DEFINITIONS,
}
"""By name, then by signature: DuckDB chooses among them by type."""

DEFINITIONS |= value_macros.DEFINITIONS

CREATION = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};" + ";".join(
    f"CREATE OR REPLACE MACRO {SCHEMA}.{name}"
    + ", ".join(f"{signature} AS {body}" for signature, body in overloads.items())
    for name, overloads in DEFINITIONS.items()
)
