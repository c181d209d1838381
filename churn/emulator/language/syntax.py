"""A statement's syntax, in the notation of Snowflake's manual, as a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

from churn.emulator.language.names import NAME
from churn.emulator.language.text import QUOTED, STAGE

PLACEHOLDERS = {"'": QUOTED, "@": STAGE, "": NAME}


TOKEN = re.compile(
    r"<(?P<slot>['@]?)(?P<name>\w+)(?P<rest>\.\.\.)?>|(?P<mark>[\[\]{}|])|(?P<word>[^\s\[\]{}|<]+)"
)


def pattern(syntax: str) -> re.Pattern[str]:
    """The regular expression of a syntax.

    `[A|B]` may be there, `{A|B}` must be; both are groups named after their first alternative, in
    lower case with underscores. `<name>` is a name with up to four parts, `<'text'>` a quoted text,
    `<@place>` a stage, `<rest...>` all that follows.
    """
    parts = list(_parts(syntax))
    taken = set(re.findall(r"<['@]?(\w+)", syntax))
    built, _ = _sequence(parts, 0, taken)
    return re.compile(built + r"\s*", re.IGNORECASE | re.DOTALL)


def _parts(syntax: str) -> Iterator[tuple[str, str]]:
    for token in TOKEN.finditer(syntax.replace("'>", ">")):
        if token["mark"]:
            yield "mark", token["mark"]
        elif token["word"]:
            yield "word", token["word"]
        elif token["rest"]:
            yield "slot", rf"(?P<{token['name']}>.*?)"
        else:
            yield "slot", rf"(?P<{token['name']}>{PLACEHOLDERS[token['slot']]})"


def _sequence(parts: list[tuple[str, str]], at: int, taken: set[str]) -> tuple[str, int]:
    """The pattern of the parts up to the mark that closes them, and where they end.

    Args:
        taken: The names of groups so far; a second group of that name has none.
    """
    alternatives = [""]
    while at < len(parts):
        kind, value = parts[at]
        at += 1
        match kind, value:
            case "mark", "]" | "}":
                break
            case "mark", "|":
                alternatives.append("")
            case "mark", opening:
                name = _group_name(parts[at:])
                new = name and name not in taken
                taken.add(name)
                inner, end = _sequence(parts, at, taken)
                group = f"(?P<{name}>{inner})" if new else f"(?:{inner})"
                # Possessive, so that IF is never taken for a name; not where a rest must grow.
                optional = "?" if ".*?" in inner else "?+"
                alternatives[-1] += group + (optional if opening == "[" else "")
                at = end
            case "slot", slot:
                alternatives[-1] += r"\s*" + slot
            case _:
                edge = r"\b" if value[-1].isalnum() else ""
                alternatives[-1] += r"\s*" + (r"\b" if edge else "") + re.escape(value) + edge
    return "|".join(alternatives), at


def _group_name(parts: list[tuple[str, str]]) -> str:
    words = []
    for kind, value in parts:
        if kind != "word" or not value.replace("_", "").isalnum():
            break
        words.append(value.lower())
    return "_".join(words)


def required_words(syntax: str) -> int:
    """How many words a statement of this syntax must have."""
    required = re.sub(r"\[[^][]*\]", "", re.sub(r"\[[^][]*\]", "", syntax))
    chosen = re.sub(r"\{([^{}]*)\}", lambda m: min(m[1].split("|"), key=_words), required)
    return _words(chosen)


def _words(text: str) -> int:
    return len(re.findall(r"(?<![<'@|\w])[A-Z]\w*", text))
