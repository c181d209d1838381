"""Calls of functions: those of a subsystem, of the session, and in FROM TABLE(...)."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported
from churn.emulator.translation.arguments import table_node, text_of, value_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("calls")

UNLIKE = {"HASH": "its values are Snowflake's own"}
"""Functions that DuckDB has under the same name, with other results."""


@SUBSYSTEM.session_rewrite(exp.Anonymous)
def scalar_functions(session: Session, node: exp.Expression) -> exp.Expression:
    """A function of a subsystem.

    https://docs.snowflake.com/en/sql-reference/functions-all
    """
    name = str(node.this)
    if name.upper() in UNLIKE:
        raise unsupported(f"{name.upper()}: {UNLIKE[name.upper()]}")
    if (known := session.account.dialect.functions.get(name.upper())) is not None:
        return known.build(session, list(node.expressions))
    return node


@SUBSYSTEM.session_rewrite(exp.Func)
def context(session: Session, node: exp.Expression) -> exp.Expression:
    """CURRENT_DATABASE() and its kin, which sqlglot knows by type.

    https://docs.snowflake.com/en/sql-reference/functions-context
    """
    name = CONTEXT.get(type(node))
    if name is None:
        return node
    known = session.account.dialect.functions.get(name)
    if known is None:
        raise unsupported(name)
    return known.build(session, [])


CONTEXT: dict[type[exp.Expression], str] = {
    kind: name
    for kind, name in (
        (getattr(exp, python, None), sql)
        for python, sql in {
            "CurrentDatabase": "CURRENT_DATABASE",
            "CurrentSchema": "CURRENT_SCHEMA",
            "CurrentSchemas": "CURRENT_SCHEMAS",
            "CurrentRole": "CURRENT_ROLE",
            "CurrentWarehouse": "CURRENT_WAREHOUSE",
            "CurrentUser": "CURRENT_USER",
            "CurrentAccount": "CURRENT_ACCOUNT",
            "CurrentAccountName": "CURRENT_ACCOUNT_NAME",
            "CurrentSession": "CURRENT_SESSION",
            "CurrentVersion": "CURRENT_VERSION",
            "CurrentRegion": "CURRENT_REGION",
            "CurrentClient": "CURRENT_CLIENT",
            "CurrentStatement": "CURRENT_STATEMENT",
            "CurrentTransaction": "CURRENT_TRANSACTION",
            "CurrentSecondaryRoles": "CURRENT_SECONDARY_ROLES",
            "CurrentAvailableRoles": "CURRENT_AVAILABLE_ROLES",
            "CurrentIpAddress": "CURRENT_IP_ADDRESS",
            "CurrentOrganizationName": "CURRENT_ORGANIZATION_NAME",
            "CurrentOrganizationUser": "CURRENT_ORGANIZATION_USER",
        }.items()
    )
    if kind is not None
}


@SUBSYSTEM.session_rewrite(exp.TableFromRows)
def table_functions(session: Session, node: exp.Expression) -> exp.Expression:
    """TABLE(f(...)): the result, registered for the time of the statement.

    https://docs.snowflake.com/en/sql-reference/functions-table
    """
    call = node.this
    if isinstance(call, exp.Dot):
        call = call.expression
    if not isinstance(call, exp.Anonymous):
        return node
    known = session.account.dialect.table_functions.get(str(call.this).upper())
    if known is None:
        return node
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in call.expressions:
        if isinstance(argument, exp.Kwarg | exp.PropertyEQ | exp.EQ):
            named[text_of(argument.this).upper()] = value_of(session, argument.expression)
        else:
            positional.append(value_of(session, argument))
    new = table_node(session.register(known.compute(session, positional, named)))
    if node.args.get("alias"):
        new.set("alias", node.args["alias"].copy())
    return new
