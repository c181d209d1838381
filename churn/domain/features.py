"""Feature views: pure functions from what was known to one row an entity."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from churn.domain.definitions import Definition
from churn.domain.expressions import Type


@dataclass(frozen=True)
class Feature:
    """One column of a feature view.

    Args:
        reason: The value in words, as the risk list says it: "{:.0f} orders in all".
    """

    name: str
    type: Type
    reason: str
    _: KW_ONLY
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class FeatureView(Definition):
    """A registered set of features, with one row for each entity of the population.

    `compute` is given what was known on the as-of date and nothing else (see `churn.domain.known`).
    """

    features: tuple[Feature, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)
