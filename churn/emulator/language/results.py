"""The list of statements: what one looks like, who answers it, which page of Snowflake it imitates.

A statement is declared by its syntax, in the notation of Snowflake's manual, which is its pattern
as well as its line in the coverage table:

>>> pattern("CREATE [OR REPLACE] [TEMPORARY|TEMP] STAGE [IF NOT EXISTS] <name> [<options...>]")
... # doctest: +ELLIPSIS
re.compile(...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from churn.emulator.session import Session

PART = r'(?:"(?:[^"]|"")+"|[A-Za-z_$][\w$]*)'
NAME = rf"(?>{PART}(?:\s*\.\s*{PART}){{0,3}})"
QUOTED = r"(?:'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)"
STAGE = rf"(?:'@[^']*'|'snow://[^']*'|snow://\S+|@(?:~|%?{NAME})[^\s;)]*)"

PLACEHOLDERS = {"'": QUOTED, "@": STAGE, "": NAME}


class Kind(StrEnum):
    """How a statement's result travels: DML as JSON with its own type, the rest as Arrow."""

    QUERY = "query"
    COMMAND = "command"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    TABLE = "table"


@dataclass(frozen=True)
class Result:
    """A table to answer with, or for PUT and GET what the client needs to move the files."""

    table: pa.Table
    kind: Kind = Kind.COMMAND
    transfer: dict[str, object] | None = None


@dataclass(frozen=True)
class Words:
    """What a statement's text held, by the names of its syntax."""

    text: str
    groups: dict[str, str | None]
    parameters: Sequence[Any] = ()
    describe: bool = False

    def __getitem__(self, name: str) -> str:
        return (self.groups[name] or "").strip()

    def has(self, name: str) -> bool:
        return self.groups.get(name) is not None


Answer = Callable[["Session", Words], Result]


@dataclass(frozen=True)
class Statement:
    """One line of the coverage table.

    Args:
        page: The page of Snowflake's SQL reference that it imitates.
        limits: What is simpler than Snowflake, for people.
        ddl: Whether it commits the transaction it finds open, as Snowflake's DDL does.
        reads: Whether it changes nothing, so that it may run in order to be described.
    """

    syntax: str
    answer: Answer
    page: str
    limits: str = ""
    ddl: bool = False
    reads: bool = False
    kind: Kind = Kind.COMMAND
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", pattern(self.syntax))


STATEMENTS: list[Statement] = []


def statement(
    *syntaxes: str,
    page: str,
    limits: str = "",
    kind: Kind = Kind.COMMAND,
) -> Callable[[Answer], Answer]:
    """Declare who answers a statement: the one of most words whose syntax fits."""

    def declare(answer: Answer) -> Answer:
        for syntax in syntaxes:
            verb = syntax.split()[0]
            ddl = verb in ("CREATE", "ALTER", "DROP", "UNDROP", "GRANT", "REVOKE", "COMMENT")
            reads = verb in ("SHOW", "{DESCRIBE|DESC}", "{LIST|LS}") or kind is Kind.QUERY
            session = syntax.startswith("ALTER SESSION")
            STATEMENTS.append(
                Statement(syntax, answer, page, limits, ddl and not session, reads, kind)
            )
        _by_first_word.cache_clear()
        return answer

    return declare


def find(text: str) -> tuple[Statement, Words] | None:
    """The statement that the text is, and what it holds."""
    first = re.match(r"\w+|\(", text)
    for candidate in _by_first_word().get(first.group().upper() if first else "", ()):
        if found := candidate.pattern.fullmatch(text):
            return candidate, Words(text, found.groupdict())
    return None


@cache
def _by_first_word() -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    for each in STATEMENTS:
        first = re.match(r"\w+|\(|\{[\w|]+\}", each.syntax)
        if first is None:
            raise ValueError(f"{each.syntax} begins with no word")
        for word in first.group().strip("{}").split("|"):
            found.setdefault(word.upper(), []).append(each)
    return {word: sorted(every, key=_words, reverse=True) for word, every in found.items()}


def _words(each: Statement) -> int:
    """How many words it must have: SHOW FUNCTIONS IN MODEL comes before SHOW FUNCTIONS."""
    required = re.sub(r"\[[^][]*\]", "", re.sub(r"\[[^][]*\]", "", each.syntax))
    return len(re.findall(r"(?<![<'@|\w])[A-Z]\w*", required))


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


# Text

