"""Dates, times and timestamps: read from text and printed, by the one engine of formats."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.language.moment_formats import strftime
from churn.emulator.translation.arguments import macro, overloaded, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("moments")

OUTPUT = {
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "BINARY_OUTPUT_FORMAT": "HEX",
}
"""Parameters of output, and their defaults; of LTZ, that of timestamps."""


def output_formats(session: Session) -> list[exp.Expression]:
    """The arguments of the macro `text` behind its value."""
    formats = {name: str(session.parameters.get(name) or value) for name, value in OUTPUT.items()}
    local = formats["TIMESTAMP_LTZ_OUTPUT_FORMAT"] or formats["TIMESTAMP_OUTPUT_FORMAT"]
    moments = [
        *(formats["DATE_OUTPUT_FORMAT"], formats["TIME_OUTPUT_FORMAT"]),
        *(formats["TIMESTAMP_NTZ_OUTPUT_FORMAT"], local),
    ]
    return [
        *(exp.Literal.string(strftime(model)) for model in moments),
        exp.Literal.string(formats["BINARY_OUTPUT_FORMAT"]),
    ]


def as_text(session: Session, node: exp.Expression) -> exp.Expression:
    """The value as Snowflake writes it.

    https://docs.snowflake.com/en/sql-reference/functions/to_char
    """
    return overloaded("text", node, *output_formats(session))


def to_char(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
    if len(arguments) == 1:
        return as_text(session, arguments[0])
    value, model = arguments
    if not isinstance(model, exp.Literal):
        raise unsupported("TO_CHAR with a format that is no literal")
    if text_of(model).upper() == "AUTO":
        return as_text(session, value)
    written = exp.Literal.string(strftime(text_of(model)))
    return overloaded("printed", value, model.copy(), written)


for _name in ("TO_CHAR", "TO_VARCHAR"):
    SUBSYSTEM.function(_name, page="to_char")(to_char)


READERS = {
    "DATE": ("read_date", "DATE"),
    "TIME": ("read_time", "TIME"),
    "TIMESTAMP_NTZ": ("read_timestamp", "TIMESTAMP"),
    "TIMESTAMP_LTZ": ("read_local", "TIMESTAMP"),
}
"""The macro that reads each type, and whose input format it takes."""

SCALES = {0: "1000000", 3: "1000", 6: "1", 9: "0.001"}


def read(
    session: Session, kind: str, value: exp.Expression, model: str | None, *, strict: bool
) -> exp.Expression:
    """The value as a date, a time or a timestamp.

    https://docs.snowflake.com/en/sql-reference/date-time-input-output
    """
    name, parameter = READERS[kind]
    if model is None:
        model = str(session.parameters.get(f"{parameter}_INPUT_FORMAT", "AUTO"))
    if model.upper() == "AUTO":
        model = f"AUTO {parameter}"
    century = str(session.parameters.get("TWO_DIGIT_CENTURY_START", 1970))
    return overloaded(
        name,
        value,
        exp.Literal.string(model),
        exp.Literal.number(century),
        exp.Boolean(this=strict),
    )


def timestamp_kind(session: Session) -> str:
    """What TIMESTAMP stands for."""
    return str(session.parameters.get("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ")).upper()


def _reader(
    kind: str, *, strict: bool
) -> Callable[[Session, list[exp.Expression]], exp.Expression]:
    def build(session: Session, arguments: list[exp.Expression]) -> exp.Expression:
        target = timestamp_kind(session) if kind == "TIMESTAMP" else kind
        if len(arguments) == 1:
            return read(session, target, arguments[0], None, strict=strict)
        value, second = arguments[:2]
        if not isinstance(second, exp.Literal):
            raise unsupported(f"a format of {kind} that is no literal")
        if second.is_string:
            return read(session, target, value, text_of(second), strict=strict)
        return _of_number(session, target, value, int(text_of(second)), strict=strict)

    return build


def _of_number(
    session: Session, kind: str, value: exp.Expression, scale: int, *, strict: bool
) -> exp.Expression:
    """A number of seconds, milliseconds, ... since 1970.

    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    """
    factor = SCALES.get(scale)
    if factor is None:
        raise unsupported(f"timestamps of the scale {scale}; 0, 3, 6 and 9 are known")
    moment = macro("since_1970", value.copy(), exp.Literal.number(factor))
    if kind == "TIMESTAMP_LTZ":
        utc = exp.Literal.string("UTC")
        return exp.Anonymous(this="timezone", expressions=[utc, moment])
    return read(session, kind, moment, None, strict=strict)


FUNCTIONS = {
    "DATE": ("TO_DATE", "DATE"),
    "TIME": ("TO_TIME", "TIME"),
    "TIMESTAMP": ("TO_TIMESTAMP",),
    "TIMESTAMP_NTZ": ("TO_TIMESTAMP_NTZ",),
    "TIMESTAMP_LTZ": ("TO_TIMESTAMP_LTZ",),
}

for _kind, _names in FUNCTIONS.items():
    for _name in _names:
        SUBSYSTEM.function(_name, page=_names[0].lower())(_reader(_kind, strict=True))
    SUBSYSTEM.function(f"TRY_{_names[0]}", page=f"try_{_names[0].lower()}")(
        _reader(_kind, strict=False)
    )
