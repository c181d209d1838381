"""A dialect: the statements, functions and rewrites of all subsystems, as one value.

A subsystem is a module: stages, tags, models. It declares what it answers on its own value, and
`Dialect.of` joins them in the order of one list:

>>> tags = Subsystem("tags")
>>> @tags.statement("SHOW TAGS [LIKE <'pattern'>]", page="show-tags")
... def show_tags(session, parsed): ...
>>> statement, parsed = Dialect.of(tags).find("SHOW TAGS LIKE 'a%'")
>>> statement.example, parsed["pattern"]
('tags.show_tags', "'a%'")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import pyarrow as pa
from sqlglot import exp

from churn.emulator.language.places import Place
from churn.emulator.language.results import Kind, Parsed, Result
from churn.emulator.language.syntax import pattern, required_words

A = TypeVar("A")
S = TypeVar("S")
F = TypeVar("F")
"""An account, a session, and a function that is declared."""

DDL = ("CREATE", "ALTER", "DROP", "UNDROP", "GRANT", "REVOKE", "COMMENT")
READS = ("SHOW", "{DESCRIBE|DESC}", "{LIST|LS}")


@dataclass(frozen=True)
class Statement(Generic[S]):
    """One line of the coverage table.

    Args:
        subsystem: The name of the one that answers it.
        page: The page of Snowflake's SQL reference that it imitates.
        limits: What is simpler than Snowflake, for people.
    """

    subsystem: str
    syntax: str
    handler: Callable[[S, Parsed], Result]
    page: str
    limits: str = ""
    kind: Kind = Kind.COMMAND
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", pattern(self.syntax))

    @property
    def verb(self) -> str:
        return self.syntax.split()[0]

    @property
    def first_words(self) -> list[str]:
        """What its text may begin with, in upper case."""
        first = re.match(r"\w+|\(|\{[\w|]+\}", self.syntax)
        if first is None:
            raise ValueError(f"{self.syntax} begins with no word")
        return first.group().strip("{}").upper().split("|")

    @property
    def ddl(self) -> bool:
        """Whether it commits the transaction it finds open, as Snowflake's DDL does."""
        return self.verb in DDL and not self.syntax.startswith("ALTER SESSION")

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, so that it may run in order to be described."""
        return self.verb in READS or self.kind is Kind.QUERY

    @property
    def example(self) -> str:
        """The key of its example among the tests."""
        return f"{self.subsystem}.{self.handler.__name__}"


@dataclass(frozen=True)
class Function(Generic[S]):
    """A scalar function that needs the session: what stands in place of its call."""

    build: Callable[[S, list[exp.Expression]], exp.Expression]
    page: str


@dataclass(frozen=True)
class TableFunction(Generic[S]):
    """A function in FROM TABLE(...): computed now from its constant arguments."""

    compute: Callable[[S, list[Any], dict[str, Any]], pa.Table]
    page: str


@dataclass(frozen=True)
class Rewrite(Generic[S]):
    """What takes a node of one of the kinds, and returns what to put in its place."""

    kinds: tuple[type[exp.Expression], ...]
    change: Callable[[S, exp.Expression], exp.Expression]
    first: bool = False


class Subsystem(Generic[A, S]):
    """What one module declares, by decorators."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.statements: list[Statement[S]] = []
        self.rewrites: list[Rewrite[S]] = []
        self.functions: dict[str, Function[S]] = {}
        self.table_functions: dict[str, TableFunction[S]] = {}
        self.drops: dict[str, Callable[[A, Any], None]] = {}
        """How an object beside tables and views is dropped, by its kind."""
        self.places: dict[str, Callable[[S, str, str], Place]] = {}
        """How snow://<kind>/<name>/<path> is found, by kind, from name and path."""
        self.views: dict[str, Callable[[S, str], pa.Table]] = {}
        """Views of INFORMATION_SCHEMA, by name, from the database."""

    def statement(
        self, *syntaxes: str, page: str, limits: str = "", kind: Kind = Kind.COMMAND
    ) -> Callable[[Callable[[S, Parsed], Result]], Callable[[S, Parsed], Result]]:
        """Declare who answers a statement: the one of most words whose syntax fits."""

        def declare(handler: Callable[[S, Parsed], Result]) -> Callable[[S, Parsed], Result]:
            self.statements += [
                Statement(self.name, syntax, handler, page, limits, kind) for syntax in syntaxes
            ]
            return handler

        return declare

    def rewrite(self, *kinds: type[exp.Expression], first: bool = False) -> Callable[[F], F]:
        """Declare a pure function of a node; `first`: it comes before those of all subsystems."""

        def declare(change: F) -> F:
            pure: Any = change
            self.rewrites.append(Rewrite(kinds, lambda session, node: pure(node), first))
            return change

        return declare

    def session_rewrite(
        self, *kinds: type[exp.Expression], first: bool = False
    ) -> Callable[[F], F]:
        """Declare a rewrite that needs the session, too."""

        def declare(change: F) -> F:
            self.rewrites.append(Rewrite(kinds, change, first))  # type: ignore[arg-type]
            return change

        return declare

    def function(self, name: str, page: str) -> Callable[[F], F]:
        return _declared(self.functions, name, lambda build: Function(build, page))

    def table_function(self, name: str, page: str) -> Callable[[F], F]:
        return _declared(self.table_functions, name, lambda compute: TableFunction(compute, page))

    def drop(self, kind: str) -> Callable[[F], F]:
        return _declared(self.drops, kind, lambda drop: drop)

    def place(self, kind: str) -> Callable[[F], F]:
        return _declared(self.places, kind, lambda find: find)

    def view(self, name: str) -> Callable[[F], F]:
        return _declared(self.views, name, lambda compute: compute)


