"""Snowpark, unmodified: frames from everywhere, what is done with them, files and functions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from snowflake.snowpark import functions as sf
from snowflake.snowpark import types as st

pytestmark = [pytest.mark.remote, pytest.mark.filterwarnings("ignore")]

ROWS = [[1, "a"], [2, "b"], [2, "b"]]


@pytest.fixture
def session(snowflake_session: Any) -> Any:
    return snowflake_session


@pytest.fixture
def frame(session: Any) -> Any:
    return session.create_dataframe(ROWS, schema=["K", "V"])


def test_the_session_knows_where_it_is(session: Any) -> None:
    assert session.get_current_schema() == '"PUBLIC"'
    assert session.get_current_role()
    assert session.get_current_user()
    assert session.get_current_account()


def test_frames_from_few_rows_and_many(session: Any) -> None:
    day, time = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 30)
    row = [1, 1.5, "é", True, day, time]
    few = session.create_dataframe([row, [None] * 6], schema=list("ABCDEF"))
    assert [tuple(r) for r in few.collect()] == [tuple(row), (None,) * 6]
    kinds = [type(f.datatype).__name__ for f in few.schema.fields]
    assert kinds[:3] == ["LongType", "DoubleType", "StringType"]
    assert kinds[3:] == ["BooleanType", "DateType", "TimestampType"]
    many = session.create_dataframe([[i, str(i), None] for i in range(600)], schema=list("ABC"))
    assert many.count() == 600


def test_frames_from_pandas_and_arrow(session: Any) -> None:
    pandas = pd.DataFrame(
        {"A": [1, 2], "b c": ["x", None], "D": [pd.Timestamp("2024-01-01"), pd.NaT]}
    )
    (first, second) = session.create_dataframe(pandas).collect()
    assert tuple(first) == (1, "x", dt.datetime(2024, 1, 1))
    assert tuple(second) == (2, None, None)
    arrow = pa.table({"A": [1, 2], "D": [dt.date(2024, 1, 1), None]})
    assert session.create_dataframe(arrow).count() == 2
    written = session.write_pandas(pandas[["A"]], "W", auto_create_table=True, overwrite=True)
    assert [r["A"] for r in written.collect()] == [1, 2]
    assert session.table("W").to_arrow().schema.field("A").type == pa.int64()


def test_what_is_done_with_frames(session: Any, frame: Any) -> None:
    assert frame.union_all(frame).count() == 6
    assert frame.distinct().count() == 2
    assert {r["SUMMARY"] for r in frame.describe().collect()} >= {"count", "min", "max"}
    parts = frame.random_split([0.5, 0.5], seed=1)
    assert sum(part.count() for part in parts) == 3
    assert frame.cache_result().count() == 3
    assert frame.dropna().count() == frame.fillna(0).count() == 3
    assert frame.pivot("V", ["a", "b"]).sum("K").collect()[0].as_dict() == {"'a'": 1, "'b'": 4}
    assert [r[0] for r in session.range(3).collect()] == [0, 1, 2]
    assert len(session.generator(sf.seq4(), rowcount=3).collect()) == 3
    assert frame.sample(n=2).count() == 2
    assert len(frame.collect_nowait().result()) == 3
    assert frame.to_polars().height == 3


def test_tables_and_views(session: Any, frame: Any) -> None:
    frame.write.save_as_table("T", mode="overwrite")
    frame.write.save_as_table("SCRATCH", table_type="temp")
    frame.create_or_replace_view("V")
    frame.create_or_replace_temp_view("TV")
    assert session.table("V").count() == session.table("TV").count() == 3
    table = session.table("T")
    source = session.create_dataframe([[1, "new"], [9, "more"]], schema=["K", "V"])
    merged = table.merge(
        source,
        table["K"] == source["K"],
        [
            sf.when_matched().update({"V": source["V"]}),
            sf.when_not_matched().insert({"K": source["K"], "V": source["V"]}),
        ],
    )
    assert (merged.rows_inserted, merged.rows_updated) == (1, 1)
    assert table.update({"V": sf.lit("z")}, sf.col("K") == 9).rows_updated == 1
    assert table.delete(sf.col("K") == 2).rows_deleted == 2
    assert sorted(tuple(r) for r in table.collect()) == [(1, "new"), (9, "z")]
    names = session.sql("SHOW TABLES").select(sf.col('"name"')).collect()
    assert "T" in {r[0] for r in names}
    table.drop_table()


def test_files(session: Any, frame: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("K,V\n1,x\n2,\n")
    session.sql("CREATE STAGE S").collect()
    session.file.put(str(tmp_path / "rows.csv"), "@S/in", auto_compress=False)
    schema = st.StructType(
        [st.StructField("K", st.LongType()), st.StructField("V", st.StringType())]
    )
    read = session.read.option("skip_header", 1).schema(schema).csv("@S/in")
    assert [tuple(r) for r in read.collect()] == [(1, "x"), (2, None)]
    frame.write.copy_into_location("@S/out/", file_format_type="parquet")
    assert session.read.parquet("@S/out").count() == 3
    session.file.get("@S/in/rows.csv", str(tmp_path / "back"))
    assert (tmp_path / "back" / "rows.csv").read_text() == "K,V\n1,x\n2,\n"


def test_functions_and_procedures_in_python(session: Any, frame: Any) -> None:
    plus = sf.udf(
        lambda x: x + 1,
        return_type=st.IntegerType(),
        input_types=[st.IntegerType()],
        session=session,
    )
    assert [r[0] for r in frame.select(plus("K")).collect()] == [2, 3, 3]
    counting = sf.sproc(
        lambda inner, n: inner.sql("SELECT 40").collect()[0][0] + n,
        return_type=st.IntegerType(),
        input_types=[st.IntegerType()],
        packages=["snowflake-snowpark-python"],
        session=session,
    )
    assert counting(2, session=session) == 42
