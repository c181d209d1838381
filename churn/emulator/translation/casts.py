"""Casts, explicit and by concatenation: what a value becomes as another type."""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import is_macro, macro, overloaded
from churn.emulator.translation.moments import as_text, read, timestamp_kind

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("casts")

Type = exp.DataType.Type

TEXTS = {Type.VARCHAR, Type.TEXT, Type.CHAR, Type.NCHAR, Type.NVARCHAR}
MOMENTS = {
    Type.DATE: "DATE",
    Type.TIME: "TIME",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    Type.DATETIME: "TIMESTAMP_NTZ",
    Type.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
}
SEMI_STRUCTURED = exp.JSONExtract | exp.Bracket | exp.ParseJSON
"""What fakesnow casts itself."""


@SUBSYSTEM.session_rewrite(exp.Cast)
def cast(session: Session, node: exp.Expression) -> exp.Expression:
    """To text, dates, times, timestamps and binaries, as Snowflake reads and writes them.

    https://docs.snowflake.com/en/sql-reference/functions/cast
    """
    to, value = node.args["to"], node.this
    strict = not isinstance(node, exp.TryCast)
    if node.meta.get("plain") or isinstance(value, exp.Null | SEMI_STRUCTURED):
        return node
    if to.this in TEXTS:
        return _to_text(session, node, strict=strict)
    if kind := MOMENTS.get(to.this):
        kind = timestamp_kind(session) if kind == "TIMESTAMP" else kind
        return _to_precision(read(session, kind, value, None, strict=strict), to)
    if to.this in (Type.BINARY, Type.VARBINARY):
        return to_binary(session, value, None, _length(to), strict=strict)
    return node


def _length(to: exp.DataType) -> int | None:
    if not to.expressions:
        return 1 if to.this in (Type.CHAR, Type.NCHAR) else None
    return int(to.expressions[0].name)


def _to_text(session: Session, node: exp.Expression, *, strict: bool) -> exp.Expression:
    """A text that is too long is an error, or NULL for TRY_CAST."""
    text = as_text(session, node.this)
    length = _length(node.args["to"])
    if length is None:
        return text
    number = exp.Literal.number(length)
    return macro("text_of_length", text, number, exp.Boolean(this=strict))


UNITS = {0: "second", 3: "millisecond"}


def _to_precision(moment: exp.Expression, to: exp.DataType) -> exp.Expression:
    """Digits of a second beyond the type's are cut off.

    https://docs.snowflake.com/en/sql-reference/data-types-datetime
    """
    unit = UNITS.get(_length(to) if to.expressions else 9)  # type: ignore[arg-type]
    if unit is None or to.this is Type.DATE:
        return moment
    if to.this is Type.TIME:
        return macro("time_cut", moment, exp.Literal.string(unit))
    return exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit), moment])


def to_binary(
    session: Session,
    value: exp.Expression,
    model: exp.Expression | None,
    length: int | None = None,
    *,
    strict: bool,
) -> exp.Expression:
    """The bytes that a text writes.

    https://docs.snowflake.com/en/sql-reference/binary-input-output
    """
    written = str(session.parameters.get("BINARY_INPUT_FORMAT", "HEX"))
    arguments = (model.copy() if model else exp.Literal.string(written), exp.Boolean(this=strict))
    read = overloaded("read_binary", value, *arguments)
    return macro("binary_of_length", read, exp.Literal.number(length)) if length else read


for _name, _strict in (("TO_BINARY", True), ("TRY_TO_BINARY", False)):
    SUBSYSTEM.function(_name, page=_name.lower())(
        lambda session, arguments, strict=_strict: to_binary(
            session, arguments[0], arguments[1] if len(arguments) > 1 else None, strict=strict
        )
    )


@SUBSYSTEM.session_rewrite(exp.DPipe, exp.Concat)
def concatenation(session: Session, node: exp.Expression) -> exp.Expression:
    """What is concatenated becomes text first, if it is none.

    https://docs.snowflake.com/en/sql-reference/functions/concat
    """
    operands = node.expressions if isinstance(node, exp.Concat) else [node.this, node.expression]
    if any(isinstance(o.unnest(), exp.HexString) or is_macro(o, "read_binary") for o in operands):
        return node
    for operand in operands:
        if not _is_text(operand):
            operand.replace(as_text(session, operand))
    return node


def _is_text(node: exp.Expression) -> bool:
    node = node.unnest()
    return (
        isinstance(
            node, exp.DPipe | exp.Concat | exp.Upper | exp.Lower | exp.Trim | exp.Placeholder
        )
        or (isinstance(node, exp.Literal) and node.is_string)
        or any(is_macro(node, name) for name in ("text", "text_by", "printed"))
        or is_macro(node, "text_of_length")
    )
