"""Names of objects, as SQL writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from churn.emulator.language.errors import compilation, invalid


@dataclass(frozen=True, order=True)
class Name:
    """Where an object is: account objects have no schema, children name their parent."""

    database: str = ""
    schema: str = ""
    name: str = ""
    parent: str = ""

    def __str__(self) -> str:
        """The full name, in SQL."""
        parts = (self.database, self.schema, self.name)
        return ".".join(sql_identifier(p) for p in parts if p)

    def child(self, name: str) -> Name:
        path = f"{self.parent}/{self.name}" if self.parent else self.name
        return Name(self.database, self.schema, name, path)


def sql_identifier(part: str) -> str:
    """The name as SQL must write it: bare where that means the same."""
    if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", part):
        return part
    return '"' + part.replace('"', '""') + '"'


def like(pattern: str | None, value: str) -> bool:
    """SHOW ... LIKE: % and _, upper and lower case alike."""
    if pattern is None:
        return True
    pieces = re.findall(r"\\.|%|_|[^\\%_]+", pattern)
    wild = {"%": ".*", "_": "."}
    regex = "".join(
        wild.get(p) or re.escape(p[1:] if p[0] == "\\" and len(p) > 1 else p) for p in pieces
    )
    return re.fullmatch(regex, value, re.IGNORECASE | re.DOTALL) is not None


PART = r'(?:"(?:[^"]|"")+"|[A-Za-z_$][\w$]*)'


NAME = rf"(?>{PART}(?:\s*\.\s*(?:\.\s*)?{PART}){{0,3}})"
"""DB..NAME, too: in the schema PUBLIC."""


def identifiers(written: str) -> list[str]:
    """The parts of a name: bare ones in upper case, quoted ones as they are."""
    if not re.fullmatch(NAME, written.strip()):
        raise compilation(f"invalid identifier '{written}'", 904, "42000")
    parts = re.findall(r'"((?:[^"]|"")+)"|([A-Za-z_$][\w$]*)|(\.\s*\.)', written)
    return [
        "PUBLIC" if dots else quoted.replace('""', '"') if quoted else bare.upper()
        for quoted, bare, dots in parts
    ]


def identifier(written: str) -> str:
    parts = identifiers(written)
    if len(parts) != 1:
        raise compilation(f"invalid identifier '{written}'", 904, "42000")
    return parts[0]


def duck_name(name: Name) -> str:
    return ".".join(
        '"' + p.replace('"', '""') + '"' for p in (name.database, name.schema, name.name)
    )


def column_name(written: str) -> str:
    match = re.match(PART, written)
    if match is None:
        raise invalid(f"cannot read the column {written}")
    return identifier(match.group())
