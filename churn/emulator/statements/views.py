"""Views, with their text."""

from __future__ import annotations

import re

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.clauses import clauses, split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.names import column_name
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Parsed, Result, status
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.lifecycle import answer_if_exists
from churn.emulator.statements.tags import set_all
from churn.emulator.translation.arguments import table_node

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("views")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [SECURE] [TEMPORARY|TEMP|SCOPED TEMPORARY] VIEW [IF NOT EXISTS] "
    "<name> <definition...>",
    page="create-view",
)
def create_view(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "VIEW", name):
        return answer
    head = clauses(parsed["definition"]).only("COMMENT", "TAG", "COPY GRANTS", "CHANGE_TRACKING")
    columns = split(head.columns)
    names = [column_name(c) for c in columns]
    declared = exp.Schema(
        this=table_node(name), expressions=[exp.to_identifier(n, quoted=True) for n in names]
    )
    session.cursor.run(
        exp.Create(
            this=declared if names else table_node(name),
            kind="VIEW",
            replace=parsed.has("or_replace"),
            expression=parse(head.query),
        )
    )
    session.account.objects.put(
        session.owned(
            "VIEW",
            name,
            head.text("COMMENT"),
            text=parsed.text,
            **{"column comments": comments(columns)},
        )
    )
    session.account.objects.drop("TAGGED", name.child("VIEW"))
    access.apply_future_grants(
        session.account, "VIEW", name, copy_grants="COPY GRANTS" in head.options
    )
    set_all(session, "VIEW", name, head.get("TAG"))
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, "VIEW", name)
    return status(f"View {name.name} successfully created.")


def comments(columns: list[str]) -> dict[str, str]:
    """The comments in a list of columns."""
    known = {}
    for column in columns:
        comment = re.search(rf"\bCOMMENT\s*=?\s*({QUOTED})", column, re.IGNORECASE | re.DOTALL)
        if comment:
            known[column_name(column)] = unquote(comment[1])
    return known
