"""The errors of DuckDB and of fakesnow, with Snowflake's numbers."""

from __future__ import annotations

import re

import duckdb
import snowflake.connector.errors as connector_errors
from sqlglot.errors import OptimizeError, ParseError, UnsupportedError

from churn.emulator.language.errors import SqlError, compilation, unsupported
from churn.emulator.language.parser import syntax_error


class TranslatedErrors:
    """DuckDB's and fakesnow's errors, as Snowflake's numbers."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case None | SqlError():
                return
            case connector_errors.Error() if "Max expression depth" in (error.msg or ""):
                raise _known(error.msg or "", 1003, "42000") from error
            case connector_errors.Error() if isinstance(error.__cause__, duckdb.ParserException):
                raise unsupported(str(error.__cause__).split("\n")[0].partition(": ")[2]) from error
            case connector_errors.Error() if UNCAST.search(error.msg or ""):
                raise UncastError((error.msg or "").split("\n")[0]) from error
            case connector_errors.Error():
                raise _known(error.msg or str(error), error.errno, error.sqlstate) from error
            case ParseError():
                raise syntax_error(error) from None
            case duckdb.ParserException() if "Max expression depth" in str(error):
                raise _known(str(error), 1003, "42000") from error
            case duckdb.ParserException():
                # It was Snowflake's SQL to the parser, and is none of DuckDB's.
                raise unsupported(str(error).split("\n")[0].partition(": ")[2]) from error
            case duckdb.BinderException() if UNCAST.search(str(error)):
                raise UncastError(str(error).split("\n")[0]) from error
            case duckdb.Error():
                number, state = next(
                    ((n, s) for kind, n, s in DUCKDB if isinstance(error, kind)), (100000, "22000")
                )
                raise _known(str(error), number, state) from error
            case NotImplementedError() | UnsupportedError() | OptimizeError():
                raise unsupported(str(error)) from error
            case AssertionError() | AttributeError() | KeyError() | TypeError() | ValueError():
                # Where fakesnow's translation met what it does not expect.
                raise unsupported(f"{type(error).__name__}: {error}") from error


UNCAST = re.compile(
    r"Cannot (compare|mix|combine) .*- an explicit cast is required"
    r"|No function matches the given name and argument types '[^']*(VARCHAR|STRING_LITERAL)"
)
"""What Snowflake casts where DuckDB asks for a cast."""


class UncastError(SqlError):
    """A text stands beside another type: to be translated with implicit casts."""

    def __init__(self, message: str) -> None:
        super().__init__(f"SQL compilation error:\n{message.partition(': ')[2]}", 1044, "42P13")


DUCKDB: list[tuple[type[duckdb.Error], int, str]] = [
    (duckdb.OutOfMemoryException, 300005, "53200"),
    (duckdb.ConversionException, 100035, "22007"),
    (duckdb.OutOfRangeException, 100046, "22003"),
    (duckdb.ConstraintException, 100072, "22000"),
    (duckdb.BinderException, 904, "42000"),
    (duckdb.CatalogException, 2003, "42S02"),
    (duckdb.ParserException, 1003, "42000"),
    (duckdb.TransactionException, 90232, "0A000"),
    (duckdb.NotImplementedException, 2, "0A000"),
    (duckdb.IOException, 100016, "22000"),
    (duckdb.InterruptException, 604, "57014"),
]


RAISED = re.compile(r"\[(\d{6}):(\w{5})\] (.*?)\[\.\]", re.DOTALL)
"""An error of a macro: its number, its state and its words."""


UNCONVERTED = re.compile(r"Could not convert string ['\"](.*?)['\"] to ([A-Z]+)", re.DOTALL)
OUT_OF_RANGE = re.compile(r"Could not cast value (\S+) to DECIMAL\((\d+,\d+)\)")
KINDS = {"BOOL": ("Boolean", 100037), "DATE": ("Date", 100040), "TIMESTAMP": ("Timestamp", 100035)}


def _not_recognized(text: str, kind: str) -> SqlError:
    """A text that is no value of the type, or a number too large for it."""
    if re.fullmatch(r"\s*[+-]?\d+(\.\d*)?\s*", text) and kind not in KINDS:
        return SqlError(f"Numeric value '{text}' is out of range", 100039, "22003")
    word, number = KINDS.get(kind, ("Numeric", 100038))
    return SqlError(f"{word} value '{text}' is not recognized", number, "22018")


FUNCTION = re.compile(r"Function with name \"?(\S+?)\"? does not exist", re.IGNORECASE)


HANDLER = re.compile(r"executing the UDF: \w+: (Python Interpreter Error:.*)", re.DOTALL)


NULL = re.compile(r"NOT NULL constraint failed|cannot be null", re.IGNORECASE)
TWICE = "cannot affect the same target row more than once"
"""What DuckDB says of a MERGE that is not deterministic."""


TABLE = re.compile(r"(Table|View) with name \"?(.+?)\"? (does not exist|already exists)")


COLUMN = re.compile(
    r"(?:Referenced column|column) \"(.+?)\" not found|does not have a column named \"(.+?)\""
)


OWN = re.compile(r"<<(\d+)\|(\w+)\|(.*?)>>", re.DOTALL)
"""What a function of this package raised within DuckDB."""


OUT_OF_MEMORY = (
    "Processing aborted: the query needs more memory or temporary disk than the emulator gives it."
)


def _out_of_memory(message: str) -> bool:
    return message.startswith("Out of Memory Error")


def _known(message: str, number: int | None, state: str | None) -> SqlError:
    """The error in Snowflake's words where it says what they say."""
    if number == 604:
        return SqlError("SQL execution canceled", 604, "57014")
    found = _of_values(message) or _of_objects(message)
    return found or SqlError(
        message.split("\nLINE", maxsplit=1)[0], number or 100000, state or "22000"
    )


def _of_values(message: str) -> SqlError | None:
    """What happened while rows were computed."""
    if match := OWN.search(message) or RAISED.search(message):
        return SqlError(match[3], int(match[1]), match[2])
    if _out_of_memory(message):
        return SqlError(OUT_OF_MEMORY, 300005, "53200")
    if match := UNCONVERTED.search(message):
        return _not_recognized(match[1], match[2])
    if match := OUT_OF_RANGE.search(message):
        return SqlError(
            f"Number out of representable range: type FIXED({match[2]}), value {match[1]}",
            100039,
            "22003",
        )
    if match := HANDLER.search(message):
        return SqlError(match[1], 100357, "P0000")
    if NULL.search(message):
        return SqlError("NULL result in a non-nullable column", 100072, "22000")
    if TWICE in message:
        return SqlError("Duplicate row detected during DML action", 100090, "42P18")
    return None


def _of_objects(message: str) -> SqlError | None:
    """What the statement names, or how it is written."""
    if "Max expression depth" in message:
        return compilation("The statement is nested too deeply.", 1003, "42000")
    if match := FUNCTION.search(message):
        name = match[1].upper()
        return compilation(f"Unknown function {name}, or the emulator lacks it.", 2140, "42601")
    if match := TABLE.search(message):
        if match[3] == "already exists":
            return compilation(f"Object '{match[2]}' already exists.", 2002, "42710")
        return compilation(f"Object '{match[2]}' does not exist or not authorized.", 2003, "42S02")
    if match := COLUMN.search(message):
        return compilation(f"invalid identifier '{match[1] or match[2]}'", 904, "42000")
    if "already exists" in message:
        return compilation(message.split("\n", maxsplit=1)[0], 2002, "42710")
    return None
