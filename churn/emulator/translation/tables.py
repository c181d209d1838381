"""Tables as queries name them."""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("named_tables")


@SUBSYSTEM.rewrite(exp.Table, first=True)
def in_public(node: exp.Expression) -> exp.Expression:
    """DB..NAME is in the schema PUBLIC; what a table held before is not kept.

    https://docs.snowflake.com/en/sql-reference/name-resolution
    """
    if isinstance(node.args.get("when"), exp.HistoricalData):
        raise unsupported(f"time travel: {str(node.args['when'].this).upper()}")
    if node.args.get("catalog") and not node.text("db"):
        node.set("db", exp.to_identifier("PUBLIC", quoted=True))
    return node
