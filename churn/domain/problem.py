"""A prediction problem as one frozen value: what a user of this template replaces."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from churn.domain.contracts import Reference, Table
from churn.domain.definitions import Definition
from churn.domain.errors import UsageError, UserError
from churn.domain.features import FeatureView
from churn.domain.labels import Label
from churn.domain.windows import Windows

D = TypeVar("D", bound=Definition)

SHIPPED = "churn.domain.churn:CHURN"

Sample = Callable[[int, int], Mapping[str, Any]]
"""Takes a number of entities and a seed; returns a Polars frame for each table, by its name."""


@dataclass(frozen=True, kw_only=True)
class Entity:
    """Who or what predictions are made for.

    Args:
        name: For instance CUSTOMER.
        key: The column that names one, in all tables and results.
        plural: In lower case, as in "1,821 customers".
    """

    name: str
    key: str
    plural: str


@dataclass(frozen=True)
class Band:
    """A risk band, from its lowest probability on."""

    name: str
    low: float


BANDS = (Band("High", 0.7), Band("Medium", 0.4), Band("Low", 0.0))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Tables, labels and feature views of one problem, and what its results are called.

    Args:
        name: In lower case; the database in Snowflake is called so unless told otherwise.
        labels: The last one is used unless another is named.
        views: The last one is used unless another is named.
        attributes: What results are broken down by: columns of tables with one row an entity.
        bands: From the highest to the lowest; the lowest begins at 0.
        model: The registered model's name; made from entity and label if empty, as are:
        experiment: The experiment's name.
        dataset: The name of the training sets.
        sample: Makes example data, if there is a generator.

    Raises:
        UsageError: The parts do not fit together: a function takes a table that there is not, two
            definitions share name and version, a table names another entity.
    """

    name: str
    entity: Entity
    tables: tuple[Table, ...]
    labels: tuple[Label, ...]
    views: tuple[FeatureView, ...]
    attributes: tuple[Reference, ...] = ()
    bands: tuple[Band, ...] = BANDS
    model: str = ""
    experiment: str = ""
    dataset: str = ""
    sample: Sample | None = None

    def __post_init__(self) -> None:
        if not (self.tables and self.labels and self.views):
            raise UsageError(
                f"the problem {self.name} lacks tables, labels or feature views",
                "Give at least one of each.",
            )
        for table in self.tables:
            if table.entity not in (None, self.entity.key):
                raise UsageError(
                    f"{table.name} names its entity by {table.entity}, the problem by "
                    f"{self.entity.key}",
                    "Use one name for the key in all tables.",
                )
        for definition in (*self.labels, *self.views):
            self._require_tables(definition)
        _require_distinct(self.labels)
        _require_distinct(self.views)
        for label in self.labels:
            for name in label.event.where:
                self.table(label.event.table).column(name)
        for attribute in self.attributes:
            self._require_attribute(attribute)
        if [b.low for b in self.bands] != sorted((b.low for b in self.bands), reverse=True) or (
            self.bands[-1].low > 0
        ):
            raise UsageError(
                f"the risk bands of {self.name} do not run down to 0: {self.bands}",
                "Order them from the highest; the lowest begins at 0.",
            )
        names = {
            "model": f"{self.entity.name}_{self.label.name}_PREDICTOR",
            "experiment": f"{self.label.name}_PREDICTION_EXPERIMENT",
            "dataset": f"{self.label.name}_TRAINING",
        }
        for field, name in names.items():
            object.__setattr__(self, field, getattr(self, field) or name)

    def _require_tables(self, definition: Definition) -> None:
        known = [table.parameter for table in self.tables]
        for name in definition.parameters:
            if name not in known:
                unknown = UsageError.unknown("table", name, known)
                raise UsageError(
                    f"the function of {definition} takes {name!r}, which is no table of the "
                    f"problem {self.name}",
                    unknown.hint,
                )

    def _require_attribute(self, attribute: Reference) -> None:
        table = self.table(attribute.table)
        table.column(attribute.column)
        if table.entity is None or not (table.versions or table.key == table.entity):
            raise UsageError(
                f"results cannot be broken down by {attribute}: {table.name} has not one row for "
                f"each {self.entity.key}",
                "Name a column of a table with one row, or one version at a time, an entity.",
            )

    # The parts by name

    @property
    def key(self) -> str:
        return self.entity.key

    @property
    def label(self) -> Label:
        return self.labels[-1]

    @property
    def view(self) -> FeatureView:
        return self.views[-1]

    @property
    def windows(self) -> Windows:
        return self.label.windows

    @property
    def by_parameter(self) -> dict[str, Table]:
        """The tables, by their names as parameters."""
        return {table.parameter: table for table in self.tables}

    def table(self, name: str) -> Table:
        tables = {table.name: table for table in self.tables}
        if name.upper() not in tables:
            raise UsageError.unknown(f"table of {self.name}", name, tables)
        return tables[name.upper()]

    def feature_view(self, name: str, version: str) -> FeatureView:
        """The registered view of that name and version, in any case; empty for the default's."""
        return _chosen("feature view", self.views, name or self.view.name, version)

    def choosing(self, label: Label) -> Problem:
        """The same problem with this label as its default; results are called after it."""
        others = tuple(other for other in self.labels if other != label)
        return replace(self, labels=(*others, label)) if label != self.label else self

    def label_of(self, text: str) -> Label:
        """The label of `NAME/VERSION`, `VERSION`, or the default one if empty."""
        name, mark, version = text.partition("/")
        if not mark:
            name, version = self.label.name, text
        return _chosen("label", self.labels, name, version or self.label.version)

    # What results are called

    @property
    def labels_table(self) -> str:
        return f"{self.label.name}_LABELS"

    @property
    def probability(self) -> str:
        """The column with the probability that the label is 1."""
        return f"{self.label.name}_PROBABILITY"

    @property
    def rate(self) -> str:
        """The column with the share of entities whose label is 1."""
        return f"{self.label.name}_RATE"

    @property
    def risk_list(self) -> str:
        return f"{self.label.name}_RISK_{self.counted}"

    @property
    def counted(self) -> str:
        """The column with the number of entities."""
        return self.entity.plural.upper()

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return tuple(attribute.column for attribute in self.attributes)


