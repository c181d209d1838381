"""Macros of scalar values: how they are read, printed, divided and rounded.

Overloads by DuckDB's types stand for Snowflake's rules by type; one without types takes the rest.
An error begins with its number and state, [100040:22007], which `duck.errors` takes off again.
"""

from __future__ import annotations

SCHEMA = "_fs_global._emulator"

DIVISION_BY_ZERO = "Division by zero"


def failure(number: int, state: str, words: str, like: str) -> str:
    """What fails when it is computed; `words` is SQL of a text, `like` a value of its type.

    A cast, since DuckDB's error() counts as a side effect, and no alias may stand for one.
    """
    return failed(f"'[{number}:{state}] ' || {words}", like)


def failed(message: str, like: str) -> str:
    return f"cast_to_type(CAST(CAST({message} || '[.]' AS INTEGER) AS VARCHAR), {like})"


def call(name: str, *arguments: str) -> str:
    return f"{SCHEMA}.{name}({', '.join(arguments)})"


def _required(value: str, number: int, state: str, words: str) -> str:
    """The value; where there is none though x is given, an error if `strict`."""
    error = failure(number, state, words, value)
    return f"coalesce({value}, CASE WHEN strict AND x IS NOT NULL THEN {error} END)"


NUMBERS = {
    # Zero is an error, where DuckDB answers NULL or infinity.
    "divisor": {
        "(y)": "CASE WHEN y = 0 THEN "
        + failure(100051, "22012", f"'{DIVISION_BY_ZERO}'", "coalesce(y, 0)")
        + " ELSE y END"
    },
    "scale": {"(x)": r"coalesce(TRY_CAST(regexp_extract(typeof(x), ',(\d+)\)', 1) AS INTEGER), 0)"},
    # max(s1, s2, 12) at most; until then the sum of both.
    # Half away from zero in the scale of the division: max(s, min(s + 6, 12)).
    # https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    "quotient_once": {
        "(x, y)": "cast_to_type(CAST(x AS DOUBLE) / nullif(CAST(y AS DOUBLE), 0), "
        f"round(x * CAST(1 AS DECIMAL(38,6)) * round(y, 0), greatest(12, {call('scale', 'x')})))"
    },
    # Doubles have 15 digits; the remainder of the first quotient gives those behind them.
    "quotient_of": {
        "(x, y)": f"CASE WHEN typeof({call('quotient_once', 'x', 'y')}) = 'DOUBLE' "
        f"OR abs({call('quotient_once', 'x', 'y')}) < 1000 OR abs(x) >= 10000000000000 "
        f"THEN {call('quotient_once', 'x', 'y')} ELSE {call('quotient_once', 'x', 'y')} + "
        f"{call('quotient_once', 'x - ' + call('quotient_once', 'x', 'y') + ' * y', 'y')} END"
    },
    "numeric": {
        "(x)": "x",
        "(x VARCHAR)": "coalesce(TRY_CAST(x AS DOUBLE), CASE WHEN x IS NOT NULL THEN "
        + failure(
            100038,
            "22018",
            "'Numeric value ''' || x || ''' is not recognized'",
            "CAST(0 AS DOUBLE)",
        )
        + " END)",
    },
    "quotient_checked": {
        "(x, y)": "CASE WHEN y = 0 THEN "
        + failure(100051, "22012", f"'{DIVISION_BY_ZERO}'", call("quotient_once", "x", "y"))
        + f" ELSE {call('quotient_of', 'x', 'y')} END"
    },
    # DuckDB makes floats of sums of integers that meet a decimal.
    "wide": {"(x)": "x", "(x HUGEINT)": "CAST(x AS DECIMAL(38,0))"},
    "product": {
        "(x, y)": "cast_to_type(x * y, round(x * y, "
        f"greatest(12, {call('scale', 'x')}, {call('scale', 'y')})))",
    },
    # The mean's scale; `x` is one of the values, for its type alone.
    "scaled": {
        "(mean, x)": "cast_to_type(mean, round(x * CAST(1 AS DECIMAL(38,6)), 12))",
    },
    "scaled_over": {"(mean, x)": "cast_to_type(mean, x * CAST(1 AS DECIMAL(38,3)))"},
    "thousandths": {"(x)": "x * CAST(1 AS DECIMAL(38,3))"},
    "root": {
        "(x)": "CASE WHEN x < 0 THEN "
        + failure(
            100054, "22023", "'Invalid floating point operation: sqrt(' || x || ')'", "sqrt(x)"
        )
        + " ELSE sqrt(x) END"
    },
    "logarithm": {
        "(x)": "CASE WHEN x <= 0 THEN "
        + failure(100054, "22023", "'Invalid floating point operation: ln(' || x || ')'", "ln(x)")
        + " ELSE ln(x) END"
    },
    "number_text": {
        "(x, model)": "coalesce(emulator_number_text(CAST(x AS VARCHAR), model), "
        "CASE WHEN x IS NOT NULL THEN "
        + failure(100140, "22007", "'Invalid numeric format: ' || model", "''")
        + " END)"
    },
    "read_number": {
        "(x, model, strict)": _required(
            "emulator_number(CAST(x AS VARCHAR), model)",
            100140,
            "22007",
            "'Can''t parse ''' || CAST(x AS VARCHAR) || ''' as number with format ''' "
            "|| model || ''''",
        )
    },
}

