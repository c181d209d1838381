"""Snowflake's formats of dates and times: models to print with, models to parse with.

https://docs.snowflake.com/en/sql-reference/date-time-input-output
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ELEMENT = re.compile(
    r"""(?P<quoted>"(?:[^"]|"")*")|(?P<element>YYYY|UUUU|YY|MMMM|MON|MM|MO|DD|DY|HH24|HH12|HH|H24|H12|AM|PM|MI|ME|SS"""
    r"""|FF[0-9]?|TZH:TZM|TZHTZM|TZH|TZM|(?<![A-Z])[DSH](?![A-Z]))|(?P<literal>.)""",
    re.IGNORECASE | re.DOTALL,
)
"""An element, text in double quotes, or a character that stands for itself.

One letter alone is an element only where it is no part of a word: "hh24:mi hours".
"""


@dataclass(frozen=True)
class Part:
    """An element, in upper case, or literal text."""

    text: str
    element: bool


@lru_cache(maxsize=512)
def parts(model: str) -> tuple[Part, ...]:
    """The elements and literal texts of a model."""
    return tuple(
        Part(m["quoted"][1:-1].replace('""', '"'), element=False)
        if m["quoted"]
        else Part((m["element"] or m["literal"]).upper(), element=True)
        if m["element"]
        else Part(m["literal"], element=False)
        for m in ELEMENT.finditer(model)
    )


PRINTED = {
    "YYYY": "%Y",
    "UUUU": "%G",
    "YY": "%y",
    "MMMM": "%B",
    "MON": "%b",
    "MM": "%m",
    "MO": "%-m",
    "DD": "%d",
    "D": "%-d",
    "DY": "%a",
    "HH24": "%H",
    "HH": "%H",
    "H24": "%-H",
    "H": "%-H",
    "HH12": "%I",
    "H12": "%-I",
    "AM": "%p",
    "PM": "%p",
    "MI": "%M",
    "ME": "%-M",
    "SS": "%S",
    "S": "%-S",
    "FF": "%n",
    "FF9": "%n",
    "FF6": "%f",
    "FF3": "%g",
    "FF0": "",
    "TZH:TZM": "\x02",
    "TZHTZM": "\x03",
    "TZH": "\x04",
    "TZM": "\x05",
}
"""Elements as DuckDB's strftime writes them; control characters mark what it does not."""


def strftime(model: str) -> str:
    r"""The model as a format of DuckDB's strftime.

    Fractions of other lengths than 3, 6 and 9 are nine digits behind a mark, \x01 and the length;
    offsets are the marks \x02 (+07:00), \x03 (+0700), \x04 (+07) and \x05 (00).
    """
    return "".join(
        PRINTED.get(part.text, f"\x01{part.text[-1]}%n")
        if part.element
        else part.text.replace("%", "%%")
        for part in parts(model)
    )


PARSED = {
    "YYYY": r"(?P<year>\d{4})",
    "UUUU": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MMMM": r"(?P<month_name>[A-Za-z]{3,9})",
    "MON": r"(?P<month_name>[A-Za-z]{3})",
    **dict.fromkeys(("MM", "MO"), r"(?P<month>\d{1,2})"),
    **dict.fromkeys(("DD", "D"), r"(?P<day>\d{1,2})"),
    "DY": r"(?P<day_name>[A-Za-z]{3})",
    **dict.fromkeys(("HH24", "HH", "H24", "H"), r"(?P<hour>\d{1,2})"),
    **dict.fromkeys(("HH12", "H12"), r"(?P<hour12>\d{1,2})"),
    **dict.fromkeys(("AM", "PM"), r"(?P<half>[AaPp][Mm])"),
    **dict.fromkeys(("MI", "ME"), r"(?P<minute>\d{1,2})"),
    **dict.fromkeys(("SS", "S"), r"(?P<second>\d{1,2})"),
    "TZH:TZM": r"(?P<offset>[+-]\d{1,2}:\d{2}|Z)",
    "TZHTZM": r"(?P<offset>[+-]\d{3,4}|Z)",
    "TZH": r"(?P<offset>[+-]\d{1,2}|Z)",
    "TZM": r"(?P<offset_minutes>\d{2})",
}


@lru_cache(maxsize=512)
def pattern(model: str) -> re.Pattern[str]:
    """What texts of the model match; an element that occurs twice is read where it is first."""
    written: list[str] = []
    known: set[str] = set()
    for part in parts(model):
        if not part.element:
            written.append(r"\s+" if part.text == " " else re.escape(part.text))
            continue
        expression = PARSED.get(part.text) or r"(?P<fraction>\d{0,9})"
        name = re.search(r"\?P<(\w+)>", expression)
        if name and name[1] in known:
            expression = expression.replace(name.group(), "?:")
        known.add(name[1] if name else "")
        written.append(expression)
    joined = "".join(written)
    # A fraction may be left out, with its point.
    joined = re.sub(r"(\\\.)(\(\?P<fraction>.*?\))", r"(?:\1\2)?", joined)
    return re.compile(joined, re.IGNORECASE)