def load(name: str) -> Problem:
    """The problem that `module:NAME` names; modules are looked for in the current folder, too.

    Raises:
        UsageError: There is no such module, or what it holds of that name is no problem.
    """
    value = attribute_of(name, "problem")
    if not isinstance(value, Problem):
        raise UsageError(
            f"{name} is of type {type(value).__name__}, not a Problem",
            "Name a value made by churn.domain.problem.Problem(...).",
        )
    for definition in (*value.labels, *value.views):
        _require_written(definition)
    return value


def _require_written(definition: Definition) -> None:
    """Refuse what cannot be written out, before anything is computed.

    Raises:
        UsageError: The function raises an error on tables and windows that are only names.
    """
    try:
        _ = definition.plan
    except UserError as error:
        raise UsageError(
            f"{definition} is not well defined: {error.message}", error.hint
        ) from error
    except Exception as error:
        raise UsageError(
            f"{definition} cannot be written out: {type(error).__name__}: {error}",
            "Its function may use the verbs of churn.domain.frames and the expressions of "
            "churn.domain.expressions, and nothing of one engine.",
        ) from error


def attribute_of(name: str, kind: str) -> Any:
    """What `module:attribute` names.

    Raises:
        UsageError: There is no such module or attribute, or importing the module fails.
    """
    module, mark, attribute = name.partition(":")
    if not (module and mark and attribute):
        raise UsageError(f"{name!r} names no {kind}", "Write module:name.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        imported = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        raise UsageError(
            f"there is no module {error.name!r}", f"Looked for in {Path.cwd()} and on the path."
        ) from error
    except UserError as error:
        raise UsageError(f"{module} cannot be imported: {error.message}", error.hint) from error
    except BaseException as error:  # whatever somebody's module raises, SystemExit included
        raise UsageError(
            f"{module} cannot be imported: {type(error).__name__}: {error}",
            f"Try: python -c 'import {module}'",
        ) from error
    if not hasattr(imported, attribute):
        names = [n for n, v in vars(imported).items() if not n.startswith("_") and _own(v, module)]
        raise UsageError.unknown(f"{kind} in {module}", attribute, names)
    return getattr(imported, attribute)


def _own(value: object, module: str) -> bool:
    return getattr(value, "__module__", module) == module or isinstance(value, Problem | Definition)


def _chosen(kind: str, definitions: Iterable[D], name: str, version: str) -> D:
    """Of that name and version; without a version, the last of that name."""
    known = list(definitions)
    matching = [d for d in known if d.name.upper() == name.upper()]
    if version:
        matching = [d for d in matching if d.version.lower() == version.lower()]
    if not matching:
        wanted = f"{name}/{version}" if version else name
        raise UsageError.unknown(kind, wanted, map(str, known))
    return matching[-1]


def _require_distinct(definitions: Iterable[Definition]) -> None:
    names = [str(definition) for definition in definitions]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{name} is registered {names.count(name)} times",
                "Give each definition a version of its own.",
            )
