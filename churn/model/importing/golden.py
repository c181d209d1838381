"""Golden predictions: inputs by name with the probabilities that the source gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from churn.domain.errors import ImportRefusedError
from churn.domain.expressions import Type
from churn.model.importing.signature import Signature
from churn.model.metrics import Probabilities

TOLERANCE = 1e-6
"""Trees sum 32-bit floats; what differs by more is another model, or is fed otherwise."""

WORST = 5
SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Golden:
    """
    Args:
        rows: The inputs, in upper case.
        hash: SHA-256 of the file.
    """

    rows: pl.DataFrame
    scores: Probabilities
    hash: str

    def inputs(self, signature: Signature) -> pl.DataFrame:
        """The rows as the model is fed them.

        Raises:
            ImportRefusedError: A column is missing, extra, or of another type.
        """
        there, wanted = self.rows.columns, signature.inputs
        missing = [name for name in wanted if name not in there]
        extra = [name for name in there if name not in wanted]
        if missing or extra:
            raise ImportRefusedError(
                "the golden file's columns are not the model's inputs: "
                + "; ".join(
                    f"{word} {', '.join(names)}"
                    for word, names in (("missing", missing), ("extra", extra))
                    if names
                ),
                f"It holds the inputs {', '.join(wanted)} and the score, in any order.",
            )
        return self.rows.select(_typed(self.rows[name], kind) for name, kind in wanted.items())

    def agreement(self, scores: Probabilities) -> float:
        """The largest difference.

        Raises:
            ImportRefusedError: One is above the tolerance; the worst rows are shown.
        """
        if len(scores) != len(self.scores):
            raise ImportRefusedError(
                f"the model gives {len(scores)} scores for {len(self.scores)} golden rows",
                "It is not registered.",
            )
        apart = np.abs(scores - self.scores)
        if np.all(apart <= TOLERANCE):  # false for NaN, too
            return float(apart.max())
        raise ImportRefusedError(
            f"{int(np.sum(~(apart <= TOLERANCE)))} of {len(apart)} golden scores differ by more "
            f"than {TOLERANCE:g}, so nothing is registered; the worst:\n{self._worst(scores)}",
            self._guess(scores),
        )

    def _worst(self, scores: Probabilities) -> str:
        apart = np.nan_to_num(np.abs(scores - self.scores), nan=np.inf)
        worst = np.argsort(-apart, kind="stable")[:WORST]
        lines = [
            f"    row {i + 1}: golden {self.scores[i]:.6f}, the model {scores[i]:.6f}"
            for i in worst
        ]
        return "\n".join(lines)

    def _guess(self, scores: Probabilities) -> str:
        if np.all(np.abs(1 - scores - self.scores) <= TOLERANCE):
            return (
                "The golden scores are the probabilities of class 0: give those of class 1, "
                "column 1 of predict_proba."
            )
        return (
            "Is the order of columns in the signature that of the fit, are missing values empty, "
            "and are the scores this very model's probabilities of class 1?"
        )


def _typed(column: pl.Series, kind: Type) -> pl.Series:
    if kind is Type.TEXT:
        return column.cast(pl.String)
    if column.dtype == pl.String:
        raise ImportRefusedError(
            f"the golden column {column.name} is text, the signature says {kind}",
            "Write numbers, with a point, and leave missing ones empty.",
        )
    return column.cast(pl.Float64)


def read(path: Path, score_column: str, types: Mapping[str, Type] | None = None) -> Golden:
    """
    Args:
        types: Of inputs that are declared, so that a text of digits stays a text.

    Raises:
        ImportRefusedError: The file cannot be read, or its scores are no probabilities.
    """
    if path.suffix not in SUFFIXES:
        raise ImportRefusedError(
            f"{path} ends in {path.suffix or 'nothing'}",
            f"Golden files end in {' or '.join(SUFFIXES)}.",
        )
    try:
        content = path.read_bytes()
        rows = _upper(_table(path.suffix, content, types or {}))
    except OSError as error:
        raise ImportRefusedError(
            f"{path} cannot be read: {error.strerror}", "Name the golden file."
        ) from error
    except pl.exceptions.PolarsError as error:
        raise ImportRefusedError(
            f"{path} is no table: {str(error).splitlines()[0]}",
            "Write one row for each input, with a header.",
        ) from error
    name = score_column.upper()
    if name not in rows.columns:
        raise ImportRefusedError(
            f"{path} has no column {score_column}; it has {', '.join(rows.columns)}",
            "Name the one with the source's probability: --score-column.",
        )
    return Golden(rows.drop(name), _scores(rows[name]), sha256(content).hexdigest())


def _table(suffix: str, content: bytes, types: Mapping[str, Type]) -> pl.DataFrame:
    if suffix == ".parquet":
        return pl.read_parquet(content)
    header = pl.read_csv(content, n_rows=0).columns
    texts = [name for name in header if types.get(name.upper()) is Type.TEXT]
    return pl.read_csv(content, schema_overrides=dict.fromkeys(texts, pl.String))


def _upper(rows: pl.DataFrame) -> pl.DataFrame:
    names = [name.upper() for name in rows.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportRefusedError(
            f"the golden file has {', '.join(twice)} twice, but for upper and lower case",
            "Give each column a name of its own.",
        )
    return rows.rename(dict(zip(rows.columns, names, strict=True)))


def _scores(column: pl.Series) -> Probabilities:
    if not column.dtype.is_numeric():
        raise ImportRefusedError(
            f"the golden scores in {column.name} are {column.dtype}, no numbers",
            "Write the probability of class 1, from 0 to 1.",
        )
    scores = column.cast(pl.Float64).to_numpy()
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ImportRefusedError(
            f"the golden scores in {column.name} are not all from 0 to 1",
            "Write the probability of class 1; not the log-odds, and none is missing.",
        )
    if len(np.unique(scores)) < 2:
        raise ImportRefusedError(
            f"the golden file has {len(scores)} rows with {len(np.unique(scores))} different "
            "scores, which any model could repeat",
            "Give rows that the model scores differently; some hundreds are good.",
        )
    return np.asarray(scores, dtype=np.float64)
