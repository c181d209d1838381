"""The folder that snowflake-ml packaged: what it says, and the model in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from churn.emulator.account.account import Account
from churn.emulator.language.errors import SqlError, unsupported
from churn.emulator.language.names import identifier

DUCK = {
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32"), "BIGINT"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "DOUBLE"),
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "UINT64": "BIGINT",
}
"""DuckDB's types of those in a model's signature; floats travel as doubles."""


@dataclass(frozen=True)
class Method:
    """One function of a model: its name in SQL and in Python, and its columns with their types."""

    name: str
    target: str
    is_table: bool
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Package:
    """A version's folder: the manifest and the signature in it."""

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "MANIFEST.yml").read_text())
        return loaded

    @cached_property
    def spec(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "model" / "model.yaml").read_text())
        return loaded

    @property
    def attributes(self) -> dict[str, Any]:
        known = {"framework": self.spec.get("model_type"), "task": self.spec.get("task")}
        return {k: v for k, v in known.items() if v}

    @property
    def platforms(self) -> list[str]:
        return list(self.manifest.get("target_platforms") or ["WAREHOUSE"])

    @cached_property
    def methods(self) -> dict[str, Method]:
        known = {}
        for each in self.manifest["methods"]:
            name = identifier(each["name"])
            target = each["handler"].split(".")[-2].removeprefix("functions.")
            target = next(t for t in self.spec["signatures"] if t.lower() == target.lower())
            signature = self.spec["signatures"][target]
            known[name] = Method(
                name,
                target,
                each["type"] == "TABLE_FUNCTION",
                tuple((c["name"], _duck(c["type"])) for c in signature["inputs"]),
                tuple((c["name"], _duck(c["type"])) for c in signature["outputs"]),
            )
        return known


@cache
def package_of(folder: Path) -> Package:
    """Read once: a version's folder never changes, and its name is never used again."""
    return Package(folder)


def _duck(kind: str) -> str:
    if kind not in DUCK:
        raise unsupported(f"a model's column of type {kind}")
    return DUCK[kind]


def loaded(account: Account, folder: Path) -> Any:
    """What snowflake-ml's packager makes of the folder, once."""
    with account.loading:
        if folder not in account.models:
            from snowflake.ml.model._packager import model_packager

            packager = model_packager.ModelPackager(str(folder / "model"))
            packager.load(as_custom_model=True)
            account.models[folder] = packager
        return account.models[folder]


def predictions(
    account: Account, folder: Path, method: Method, columns: Sequence[Any]
) -> pa.StructArray:
    """The method's outputs for columns of inputs, as Snowflake's own inference computes them."""
    import pandas as pd

    packager = loaded(account, folder)
    features = packager.meta.signatures[method.target].inputs
    given = pd.DataFrame({f.name: c.to_pandas() for f, c in zip(features, columns, strict=True)})
    try:
        # Columns without NULL need no masked arrays, which cost more than many a model.
        frame = given.astype(
            {f.name: f.as_dtype(force_numpy_dtype=not given[f.name].hasnans) for f in features}
        )
        outputs = getattr(packager.model, method.target)(frame)
    except Exception as error:
        raise SqlError(
            f"Python Interpreter Error:\n{type(error).__name__}: {error} in function "
            f"{method.name} of the model",
            100357,
            "P0000",
        ) from error
    arrays = [
        pa.array(
            outputs[name].to_numpy() if kind != "VARCHAR" else outputs[name].astype(str),
            _ARROW[kind],
        )
        for name, kind in method.outputs
    ]
    return pa.StructArray.from_arrays(arrays, names=[name for name, _ in method.outputs])


_ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
