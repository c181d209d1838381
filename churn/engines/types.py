"""The column types as rows are exchanged: in Polars."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from churn.domain.expressions import Type

TYPES: Mapping[Type, pl.DataType] = {
    Type.TEXT: pl.String(),
    Type.INTEGER: pl.Int64(),
    Type.FLOAT: pl.Float64(),
    Type.BOOLEAN: pl.Boolean(),
    Type.DATE: pl.Date(),
    Type.TIMESTAMP: pl.Datetime("us"),
}