ISO = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{1,9})?)?"
"""What needs no model, and DuckDB reads fastest."""

_OFFSETS = "s, chr(2), h || ':' || m), chr(3), h || m), chr(4), h), chr(5), m)"


def _unread(kind: str, number: int) -> str:
    """What Snowflake says of a text that is none, with a format and without."""
    text = call("bare", "x")
    return (
        f"(CASE WHEN model LIKE 'AUTO %' THEN '[{number}:22007] {kind} ''' || {text} || ''' is not "
        f"recognized' ELSE '[100096:22007] Can''t parse ''' || {text} || ''' as "
        f"{kind.lower()} with format ''' || model || '''' END)"
    )


def _read(kind: str, number: int, value: str) -> str:
    return (
        f"coalesce({value}, CASE WHEN strict AND x IS NOT NULL "
        f"THEN {failed(_unread(kind, number), value)} END)"
    )


def _printed(value: str, model: str) -> str:
    return call("marked", f"strftime({value}, {model})", model, "'+00'", "'00'")


def _printed_local(model: str) -> str:
    zone = "strftime(x, '%z')"
    minutes = f"CASE WHEN length({zone}) > 3 THEN right({zone}, 2) ELSE '00' END"
    return call("marked", f"strftime(x, {model})", model, f"left({zone}, 3)", minutes)


_TEXT = call("moment_text", call("bare", "x"), "model", "century")
_NUMERIC = "regexp_matches(typeof(x), '^(DECIMAL|DOUBLE|FLOAT|U?[A-Z]*INT)')"
_MOMENT_OF_NUMBER = call("since_1970", "x", "1000000")

MOMENTS = {
    # The text of a value, of a text in a VARIANT without its quotes.
    "bare": {
        "(x)": "CASE WHEN typeof(x) = 'JSON' THEN json_extract_string(CAST(x AS VARCHAR), '$') "
        "ELSE CAST(x AS VARCHAR) END"
    },
    "since_1970": {
        "(x, factor)": "make_timestamp(CAST(floor(CAST(CAST(x AS VARCHAR) AS DECIMAL(38,9)) "
        "* factor) AS BIGINT))"
    },
    "moment_text": {
        "(x, model, century)": f"CASE WHEN model LIKE 'AUTO %' AND regexp_full_match(x, '{ISO}') "
        "AND TRY_CAST(x AS TIMESTAMP) IS NOT NULL THEN x "
        "ELSE emulator_moment(x, model, century) END"
    },
    "read_date": {
        "(x, model, century, strict)": _read(
            "Date", 100040, f"TRY_CAST(left({_TEXT}, 10) AS DATE)"
        ),
        "(x DATE, model, century, strict)": "x",
        "(x TIMESTAMP, model, century, strict)": "CAST(x AS DATE)",
        "(x TIMESTAMPTZ, model, century, strict)": "CAST(x AS DATE)",
    },
    "read_timestamp": {
        "(x, model, century, strict)": f"CASE WHEN {_NUMERIC} THEN {_MOMENT_OF_NUMBER} ELSE "
        + _read("Timestamp", 100035, f"TRY_CAST(left({_TEXT}, 26) AS TIMESTAMP)")
        + " END",
        "(x DATE, model, century, strict)": "CAST(x AS TIMESTAMP)",
        "(x TIMESTAMP, model, century, strict)": "x",
        "(x TIMESTAMPTZ, model, century, strict)": "CAST(x AS TIMESTAMP)",
    },
    "read_local": {
        "(x, model, century, strict)": f"CASE WHEN {_NUMERIC} "
        f"THEN timezone('UTC', {_MOMENT_OF_NUMBER}) ELSE "
        + _read("Timestamp", 100035, f"TRY_CAST({_TEXT} AS TIMESTAMPTZ)")
        + " END",
        "(x DATE, model, century, strict)": "CAST(x AS TIMESTAMPTZ)",
        "(x TIMESTAMP, model, century, strict)": "CAST(x AS TIMESTAMPTZ)",
        "(x TIMESTAMPTZ, model, century, strict)": "x",
    },
    "read_time": {
        "(x, model, century, strict)": _read(
            "Time",
            100108,
            f"TRY_CAST(substr({_TEXT}, 12, 15) AS TIME)",
        ),
        "(x TIME, model, century, strict)": "x",
        "(x TIMESTAMP, model, century, strict)": "CAST(x AS TIME)",
        "(x TIMESTAMPTZ, model, century, strict)": "CAST(CAST(x AS TIMESTAMP) AS TIME)",
    },
    "time_cut": {"(x, unit)": "CAST(date_trunc(unit, DATE '1970-01-01' + x) AS TIME)"},
    # strftime, and what it lacks: the marks of language.moment_formats.
    "with_offset": {
        "(s, h, m)": f"replace(replace(replace(replace({_OFFSETS}",
    },
    "with_fraction": {
        "(s)": "regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace("
        "regexp_replace(s, chr(1) || '1(.{1}).{8}', '\\1'), chr(1) || '2(.{2}).{7}', '\\1'), "
        "chr(1) || '4(.{4}).{5}', '\\1'), chr(1) || '5(.{5}).{4}', '\\1'), "
        "chr(1) || '7(.{7}).{2}', '\\1'), chr(1) || '8(.{8}).{1}', '\\1')"
    },
    "marked": {
        "(s, f, h, m)": "CASE WHEN NOT regexp_matches(f, '[\\x01-\\x05]') THEN s ELSE "
        + call("with_offset", call("with_fraction", "s"), "h", "m")
        + " END"
    },
    "printed": {
        "(x, model, f)": call("number_text", "x", "model"),
        "(x DATE, model, f)": _printed("x", "f"),
        "(x TIMESTAMP, model, f)": _printed("x", "f"),
        "(x TIMESTAMPTZ, model, f)": _printed_local("f"),
        "(x TIME, model, f)": _printed("DATE '1970-01-01' + x", "f"),
        "(x BLOB, model, f)": call("binary_text", "x", "model"),
    },
}

