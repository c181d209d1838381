"""The definition of a function or procedure, as CREATE writes it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from churn.emulator.language.clauses import closed, split
from churn.emulator.language.errors import invalid, unsupported
from churn.emulator.language.names import PART, column_name
from churn.emulator.language.text import QUOTED, unquote

TYPE = re.compile(r"\s*(DOUBLE\s+PRECISION|\w+)\s*", re.IGNORECASE)

BODY = re.compile(rf"\bAS\s+({QUOTED})\s*$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Argument:
    """A declared argument, or a column of a table that is returned."""

    name: str
    type: str
    default: str | None = None


@dataclass(frozen=True)
class Signature:
    """Arguments, result and code."""

    arguments: list[Argument]
    returns: str
    """The type of a scalar result; empty for a table."""
    columns: list[Argument] | None
    """The columns of a table, [] where they are not declared; None for a scalar."""
    language: str
    handler: str
    body: str
    imports: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    strict: bool = False
    aggregate: bool = False
    caller: bool = False
    comment: str = ""

    def properties(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "comment"}

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Signature:
        """What `properties` gave."""
        columns = stored["columns"]
        return cls(
            **{
                **{key: stored[key] for key in cls.__dataclass_fields__ if key != "comment"},
                "arguments": [Argument(**a) for a in stored["arguments"]],
                "columns": None if columns is None else [Argument(**c) for c in columns],
            }
        )


def signature(definition: str, *, aggregate: bool = False) -> Signature:
    """Read `(arguments) RETURNS type LANGUAGE ... AS 'body'`."""
    written, rest = closed(definition.strip())
    returns = re.match(r"\s*(?:COPY\s+GRANTS\s+)?RETURNS\s+", rest, re.IGNORECASE)
    if returns is None:
        raise invalid("the definition of a function needs RETURNS")
    kind, columns, options = _result(rest[returns.end() :])
    body = BODY.search(options)
    head = options[: body.start()] if body else options
    bare = re.sub(QUOTED, "''", head, flags=re.DOTALL)
    language = re.search(r"\bLANGUAGE\s+(\w+)", bare, re.IGNORECASE)
    handler = re.search(rf"\bHANDLER\s*=\s*({QUOTED})", head, re.IGNORECASE | re.DOTALL)
    spoken = language[1].upper() if language else "SQL"
    if spoken not in ("PYTHON", "SQL"):
        raise unsupported(f"CREATE FUNCTION ... LANGUAGE {spoken}")
    if spoken == "PYTHON" and handler is None:
        raise invalid("a function in Python needs a HANDLER")
    strict = r"\bSTRICT\b|\bRETURNS\s+NULL\s+ON\s+NULL\s+INPUT\b"
    comment = re.search(rf"\bCOMMENT\s*=\s*({QUOTED})", head, re.IGNORECASE | re.DOTALL)
    return Signature(
        arguments=[_argument(a) for a in split(written)],
        returns=kind,
        columns=columns,
        language=spoken,
        handler=unquote(handler[1]) if handler else "",
        body=unquote(body[1]) if body else "",
        imports=_list(head, "IMPORTS"),
        packages=_list(head, "PACKAGES"),
        strict=re.search(strict, bare, re.IGNORECASE) is not None,
        aggregate=aggregate,
        caller=re.search(r"\bEXECUTE\s+AS\s+CALLER\b", bare, re.IGNORECASE) is not None,
        comment=unquote(comment[1]) if comment else "",
    )


def _list(head: str, option: str) -> list[str]:
    start = re.search(rf"\b{option}\s*=\s*(?=\()", head, re.IGNORECASE)
    return [unquote(each) for each in split(closed(head[start.end() :])[0])] if start else []


def _result(text: str) -> tuple[str, list[Argument] | None, str]:
    """The type, the columns of a table, and what follows."""
    if table := re.match(r"TABLE\s*(?=\()", text, re.IGNORECASE):
        inner, rest = closed(text[table.end() :])
        return "", [_argument(c) for c in split(inner)], rest
    kind, rest = _type(text)
    return kind, None, rest


def _type(text: str) -> tuple[str, str]:
    """A type with what stands in its parentheses, and what follows."""
    word = TYPE.match(text)
    if word is None:
        raise invalid(f"cannot read the type {text[:40]}")
    kind, rest = " ".join(word[1].upper().split()), text[word.end() :]
    if rest.startswith("("):
        inner, rest = closed(rest)
        kind = f"{kind}({inner})"
    return kind, rest


def _argument(written: str) -> Argument:
    written = re.sub(r"^(?:IN|INPUT)\s+(?=\S+\s+\S)", "", written.strip(), flags=re.IGNORECASE)
    name = re.match(PART, written)
    if name is None:
        raise invalid(f"cannot read the argument {written}")
    kind, rest = _type(written[name.end() :])
    default = re.match(r"\s*DEFAULT\s+(.*)", rest, re.IGNORECASE | re.DOTALL)
    return Argument(column_name(written), kind, default[1].strip() if default else None)
