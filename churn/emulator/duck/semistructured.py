"""Snowflake's functions of arrays and objects, as functions that DuckDB calls.

Each takes the arguments of one call as a list of JSON: None is SQL NULL, the text `null` is JSON
null. In Python an SQL NULL is `MISSING`, a JSON null is None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from churn.emulator.duck.json_text import (
    MISSING,
    JsonError,
    Number,
    dumps,
    loads,
    parse,
)

Function = Callable[..., Any]

FUNCTIONS: dict[str, tuple[Function, str, bool]] = {}
"""By name: the function, what it returns (a type of DuckDB), and whether it is asked about NULL."""


class SnowflakeError(Exception):
    """What Snowflake answers, through DuckDB: number, state and words."""

    def __init__(self, message: str, number: int, state: str) -> None:
        super().__init__(f"<<{number}|{state}|{message}>>")


def declare(returns: str, *, nulls: bool = False) -> Callable[[Function], Function]:
    """Name it to DuckDB; without `nulls`, an argument that is NULL makes NULL."""

    def declared(function: Function) -> Function:
        FUNCTIONS[function.__name__.upper()] = (function, returns, nulls)
        return function

    return declared


ARRAY, OBJECT, VARIANT = "ARRAY", "OBJECT", "VARIANT"
JSON = {ARRAY, OBJECT, VARIANT}


def register(duck: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known, as __ARRAY_APPEND(list of JSON) and so on."""
    for name, (function, returns, nulls) in FUNCTIONS.items():
        duck.create_function(
            f"__{name}",
            _called(function, is_json=returns in JSON, nulls=nulls),
            ["JSON[]"],
            "JSON" if returns in JSON else returns,
            null_handling="special",
        )
    for name in ("PARSE_JSON", "TRY_PARSE_JSON", "CHECK_JSON"):
        function, returns, _ = FUNCTIONS[name]
        duck.create_function(
            f"__{name}_OF",
            _of_text(function, is_json=returns in JSON),
            ["VARCHAR"],
            "JSON" if returns in JSON else returns,
            null_handling="special",
        )


def _of_text(function: Function, *, is_json: bool) -> Callable[[Any], Any]:
    """The same of one text: the most frequent ones, without a list around it."""

    def call(written):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        result = MISSING if written is None else function(written)
        if result is MISSING:
            return None
        return dumps(result) if is_json else result

    return call


def _called(function: Function, *, is_json: bool, nulls: bool) -> Callable[[Any], Any]:
    def call(arguments):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        values = [MISSING if each is None else loads(each) for each in arguments]
        if not nulls and any(value is MISSING for value in values):
            return None
        result = function(*values)
        if result is MISSING:
            return None
        return dumps(result) if is_json else result

    return call


def _array(value: Any) -> list[Any]:
    """A value where an array is needed: one that is none stands alone in one."""
    return value if isinstance(value, list) else [value]


