"""Texts that a spreadsheet would run as formulas.

See https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import polars as pl

FORMULA = r"^[\t\r\n]|^[\s\x00-\x1f]*[=+\-@＝＋－＠]"
MARK = "'"
"""In front of a text, it makes a spreadsheet show the text as it is."""


def neutral(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows for people: a mark before each text that a spreadsheet would run."""
    return rows.with_columns(
        pl.when(_runs(name)).then(MARK + _text(name)).otherwise(_text(name)).alias(name)
        for name in _texts(rows)
    )


def told(rows: pl.DataFrame) -> tuple[str, ...]:
    """What `neutral` changes, in sentences."""
    counts = {name: int(rows.select(_runs(name).sum()).item()) for name in _texts(rows)}
    return tuple(
        f"{count:,} {'values' if count > 1 else 'value'} of {name} would run as a formula in a "
        f"spreadsheet: in a .csv for people, {MARK} stands in front of each"
        for name, count in counts.items()
        if count
    )


def _texts(rows: pl.DataFrame) -> list[str]:
    return [
        n for n, t in rows.schema.items() if isinstance(t, pl.String | pl.Categorical | pl.Enum)
    ]


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _runs(name: str) -> pl.Expr:
    return _text(name).str.contains(FORMULA).fill_null(value=False)