TEXTS = {
    # Nine digits behind the point; very large and very small ones with an exponent.
    "float_text": {
        "(x)": "CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'inf' "
        "ELSE '-inf' END WHEN x = 0 THEN '0' WHEN abs(x) < 0.0001 OR abs(x) >= 1e15 THEN "
        "printf('%.10g', x) ELSE printf('%.15g', round(x, 9)) END"
    },
    "text": {
        "(x, d, t, n, z, b)": "CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN "
        + call("float_text", "TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE)")
        + f" ELSE {call('bare', 'x')} END",
        "(x BOOLEAN, d, t, n, z, b)": "CAST(x AS VARCHAR)",
        "(x DATE, d, t, n, z, b)": _printed("x", "d"),
        "(x TIME, d, t, n, z, b)": _printed("DATE '1970-01-01' + x", "t"),
        "(x TIMESTAMP, d, t, n, z, b)": _printed("x", "n"),
        "(x TIMESTAMPTZ, d, t, n, z, b)": _printed_local("z"),
        "(x BLOB, d, t, n, z, b)": call("binary_text", "x", "b"),
    },
    "text_of_length": {
        "(x, n, strict)": "CASE WHEN length(x) > n THEN CASE WHEN strict THEN "
        + failure(
            100078, "22000", "'String ''' || x || ''' is too long and would be truncated'", "''"
        )
        + " END ELSE x END"
    },
    "length_of": {
        "(x)": "length(CAST(x AS VARCHAR))",
        "(x VARCHAR)": "length(x)",
        "(x BLOB)": "octet_length(x)",
    },
}

_AUTO = "'AUTO {}', 1970, true"

COERCIONS = {
    # A text beside a value of another type.
    "aligned": {
        "(x, y)": "x",
        "(x VARCHAR, y VARCHAR)": "x",
        "(x VARCHAR, y DATE)": call("read_date", "x", _AUTO.format("DATE")),
        "(x VARCHAR, y TIME)": call("read_time", "x", _AUTO.format("TIME")),
        "(x VARCHAR, y TIMESTAMP)": call("read_timestamp", "x", _AUTO.format("TIMESTAMP")),
        "(x VARCHAR, y TIMESTAMPTZ)": call("read_local", "x", _AUTO.format("TIMESTAMP")),
        "(x VARCHAR, y BOOLEAN)": "CAST(x AS BOOLEAN)",
        "(x VARCHAR, y DOUBLE)": call("numeric", "x"),
    },
    "moment": {
        "(x)": "x",
        "(x VARCHAR)": call("read_timestamp", "x", _AUTO.format("TIMESTAMP")),
    },
}

_BEGIN = call("week_begin", "d", "start")
_MIDDLE = f"({_BEGIN} + 3)"

