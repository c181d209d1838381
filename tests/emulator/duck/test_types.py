"""Types of Snowflake and of DuckDB."""

from __future__ import annotations

import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Session
from churn.emulator.account.relations import columns_of
from churn.emulator.duck.types import duck_type, snowflake_type
from churn.emulator.language.errors import SqlError


@pytest.mark.parametrize(
    ("duck", "length", "snowflake"),
    [
        ("BIGINT", None, "NUMBER(38,0)"),
        ("DECIMAL(10,2)", None, "NUMBER(10,2)"),
        ("DOUBLE", None, "FLOAT"),
        ("VARCHAR", None, "VARCHAR(16777216)"),
        ("VARCHAR", 10, "VARCHAR(10)"),
        ("TIMESTAMP", None, "TIMESTAMP_NTZ(9)"),
        ("TIMESTAMP WITH TIME ZONE", None, "TIMESTAMP_LTZ(9)"),
        ("JSON", None, "VARIANT"),
        ("BIGINT[]", None, "ARRAY"),
        ("STRUCT(a BIGINT)", None, "OBJECT"),
    ],
)
def test_as_snowflake_writes_it(duck: str, length: int | None, snowflake: str) -> None:
    assert snowflake_type(duck, length) == snowflake


@pytest.mark.parametrize(
    ("snowflake", "duck"),
    [
        ("INT", "BIGINT"),
        ("number", "BIGINT"),
        ("NUMBER(38, 0)", "BIGINT"),
        ("NUMBER(10, 2)", "DECIMAL(10,2)"),
        ("VARCHAR(7)", "VARCHAR"),
        ("TIMESTAMP_NTZ(9)", "TIMESTAMP"),
        ("VARIANT", "JSON"),
        ("BINARY", "BLOB"),
    ],
)
def test_as_duckdb_writes_it(snowflake: str, duck: str) -> None:
    assert duck_type(snowflake) == duck


@pytest.mark.parametrize("written", ["GEOGRAPHY", "VECTOR(FLOAT, 3)", ""])
def test_other_types_of_arguments_are_refused(written: str) -> None:
    with pytest.raises(SqlError, match="of an argument or a result") as error:
        duck_type(written)
    assert error.value.number == 2


@pytest.mark.parametrize(
    "kind", ["NUMBER(38,0)", "NUMBER(10,2)", "FLOAT", "VARCHAR(10)", "BOOLEAN", "DATE", "VARIANT"]
)
def test_a_column_is_described_as_it_was_made(session: Session, kind: str) -> None:
    execution.run(session, f"CREATE TABLE t (a {kind})")
    (column,) = columns_of(session.account, session.name("t"))
    assert column["type"] == kind
