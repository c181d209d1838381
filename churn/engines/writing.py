"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from churn.domain.errors import StoreError


@contextmanager
def replacing(destination: Path) -> Iterator[Path]:
    """A file to write to, which takes the destination's place when the block ends well.

    Raises:
        StoreError: The place cannot be written to.
    """
    # Of its own length, so that any name that the file system takes can be written.
    temporary = destination.with_name(f".{uuid4().hex}{destination.suffix}")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot write {destination}: {error.strerror or error}",
            "Choose a place that you may write to.",
        ) from error
