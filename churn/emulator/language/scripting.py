"""Snowflake Scripting as a tree of steps.

https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from churn.emulator.language.errors import compilation, unsupported
from churn.emulator.language.text import TOKENS

REFUSED = ("OPEN", "FETCH", "CLOSE", "CASE", "ASYNC", "AWAIT", "CANCEL")


@dataclass(frozen=True)
class Step:
    """One statement: its word, its expressions, and the blocks within it."""

    word: str
    name: str = ""
    kind: str = ""
    text: str = ""
    more: str = ""
    body: list[Step] = field(default_factory=list)
    branches: list[tuple[str, list[Step]]] = field(default_factory=list)
    """Conditions with what they lead to; a last one may be empty: ELSE."""


def block(text: str) -> Step:
    """The tree of a block.

    Raises:
        SqlError: It is not one, or has a step that is not done.
    """
    reader = _Reader(text)
    tree = reader.block()
    reader.take_if(r";")
    if reader.rest.strip():
        raise reader.error()
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.masked = TOKENS.sub(_masked, text)
        self.at = 0

    @property
    def rest(self) -> str:
        return self.masked[self.at :]

    def take_if(self, pattern: str) -> re.Match[str] | None:
        """What follows, if it is this; the reader stands behind it then."""
        match = re.compile(rf"\s*(?:{pattern})", re.IGNORECASE).match(self.masked, self.at)
        if match:
            self.at = match.end()
        return match

    def take(self, pattern: str) -> None:
        if self.take_if(pattern) is None:
            raise self.error()

    def until(self, pattern: str) -> str:
        """The text up to a word or mark, which is left behind, too."""
        match = re.compile(pattern, re.IGNORECASE).search(self.masked, self.at)
        if match is None:
            raise self.error()
        text = self.text[self.at : match.start()].strip()
        self.at = match.end()
        return text

    def error(self) -> Exception:
        line = self.text.count("\n", 0, self.at) + 1
        word = (self.rest.split() or ["<EOF>"])[0]
        return compilation(f"syntax error line {line} unexpected '{word}'.", 1003, "42000")

    def block(self) -> Step:
        declared: list[Step] = []
        if self.take_if(r"DECLARE\b"):
            while not self.take_if(r"BEGIN\b"):
                declared.append(declaration(self.until(";")))
        else:
            self.take(r"BEGIN\b")
        body = [*declared, *self.steps(r"END\b|EXCEPTION\b")]
        handlers: list[tuple[str, list[Step]]] = []
        if self.take_if(r"EXCEPTION\b"):
            while self.take_if(r"WHEN\b"):
                condition = self.until(r"\bTHEN\b")
                handlers.append((condition.upper(), self.steps(r"WHEN\b|END\b")))
        self.take(r"END\b")
        return Step("BLOCK", body=body, branches=handlers)

    def steps(self, end: str) -> list[Step]:
        steps = []
        ends = re.compile(rf"\s*(?:{end})", re.IGNORECASE)
        while not ends.match(self.masked, self.at):
            if not self.rest.strip():
                raise self.error()
            steps.append(self.step())
        return steps

    def step(self) -> Step:
        if re.match(
            r"\s*(DECLARE\b|BEGIN\b(?!\s*(;|TRANSACTION|WORK|NAME)))", self.rest, re.IGNORECASE
        ):
            step = self.block()
            self.take(";")
            return step
        if self.take_if(r"IF\b(?!\s+(?:NOT\s+)?EXISTS\b)"):
            return self.choice()
        if self.take_if(r"FOR\b"):
            head = self.until(r"\bDO\b")
            return Step("FOR", text=head, body=self.loop("FOR"))
        if self.take_if(r"WHILE\b"):
            condition = self.until(r"\bDO\b")
            return Step("WHILE", text=condition, body=self.loop("WHILE"))
        if self.take_if(r"LOOP\b"):
            return Step("WHILE", text="TRUE", body=self.loop("LOOP"))
        if self.take_if(r"REPEAT\b"):
            body = self.steps(r"UNTIL\b")
            self.take(r"UNTIL\b")
            condition = self.until(r"\bEND\s+REPEAT\s*;")
            return Step("REPEAT", text=condition, body=body)
        return simple(self.until(";"))

    def choice(self) -> Step:
        branches = [(self.until(r"\bTHEN\b"), self.steps(r"ELSE\b|ELSEIF\b|END\s+IF\b"))]
        while self.take_if(r"ELSEIF\b"):
            condition = self.until(r"\bTHEN\b")
            branches.append((condition, self.steps(r"ELSE\b|ELSEIF\b|END\s+IF\b")))
        if self.take_if(r"ELSE\b"):
            branches.append(("", self.steps(r"END\s+IF\b")))
        self.take(r"END\s+IF\s*;")
        return Step("IF", branches=branches)

    def loop(self, word: str) -> list[Step]:
        body = self.steps(rf"END\s+{word}\b")
        self.take(rf"END\s+{word}\b[^;]*;")
        return body


def _masked(token: re.Match[str]) -> str:
    """As long as it was, with no word in it."""
    return (" " if token.group().startswith(("--", "//", "/*")) else "'") * len(token.group())


def declaration(text: str) -> Step:
    """`name type DEFAULT expression`, `name RESULTSET`, `name CURSOR FOR query`."""
    match = re.fullmatch(
        r"(?P<name>[\w$]+)\s*(?P<kind>(?!DEFAULT\b|:=)[A-Za-z]\w*(?:\s*\([\d\s,]*\))?)?"
        r"\s*(?:(?:DEFAULT|:=|FOR)\s*(?P<value>.*))?",
        text,
        re.IGNORECASE | re.DOTALL,
    )
    if match is None:
        raise compilation(f"syntax error in the declaration {text}", 1003, "42000")
    kind = (match["kind"] or "").upper()
    return Step("LET", name=match["name"].upper(), kind=kind, text=(match["value"] or "").strip())


def simple(text: str) -> Step:
    """A step without others in it."""
    word = re.match(r"\w+", text)
    first = word.group().upper() if word else ""
    after = text[len(first) :].strip()
    if assigned := re.fullmatch(r"([A-Za-z_][\w$]*)\s*:=\s*(.*)", text, re.DOTALL):
        return Step("SET", name=assigned[1].upper(), text=assigned[2])
    if first == "LET":
        return declaration(after)
    if first in REFUSED:
        raise unsupported(f"Snowflake Scripting: {first}")
    if first in ("RETURN", "BREAK", "EXIT", "CONTINUE", "ITERATE", "RAISE", "NULL"):
        return Step({"EXIT": "BREAK", "ITERATE": "CONTINUE"}.get(first, first), text=after)
    if immediate := re.fullmatch(
        r"EXECUTE\s+IMMEDIATE\s+(.*?)(?:\s+USING\s*\((.*)\))?", text, re.IGNORECASE | re.DOTALL
    ):
        return Step("EXECUTE", text=immediate[1], more=immediate[2] or "")
    return Step("SQL", text=text)
