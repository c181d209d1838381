"""What an audit does to a world: each change has a kind, by which rules decide what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from churn.leakage.worlds import World


class Kind(Enum):
    """How a world differs from another, after the as-of date only."""

    REMOVED = auto()
    ADDED = auto()
    VALUES = auto()
    SWAPPED = auto()
    MOVED = auto()
    AMENDED = auto()
    """A later row for what a known row is about, such as another status of a known order."""
    NEWCOMERS = auto()
    DATED = auto()
    """Some rows got a date after the as-of date: the world that the next two are held against."""
    LATE_VALUE = auto()
    """What holds since such a date changed."""
    LATE_DATE = auto()
    """Such a date is not set yet."""


LATE = frozenset({Kind.LATE_VALUE, Kind.LATE_DATE})

LABEL_KEEPING = frozenset({Kind.VALUES, Kind.NEWCOMERS, Kind.DATED}) | LATE
"""Changes that leave the label alone though they are made in the table that decides it."""


@dataclass(frozen=True)
class Change:
    """A changed world.

    Args:
        table: Where it was changed.
        text: What was changed, for people.
    """

    kind: Kind
    table: str
    text: str
    world: World
