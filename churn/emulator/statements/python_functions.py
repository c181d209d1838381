"""Calls of scalar, vectorized and aggregate functions in Python: DuckDB hands them batches."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.account import Session
from churn.emulator.account.objects import Object
from churn.emulator.statements.python_code import Code, failure, imported, load
from churn.emulator.statements.python_values import Type, type_of
from churn.emulator.statements.signatures import Signature

BATCH = 2_048


def call(session: Session, stored: Object, arguments: Sequence[exp.Expression]) -> exp.Expression:
    """The call of a scalar function in DuckDB."""
    known = Signature.of(stored.properties)
    kinds = [type_of(a.type) for a in known.arguments]
    sent = [sent_as(a, k) for a, k in zip(arguments, kinds, strict=True)]
    name = _register(session, stored, known, kinds, "")
    # One argument more, so that a function of nothing knows how many rows there are.
    return _received(exp.Anonymous(this=name, expressions=[*sent, exp.Literal.number(1)]), known)


def call_aggregate(
    session: Session, stored: Object, arguments: Sequence[exp.Expression], window: exp.Window | None
) -> exp.Expression:
    """An aggregate is a function of the lists of its arguments' values."""
    known = Signature.of(stored.properties)
    kinds = [type_of(a.type) for a in known.arguments]

    def listed(argument: exp.Expression, kind: Type) -> exp.Expression:
        values: exp.Expression = exp.Anonymous(this="list", expressions=[sent_as(argument, kind)])
        if window is not None:
            over = window.copy()
            over.set("this", values)
            values = over
        return values

    lists = [listed(a, k) for a, k in zip(arguments, kinds, strict=True)]
    name = _register(session, stored, known, kinds, "[]")
    return _received(exp.Anonymous(this=name, expressions=[*lists, exp.Literal.number(1)]), known)


def sent_as(argument: exp.Expression, kind: Type) -> exp.Expression:
    """The argument in the type that the function is registered with."""
    if kind.document:
        argument = exp.Anonymous(this="to_json", expressions=[argument.copy()])
    sent = exp.Cast(this=argument.copy(), to=exp.DataType.build(kind.duck, dialect="duckdb"))
    sent.meta["exact"] = True
    return sent


def _received(called: exp.Expression, known: Signature) -> exp.Expression:
    if not type_of(known.returns).document:
        return called
    json_type = exp.DataType.build("JSON", dialect="duckdb")
    received = exp.Cast(this=called, to=json_type)
    received.meta["exact"] = True
    return received


def _register(
    session: Session, stored: Object, known: Signature, kinds: Sequence[Type], listed: str
) -> str:
    """DuckDB's name of the function."""
    text = json.dumps([str(stored.name), stored.properties, str(stored.created_on)])
    name = f"__function_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    duck = session.cursor.duck
    there = duck.execute(
        "SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [name]
    ).fetchone()
    if there is not None:
        return name
    code = load(session, stored)
    returns = type_of(known.returns)
    run = _aggregate if listed else _vectorized if code.vectorized else _scalar

    def batch(*columns: Any) -> pa.Array:
        values = [
            [k.into_python(v) if not listed else v for v in c.to_pylist()]
            for c, k in zip(columns[:-1], kinds, strict=True)
        ]
        try:
            with imported(code.folder):
                return returns.array(run(code, known, kinds, values, len(columns[-1])))
        except Exception as error:  # noqa: BLE001
            # DuckDB keeps nothing of an exception but its text.
            raise RuntimeError(failure(error, stored.name.name, known.handler).message) from None

    parameters = [
        inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for i in range(len(kinds) + 1)
    ]
    batch.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    session.account.tables.create_function(
        duck,
        name,
        batch,
        [*(f"{k.duck}{listed}" for k in kinds), "INTEGER"],
        returns.duck,
        side_effects=True,
    )
    return name


Run = Callable[[Code, Signature, Sequence[Type], list[list[Any]], int], Sequence[Any]]


def _scalar(
    code: Code, known: Signature, kinds: Sequence[Type], values: list[list[Any]], count: int
) -> Sequence[Any]:
    rows = zip(*values, strict=True) if values else [()] * count
    if known.strict:
        return [None if None in row else code.handler(*row) for row in rows]
    return [code.handler(*row) for row in rows]


def _vectorized(
    code: Code, known: Signature, kinds: Sequence[Type], values: list[list[Any]], count: int
) -> Sequence[Any]:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch"""
    kept = list(range(count))
    if known.strict:
        kept = [i for i in kept if all(column[i] is not None for column in values)]
    size = getattr(code.handler, "_sf_max_batch_size", None) or BATCH
    results: list[Any] = [None] * count
    for start in range(0, len(kept), size):
        rows = kept[start : start + size]
        frame = frame_of([[column[i] for i in rows] for column in values], kinds)
        for i, value in zip(rows, list(code.handler(frame)), strict=True):
            results[i] = value
    return results


def frame_of(columns: Sequence[Sequence[Any]], kinds: Sequence[Type]) -> Any:
    """A DataFrame with the columns 0, 1, ..., in the types that Snowflake gives them."""
    import pandas as pd

    return pd.DataFrame(
        {
            i: series(column, kind)
            for i, (column, kind) in enumerate(zip(columns, kinds, strict=True))
        }
    )


def series(values: Sequence[Any], kind: Type) -> Any:
    import pandas as pd

    if kind.duck == "BIGINT":
        gaps = any(value is None for value in values)
        return pd.Series(values, dtype="float64" if gaps else "int64")
    if kind.duck == "DOUBLE" or kind.duck.startswith("DECIMAL"):
        return pd.Series([None if v is None else float(v) for v in values], dtype="float64")
    if kind.duck == "TIMESTAMP":
        return pd.Series(pd.to_datetime(list(values)))
    if kind.duck == "BOOLEAN" and None not in values:
        return pd.Series(values, dtype="bool")
    return pd.Series(list(values), dtype="object")


def _aggregate(
    code: Code, known: Signature, kinds: Sequence[Type], values: list[list[Any]], count: int
) -> Sequence[Any]:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-aggregate-functions"""
    results = []
    for i in range(count):
        state = code.handler()
        lists = [column[i] or [] for column in values]
        for row in zip(*lists, strict=True):
            state.accumulate(*(k.into_python(v) for k, v in zip(kinds, row, strict=True)))
        results.append(state.finish())
    return results
