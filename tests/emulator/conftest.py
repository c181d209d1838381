"""A session without a server, for tests of what is behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.statements import SNOWFLAKE


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account(SNOWFLAKE)
    yield account
    execution.close_account(account)


@pytest.fixture
def session(account: Account) -> Session:
    """An administrator's, in the schema DB.PUBLIC."""
    session = execution.open_session(account, "ANN", "ACCOUNTADMIN")
    session.warehouse = "COMPUTE_WH"
    execution.run(session, "CREATE DATABASE db")
    return session
