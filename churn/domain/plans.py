"""A definition written out as text, and its fingerprint: what changes when the meaning changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, Self, TypeVar

from churn.domain.expressions import Expression, Operand
from churn.domain.frames import Join


@dataclass(frozen=True)
class Plan:
    """A frame that computes nothing and remembers the verbs."""

    steps: tuple[str, ...]

    @classmethod
    def table(cls, name: str) -> Self:
        return cls((f"from {name}",))

    def __str__(self) -> str:
        return "\n".join(self.steps)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits; equal plans have equal fingerprints."""
        return sha256(str(self).encode()).hexdigest()[:16]

    def filter(self, *conditions: Expression) -> Self:
        return self.then(*(f"filter {c}" for c in conditions))

    def select(self, *names: str, **expressions: Operand) -> Self:
        return self.then("select " + ", ".join([*names, *_named(expressions)]))

    def with_columns(self, **expressions: Operand) -> Self:
        return self.then(*(f"with {text}" for text in _named(expressions)))

    def group_by(self, *keys: str) -> GroupedPlan[Self]:
        return GroupedPlan(self, keys)

    def join(self, other: Self, on: str | tuple[str, ...], how: Join = "inner") -> Self:
        return self.then(f"{how} join on {on}", *(f"  {step}" for step in other.steps))

    def join_asof(
        self, other: Self, *, left_time: str, right_time: str, by: str | tuple[str, ...], tie: str
    ) -> Self:
        return self.then(
            f"as-of join by {by} where {left_time} >= {right_time}, ties by {tie}",
            *(f"  {step}" for step in other.steps),
        )

    def union(self, other: Self) -> Self:
        return self.then("union", *(f"  {step}" for step in other.steps))

    def distinct(self) -> Self:
        return self.then("distinct")

    def sort(self, *by: str, descending: bool = False) -> Self:
        return self.then(f"sort by {', '.join(by)}{' descending' if descending else ''}")

    def then(self, *steps: str) -> Self:
        """The plan with these lines at its end."""
        return type(self)(self.steps + steps)


P = TypeVar("P", bound=Plan)


@dataclass(frozen=True)
class GroupedPlan(Generic[P]):
    plan: P
    keys: tuple[str, ...]

    def agg(self, **aggregates: Expression) -> P:
        steps = (f"  {text}" for text in _named(aggregates))
        return self.plan.then(f"group by {', '.join(self.keys) or '()'}", *steps)


def _named(expressions: Mapping[str, Operand]) -> list[str]:
    return [f"{name} = {expression}" for name, expression in expressions.items()]
