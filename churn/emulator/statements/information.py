"""Views of INFORMATION_SCHEMA that are computed here."""

from __future__ import annotations

import importlib.metadata
import re
import sys

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.results import TEXT, table_of
from churn.emulator.translation.arguments import table_node, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("information")


@SUBSYSTEM.session_rewrite(exp.Table)
def information_schema(session: Session, node: exp.Expression) -> exp.Expression:
    """FROM INFORMATION_SCHEMA.<view>, where the view is computed here.

    https://docs.snowflake.com/en/sql-reference/info-schema
    """
    if str(node.args.get("db") or "").upper().strip('"') != "INFORMATION_SCHEMA":
        return node
    view = session.account.dialect.views.get(node.name.upper())
    if view is None:
        return node
    database = text_of(node.args["catalog"]) if node.args.get("catalog") else session.database
    new = table_node(session.register(view(session, database or "")))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new


@SUBSYSTEM.view("PACKAGES")
def packages(session: Session, database: str) -> pa.Table:
    """What is installed here, for the Python that runs here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    rows: list[dict[str, object]] = [
        {
            "PACKAGE_NAME": re.sub(r"[-_.]+", "-", d.name.lower()),
            "VERSION": d.version,
            "LANGUAGE": "python",
            "RUNTIME_VERSION": version,
        }
        for d in importlib.metadata.distributions()
    ]
    return table_of(
        rows, dict.fromkeys(("PACKAGE_NAME", "VERSION", "LANGUAGE", "RUNTIME_VERSION"), TEXT)
    )
