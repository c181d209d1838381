"""Python functions that the macros call where SQL cannot say it: the formats.

They answer NULL for what they cannot read; the macros around them say so in Snowflake's words.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import duckdb

from churn.emulator.duck import regular_expressions
from churn.emulator.language import moment_formats, number_formats

AUTO = {
    "AUTO DATE": moment_formats.TIMESTAMPS,
    "AUTO TIMESTAMP": moment_formats.TIMESTAMPS,
    "AUTO TIME": (*moment_formats.TIMES, *moment_formats.TIMESTAMPS),
}


@lru_cache(maxsize=4096)
def _moment(text: str | None, model: str | None, century: int | None) -> str | None:
    """The moment as DuckDB reads it, its offset behind; of a format or of an AUTO."""
    if text is None or model is None:
        return None
    if models := AUTO.get(model):
        moment = moment_formats.parse_auto(text, models)
    else:
        moment = moment_formats.parse(text, model, century or 1970)
    return None if moment is None else str(moment)


def _number(text: str | None, model: str | None) -> str | None:
    if text is None or model is None:
        return None
    try:
        number = number_formats.parsed(text, model)
    except ValueError:
        return None
    return None if number is None else f"{number:f}"


def _number_text(number: str | None, model: str | None) -> str | None:
    if number is None or model is None:
        return None
    try:
        return number_formats.printed(Decimal(number), model)
    except ValueError:
        return None


def create(duck: duckdb.DuckDBPyConnection) -> None:
    """Make them known to every session."""
    for name, function, types in (
        ("emulator_moment", _moment, ["VARCHAR", "VARCHAR", "INTEGER"]),
        ("emulator_number", _number, ["VARCHAR", "VARCHAR"]),
        ("emulator_number_text", _number_text, ["VARCHAR", "VARCHAR"]),
    ):
        duck.create_function(name, function, types, "VARCHAR", null_handling="special")
    text, number = "VARCHAR", "BIGINT"
    for name, known, types, result in (
        (
            "instr",
            regular_expressions.instr,
            [text, text, number, number, number, text, number],
            number,
        ),
        ("count", regular_expressions.count, [text, text, number, text], number),
        ("replace", regular_expressions.replace, [text, text, text, number, number, text], text),
    ):
        duck.create_function(f"emulator_regexp_{name}", known, types, result)
    duck.create_function(
        "emulator_edit_distance", regular_expressions.edit_distance, [text, text], number
    )
