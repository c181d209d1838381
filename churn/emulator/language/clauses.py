"""The options in a definition: what stands between a name and its query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from churn.emulator.language.errors import invalid, unsupported
from churn.emulator.language.text import QUOTED, unquote


@dataclass(frozen=True)
class Clauses:
    """What stands between a name and the query: columns in parentheses, options, the query."""

    columns: str
    options: dict[str, str]
    query: str

    def get(self, key: str) -> str:
        return self.options.get(key, "")

    def text(self, key: str) -> str:
        return unquote(self.get(key))

    def only(self, *keys: str) -> Clauses:
        """Refuses options that would be ignored."""
        for key in self.options:
            if key not in keys:
                raise unsupported(f"the option {key}")
        return self


HEADER = re.compile(rf"""{QUOTED}|"(?:[^"]|"")*"|[()=,]|[^\s()=,'"$]+|\S""", re.DOTALL)


def clauses(text: str) -> Clauses:
    """Read the header of a definition; what follows AS is the query."""
    columns, options = "", dict[str, str]()

    def word() -> str:
        """The next one; "" at the end."""
        token = HEADER.search(text)
        return token.group() if token else ""

    def rest() -> str:
        """What follows the next word."""
        token = HEADER.search(text)
        return text[token.end() :] if token else ""

    while key := word().upper():
        if key == "(" and not options and not columns:
            columns, text = closed(text.lstrip())
            continue
        text = rest()
        if key == "AS":
            return Clauses(columns, options, text.strip())
        if key in (",", "WITH"):
            continue
        if key in ("CLUSTER", "COPY"):
            key, text = f"{key} {word().upper()}", rest()
        assigned = word() == "="
        if assigned:
            text = rest()
        if word() == "(":
            inner, text = closed(text.lstrip())
            options[key] = f"({inner})"
        elif assigned:
            options[key], text = word(), rest()
        else:
            options[key] = ""
    return Clauses(columns, options, "")


def closed(text: str) -> tuple[str, str]:
    """What stands in the parentheses that the text begins with, and what follows them."""
    depth = 0
    for token in HEADER.finditer(text):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return text[1 : token.start()], text[token.end() :]
    raise invalid(f"a parenthesis in {text[:60]} is not closed")


def split(text: str) -> list[str]:
    """The parts between commas at the top level."""
    parts, depth, last = [], 0, 0
    for token in HEADER.finditer(text):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if token.group() == "," and depth == 0:
            parts.append(text[last : token.start()].strip())
            last = token.end()
    rest = text[last:].strip()
    return [*parts, rest] if rest else parts


def pairs(written: str) -> dict[str, str]:
    inner = written.strip()
    if inner.startswith("("):
        inner = inner[1:-1]
    pair = re.compile(rf"(\w+)\s*=\s*({QUOTED}|\((?:[^()']|{QUOTED})*\)|[^\s,]+)", re.DOTALL)
    return {key.upper(): value for key, value in pair.findall(inner)}
