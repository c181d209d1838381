"""Tables as values: their columns, types, keys and ranges, and the clock that dates their rows."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import date
from enum import StrEnum

from churn.domain.errors import UsageError
from churn.domain.expressions import Type

EARLIEST, LATEST = date(1970, 1, 1), date(2099, 12, 31)
"""Dates outside are typing errors."""


@dataclass(frozen=True)
class Reference:
    """A column of another table."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class ColumnContract:
    """What a column holds.

    Args:
        key: Its value names the row; no two rows share it.
        nullable: Whether it may be NULL.
        minimum: The smallest value allowed; for dates `EARLIEST`, unless another is given.
        maximum: The largest value allowed; for dates `LATEST`, unless another is given.
        values: The values allowed; none given allows all.
        refers_to: Its value must occur there.
        not_before: Not before that date of the row that the table refers to.
        known_from: The date column of the same table, itself perhaps, from which the value is
            known: a status that is set later, the day on which a ticket was closed. Feature
            functions see NULL before.
    """

    name: str
    type: Type
    _: KW_ONLY
    description: str = ""
    key: bool = False
    nullable: bool = False
    minimum: float | date | None = None
    maximum: float | date | None = None
    values: tuple[str, ...] = ()
    refers_to: Reference | None = None
    not_before: Reference | None = None
    known_from: str | None = None

    def __post_init__(self) -> None:
        if self.type is Type.DATE:
            object.__setattr__(self, "minimum", self.minimum or EARLIEST)
            object.__setattr__(self, "maximum", self.maximum or LATEST)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table and its clock.

    Args:
        entity: The column that names the entity; none for what belongs to no single one, such as
            exchange rates.
        time: The column that dates a row: the day from which it is known. Without one the table is
            timeless: its rows are taken as known at any time.
        versions: Whether a row is a version of an entity's attributes, which holds from `time`
            until the next one. The table then has one row for each entity and day.
        quiet_days: Days without a new row that are nothing unusual; more of them at the end mean
            that the data has not arrived.

    Raises:
        UsageError: A column that it names does not exist or is of the wrong type.
    """

    name: str
    columns: tuple[ColumnContract, ...]
    entity: str | None = None
    time: str | None = None
    versions: bool = False
    quiet_days: int = 7

    def __post_init__(self) -> None:
        if self.name != self.name.upper():
            raise UsageError(f"the table {self.name!r} is not in upper case", "Write its name so.")
        for name in filter(None, (self.entity, self.time)):
            self.column(name)
        clocks = [c.known_from for c in self.columns if c.known_from]
        for name in filter(None, (self.time, *clocks)):
            if self.column(name).type not in (Type.DATE, Type.TIMESTAMP):
                raise UsageError(
                    f"{self.name}.{name} dates rows, but its type is {self.column(name).type}",
                    "Name a column of dates.",
                )
        if self.versions and not (self.time and self.entity):
            raise UsageError(
                f"{self.name} has versions of rows, but no time or no entity",
                "Say which column dates a version, and which names the entity it is of.",
            )

    @property
    def parameter(self) -> str:
        """Its name as a parameter of feature and label functions."""
        return self.name.lower()

    @property
    def key(self) -> str | None:
        return next((c.name for c in self.columns if c.key), None)

    @property
    def unique(self) -> tuple[str, ...]:
        """The columns that together name a row; empty if nothing does."""
        if self.key:
            return (self.key,)
        return (self.entity, self.time) if self.versions and self.entity and self.time else ()

    @property
    def has_events(self) -> bool:
        """Whether its rows are events: dated, and no versions of attributes."""
        return self.time is not None and not self.versions

    @property
    def clock(self) -> str:
        """How its rows are dated, for people."""
        if self.time is None:
            return "timeless"
        return f"versions from {self.time}" if self.versions else f"events on {self.time}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> ColumnContract:
        for column in self.columns:
            if column.name == name:
                return column
        raise UsageError.unknown(f"column of {self.name}", name, self.names)


class Severity(StrEnum):
    """An error stops whoever would compute on the data; a warning is recorded with the result."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Offender:
    """A row that breaks a rule: its number in the table, from 1, its key and the value it has."""

    row: int
    key: str | None
    value: str | None

    def __str__(self) -> str:
        return f"row {self.row} ({self.key}): {self.value if self.value is not None else 'NULL'}"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that the data breaks, how often, and the first rows that do.

    Args:
        column: Empty where the table as a whole is meant.
    """

    table: str
    column: str = ""
    rule: str
    severity: Severity = Severity.ERROR
    count: int
    message: str
    rows: tuple[Offender, ...] = ()

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        return f"{where}: {self.message}"