WEEKS = {
    # `start` is the first day of a week, 1 for Monday; 0 counts as 1, too.
    "week_day": {"(d, start)": "(isodow(CAST(d AS DATE)) - greatest(start, 1) + 7) % 7 + 1"},
    "week_begin": {
        "(d, start)": f"CAST(d AS DATE) - CAST({call('week_day', 'd', 'start')} - 1 AS INTEGER)"
    },
    "weeks_between": {
        "(a, b, start)": f"({call('week_begin', 'b', 'start')} - "
        f"{call('week_begin', 'a', 'start')}) // 7"
    },
    "week_of_year": {
        "(d, start, policy)": f"CASE WHEN policy = 0 THEN (dayofyear({_MIDDLE}) - 1) // 7 + 1 "
        "ELSE "
        + call("weeks_between", "make_date(year(CAST(d AS DATE)), 1, 1)", "d", "start")
        + " + 1 END"
    },
    "year_of_week": {
        "(d, start, policy)": f"CASE WHEN policy = 0 THEN year({_MIDDLE}) "
        "ELSE year(CAST(d AS DATE)) END"
    },
}

BINARIES = {
    "binary_text": {
        "(x, model)": "CASE upper(model) WHEN 'HEX' THEN hex(x) WHEN 'BASE64' THEN base64(x) "
        "WHEN 'UTF-8' THEN decode(x) WHEN 'UTF8' THEN decode(x) ELSE "
        + failure(100115, "22000", "'Invalid binary format ' || model", "''")
        + " END"
    },
    "read_binary": {
        "(x VARCHAR, model, strict)": "CASE upper(model) "
        "WHEN 'HEX' THEN CASE WHEN length(x) % 2 = 0 AND regexp_full_match(x, '[0-9A-Fa-f]*') "
        "THEN unhex(x) WHEN strict AND x IS NOT NULL THEN "
        + failure(
            100115,
            "22000",
            "'The following string is not a legal hex-encoded value: ''' || x || ''''",
            "encode('')",
        )
        + " END WHEN 'BASE64' THEN CASE WHEN length(x) % 4 = 0 AND "
        "regexp_full_match(x, '[A-Za-z0-9+/]*={0,2}') THEN from_base64(x) "
        "WHEN strict AND x IS NOT NULL THEN "
        + failure(
            100116,
            "22000",
            "'The following string is not a legal base64-encoded value: ''' || x || ''''",
            "encode('')",
        )
        + " END WHEN 'UTF-8' THEN encode(x) WHEN 'UTF8' THEN encode(x) ELSE "
        + failure(100115, "22000", "'Invalid binary format ' || model", "encode('')")
        + " END",
        "(x BIGINT, model, strict)": "CASE WHEN x IS NOT NULL THEN "
        + failure(100115, "22000", "'A number is no binary: ' || x", "encode('')")
        + " END",
        "(x BLOB, model, strict)": "x",
    },
    "binary_of_length": {
        "(x, n)": "CASE WHEN octet_length(x) > n THEN "
        + failure(
            100145,
            "22000",
            "'Binary value ''' || hex(x) || ''' is too long and would be truncated'",
            "x",
        )
        + " ELSE x END"
    },
}


def _with_null(overloads: dict[str, str]) -> dict[str, str]:
    """The overloads and one of integers like the general one: the nearest to NULL, which has no
    type, so that the choice is never ambiguous.
    """
    general = next((s for s in overloads if s.startswith("(x") and not s.startswith("(x ")), "")
    if not general or len(overloads) < 3 or "y" in general:
        return overloads
    return overloads | {general.replace("(x", "(x BIGINT", 1): overloads[general]}


def _by_sample(overloads: dict[str, str]) -> dict[str, str]:
    """The overloads, chosen by a sample in front: DuckDB knows no types of aggregates yet."""
    return {
        f"(sample{signature[2:].split(',')[0].rstrip(')')}, x"
        + "".join(f",{rest}" for rest in signature.rstrip(")").split(",")[1:])
        + ")": body
        for signature, body in overloads.items()
    }


SAMPLED = (
    *("text", "printed", "read_date", "read_time", "read_timestamp", "read_local"),
    *("length_of", "numeric", "wide", "read_binary"),
)
"""Overloaded macros that take aggregates, too: under their names with `_by`."""

_PLAIN = {
    name: _with_null(overloads)
    for name, overloads in (WEEKS | BINARIES | NUMBERS | MOMENTS | TEXTS | COERCIONS).items()
}
DEFINITIONS: dict[str, dict[str, str]] = _PLAIN | {
    f"{name}_by": _by_sample(_PLAIN[name]) for name in SAMPLED
}
