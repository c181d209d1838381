"""Names, types and order: what a model is fed by name, and what it was fitted on by position."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from churn.domain.errors import ImportRefusedError
from churn.domain.expressions import Type
from churn.domain.features import Feature, FeatureView

EXAMPLE = (
    'Write {"inputs": [{"name": "AGE", "type": "float"}, {"name": "SEGMENT", "type": "text"}], '
    '"columns": [{"input": "AGE"}, {"input": "SEGMENT", "category": "Basic"}]}: columns in the '
    "order that the model was fitted on, each a number or the indicator of a category; without "
    "columns they are the inputs."
)
TYPES = (Type.TEXT, Type.INTEGER, Type.FLOAT, Type.BOOLEAN)
IDENTIFIER = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True)
class Column:
    """One column that the model was fitted on.

    Args:
        category: Of a text input: the column is 1 where the input says this, otherwise 0.
        name: What the model itself calls it; empty if nobody says.
    """

    input: str
    category: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Signature:
    """
    Args:
        inputs: Types by name, in upper case as the warehouse has them.
    """

    inputs: Mapping[str, Type]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        for name in self.inputs:
            if not IDENTIFIER.fullmatch(name):
                raise ImportRefusedError(
                    f"the signature's input {name!r} is no name that a table's column can have",
                    "Name the input otherwise, and say in columns what the model calls it: "
                    '{"input": "AGE", "name": "age in years"}.',
                )
        for column in self.columns:
            self._require(column)
        unused = [n for n in self.inputs if n not in {c.input for c in self.columns}]
        if unused:
            raise ImportRefusedError(
                f"the signature's inputs {', '.join(unused)} make no column of the model",
                "Leave them out, or add their columns.",
            )
        if len({(c.input, c.category) for c in self.columns}) < len(self.columns):
            raise ImportRefusedError("the signature has a column twice", "Each column stands once.")

    def _require(self, column: Column) -> None:
        if column.input not in self.inputs:
            raise ImportRefusedError(
                f"the signature's column {column} is of no input; there is: "
                f"{', '.join(self.inputs)}",
                EXAMPLE,
            )
        if column.category is not None and self.inputs[column.input] is not Type.TEXT:
            raise ImportRefusedError(
                f"the input {column.input} is no text, so no column of it is a category", EXAMPLE
            )

    def require_encoded(self) -> None:
        """
        Raises:
            ImportRefusedError: A text is given as it is, where the model takes numbers.
        """
        for column in self.columns:
            if self.inputs[column.input] is Type.TEXT and column.category is None:
                raise ImportRefusedError(
                    f"the input {column.input} is text, but its column names no category", EXAMPLE
                )

    def features(self) -> tuple[Feature, ...]:
        return tuple(Feature(n, t, f"{n} {{}}") for n, t in self.inputs.items())

    def require_names(self, names: Sequence[str], count: int) -> None:
        """Refuse a signature that is not the model's.

        Args:
            names: What the model calls its columns; empty if it does not name them.
            count: How many columns it was fitted on.

        Raises:
            ImportRefusedError: Other columns, more, fewer, or in another order.
        """
        if len(self.columns) != count:
            raise ImportRefusedError(
                f"the signature has {len(self.columns)} columns, the model was fitted on {count}"
                + (f": {', '.join(names)}" if names else ""),
                EXAMPLE,
            )
        if not names:
            return
        own = [_named(column) for column in self.columns]
        theirs = [name.upper() for name in names]
        if sorted(own) == sorted(theirs) and own != theirs:
            raise ImportRefusedError(
                f"the signature's columns are in another order than the model's: {', '.join(own)}; "
                f"the model has {', '.join(names)}",
                "Write them in the model's order.",
            )
        for mine, other in zip(own, theirs, strict=True):
            if mine != other:
                raise ImportRefusedError(
                    f"the signature has a column {mine} where the model has {other}",
                    'Say what the model calls it: {"input": "AGE", "name": "age in years"}.',
                )

    def require_view(self, view: FeatureView) -> None:
        """
        Raises:
            ImportRefusedError: The view does not feed the model: a column more, less, or of
                another type.
        """
        there = {f.name: f.type is Type.TEXT for f in view.features}
        wanted = {name: kind is Type.TEXT for name, kind in self.inputs.items()}
        wrong = [
            *(f"{name} is missing in the view" for name in wanted if name not in there),
            *(f"{name} is extra in the view" for name in there if name not in wanted),
            *(
                f"{name} is {'text' if there[name] else 'a number'} in the view, not in the model"
                for name in wanted
                if name in there and there[name] != wanted[name]
            ),
        ]
        if wrong:
            raise ImportRefusedError(
                f"the view {view} does not fit the model: {'; '.join(wrong)}",
                "Name another --view and --version, register a view that has these columns, or "
                "import by the signature alone.",
            )


def _named(column: Column) -> str:
    """What the model calls it, as far as is said; pandas.get_dummies joins by an underscore."""
    joined = column.input if column.category is None else f"{column.input}_{column.category}"
    return (column.name or joined).upper()


def read(path: Path) -> Signature:
    """
    Raises:
        ImportRefusedError: The file cannot be read, or is written otherwise.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        inputs = _inputs(written["inputs"])
        columns = written.get("columns") or [{"input": name} for name in inputs]
        return Signature(inputs, tuple(map(_column, columns)))
    except OSError as error:
        raise ImportRefusedError(f"{path} cannot be read: {error.strerror}", EXAMPLE) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImportRefusedError(
            f"{path} is no signature: {type(error).__name__}: {error}", EXAMPLE
        ) from error