def _declared(known: dict[str, Any], name: str, value: Callable[[Any], Any]) -> Callable[[F], F]:
    """A decorator that adds what it decorates to the known ones."""

    def declare(function: F) -> F:
        if name in known:
            raise ValueError(f"{name} is declared twice")
        known[name] = value(function)
        return function

    return declare


@dataclass(frozen=True)
class Dialect(Generic[A, S]):
    """All that is understood. Statements and rewrites are in the order of their subsystems."""

    statements: tuple[Statement[S], ...]
    rewrites: tuple[Rewrite[S], ...]
    functions: Mapping[str, Function[S]]
    table_functions: Mapping[str, TableFunction[S]]
    drops: Mapping[str, Callable[[A, Any], None]]
    places: Mapping[str, Callable[[S, str, str], Place]]
    views: Mapping[str, Callable[[S, str], pa.Table]]
    by_word: Mapping[str, list[Statement[S]]] = field(repr=False)
    """The statements by their first words, those of most words first."""

    @classmethod
    def of(cls, *subsystems: Subsystem[A, S]) -> Dialect[A, S]:
        """Join them.

        Raises:
            ValueError: Two claim one name: of a subsystem, a syntax, an example, a function, ...
        """
        _once("a subsystem", (s.name for s in subsystems))
        statements = tuple(each for s in subsystems for each in s.statements)
        _once("a syntax", (each.syntax for each in statements))
        _once(
            "an example",
            {(each.example, each.handler): each.example for each in statements}.values(),
        )
        rewrites = [each for s in subsystems for each in s.rewrites]
        return cls(
            statements=statements,
            rewrites=tuple(sorted(rewrites, key=lambda each: not each.first)),
            functions=_joined("a function", (s.functions for s in subsystems)),
            table_functions=_joined("a table function", (s.table_functions for s in subsystems)),
            drops=_joined("a kind of object", (s.drops for s in subsystems)),
            places=_joined("a kind of place", (s.places for s in subsystems)),
            views=_joined("a view", (s.views for s in subsystems)),
            by_word=_by_word(statements),
        )

    def find(self, text: str) -> tuple[Statement[S], Parsed] | None:
        """The statement that the text is, and what it holds."""
        first = re.match(r"\w+|\(", text)
        for candidate in self.by_word.get(first.group().upper() if first else "", ()):
            if match := candidate.pattern.fullmatch(text):
                return candidate, Parsed(text, match.groupdict())
        return None

    def rewritten(self, session: S, tree: exp.Expression) -> exp.Expression:
        """The tree with every rewrite applied, each from the leaves up."""
        for rewrite in self.rewrites:
            for node in [n for n in tree.dfs() if isinstance(n, rewrite.kinds)][::-1]:
                new = rewrite.change(session, node)
                if new is node:
                    continue
                if node is tree:
                    tree = new
                else:
                    node.replace(new)
        return tree


def _once(what: str, names: Iterable[str]) -> None:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise ValueError(f"two subsystems declare {what} {name}")
        known.add(name)


def _joined(what: str, parts: Iterable[Mapping[str, F]]) -> Mapping[str, F]:
    every = [item for part in parts for item in part.items()]
    _once(what, (name for name, _ in every))
    return MappingProxyType(dict(every))


def _by_word(statements: Iterable[Statement[S]]) -> Mapping[str, list[Statement[S]]]:
    words: dict[str, list[Statement[S]]] = {}
    for each in statements:
        for word in each.first_words:
            words.setdefault(word, []).append(each)
    return {
        # SHOW FUNCTIONS IN MODEL comes before SHOW FUNCTIONS.
        word: sorted(every, key=lambda each: required_words(each.syntax), reverse=True)
        for word, every in words.items()
    }