TOKENS = re.compile(
    rf"""{QUOTED}|"(?:[^"]|"")*"|--[^\n]*|(?<!:)//[^\n]*|/\*.*?\*/|\bidentifier\s*\(\s*(?:\?|'[^']*')\s*\)|\?""",
    re.DOTALL | re.IGNORECASE,
)


def tidy(text: str) -> str:
    """Without comments and the semicolon at the end."""

    def kept(found: re.Match[str]) -> str:
        return " " if found.group().startswith(("--", "//", "/*")) else found.group()

    return TOKENS.sub(kept, text).strip().rstrip(";").strip()


def steps(text: str) -> list[str]:
    """The statements of a chain a ->> b."""
    masked = TOKENS.sub(lambda m: "x" * len(m.group()), text)
    ends = [m.start() for m in re.finditer("->>", masked)]
    starts = [0, *(end + 3 for end in ends)]
    return [text[i:j].strip() for i, j in zip(starts, [*ends, len(text)], strict=True)]


def unquote(written: str) -> str:
    """The text that a literal stands for."""
    written = written.strip()
    if written.startswith("$$"):
        return written[2:-2]
    if written.startswith("'"):
        inner = written[1:-1].replace("''", "'")
        return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), inner)
    return written


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def opening(text: str) -> str:
    """The words that name a statement, up to the first that is the user's."""
    words = re.findall(r"[A-Za-z_]+|\S", text)
    named: list[str] = []
    for word in words[:5]:
        if not word.isalpha() or (named and word.upper() not in VOCABULARY):
            break
        named.append(word.upper())
    return " ".join(named) or text[:40]


VOCABULARY = set(
    re.findall(
        r"\w+",
        "ACCOUNT ADD AGGREGATE ALERT ALERTS ALL APPLICATION AS BLOCK COLUMN COMMENT COMPUTE "
        "CORTEX CREATE DATABASE DATABASES DATASET DESCRIBE DYNAMIC ENABLE EVENT EXECUTE "
        "EXPERIMENT EXTERNAL FAILOVER FILE FORMAT FUNCTION FUNCTIONS GIT GRANTS HYBRID "
        "ICEBERG IF IMAGE IMMEDIATE IN INTEGRATION INTEGRATIONS JOB JOBS MASKING "
        "MATERIALIZED MODEL MODELS MONITOR MONITORS NETWORK NOT NOTEBOOK NOTIFICATION "
        "OBJECTS ON ONLINE FEATURE OR ORGANIZATION PACKAGES PASSWORD PIPE PIPES POLICY POOL "
        "PROCEDURE PROCEDURES REPLACE REPLICATION REPOSITORY RESOURCE ROLE ROLES ROW ACCESS "
        "RULE SCHEMA SCHEMAS SEARCH SECRET SECRETS SECURITY SEMANTIC SEQUENCE SERVICE "
        "SERVICES SESSION SET SHARE SHARES STAGE STAGES STORAGE STREAM STREAMLIT STREAMS "
        "TABLE TABLES TAG TAGS TASK TASKS TEMP TEMPORARY TO TRANSIENT UNDROP UNSET USER "
        "USERS VIEW VIEWS VOLUME WAREHOUSE WAREHOUSES ",
    )
)


# Results

SHAPES = {
    Kind.COMMAND: pa.schema([("status", pa.string())]).empty_table(),
    Kind.QUERY: pa.schema([]).empty_table(),
    Kind.INSERT: pa.schema([("number of rows inserted", pa.int64())]).empty_table(),
    Kind.UPDATE: pa.schema(
        [
            ("number of rows updated", pa.int64()),
            ("number of multi-joined rows updated", pa.int64()),
        ]
    ).empty_table(),
    Kind.DELETE: pa.schema([("number of rows deleted", pa.int64())]).empty_table(),
    Kind.MERGE: pa.schema(
        [("number of rows inserted", pa.int64()), ("number of rows updated", pa.int64())]
    ).empty_table(),
    Kind.TABLE: pa.schema([("status", pa.string())]).empty_table(),
}
"""The columns of what changes something, for a client that asks before it runs."""


def rows(found: Sequence[Mapping[str, object]], columns: dict[str, pa.DataType]) -> pa.Table:
    """A table of these columns, of which a row may lack some."""
    schema = pa.schema(list(columns.items()))
    return pa.Table.from_pylist([{c: r.get(c) for c in columns} for r in found], schema=schema)
