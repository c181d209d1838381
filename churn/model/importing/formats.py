"""What a model file is, told by its first bytes and not by its name; nothing is run."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from churn.domain.errors import ImportRefusedError
from churn.model.importing.archive import LIMITS, Limits, member

SAGEMAKER = "xgboost-model"
"""The file in SageMaker's model.tar.gz, whatever its format."""

CONVERT = (
    "Load it where it was made, with the versions that made it, and write "
    'booster.save_model("model.json"); import that.'
)


class Format(StrEnum):
    JSON = "XGBoost JSON"
    UBJ = "XGBoost UBJ"
    SKOPS = "skops"


@dataclass(frozen=True)
class ModelFile:
    """A model from elsewhere, as read.

    Args:
        hash: SHA-256 of the file as it was given, archive and all.
        packed: Whether it came in SageMaker's archive.
    """

    format: Format
    content: bytes
    hash: str
    packed: bool

    @property
    def described(self) -> str:
        return f"{self.format} in model.tar.gz" if self.packed else str(self.format)


def read(path: Path, limits: Limits = LIMITS) -> ModelFile:
    """
    Raises:
        ImportRefusedError: It is missing, too large, unsafe, or in no format that is taken.
    """
    content = _content(path, limits)
    packed = content.startswith(b"\x1f\x8b")
    inner = member(content, SAGEMAKER, limits) if packed else content
    where = f"{SAGEMAKER} in {path.name}" if packed else path.name
    return ModelFile(sniff(inner, where, limits), inner, sha256(content).hexdigest(), packed)


def _content(path: Path, limits: Limits) -> bytes:
    try:
        if path.stat().st_size > limits.size:
            raise ImportRefusedError(
                f"{path} has {path.stat().st_size:,} bytes, more than the limit of {limits.size:,}",
                "A model of trees or coefficients is far smaller; is it the right file?",
            )
        return path.read_bytes()
    except OSError as error:
        raise ImportRefusedError(
            f"{path} cannot be read: {error.strerror}", "Name the file of a model."
        ) from error


def sniff(content: bytes, where: str, limits: Limits = LIMITS) -> Format:
    """
    Raises:
        ImportRefusedError: By the name of the format, with the way to convert it.
    """
    if content.startswith(b"{L"):
        return Format.UBJ
    if re.match(rb'\{\s*"', content):
        return Format.JSON
    if content.startswith(b"PK\x03\x04"):
        return _zip(content, where, limits)
    raise ImportRefusedError(f"{where} {_unknown(content, where)}", _remedy(content))


def _zip(content: bytes, where: str, limits: Limits) -> Format:
    """A ZIP archive is of skops if it has a `schema.json`; PyTorch's has none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ImportRefusedError(
            f"{where} is a corrupted ZIP: {error}", "Copy it again."
        ) from error
    if "schema.json" not in [m.filename for m in members]:
        raise ImportRefusedError(
            f"{where} is a ZIP, but not of skops: it has no schema.json",
            "Write scikit-learn models by skops.io.dump(model, 'model.skops').",
        )
    if len(members) > limits.members or sum(m.file_size for m in members) > limits.size:
        raise ImportRefusedError(
            f"{where} unpacks to more than the limit of {limits.members:,} members or "
            f"{limits.size:,} bytes",
            "A model of coefficients is far smaller; is it the right file?",
        )
    return Format.SKOPS


def _unknown(content: bytes, where: str) -> str:
    if content.startswith(b"binf"):
        return "is XGBoost's old binary format, which XGBoost 3.1 and later cannot read"
    if _pickled(content, where):
        return "is a pickle (or joblib, cloudpickle), which runs code when loaded: never opened"
    if _onnx(content, where):
        return "is ONNX, whose runtime this package does not include"
    return f"is in no known format: it begins {content[:8]!r}"


def _remedy(content: bytes) -> str:
    if content.startswith(b"binf"):
        return f"{CONVERT} XGBoost 3.0 and earlier read it."
    return (
        f"{CONVERT} A scikit-learn model: skops.io.dump(model, 'model.skops'). "
        "Taken are XGBoost's JSON and UBJ, SageMaker's model.tar.gz with one of them, and skops."
    )


def _pickled(content: bytes, where: str) -> bool:
    """Protocols 2 to 5 begin with PROTO; 0 and 1 end with STOP after a build instruction."""
    names = (".pkl", ".pickle", ".joblib")
    binary = content[:1] == b"\x80" and content[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    text = content[:1] in {b"c", b"("} and content.rstrip()[-1:] == b"."
    return binary or text or where.endswith(names)


def _onnx(content: bytes, where: str) -> bool:
    """A protocol buffer whose first field is `ir_version`, below 32."""
    return where.endswith(".onnx") or (content[:1] == b"\x08" and content[1:2] < b"\x20")
