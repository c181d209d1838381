from __future__ import annotations

from typing import Any

import pytest

from tests.engines.tables import PolarsTables, SnowparkTables, Tables


@pytest.fixture(scope="session")
def snowpark(snowflake_shared_session: Any) -> SnowparkTables:
    return SnowparkTables(snowflake_shared_session)


@pytest.fixture(params=["polars", pytest.param("snowpark", marks=pytest.mark.remote)])
def tables(request: pytest.FixtureRequest) -> Tables:
    """Either engine."""
    if request.param == "polars":
        return PolarsTables()
    found: Tables = request.getfixturevalue("snowpark")
    return found
