"""Fixtures for tests against Snowflake: on the emulator, or on an account.

    def test_it(snowflake_session):          # a Snowpark session on a database of its own
        assert snowflake_session.sql("SELECT 1").collect()[0][0] == 1

With `--snowflake-connection NAME` the same tests run on that connection of connections.toml. Tests
that use the fixtures are marked `emulator`; with a connection, `snowflake`.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # neither is imported before a test needs it
    from snowflake.snowpark import Session

    from churn.emulator.server import Emulator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("snowflake").addoption(
        "--snowflake-connection",
        metavar="NAME",
        help="run the tests of Snowflake on this connection of connections.toml, on databases "
        "that they create and drop, instead of on the emulator",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "remote: runs on Snowflake: the emulator or an account")
    config.addinivalue_line("markers", "emulator: runs on the local Snowflake emulator")
    config.addinivalue_line(
        "markers", "snowflake: runs on a Snowflake account (--snowflake-connection NAME)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    connection = config.getoption("snowflake_connection")
    asked = "snowflake" in (config.getoption("markexpr", "") or "")
    for item in items:
        names = getattr(item, "fixturenames", ())
        remote = "snowflake_connect" in names or item.get_closest_marker("remote")
        if "snowflake_emulator" in names:
            item.add_marker("emulator")
        elif remote:
            item.add_marker("snowflake" if connection or asked else "emulator")
            if asked and not connection:
                reason = "needs an account: --snowflake-connection NAME"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def snowflake_emulator() -> Iterator[Emulator]:
    """One emulator in memory for all tests of the process."""
    from churn.emulator.server import Emulator

    with Emulator() as running:
        yield running


@pytest.fixture(scope="session")
def snowflake_connect(
    request: pytest.FixtureRequest, record_testsuite_property: Callable[[str, object], None]
) -> Callable[..., Session]:
    """Open a Snowpark session: `snowflake_connect(database=..., schema=...)`."""
    from snowflake.snowpark import Session

    name = request.config.getoption("snowflake_connection")
    where: dict[str, Any] = (
        {"connection_name": name}
        if name
        else request.getfixturevalue("snowflake_emulator").connection
    )

    def open_session(**parameters: Any) -> Session:
        session: Session = Session.builder.configs(where | parameters).create()
        if name:
            version = session.sql("SELECT CURRENT_VERSION()").collect()[0][0]
            record_testsuite_property("snowflake", version)
        return session

    return open_session


@contextlib.contextmanager
def database(connect: Callable[..., Session]) -> Iterator[Session]:
    """A session on a database that is there for as long."""
    session = connect()
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    session.sql(f"CREATE DATABASE {name}").collect()
    session.use_schema(f"{name}.PUBLIC")
    try:
        yield session
    finally:
        session.sql(f"DROP DATABASE {name}").collect()
        session.close()


@pytest.fixture
def snowflake_session(snowflake_connect: Callable[..., Session]) -> Iterator[Session]:
    """A session on a database of the test's own."""
    with database(snowflake_connect) as session:
        yield session


@pytest.fixture(scope="session")
def snowflake_shared_session(snowflake_connect: Callable[..., Session]) -> Iterator[Session]:
    """A session on a database that tests share: for what only reads."""
    with database(snowflake_connect) as session:
        yield session
