"""Snowflake's regular expression functions that DuckDB lacks arguments of.

https://docs.snowflake.com/en/sql-reference/functions-regexp
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}

CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
"""POSIX classes, inside brackets."""


@lru_cache(maxsize=512)
def compiled(pattern: str, parameters: str) -> re.Pattern[str]:
    """The last of c and i counts."""
    flags = 0
    for letter in parameters:
        flags = flags & ~re.IGNORECASE if letter == "c" else flags | FLAGS.get(letter, 0)
    plain = re.sub(r"\[:(\w+):\]", lambda m: CLASSES.get(m[1], m[0]), pattern)
    return re.compile(plain, flags)


def _matches(text: str, pattern: str, position: int, parameters: str) -> Iterator[re.Match[str]]:
    """In the text from the position on, as if it began there."""
    return compiled(pattern, parameters).finditer(text[max(position, 1) - 1 :])


def instr(
    text: str,
    pattern: str,
    position: int,
    occurrence: int,
    option: int,
    parameters: str,
    group: int,
) -> int:
    """Where the match begins, or with the option 1 the place behind it; 0 if there is none.

    Args:
        group: -1 where none is given: the whole match, or with the parameter e the first group.
    """
    match = next(islice(_matches(text, pattern, position, parameters), occurrence - 1, None), None)
    if match is None:
        return 0
    wanted = group if group >= 0 else int("e" in parameters)
    if wanted > match.re.groups or match.start(wanted) < 0:
        return 0
    return (match.end(wanted) if option else match.start(wanted)) + max(position, 1)


def count(text: str, pattern: str, position: int, parameters: str) -> int:
    return sum(1 for _ in _matches(text, pattern, position, parameters))


def replace(
    text: str, pattern: str, replacement: str, position: int, occurrence: int, parameters: str
) -> str:
    """Every match replaced, or only the one of the number."""
    start = max(position, 1) - 1
    built, end = [text[:start]], 0
    template = re.sub(r"\\(\d)", r"\\g<\1>", replacement)
    text = text[start:]
    for number, match in enumerate(_matches(text, pattern, 1, parameters), 1):
        if occurrence in (0, number):
            built += [text[end : match.start()], match.expand(template)]
            end = match.end()
    return "".join([*built, text[end:]])


def edit_distance(left: str, right: str) -> int:
    """Levenshtein's, in characters."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]
