"""Tables as queries name them."""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import unsupported

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("named_tables")


@SUBSYSTEM.rewrite(exp.Table)
def as_it_is_now(node: exp.Expression) -> exp.Expression:
    """What a table held before is not kept.

    https://docs.snowflake.com/en/sql-reference/constructs/at-before
    """
    if isinstance(node.args.get("when"), exp.HistoricalData):
        raise unsupported(f"time travel: {str(node.args['when'].this).upper()}")
    return node
