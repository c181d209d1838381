"""Conversions between SQL values and semi-structured ones, in DuckDB's own language.

VARIANT is JSON, ARRAY is JSON[], OBJECT is MAP(VARCHAR, JSON): DuckDB keeps the types apart.
"""

from __future__ import annotations

from churn.emulator.duck.json_text import QUOTED_UNDEFINED, UNDEFINED

_KEY = (
    "CASE WHEN {t} IS NULL THEN NULL "
    "WHEN regexp_matches(typeof(o), 'INT|DECIMAL|DOUBLE|FLOAT') "
    "THEN {{'n': CAST({t} AS DOUBLE), 'd': NULL, 't': NULL}} "
    "WHEN regexp_matches(typeof(o), '^(DATE|TIMESTAMP)') "
    "THEN {{'n': NULL, 'd': CAST({t} AS TIMESTAMP), 't': NULL}} "
    "ELSE {{'n': NULL, 'd': NULL, 't': {t}}} END"
)
"""What is compared of a text {t} beside a value o: by the type of o."""

_UNDEFINED_TEXT = f"'{UNDEFINED}'"
_SCHEMA = "_fs_global._emulator"

DEFINITIONS: dict[str, dict[str, str]] = {
    # NULL stands in an array as `undefined`; a float has an exponent, which tells it from NUMBER.
    "array_variant": {
        "(x)": "CASE WHEN x IS NULL THEN NULL ELSE to_json(list_transform(x, lambda e: "
        f"CASE WHEN e IS NULL THEN CAST('{QUOTED_UNDEFINED}' AS JSON) ELSE to_json(e) END)) END"
    },
    "to_variant": {
        "(x)": "CASE WHEN x IS NULL THEN NULL WHEN typeof(x) IN ('DOUBLE', 'FLOAT') "
        "THEN CAST(printf('%.15e', CAST(to_json(x) ->> '$' AS DOUBLE)) AS JSON) "
        "ELSE to_json(x) END",
    },
    "elements": {
        "(x)": "list_transform(CAST(json_extract(to_json(x), '$[*]') AS JSON[]), lambda e: "
        f"CASE WHEN CAST(e AS VARCHAR) = '{QUOTED_UNDEFINED}' THEN NULL ELSE e END)"
    },
    "known": {"(x)": f"CASE WHEN CAST(x AS VARCHAR) = '{QUOTED_UNDEFINED}' THEN NULL ELSE x END"},
    "tokens": {
        "(x, marks)": "list_filter(string_split(translate(x, marks, repeat(left(marks, 1), "
        "length(marks))), left(marks, 1)), lambda e: e <> '')"
    },
    "not_null": {"(x)": "CASE WHEN CAST(x AS VARCHAR) = 'null' THEN NULL ELSE x END"},
    "one_if_known": {
        "(x)": "CASE WHEN list_contains(CAST(json_extract(to_json(x), '$.*') AS VARCHAR[]), 'null')"
        " THEN NULL ELSE 1 END"
    },
    "list_of_variants": {"(x)": f"list_transform(x, lambda e: {_SCHEMA}.to_variant(e))"},
    "array_of_list": {
        "(x)": f"coalesce(list_transform(x, lambda e: {_SCHEMA}.to_variant(e)), CAST([] AS JSON[]))"
    },
    "object_of_lists": {
        "(k, v)": "CASE WHEN k IS NULL THEN CAST(MAP {} AS MAP(VARCHAR, JSON)) "
        "ELSE map(CAST(k AS VARCHAR[]), v) END"
    },
    "width_bucket": {
        "(x, low, high, n)": "CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 "
        "ELSE floor((x - low) * n / (high - low)) + 1 END AS BIGINT)"
    },
    "type_of_value": {
        "(x)": "CASE WHEN x IS NULL THEN NULL ELSE CASE typeof(x) WHEN 'DATE' THEN 'DATE' "
        "WHEN 'TIME' THEN 'TIME' WHEN 'BLOB' THEN 'BINARY' WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' "
        "WHEN 'TIMESTAMP_NS' THEN 'TIMESTAMP_NTZ' WHEN 'TIMESTAMP WITH TIME ZONE' "
        "THEN 'TIMESTAMP_LTZ' ELSE "
        f"__TYPEOF(list_value({_SCHEMA}.to_variant(x))) END END"
    },
    # Without quotes; JSON null is NULL.
    "variant_text": {
        "(x)": "CASE json_type(to_json(x)) WHEN 'NULL' THEN NULL "
        f"WHEN 'VARCHAR' THEN nullif(to_json(x) ->> '$', {_UNDEFINED_TEXT}) "
        "WHEN 'DOUBLE' THEN CASE WHEN contains(lower(CAST(to_json(x) AS VARCHAR)), 'e') "
        "THEN regexp_replace(CAST(CAST(to_json(x) AS DOUBLE) AS VARCHAR), '\\.0$', '') "
        "ELSE CAST(to_json(x) AS VARCHAR) END "
        f"ELSE replace(CAST(to_json(x) AS VARCHAR), '{QUOTED_UNDEFINED}', 'undefined') END"
    },
    "json_text": {"(x)": f"replace(CAST(x AS VARCHAR), '{QUOTED_UNDEFINED}', 'undefined')"},
    "variant_like": {"(x, o)": _KEY.format(t=f"{_SCHEMA}.variant_text(x)")},
    "value_like": {"(o)": _KEY.format(t="CAST(o AS VARCHAR)")},
    # Numbers by their value, before texts by theirs.
    "variant_order": {
        "(x)": "CASE WHEN x IS NULL THEN NULL ELSE "
        "{'n': CASE WHEN json_type(x) IN ('UBIGINT', 'BIGINT', 'DOUBLE', 'HUGEINT') "
        "THEN TRY_CAST(x ->> '$' AS DOUBLE) END, 't': x ->> '$'} END"
    },
}
