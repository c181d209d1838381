"""Examples of Snowflake's reference pages: a statement and the result that its page documents.

One TOML file an area (`text.toml`, `dates.toml`, ...), one table an example, named by its id:

    page        the page, below https://docs.snowflake.com/en/
    given       name of a list of statements in the file's [setups], executed first
    setup       statements executed first, after those of `given`
    files       files by name, in the folder that statements write as {folder}
    parameters  session parameters while the example runs
    login       session parameters of a connection of its own, given when it logs in
    sql         the statement
    columns     the names of the result's columns, where they matter
    types       their types as the connector names them, where they matter: FIXED(38,0), TEXT(5),
                DATE NOT NULL
    rows        the rows, in order
    unordered   true where the statement leaves the order open
    count       how many rows there are, where the values are not the point
    contains    words of the first value, where the page shows an excerpt
    error       number, state and words of the error, as far as they are documented
    derived     true where the result follows from a rule of the page, which does not print it

Values are TOML's own: text, integers, decimals with their scale (1.50 is not 1.5), booleans,
dates, times. What TOML lacks stands in braces: {} is NULL, {json = '...'} semi-structured data,
{float = 0.1} a FLOAT and {near = 0.1} any number, equal to the digits printed, {hex = '...'} a
BINARY.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Failure:
    """The error a page documents; None where it leaves a part open."""

    number: int | None = None
    state: str | None = None
    words: str = ""


@dataclass(frozen=True)
class Example:
    """See the module."""

    id: str
    page: str
    sql: str
    given: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    files: dict[str, str] | None = None
    parameters: dict[str, Any] | None = None
    login: dict[str, Any] | None = None
    columns: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    rows: list[list[Any]] | None = None
    unordered: bool = False
    count: int | None = None
    contains: str | None = None
    error: Failure | None = None
    derived: bool = False

    @property
    def area(self) -> str:
        return self.id.split("/")[0]

    @property
    def only_reads(self) -> bool:
        """Whether what `given` made stands unchanged afterwards, for whichever example."""
        changes = self.setup or self.files or self.parameters or self.login
        return not changes and self.sql.lstrip().startswith("SELECT")

    def __post_init__(self) -> None:
        outcomes = (self.rows, self.count, self.contains, self.error, self.types)
        if all(outcome is None for outcome in outcomes):
            raise ValueError(f"{self.id} states no rows, count, contains, types or error")


def load(folder: Path = FOLDER) -> list[Example]:
    """Every example of every area, in the order of the files."""
    return [example for path in sorted(folder.glob("*.toml")) for example in _area(path)]


def _area(path: Path) -> list[Example]:
    tables = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    setups = tables.pop("setups", {})
    return [_example(f"{path.stem}/{name}", table, setups) for name, table in tables.items()]


def _example(name: str, table: dict[str, Any], setups: dict[str, list[str]]) -> Example:
    if "given" in table:
        table["given"] = tuple(setups[table["given"]])
    for key in ("setup", "columns", "types"):
        if key in table:
            table[key] = tuple(table[key])
    if "error" in table:
        table["error"] = Failure(**table["error"])
    return Example(name, **table)
