"""Dynamic tables, tasks, tags and datasets: what a feature store is made of."""

from __future__ import annotations

import json

import pyarrow.parquet
import pytest

from churn.emulator.account.account import Session
from churn.emulator.statements.dynamic_tables import canonical_lag
from churn.emulator.statements.stages import place
from tests.emulator.statements.running import column, refused, rows, run

DYNAMIC = (
    "CREATE DYNAMIC TABLE d TARGET_LAG = '1m' WAREHOUSE = compute_wh AS SELECT SUM(a) AS a FROM t"
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1m", "1 minute"),
        ("2 minutes", "2 minutes"),
        ("1 Hour", "1 hour"),
        ("3d", "3 days"),
        (" 60 s ", "60 seconds"),
        ("downstream", "DOWNSTREAM"),
    ],
)
def test_a_lag_as_snowflake_prints_it(written: str, canonical: str) -> None:
    assert canonical_lag(written) == canonical
    assert canonical_lag(canonical) == canonical


@pytest.mark.parametrize("written", ["", "soon", "1 fortnight", "m"])
def test_what_is_no_lag(written: str) -> None:
    with refused(1003, "invalid TARGET_LAG"):
        canonical_lag(written)


@pytest.fixture
def dynamic(session: Session) -> Session:
    run(session, "CREATE TABLE t AS SELECT 1 AS a", DYNAMIC)
    return session


def test_a_dynamic_table_is_refreshed_when_asked(dynamic: Session) -> None:
    run(dynamic, "INSERT INTO t VALUES (2)")
    assert rows(dynamic, "SELECT a FROM d") == [(1,)]
    run(dynamic, "ALTER DYNAMIC TABLE d REFRESH")
    assert rows(dynamic, "SELECT a FROM d") == [(3,)]
    history = "TABLE(db.INFORMATION_SCHEMA.DYNAMIC_TABLE_REFRESH_HISTORY(NAME => 'D'))"
    assert rows(dynamic, f"SELECT REFRESH_ACTION FROM {history}") == [("FULL",), ("CREATION",)]


def test_a_refresh_runs_where_the_query_was_written(dynamic: Session) -> None:
    run(dynamic, "CREATE SCHEMA other", "ALTER DYNAMIC TABLE db.public.d REFRESH")
    assert dynamic.schema == "OTHER"


def test_a_dynamic_table_changes(dynamic: Session) -> None:
    run(dynamic, "ALTER DYNAMIC TABLE d SET TARGET_LAG = '2 h' COMMENT = 'c'")
    run(dynamic, "ALTER DYNAMIC TABLE d SUSPEND")
    shown = {
        c: column(dynamic, "SHOW DYNAMIC TABLES", c)[0]
        for c in ("target_lag", "comment", "scheduling_state", "text")
    }
    assert shown["target_lag"] == "2 hours"
    assert (shown["comment"], shown["scheduling_state"]) == ("c", "SUSPENDED")
    assert "TARGET_LAG = '2 hours'" in shown["text"]
    with refused(1003, "use DROP DYNAMIC TABLE"):
        run(dynamic, "DROP TABLE d")
    with refused(2, "the option SCHEDULER"):
        run(dynamic, "ALTER DYNAMIC TABLE d SET SCHEDULER = 'x'")


def test_a_task_is_run_when_asked(session: Session) -> None:
    run(
        session,
        "CREATE TABLE t (a INT)",
        "CREATE TASK k SCHEDULE = '1 MINUTE' AS INSERT INTO t VALUES (1)",
    )
    assert column(session, "SHOW TASKS", "state") == ["suspended"]
    run(session, "ALTER TASK k RESUME", "EXECUTE TASK k", "EXECUTE TASK k")
    assert rows(session, "SELECT COUNT(*) FROM t") == [(2,)]
    assert column(session, "SHOW TASKS", "definition") == ["INSERT INTO t VALUES (1)"]
    run(session, "ALTER TASK IF EXISTS none RESUME")
    with refused(2003):
        run(session, "ALTER TASK none RESUME")


def test_tags_are_set_all_or_none(session: Session) -> None:
    run(session, "CREATE TABLE t (a INT)", "CREATE TAG g ALLOWED_VALUES 'x', 'y'", "CREATE TAG h")
    with refused(90293, "Value z is not allowed for tag DB.PUBLIC.G: x, y"):
        run(session, "ALTER TABLE t SET TAG h = '1', g = 'z'")
    value = "SELECT SYSTEM$GET_TAG('{}', 't', 'TABLE')"
    assert rows(session, value.format("h")) == [(None,)]
    run(session, "ALTER TABLE t SET TAG h = '1', g = 'y'")
    assert rows(session, value.format("g")) == [("y",)]
    run(session, "ALTER TABLE t UNSET TAG g, h")
    assert rows(session, value.format("g")) == [(None,)]


def test_allowed_values_change(session: Session) -> None:
    run(session, "CREATE TAG g ALLOWED_VALUES 'x'")
    for sql, allowed in (
        ("ADD ALLOWED_VALUES 'y', 'x'", '["x", "y"]'),
        ("DROP ALLOWED_VALUES 'x'", '["y"]'),
        ("UNSET ALLOWED_VALUES", None),
    ):
        run(session, f"ALTER TAG g {sql}")
        assert column(session, "SHOW TAGS", "allowed_values") == [allowed]


def test_a_dropped_tag_is_on_nothing(session: Session) -> None:
    run(
        session,
        "CREATE TABLE t (a INT)",
        "CREATE TAG g",
        "ALTER TABLE t SET TAG g = 'x'",
        "DROP TAG g",
    )
    assert session.account.objects.all("TAGGED") == []


def test_a_dataset_keeps_its_versions_as_files(session: Session) -> None:
    run(session, "CREATE DATASET x")
    metadata = json.dumps({"n": 1})
    options = f"COMMENT = 'c' METADATA = '{metadata}'"
    run(session, f"ALTER DATASET x ADD VERSION 'v 1' FROM (SELECT 1 AS a) {options}")
    (file,) = place(session, "snow://dataset/x/versions/v 1").files()
    assert pyarrow.parquet.read_table(file).to_pydict() == {"A": [1]}
    shown = "SHOW VERSIONS IN DATASET x"
    assert column(session, shown, "version") == ["v 1"]
    assert (column(session, shown, "metadata"), column(session, shown, "rows")) == ([metadata], [1])
    with refused(2002):
        run(session, "ALTER DATASET x ADD VERSION 'v 1' FROM (SELECT 2 AS a)")
    run(session, "DROP DATASET x")
    assert not file.exists()
