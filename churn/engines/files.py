"""Tables as files: one CSV or Parquet file a table, read lazily, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl

from churn.domain.contracts import Table
from churn.domain.errors import DataError, UsageError
from churn.domain.expressions import Type
from churn.engines.formulas import neutral
from churn.engines.types import TYPES
from churn.engines.writing import replacing

SUFFIXES = (".csv", ".parquet")


def locate(folder: Path, table: Table) -> Path:
    """The table's file.

    Raises:
        DataError: There is none, or more than one.
    """
    candidates = [folder / f"{table.name.lower()}{suffix}" for suffix in SUFFIXES]
    present = [path for path in candidates if path.is_file()]
    for path in candidates:
        if path not in present and os.path.lexists(path):
            raise DataError(
                f"table {table.name}: {path} is no regular file",
                "Put a file there: neither a folder, nor a pipe, a device or a link to nothing.",
            )
    if len(present) == 1:
        return present[0]
    if present:
        raise DataError(
            f"table {table.name}: found both {present[0].name} and {present[1].name} in {folder}",
            "Remove or rename one of them.",
        )
    raise DataError(
        f"table {table.name}: found neither {candidates[0].name} nor {candidates[1].name} "
        f"in {folder}",
        f"Put the file there, or make a sample: churn data generate --out {folder}",
    )


def scan(path: Path) -> pl.LazyFrame:
    """The file as it is: every column of a CSV is text, an empty field is NULL."""
    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    return pl.scan_csv(path, infer_schema=False)


def _four_digits(x: pl.Expr, *, strict: bool) -> pl.Expr:
    """Without `strict`, NULL for the years before 1 and after 9999, which Polars reads."""
    return x if strict else pl.when(x.str.contains(r"^\d{4}-")).then(x)


READERS: dict[Type, Callable[[pl.Expr, bool], pl.Expr]] = {
    Type.DATE: lambda x, strict: _four_digits(x, strict=strict).str.to_date(
        "%Y-%m-%d", strict=strict
    ),
    Type.TIMESTAMP: lambda x, strict: (
        _four_digits(x, strict=strict)
        .str.replace("T", " ", literal=True)
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=strict)
    ),
    Type.BOOLEAN: lambda x, strict: x.str.to_lowercase().replace_strict(
        {"true": True, "false": False},
        return_dtype=pl.Boolean,
        **({} if strict else {"default": None}),
    ),
}
"""How a CSV's text becomes a value of the type."""


def converted(column: pl.Expr, stored: pl.DataType, wanted: Type, *, strict: bool) -> pl.Expr:
    """The column in the wanted type; without `strict`, NULL where a value is not of that type."""
    if isinstance(stored, pl.String) and wanted in READERS:
        return READERS[wanted](column, strict)
    return column.cast(TYPES[wanted], strict=strict)


def read(folder: Path, table: Table) -> pl.LazyFrame:
    """The columns of the contract, in its order and types.

    Raises:
        DataError: The file is missing, unreadable, or lacks a column.
    """
    lazy = scan(locate(folder, table))
    schema = lazy.collect_schema()
    missing = [name for name in table.names if name not in schema]
    if missing:
        raise DataError(
            f"table {table.name} has no column {', '.join(missing)}; it has {', '.join(schema)}",
            f"See churn data check --data {folder}",
        )
    return lazy.select(
        converted(pl.col(c.name), schema[c.name], c.type, strict=True).alias(c.name)
        for c in table.columns
    )


def require_suffix(destination: Path) -> None:
    """
    Raises:
        UsageError: No ending that tables have.
    """
    if destination.suffix not in SUFFIXES:
        raise UsageError(
            f"{destination} ends in {destination.suffix or 'nothing'}",
            f"Name a file that ends in {' or '.join(SUFFIXES)}.",
        )


def write(frame: pl.DataFrame, destination: Path) -> int:
    """Write CSV or Parquet, by the file's ending; returns the number of rows.

    Raises:
        UsageError: Another ending.
        StoreError: The place cannot be written to.
    """
    require_suffix(destination)
    with replacing(destination) as temporary:
        if destination.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            frame.write_parquet(temporary)
    return frame.height


def write_for_people(frame: pl.DataFrame, destination: Path) -> int:
    """As `write`; what a spreadsheet would run as a formula is neutralised in a CSV."""
    return write(neutral(frame) if destination.suffix == ".csv" else frame, destination)
