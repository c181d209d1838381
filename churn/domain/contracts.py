"""The tables that we read: their columns, types, keys and ranges, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from churn.domain.errors import UsageError
from churn.domain.expressions import Type


@dataclass(frozen=True)
class Reference:
    """A column of another table."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, kw_only=True)
class ColumnContract:
    """What a column holds. No column may be NULL.

    Args:
        key: Its value names the row; no two rows share it.
        minimum: The smallest value allowed.
        maximum: The largest value allowed.
        values: The values allowed; none given allows all.
        refers_to: Its value must occur there.
        not_before: Not before that date of the row that the table refers to.
    """

    name: str
    type: Type
    description: str
    key: bool = False
    minimum: float | date | None = None
    maximum: float | date | None = None
    values: tuple[str, ...] = ()
    refers_to: Reference | None = None
    not_before: Reference | None = None


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[ColumnContract, ...]

    @property
    def key(self) -> str:
        return next(c.name for c in self.columns if c.key)

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
    """A row that breaks a rule: its number in the table, from 1, its key and the value found."""

    row: int
    key: str | None
    value: str | None

    def __str__(self) -> str:
        return f"row {self.row} ({self.key}): {self.value if self.value is not None else 'NULL'}"


@dataclass(frozen=True, kw_only=True)
class Problem:
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


EARLIEST, LATEST = date(1970, 1, 1), date(2099, 12, 31)
"""Dates outside are typing errors."""

CUSTOMERS = Table(
    "CUSTOMERS",
    (
        ColumnContract(
            name="CUSTOMER_ID", type=Type.TEXT, key=True, description="names the customer"
        ),
        ColumnContract(
            name="SEGMENT",
            type=Type.TEXT,
            values=("Premium", "Standard", "Basic"),
            description="the customer's tier",
        ),
        ColumnContract(
            name="REGISTRATION_DATE",
            type=Type.DATE,
            description="the day the customer joined",
            minimum=EARLIEST,
            maximum=LATEST,
        ),
        ColumnContract(name="REGION", type=Type.TEXT, description="where the customer lives"),
    ),
)

ORDERS = Table(
    "ORDERS",
    (
        ColumnContract(name="ORDER_ID", type=Type.TEXT, key=True, description="names the order"),
        ColumnContract(
            name="CUSTOMER_ID",
            type=Type.TEXT,
            refers_to=Reference("CUSTOMERS", "CUSTOMER_ID"),
            description="who ordered",
        ),
        ColumnContract(
            name="ORDER_DATE",
            type=Type.DATE,
            not_before=Reference("CUSTOMERS", "REGISTRATION_DATE"),
            description="the day of the order",
            minimum=EARLIEST,
            maximum=LATEST,
        ),
        ColumnContract(
            name="ORDER_AMOUNT", type=Type.FLOAT, minimum=0, description="what the order was worth"
        ),
        ColumnContract(
            name="STATUS",
            type=Type.TEXT,
            values=("FULFILLED", "RETURNED", "CANCELLED"),
            description="what became of the order",
        ),
    ),
)

TABLES = (CUSTOMERS, ORDERS)
