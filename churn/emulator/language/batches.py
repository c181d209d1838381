"""Several statements in one text."""

from __future__ import annotations

import re

from churn.emulator.language.text import TOKENS

BLOCK = re.compile(
    r"\s*(?:DECLARE\b|BEGIN\b(?!\s*(?:;|$|TRANSACTION\b|WORK\b|NAME\b)))", re.IGNORECASE
)
"""A block of Snowflake Scripting, whose semicolons are its own."""

WORD = re.compile(r"\b(BEGIN|CASE|IF|FOR|WHILE|LOOP|REPEAT|END)\b|;", re.IGNORECASE)


def statements(text: str) -> list[str]:
    """The statements of a text, without the semicolons between them."""
    masked = TOKENS.sub(_masked, text)
    parts, start = [], 0
    while start < len(text):
        block = BLOCK.match(masked, start)
        end = block_end(masked, start) if block else masked.find(";", start)
        end = len(text) if end < 0 else end
        if masked[start:end].strip():
            parts.append(text[start:end].strip())
        start = end + 1
    return parts


def _masked(token: re.Match[str]) -> str:
    """Blanks for a comment, letters for a text: neither has semicolons."""
    filler = " " if token.group().startswith(("--", "//", "/*")) else "x"
    return filler * len(token.group())


def block_end(masked: str, start: int) -> int:
    """Where the semicolon behind the END of the block is; -1 at the end of the text."""
    depth, ended = 0, False
    for word in WORD.finditer(masked, start):
        match word.group().upper():
            case "BEGIN" | "CASE":
                depth += 1
            case "END":
                follows = re.match(
                    r"\s*(IF|FOR|WHILE|LOOP|REPEAT|CASE)\b", masked[word.end() :], re.IGNORECASE
                )
                if follows and follows[1].upper() != "CASE":
                    continue
                depth -= 1
                ended = depth == 0
            case ";" if ended:
                return word.start()
            case ";":
                pass
            case _:
                pass
    return -1
