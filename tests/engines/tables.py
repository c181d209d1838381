"""The same rows on either engine, for tests that hold for both."""

from __future__ import annotations

from typing import Any, Protocol

import polars as pl

from churn.engines import snowpark
from churn.engines.polars import PolarsFrame
from churn.engines.snowpark import SnowparkFrame


class Tables(Protocol):
    def frame(self, rows: pl.DataFrame) -> Any: ...

    def collect(self, frame: Any) -> pl.DataFrame: ...


class PolarsTables:
    def frame(self, rows: pl.DataFrame) -> Any:
        return PolarsFrame(rows.lazy())

    def collect(self, frame: Any) -> pl.DataFrame:
        found: pl.DataFrame = frame.lazy.collect(engine="streaming")
        return found


class SnowparkTables:
    def __init__(self, session: Any) -> None:
        self.session = session

    def frame(self, rows: pl.DataFrame) -> Any:
        from snowflake.snowpark import types as st

        schema = st.StructType(
            [
                st.StructField(snowpark.quoted(name), snowpark._snowpark_type(kind))
                for name, kind in rows.schema.items()
            ]
        )
        return SnowparkFrame(self.session.create_dataframe(rows.rows(), schema))

    def collect(self, frame: Any) -> pl.DataFrame:
        return snowpark.fetch(frame.data)
