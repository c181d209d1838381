"""Parameters that are written into a statement, because nothing in it could bind them."""

from __future__ import annotations

import re
from typing import Any

from churn.emulator.language.text import TOKENS, quote

IDENTIFIER = re.compile(r"\bidentifier\s*\(\s*(\?|'[^']*')\s*\)", re.IGNORECASE)


BINDING = re.compile(r"(SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|MERGE|CALL)\b|\(", re.IGNORECASE)
"""Statements whose parameters are bound; in the others, they are written in."""


def inline(text: str, parameters: list[Any]) -> tuple[str, list[Any]]:
    """identifier(?) and identifier('x') as the names they stand for; texts where none is bound."""
    binding = BINDING.match(text) is not None
    if "identifier" not in text.lower() and (binding or not parameters):
        return text, parameters
    rest, used = list(parameters), 0
    built, position = [], 0
    for token in TOKENS.finditer(text):
        built.append(text[position : token.start()])
        position = token.end()
        word = token.group()
        if name_of := IDENTIFIER.fullmatch(word):
            name = rest.pop(used) if name_of[1] == "?" else name_of[1][1:-1]
            built.append(str(name))
        elif word == "?" and not binding:
            built.append(quote(str(rest.pop(0))))
        else:
            used += word == "?"
            built.append(word)
    built.append(text[position:])
    return "".join(built), rest