def _object(value: Any, function: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SnowflakeError(f"Invalid argument types for function '{function}'", 1044, "42P13")
    return value


def _whole(value: Any) -> int:
    return int(Decimal(str(value)))


def _key(value: Any) -> str:
    """What makes two values equal: 1 and 1.0 are."""
    if isinstance(value, Number):
        return str(value.value.normalize())
    return dumps(value)


def text(value: Any) -> str | None:
    """A value as text: no quotes, JSON null is NULL."""
    match value:
        case None | Number() if value is None:
            return None
        case Number():
            return _plain(value)
        case str():
            return value
        case True | False:
            return str(value).lower()
        case _:
            return None if value is MISSING else dumps(value)


def _plain(number: Number) -> str:
    """Without an exponent where that is short."""
    if "e" not in number.lower():
        return str(number)
    value = number.value
    written = f"{value:f}"
    if len(written) > 20:
        return repr(float(value))
    return written.rstrip("0").rstrip(".") if "." in written else written


@declare(VARIANT)
def parse_json(written: str, option: str = "s") -> Any:
    try:
        return parse(written, duplicates=option == "d")
    except JsonError as error:
        raise SnowflakeError(f"Error parsing JSON: {error}", 100069, "22P02") from None


@declare(VARIANT)
def try_parse_json(written: str, option: str = "s") -> Any:
    try:
        return parse(written, duplicates=option == "d")
    except JsonError:
        return MISSING


@declare("VARCHAR")
def check_json(written: str) -> str | None:
    try:
        parse(written)
    except JsonError as error:
        return str(error)
    return None


@declare("VARCHAR")
def typeof(value: Any) -> str:
    match value:
        case None:
            return "NULL_VALUE"
        case Number():
            if "e" in value.lower():
                return "DOUBLE"
            return "DECIMAL" if "." in value else "INTEGER"
        case bool():
            return "BOOLEAN"
        case str():
            return "VARCHAR"
        case list():
            return "ARRAY"
        case _:
            return "OBJECT"


@declare(OBJECT, nulls=True)
def object_construct(*items: Any) -> dict[str, Any]:
    return _constructed(items, keep=False)


@declare(OBJECT, nulls=True)
def object_construct_keep_null(*items: Any) -> dict[str, Any]:
    return _constructed(items, keep=True)


def _constructed(items: Sequence[Any], *, keep: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if key is MISSING or key is None or (value is MISSING and not keep):
            continue
        name = str(text(key))
        if name in made:
            raise SnowflakeError(f"Duplicate field key '{name}'", 100103, "22000")
        made[name] = None if value is MISSING else value
    return made


@declare(OBJECT, nulls=True)
def object_insert(into: Any, key: Any, value: Any, update: Any = False) -> Any:  # noqa: FBT002
    if into is MISSING or key is MISSING:
        return MISSING
    made = dict(_object(into, "OBJECT_INSERT"))
    if key in made and update is not True:
        raise SnowflakeError(f"Duplicate field key '{key}'", 100103, "22000")
    if value is MISSING:
        made.pop(key, None)
        return made
    return made | {key: value}


@declare(OBJECT)
def without_nulls(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None and v is not MISSING}


@declare(OBJECT)
def object_delete(value: Any, *keys: Any) -> Any:
    return {k: v for k, v in _object(value, "OBJECT_DELETE").items() if k not in _names(keys)}


@declare(OBJECT)
def object_pick(value: Any, *keys: Any) -> Any:
    return {k: v for k, v in _object(value, "OBJECT_PICK").items() if k in _names(keys)}


def _names(keys: Sequence[Any]) -> set[str]:
    """The keys, given one by one or in an array."""
    return {str(text(name)) for key in keys for name in _array(key)}


@declare(ARRAY)
def object_keys(value: Any) -> Any:
    return sorted(_object(value, "OBJECT_KEYS"))


@declare(ARRAY)
def array_append(array: Any, value: Any) -> Any:
    return [*_array(array), value]


@declare(ARRAY)
def array_prepend(array: Any, value: Any) -> Any:
    return [value, *_array(array)]


@declare(ARRAY)
def array_cat(first: Any, *rest: Any) -> Any:
    return [each for array in (first, *rest) for each in _array(array)]


@declare(ARRAY)
def array_compact(array: Any) -> Any:
    return [each for each in _array(array) if each is not None and each is not MISSING]


@declare("BOOLEAN", nulls=True)
def array_contains(value: Any, array: Any) -> bool | None:
    if array is MISSING:
        return None
    if _key(value) in map(_key, _array(array)):
        return True
    return None if value is MISSING else False


@declare("BIGINT", nulls=True)
def array_position(value: Any, array: Any) -> int | None:
    if array is MISSING:
        return None
    keys = list(map(_key, _array(array)))
    return keys.index(_key(value)) if _key(value) in keys else None


@declare(ARRAY)
def array_distinct(array: Any) -> Any:
    return list({_key(each): each for each in reversed(_array(array))}.values())[::-1]


@declare(ARRAY)
def array_except(array: Any, other: Any) -> Any:
    left = list(map(_key, _array(other)))
    kept = []
    for each in _array(array):
        if _key(each) in left:
            left.remove(_key(each))
        else:
            kept.append(each)
    return kept


@declare(ARRAY)
def array_intersection(array: Any, other: Any) -> Any:
    left = list(map(_key, _array(other)))
    kept = []
    for each in _array(array):
        if _key(each) in left:
            left.remove(_key(each))
            kept.append(each)
    return kept


@declare("BOOLEAN")
def arrays_overlap(array: Any, other: Any) -> bool:
    return not {_key(each) for each in _array(array)}.isdisjoint(map(_key, _array(other)))


@declare(ARRAY)
def array_flatten(array: Any) -> Any:
    flat: list[Any] = []
    for each in _array(array):
        if each is None or each is MISSING:
            return MISSING
        flat += _array(each)
    return flat


@declare(ARRAY)
def array_insert(array: Any, position: Any, value: Any) -> Any:
    items, at = list(_array(array)), _whole(position)
    if at < -len(items):
        return [value, *[MISSING] * (-at - len(items)), *items]
    items += [MISSING] * (at - len(items))
    items.insert(at, value)
    return items


@declare("BIGINT")
def array_size(array: Any) -> int | None:
    return len(array) if isinstance(array, list) else None


@declare(ARRAY)
def array_slice(array: Any, start: Any, end: Any) -> Any:
    items = _array(array)
    first, last = _whole(start), _whole(end)
    first, last = (len(items) + at if at < 0 else at for at in (first, last))
    return items[max(first, 0) : max(last, 0)]


@declare(ARRAY, nulls=True)
def array_sort(array: Any, ascending: Any = True, nulls_first: Any = None) -> Any:  # noqa: FBT002
    if MISSING in (array, ascending, nulls_first):
        return MISSING
    known = sorted(array_compact_missing(array), key=_rank, reverse=not ascending)
    missing = [each for each in _array(array) if each is MISSING]
    first = not ascending if nulls_first is None else nulls_first
    return missing + known if first else known + missing


def array_compact_missing(array: Any) -> list[Any]:
    return [each for each in _array(array) if each is not MISSING]


def _rank(value: Any) -> tuple[int, Any]:
    """The order of values of mixed types: numbers, texts, booleans, arrays, objects, null."""
    match value:
        case Number():
            return 0, value.value
        case bool():
            return 2, value
        case str():
            return 1, value
        case None:
            return 5, ""
        case _:
            return (3 if isinstance(value, list) else 4), dumps(value)


@declare("VARCHAR")
def array_to_string(array: Any, separator: Any) -> str:
    return str(separator).join(text(each) or "" for each in _array(array))


@declare(VARIANT)
def array_max(array: Any) -> Any:
    known = array_compact(array)
    return max(known, key=_rank) if known else MISSING


@declare(VARIANT)
def array_min(array: Any) -> Any:
    known = array_compact(array)
    return min(known, key=_rank) if known else MISSING


@declare(ARRAY)
def array_remove(array: Any, value: Any) -> Any:
    return [each for each in _array(array) if _key(each) != _key(value)]


@declare(ARRAY)
def array_remove_at(array: Any, position: Any) -> Any:
    items, at = list(_array(array)), _whole(position)
    if -len(items) <= at < len(items):
        del items[at]
    return items


@declare(ARRAY)
def array_reverse(array: Any) -> Any:
    return _array(array)[::-1]


@declare(ARRAY)
def array_generate_range(start: Any, stop: Any, step: Any = 1) -> Any:
    if _whole(step) == 0:
        raise SnowflakeError("Invalid step 0 of ARRAY_GENERATE_RANGE", 100178, "22023")
    return [Number(each) for each in range(_whole(start), _whole(stop), _whole(step))]


@declare(OBJECT)
def arrays_to_object(keys: Any, values: Any) -> Any:
    if len(keys) != len(values):
        raise SnowflakeError("Key array and value array had unequal lengths", 100357, "22000")
    pairs = zip(keys, values, strict=True)
    return {
        str(text(k)): None if v is MISSING else v
        for k, v in pairs
        if k is not None and k is not MISSING
    }


@declare(ARRAY)
def arrays_zip(*arrays: Any) -> Any:
    length = max(map(len, arrays))
    return [
        {f"${i + 1}": array[at] if at < len(array) else None for i, array in enumerate(arrays)}
        for at in range(length)
    ]


@declare(ARRAY)
def to_array(value: Any) -> Any:
    return MISSING if value is None else _array(value)


@declare(OBJECT)
def to_object(value: Any) -> Any:
    if value is None:
        return MISSING
    if not isinstance(value, dict):
        raise SnowflakeError(
            f"Failed to cast variant value {dumps(value)} to OBJECT", 100071, "22000"
        )
    return value


@declare(VARIANT, nulls=True)
def get(value: Any, key: Any) -> Any:
    return _got(value, key)


@declare(VARIANT, nulls=True)
def get_ignore_case(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and not isinstance(key, Number):
        same = sorted(name for name in value if name.upper() == str(key).upper())
        return value[key] if key in value else value[same[0]] if same else MISSING
    return _got(value, key)


def _got(value: Any, key: Any) -> Any:
    if isinstance(value, list) and isinstance(key, Number):
        at = _whole(key)
        return value[at] if 0 <= at < len(value) else MISSING
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, MISSING)
    return MISSING


@declare("BOOLEAN")
def is_null_value(value: Any) -> bool:
    return value is None


@declare(VARIANT)
def strip_null_value(value: Any) -> Any:
    return MISSING if value is None else value


@declare(VARIANT, nulls=True)
def flattened(value: Any, path: Any, outer: Any, recursive: Any, mode: Any) -> Any:
    """The rows of FLATTEN: lists of key, path, index, value and this."""
    base = "" if path is MISSING else str(path)
    at = _at_path(value, base) if base else value
    if at is MISSING or value is MISSING:
        return [[None, None, None, MISSING, MISSING]] if outer is True else []
    modes = {"OBJECT": (dict,), "ARRAY": (list,)}.get(str(mode).upper(), (dict, list))
    rows = list(_rows(at, base, recursive=recursive is True, kinds=modes))
    if not rows and outer is True:
        return [[None, base, None, MISSING, at]]
    return rows


def _at_path(value: Any, path: str) -> Any:
    for name, index, quoted in _steps(path):
        key: Any = Number(index) if index else (quoted or name)
        value = _got(value, key)
    return value


def _steps(path: str) -> list[tuple[str, str, str]]:
    import re

    return re.findall(r"""([A-Za-z_$][\w$]*)|\[(\d+)\]|\[['"](.*?)['"]\]""", path)


def _rows(value: Any, path: str, *, recursive: bool, kinds: tuple[type, ...]) -> Any:
    """One row an element, and those within it if it is recursive."""
    for key, index, at, each in _elements(value, path, every=recursive, kinds=kinds):
        if isinstance(value, kinds):
            yield [key, at, index, each, value]
        if recursive and isinstance(each, kinds):
            yield from _rows(each, at, recursive=True, kinds=kinds)


def _elements(value: Any, path: str, *, every: bool, kinds: tuple[type, ...]) -> Any:
    if not every and not isinstance(value, kinds):
        return
    if isinstance(value, list):
        for i, each in enumerate(value):
            if each is not MISSING:
                yield None, Number(i), f"{path}[{i}]", each
    elif isinstance(value, dict):
        for key, each in sorted(value.items()):
            plain = key.replace("_", "a").replace("$", "a").isalnum() and not key[0].isdigit()
            step = (f".{key}" if path else key) if plain else f"['{key}']"
            yield key, None, path + step, each
