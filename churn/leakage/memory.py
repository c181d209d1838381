"""What a function keeps between calls, and how to make it forget."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

DEPTH = 6
"""How deep the audit follows what a function holds on to."""


class Memory:
    """What a function could keep between calls: globals, closures, attributes, defaults, caches.

    `forget` puts everything back to what it was when this was made. Files and other processes are
    out of its reach.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._module = getattr(_innermost(function), "__module__", None)
        self._watch(function)

    def forget(self) -> None:
        for undo in self._undo:
            undo()

    def _watch(self, thing: Any, depth: int = 0) -> None:  # noqa: C901 - one case a kind
        if id(thing) in self._seen or depth > DEPTH or isinstance(thing, types.ModuleType):
            return
        self._seen.add(id(thing))
        if hasattr(thing, "cache_clear"):
            self._undo.append(thing.cache_clear)
            self._watch(inspect.unwrap(thing), depth)
        elif isinstance(thing, functools.partial):
            for value in (thing.func, *thing.args, *thing.keywords.values()):
                self._watch(value, depth + 1)
        elif isinstance(thing, types.MethodType):
            self._watch(thing.__func__, depth)
            self._watch(thing.__self__, depth)
        elif isinstance(thing, types.FunctionType):
            if depth == 0 or thing.__module__ == self._module:
                self._function(thing, depth)
        elif isinstance(thing, type):
            if thing.__module__ == self._module:
                self._class(thing, depth)
        elif isinstance(thing, dict | list | set | deque):
            self._container(thing, depth)
        elif isinstance(getattr(thing, "__dict__", None), dict):
            self._container(thing.__dict__, depth)
            self._watch(type(thing), depth + 1)

    def _function(self, function: types.FunctionType, depth: int) -> None:
        self._container(function.__dict__, depth)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._watch(value, depth + 1)
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # a cell that is not yet filled
                self._undo.append(
                    functools.partial(setattr, cell, "cell_contents", cell.cell_contents)
                )
                self._watch(cell.cell_contents, depth + 1)
        variables = function.__globals__
        for name in _names(function.__code__):
            if name in variables:
                self._undo.append(functools.partial(variables.__setitem__, name, variables[name]))
                self._watch(variables[name], depth + 1)
            else:
                self._undo.append(functools.partial(variables.pop, name, None))

    def _class(self, thing: type, depth: int) -> None:
        for name, value in list(vars(thing).items()):
            if not name.startswith("__"):
                self._watch(getattr(value, "__func__", value), depth + 1)
                if not callable(value) and not isinstance(
                    value, classmethod | staticmethod | property
                ):
                    self._undo.append(functools.partial(setattr, thing, name, value))
        self._watch(vars(thing).get("__call__"), depth)

    def _container(self, kept: Any, depth: int) -> None:
        before = copy.copy(kept)

        def undo() -> None:
            kept.clear()
            if isinstance(kept, list | deque):
                kept.extend(before)
            else:
                kept.update(before)

        self._undo.append(undo)
        for value in list(before.values() if isinstance(before, dict) else before):
            self._watch(value, depth + 1)


def _innermost(function: Any) -> Any:
    """The function itself, out of partials, methods and wrappers; or the class of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "__func__", function))
    return function if hasattr(function, "__code__") else type(function)


def codes(function: Any) -> Iterator[types.CodeType]:
    """The code of the function and of the functions inside it."""
    inner = _innermost(function)
    called = vars(inner).get("__call__") if isinstance(inner, type) else inner
    todo = [called.__code__] if isinstance(called, types.FunctionType) else []
    while todo:
        yield (code := todo.pop())
        todo += [c for c in code.co_consts if isinstance(c, types.CodeType)]


def _names(code: types.CodeType) -> set[str]:
    """The names that code reads or writes, its inner functions included."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))
