"""Texts of SQL: literals, comments, the words that name a statement."""

from __future__ import annotations

import re

from churn.emulator.language.names import NAME

QUOTED = r"(?:'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)"


STAGE = rf"(?:'@[^']*'|'snow://[^']*'|snow://\S+|@(?:~|%?{NAME})[^\s;)]*)"


TOKENS = re.compile(
    rf"""{QUOTED}|"(?:[^"]|"")*"|--[^\n]*|(?<![:/])//[^\n]*|/\*.*?\*/|\bidentifier\s*\(\s*(?:\?|'[^']*')\s*\)|\?""",
    re.DOTALL | re.IGNORECASE,
)


def tidy(text: str) -> str:
    """Without comments and the semicolon at the end."""

    def kept(token: re.Match[str]) -> str:
        return " " if token.group().startswith(("--", "//", "/*")) else token.group()

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
