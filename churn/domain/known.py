"""What a function may see of a table: the only place where the future is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from churn.domain.contracts import Table
from churn.domain.expressions import col, count, row_number, when
from churn.domain.frames import Frame
from churn.domain.labels import Label
from churn.domain.windows import Windows

F = TypeVar("F", bound=Frame)

NUMBER, OF = "_VERSION", "_VERSIONS"


def for_features(table: Table, rows: F, windows: Windows) -> F:
    """The table as it was known on the as-of date.

    Events up to that day; of attributes with versions, the one that held then; a timeless table
    whole. Values that were set later are NULL.
    """
    return _latest(table, _until(table, rows, windows.observation.end))


def for_label(table: Table, rows: F, label: Label, windows: Windows) -> F:
    """The table as a label may use it.

    Events up to the end of the outcome window, and so all versions of the table that the label's
    event is in; other attributes as they were known on the as-of date.
    """
    if table.has_events or table.name == label.event.table:
        return _until(table, rows, windows.outcome.end)
    return for_features(table, rows, windows)


def tables_for_features(
    tables: Mapping[str, Table], frames: Mapping[str, F], windows: Windows
) -> dict[str, F]:
    """`for_features` of each frame; both mappings by parameter."""
    return {name: for_features(tables[name], rows, windows) for name, rows in frames.items()}


def tables_for_label(
    tables: Mapping[str, Table], frames: Mapping[str, F], label: Label, windows: Windows
) -> dict[str, F]:
    """`for_label` of each frame; both mappings by parameter."""
    return {name: for_label(tables[name], rows, label, windows) for name, rows in frames.items()}


def _until(table: Table, rows: F, end: date) -> F:
    """The rows dated before `end`, without the values that were set from then on."""
    if table.time is not None:
        rows = rows.filter(col(table.time) < end)
    later = {
        c.name: when(col(c.known_from) < end, col(c.name)) for c in table.columns if c.known_from
    }
    return rows.with_columns(**later) if later else rows


def _latest(table: Table, rows: F) -> F:
    """One row an entity: its latest version."""
    if not (table.versions and table.entity and table.time):
        return rows
    numbered = rows.with_columns(
        **{
            NUMBER: row_number().over(table.entity, order_by=table.time),
            OF: count().over(table.entity),
        }
    )
    return numbered.filter(col(NUMBER) == col(OF)).select(*table.names)
