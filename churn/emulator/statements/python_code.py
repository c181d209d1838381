"""The code of functions and procedures in Python: loaded once, with its imports at hand."""

from __future__ import annotations

import shutil
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn.emulator.account.account import Session
from churn.emulator.account.objects import Object
from churn.emulator.language.errors import SqlError, invalid
from churn.emulator.statements.signatures import Signature
from churn.emulator.statements.stages import place

DIRECTORY = "snowflake_import_directory"
OPTIONS: dict[str, Any] = sys._xoptions  # noqa: SLF001
"""Where Snowflake tells handlers the folder of their imports."""

MARK = "Python Interpreter Error:"


@dataclass(frozen=True)
class Code:
    """A handler, and the folder that its imports were copied to."""

    handler: Any
    folder: Path

    @property
    def vectorized(self) -> bool:
        return hasattr(self.handler, "_sf_vectorized_input")


def load(session: Session, stored: Object) -> Code:
    """The code of a function, executed once."""
    handlers, key = session.account.handlers, (stored.kind, stored.name)
    if key not in handlers:
        known = Signature.of(stored.properties)
        folder = Path(tempfile.mkdtemp(prefix="imports-", dir=session.account.folder))
        for location in known.imports:
            for file in place(session, location).files():
                shutil.copy(file, folder / file.name)
        _provide_vectorized()
        with imported(folder):
            handlers[key] = Code(_handler(known, str(stored.name.name)), folder)
    code: Code = handlers[key]
    return code


def _handler(known: Signature, name: str) -> Any:
    try:
        if known.body:
            # Pickled code asks for the module that it was made in.
            module = types.ModuleType("_udf_code")
            exec(compile(known.body, "_udf_code.py", "exec"), module.__dict__)  # noqa: S102
            return _attribute(module, known.handler)
        path, _, attribute = known.handler.partition(".")
        parts = known.handler.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            try:
                module = __import__(".".join(parts[:cut]), fromlist=["*"])
            except ModuleNotFoundError as error:
                if error.name != ".".join(parts[:cut]):
                    raise
                continue
            return _attribute(module, ".".join(parts[cut:]))
    except SqlError:
        raise
    except Exception as error:
        raise failure(error, name, known.handler) from error
    raise invalid(f"the module {path} of the handler {attribute or path} is not among the imports")


def _attribute(module: types.ModuleType, path: str) -> Any:
    value: Any = module
    for part in path.split("."):
        value = getattr(value, part)
    return value


@contextmanager
def imported(folder: Path) -> Iterator[None]:
    """The function's imports come first, and nobody else's are known."""
    files = [f for f in folder.iterdir() if f.suffix in (".zip", ".whl", ".egg", ".jar")]
    paths = [str(folder), *map(str, files)]
    _forget_modules_of_others(folder)
    before = OPTIONS.get(DIRECTORY)
    sys.path[:0] = paths
    OPTIONS[DIRECTORY] = f"{folder}/"
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)
        if before is None:
            OPTIONS.pop(DIRECTORY, None)
        else:
            OPTIONS[DIRECTORY] = before


def _forget_modules_of_others(folder: Path) -> None:
    """Two functions may import two modules of one name."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if f"{folder.parent}/imports-" in file and not file.startswith(f"{folder}/"):
            del sys.modules[name]


def _provide_vectorized() -> None:
    """The module `_snowflake` that handlers find on Snowflake."""
    if "_snowflake" in sys.modules:
        return
    module = types.ModuleType("_snowflake")

    def vectorized(
        input: Any = None,  # noqa: A002
        max_batch_size: int | None = None,
        flush_interval: int | None = None,
    ) -> Callable[[Any], Any]:
        """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-batch"""

        def mark(function: Any) -> Any:
            function._sf_vectorized_input = input  # noqa: SLF001
            function._sf_max_batch_size = max_batch_size  # noqa: SLF001
            return function

        return mark

    module.vectorized = vectorized  # type: ignore[attr-defined]
    sys.modules["_snowflake"] = module


def failure(error: BaseException, name: str, handler: str) -> SqlError:
    """What Snowflake answers when a handler raises."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "churn" not in f.filename]
    lines = "".join(traceback.format_list(frames))
    raised = "".join(traceback.format_exception_only(error))
    return SqlError(
        f"{MARK}\nTraceback (most recent call last):\n{lines}{raised} in function {name} with "
        f"handler {handler}",
        100357,
        "P0000",
    )
