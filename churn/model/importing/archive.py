"""Members of a `.tar.gz` in memory: nothing is ever extracted to a folder.

Refused are archives that would write elsewhere, and those that grow beyond limits, however little
of them is asked for. The rules are those of https://docs.python.org/3/library/tarfile.html
(extraction filters), and stricter: a single bad member condemns the archive.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from churn.domain.errors import ImportRefusedError


@dataclass(frozen=True)
class Limits:
    """
    Args:
        size: Bytes, unpacked.
        members: Files and folders in an archive.
    """

    size: int = 512 * 2**20
    members: int = 1000


LIMITS = Limits()


class _Limited(io.RawIOBase):
    """A stream that refuses to give more than so many bytes: headers count, too."""

    def __init__(self, stream: gzip.GzipFile, size: int) -> None:
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(min(len(buffer), 2**20))
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large()
        buffer[: len(chunk)] = chunk
        return len(chunk)


def member(content: bytes, name: str, limits: Limits = LIMITS) -> bytes:
    """The file of that name at the top of the archive.

    Raises:
        ImportRefusedError: The archive is corrupted, unsafe, too large, or has no such file.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as unzipped:
            return _read(_Limited(unzipped, limits.size), name, limits)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise ImportRefusedError(
            f"the archive is corrupted: {error}",
            "Copy it again from where it was made; tar -tzf lists what is in a whole one.",
        ) from error


def _read(stream: _Limited, name: str, limits: Limits) -> bytes:
    files: dict[str, bytes] = {}
    names: list[str] = []
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for each in archive:
            if len(names) == limits.members:
                raise ImportRefusedError(
                    f"the archive has more than {limits.members:,} members",
                    "A model needs one: pack xgboost-model alone.",
                )
            path = _safe(each)
            names.append(path)
            if path == name and path in files:
                raise ImportRefusedError(f"the archive has {name} twice", "Pack it once.")
            if path == name and each.isreg():
                if each.size > limits.size:
                    raise _too_large()
                extracted = archive.extractfile(each)
                files[name] = extracted.read() if extracted else b""
    while stream.read(2**20):  # to the end, where gzip keeps its checksum
        pass
    if name not in files:
        raise ImportRefusedError(
            f"the archive has no {name}; it has {', '.join(names[:10]) or 'nothing'}",
            f"Pack the model file as {name} at the top, as SageMaker's containers do.",
        )
    return files[name]


def _safe(each: tarfile.TarInfo) -> str:
    """The member's path; refused where unpacking it could write outside of a folder."""
    path = PurePosixPath(each.name)
    if path.is_absolute() or ".." in path.parts or "\\" in each.name or ":" in each.name:
        reason = "leaves the folder that it is unpacked in"
    elif each.issym() or each.islnk():
        reason = f"is a link, to {each.linkname}"
    elif not (each.isreg() or each.isdir()) or each.issparse():
        reason = "is neither a file nor a folder"
    else:
        return str(path)
    raise ImportRefusedError(
        f"the archive's member {each.name!r} {reason}",
        "Do not use this archive; ask for one with xgboost-model alone.",
    )


def _too_large() -> ImportRefusedError:
    return ImportRefusedError(
        "the archive unpacks to more than the limit",
        f"A model may have {LIMITS.size // 2**20} MiB; pack xgboost-model alone.",
    )