def _inputs(written: Sequence[Mapping[str, Any]]) -> dict[str, Type]:
    inputs = {str(i["name"]).upper(): Type(i["type"]) for i in written}
    if len(inputs) < len(written):
        raise ValueError("an input stands twice")
    if not set(inputs.values()) <= set(TYPES):
        raise ValueError(f"types are {', '.join(TYPES)}")
    return inputs


def _column(written: Mapping[str, Any]) -> Column:
    unknown = set(written) - {"input", "category", "name"}
    if unknown:
        raise ValueError(f"a column has no {', '.join(sorted(unknown))}")
    category = written.get("category")
    return Column(
        input=str(written["input"]).upper(),
        category=None if category is None else str(category),
        name=str(written.get("name", "")),
    )


def infer(names: Sequence[str], count: int, golden: pl.Schema) -> Signature:
    """From what the model calls its columns, with the types of the golden file.

    Raises:
        ImportRefusedError: The model names none, or the file lacks one, or has it as text.
    """
    if not names:
        raise ImportRefusedError(
            f"the model does not name the {count} columns that it was fitted on",
            f"Give --signature, with their names in order. {EXAMPLE}",
        )
    types = {name.upper(): kind for name, kind in golden.items()}
    missing = [name for name in names if name.upper() not in types]
    if missing:
        raise ImportRefusedError(
            f"the golden file has no column {', '.join(missing)}, which the model was fitted on; "
            f"it has {', '.join(golden)}",
            f"Add it; or, if it was made of another, give --signature. {EXAMPLE}",
        )
    for name in names:
        if not (types[name.upper()].is_numeric() or types[name.upper()] == pl.Boolean):
            raise ImportRefusedError(
                f"{name} is {types[name.upper()]} in the golden file, and the model takes numbers",
                f"Give --signature, which says how it was encoded. {EXAMPLE}",
            )
    inputs = {name.upper(): _type(types[name.upper()]) for name in names}
    return Signature(inputs, tuple(Column(n.upper(), name=n) for n in names))


def _type(kind: pl.DataType) -> Type:
    if kind == pl.Boolean:
        return Type.BOOLEAN
    return Type.INTEGER if kind.is_integer() else Type.FLOAT
