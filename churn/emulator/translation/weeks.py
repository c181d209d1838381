"""Weeks and the order of NULLs, as the session's parameters have them.

https://docs.snowflake.com/en/sql-reference/functions-date-time
"""

from __future__ import annotations

from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.translation.arguments import macro, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("weeks")


def week_start(session: Session) -> int:
    return int(session.parameters.get("WEEK_START", 0))


def _is_week(node: exp.Expression) -> bool:
    return text_of(node.args.get("unit")).upper() in ("WEEK", "W", "WK", "WEEKOFYEAR", "WOY", "WY")


def _begin(session: Session, date: exp.Expression) -> exp.Expression:
    return macro("week_begin", date.copy(), exp.Literal.number(week_start(session)))


@SUBSYSTEM.session_rewrite(exp.DayOfWeek)
def day_of_week(session: Session, node: exp.Expression) -> exp.Expression:
    """From 1 on from the day that begins the week; from 0 on from Sunday by default."""
    if not week_start(session):
        return node
    return macro("week_day", node.this.copy(), exp.Literal.number(week_start(session)))


@SUBSYSTEM.session_rewrite(exp.DateTrunc, exp.TimestampTrunc)
def truncation(session: Session, node: exp.Expression) -> exp.Expression:
    if not _is_week(node) or week_start(session) < 2:
        return node
    return _begin(session, node.this)


@SUBSYSTEM.session_rewrite(exp.LastDay)
def last_day(session: Session, node: exp.Expression) -> exp.Expression:
    if not _is_week(node) or week_start(session) < 2:
        return node
    return exp.paren(exp.Add(this=_begin(session, node.this), expression=exp.Literal.number(6)))


@SUBSYSTEM.session_rewrite(exp.DateDiff)
def difference(session: Session, node: exp.Expression) -> exp.Expression:
    """Weeks that begin between the two."""
    if not _is_week(node) or week_start(session) < 2:
        return node
    start = exp.Literal.number(week_start(session))
    return macro("weeks_between", node.expression.copy(), node.this.copy(), start)


@SUBSYSTEM.session_rewrite(exp.Week, exp.YearOfWeek)
def week_of_year(session: Session, node: exp.Expression) -> exp.Expression:
    """The first week has four days of the year at least, or with the policy 1 its first day."""
    policy = int(session.parameters.get("WEEK_OF_YEAR_POLICY", 0))
    if week_start(session) < 2 and not policy:
        return node
    name = "week_of_year" if isinstance(node, exp.Week) else "year_of_week"
    start = exp.Literal.number(week_start(session) or 1)
    return macro(name, node.this.copy(), start, exp.Literal.number(policy))


@SUBSYSTEM.session_rewrite(exp.Ordered)
def nulls(session: Session, node: exp.Expression) -> exp.Expression:
    """DEFAULT_NULL_ORDERING = FIRST: NULL is less than any value.

    https://docs.snowflake.com/en/sql-reference/parameters
    """
    first = str(session.parameters.get("DEFAULT_NULL_ORDERING", "LAST")).upper() == "FIRST"
    if first and not node.meta.get("nulls"):
        node.set("nulls_first", not node.args.get("desc"))
    return node