@dataclass(frozen=True)
class Moment:
    """What a text says: a moment on the clock and, if it has one, its offset in minutes."""

    clock: dt.datetime
    offset: int | None = None

    def __str__(self) -> str:
        text = self.clock.isoformat(" ", "microseconds").rjust(26, "0")
        if self.offset is None:
            return text
        hours, minutes = divmod(abs(self.offset), 60)
        return f"{text}{'-' if self.offset < 0 else '+'}{hours:02}:{minutes:02}"


def parse(text: str, model: str, century: int = 1970) -> Moment | None:
    """The moment that a text in the model means; None if it is none.

    Args:
        century: The year from which two digits count, the parameter TWO_DIGIT_CENTURY_START.
    """
    match = pattern(model).fullmatch(text.strip())
    try:
        return _moment(match.groupdict(), century) if match else None
    except ValueError:
        return None


def _moment(fields: dict[str, str | None], century: int) -> Moment:
    clock = dt.datetime(  # noqa: DTZ001 - the clock's own, its offset beside it
        _year(fields, century),
        _month(fields),
        int(fields.get("day") or 1),
        _hour(fields),
        int(fields.get("minute") or 0),
        int(fields.get("second") or 0),
        int((fields.get("fraction") or "").ljust(9, "0")[:6]),
    )
    return Moment(clock, _offset(fields))


def _year(fields: dict[str, str | None], century: int) -> int:
    if short := fields.get("short_year"):
        return century + (int(short) - century) % 100
    return int(fields.get("year") or 1970)


def _month(fields: dict[str, str | None]) -> int:
    if (name := fields.get("month_name")) is None:
        return int(fields.get("month") or 1)
    for number, month in enumerate(MONTHS, 1):
        if name.lower() in (month.lower(), month[:3].lower()):
            return number
    raise ValueError(name)


def _hour(fields: dict[str, str | None]) -> int:
    if (written := fields.get("hour12") or fields.get("hour")) is None:
        return 0
    hour, half = int(written), fields.get("half")
    if fields.get("hour12") and not 1 <= hour <= 12:
        raise ValueError(written)
    if half is None or hour > 12:
        return hour
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _offset(fields: dict[str, str | None]) -> int | None:
    if (written := fields.get("offset")) is None:
        return None
    if written.upper() == "Z":
        return 0
    digits = written[1:].replace(":", "")
    digits = digits if len(digits) > 2 else digits + (fields.get("offset_minutes") or "00")
    minutes = int(digits[:-2]) * 60 + int(digits[-2:])
    return -minutes if written[0] == "-" else minutes


DATES = ("YYYY-MM-DD", "DD-MON-YYYY", "MM/DD/YYYY")
TIMES = (
    *("HH24:MI:SS.FF", "HH24:MI:SS", "HH24:MI", "HH12:MI:SS.FF AM", "HH12:MI:SS AM"),
    "HH12:MI AM",
)
_CLOCKS = ("HH24:MI:SS.FF", "HH24:MI:SS", "HH24:MI", "HH24")
_OFFSETS = ("", "TZH:TZM", " TZH:TZM", "TZHTZM", " TZHTZM", "TZH", " TZH")
TIMESTAMPS = (
    *(
        f"YYYY-MM-DD{between}{clock}{offset}"
        for between in (" ", '"T"')
        for clock in _CLOCKS
        for offset in _OFFSETS
        if not (clock == "HH24" and offset)
    ),
    *("DY, DD MON YYYY HH24:MI:SS TZHTZM", "DY, DD MON YYYY HH24:MI:SS.FF TZHTZM"),
    *("DY, DD MON YYYY HH12:MI:SS AM TZHTZM", "DY, DD MON YYYY HH12:MI:SS.FF AM TZHTZM"),
    *("DY, DD MON YYYY HH24:MI:SS", "DY, DD MON YYYY HH24:MI:SS.FF"),
    *("DY, DD MON YYYY HH12:MI:SS AM", "DY, DD MON YYYY HH12:MI:SS.FF AM"),
    *("MM/DD/YYYY HH24:MI:SS", "DY MON DD HH24:MI:SS TZHTZM YYYY"),
    *DATES,
)
"""What AUTO takes, in this order."""


def parse_auto(text: str, models: tuple[str, ...]) -> Moment | None:
    """The moment by the first model of AUTO that fits; whole numbers count since 1970."""
    text = text.strip()
    if re.fullmatch(r"-?\d+", text):
        return _since_1970(int(text))
    return next((m for model in models if (m := parse(text, model))), None)


YEAR_1971 = 31_536_000_000
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001


def _since_1970(number: int) -> Moment | None:
    """Seconds, milliseconds, microseconds or nanoseconds, by the number's magnitude.

    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp
    """
    size = abs(number)
    if size < YEAR_1971:
        microseconds = number * 1_000_000
    elif size < YEAR_1971 * 1_000:
        microseconds = number * 1_000
    elif size < YEAR_1971 * 1_000_000:
        microseconds = number
    else:
        microseconds = number // 1_000
    try:
        return Moment(EPOCH + dt.timedelta(microseconds=microseconds))
    except OverflowError:
        return None
