"""Where a command may write: never over what it reads, nor over what it did not make."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import polars as pl

from churn.domain.contracts import Table
from churn.domain.errors import StoreError, UsageError
from churn.engines.files import SUFFIXES

OTHER = "Name another file"


def require_free(
    destination: Path,
    columns: Sequence[str],
    *,
    reads: Iterable[Path] = (),
    keeps: Iterable[Path] = (),
    force: bool = False,
) -> None:
    """Refuse a place that holds something else than an earlier result of the same command.

    A result is recognised by its columns, so that a command can be repeated.

    Args:
        columns: Of what is to be written.
        reads: The files that are read, or would be if they were there.
        keeps: Folders of a store, which only the store writes to.
        force: Whether a file that the command did not make may go.

    Raises:
        UsageError: The place is an input, part of a store, or holds another file.
        StoreError: It cannot be looked at.
    """
    for path in reads:
        if _same(destination, path):
            raise UsageError(
                f"{destination} is a table that this command reads", f"{OTHER}: never an input."
            )
    for folder in keeps:
        if _real(destination).is_relative_to(_real(folder)):
            raise UsageError(f"{destination} is part of the store in {folder}", f"{OTHER}.")
    size = _size(destination)
    if force or not size:
        return
    if not _has_columns(destination, columns):
        raise UsageError(
            f"{destination} is there already, and this command did not make it: its columns are "
            f"not {', '.join(columns)}",
            f"{OTHER}, or say --force to write over it.",
        )


def require_sample(folder: Path, tables: Mapping[str, pl.DataFrame], *, force: bool) -> None:
    """Refuse a folder whose tables are not the very ones that are to be written.

    Raises:
        UsageError: It holds others, perhaps somebody's own.
        StoreError: It cannot be looked at.
    """
    for name, rows in tables.items():
        for suffix in SUFFIXES:
            file = folder / f"{name.lower()}{suffix}"
            size = _size(file)
            if force or not size:
                continue
            content = rows.write_csv().encode()
            if size != len(content) or file.read_bytes() != content:
                raise UsageError(
                    f"{file} is there already, and holds other rows",
                    "Name an empty folder, or say --force to write over it.",
                )


def tables(folder: Path, known: Iterable[Table]) -> list[Path]:
    """The files that are or could be the tables of a folder."""
    return [folder / f"{table.name.lower()}{suffix}" for table in known for suffix in SUFFIXES]


def _size(path: Path) -> int:
    """In bytes; 0 if there is no such file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"cannot write {path}: {reason}", f"{OTHER}.") from error
    if not S_ISREG(status.st_mode):
        what = "a folder" if S_ISDIR(status.st_mode) else "no regular file"
        raise UsageError(f"{path} is {what}", f"{OTHER}.")
    return status.st_size


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except FileNotFoundError:
        return _real(one) == _real(other)
    except (OSError, ValueError):
        return False  # `_size` says what is wrong with it


def _real(path: Path) -> Path:
    """Without links; `Path.resolve` raises on circles."""
    return Path(os.path.realpath(path))


def _has_columns(path: Path, columns: Sequence[str]) -> bool:
    try:
        if path.suffix == ".parquet":
            return list(pl.read_parquet_schema(path)) == list(columns)
        header = pl.DataFrame(schema=list(columns)).write_csv().encode()
        with path.open("rb") as file:
            return file.read(len(header)) == header  # with the end of the line
    except pl.exceptions.PolarsError:
        return False
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}", f"{OTHER}.") from error
