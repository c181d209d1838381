"""Faults in Snowflake: said clearly, leaving nothing half done; a second try works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from snowflake.snowpark import Session

from churn.domain import schemas
from churn.domain.errors import DataError, StoreError
from churn.emulator.server import Emulator
from churn.engines.snowpark import SnowparkEngine
from churn.pipelines import prepare
from churn.remote import doctor, scripts
from churn.stores import Stores
from churn.stores import snowflake as remote
from tests.conftest import ROOT, customers_frame, orders_frame
from tests.shipped import CHURN, CUSTOMERS, DEFAULT, MODEL, ORDERS, VIEWS
from tests.stores.records import new_run, register

V1 = VIEWS[0]


@pytest.fixture
def names() -> dict[str, str]:
    database = f"FAULT_{uuid.uuid4().hex[:8].upper()}"
    return {"database": database, "role": f"{database}_ROLE", "warehouse": f"{database}_WH"}


@pytest.fixture
def admin(snowflake_emulator: Emulator, names: dict[str, str]) -> Iterator[Session]:
    """After the setup."""
    with Session.builder.configs(snowflake_emulator.connection).create() as session:
        for _ in scripts.run(session, scripts.rendered("setup", CHURN, names)):
            pass
        session.use_role("ACCOUNTADMIN")
        yield session
        for _ in scripts.run(session, scripts.rendered("cleanup", CHURN, names)):
            pass


@pytest.fixture
def session(
    snowflake_emulator: Emulator, names: dict[str, str], admin: Session
) -> Iterator[Session]:
    """With the role and the warehouse of the setup, as people train."""
    with Session.builder.configs(snowflake_emulator.connection | names).create() as session:
        session.use_schema("PREP_DATA")
        yield session


@pytest.fixture
def engine(session: Session, names: dict[str, str]) -> SnowparkEngine:
    engine = SnowparkEngine(session, names["database"], "PREP_DATA")
    engine.save(ORDERS, orders_frame([("A", "2024-06-01", 1.0, "FULFILLED")]))
    engine.save(CUSTOMERS, customers_frame([("A", "Basic")]))
    return engine


@pytest.fixture
def stores(session: Session, names: dict[str, str]) -> Stores:
    return remote.stores(session, names["database"], CHURN)


def ailing(session: Session, names: dict[str, str]) -> list[doctor.Finding]:
    return [f for f in doctor.examine(session, names["database"]) if not f.ok]


def test_the_setup_leaves_nothing_to_mend(session: Session, names: dict[str, str]) -> None:
    """And grants no more than the doctor asks for."""
    assert ailing(session, names) == []
    granted = re.findall(
        r"GRANT (CREATE [^;]*?)\s+ON SCHEMA <% database %>\.(\w+)",
        (scripts.FOLDER / "01_setup.sql").read_text(),
    )
    created = {schema: set(re.findall(r"CREATE ([A-Z ]+)", text)) for text, schema in granted}
    assert created == {schema: set(kinds) for schema, kinds in schemas.CREATES.items()}


def test_tables_that_were_not_loaded(session: Session, names: dict[str, str]) -> None:
    engine = SnowparkEngine(session, names["database"], "PREP_DATA")
    with pytest.raises(DataError, match=r"table CUSTOMERS(.|\n)*churn data load"):
        engine.read(CUSTOMERS)


def test_a_suspended_warehouse(
    admin: Session, session: Session, engine: SnowparkEngine, names: dict[str, str]
) -> None:
    admin.sql(f"ALTER WAREHOUSE {names['warehouse']} SET AUTO_RESUME = FALSE").collect()
    admin.sql(f"ALTER WAREHOUSE {names['warehouse']} SUSPEND").collect()
    labels = prepare.labels(engine, CHURN, DEFAULT)
    with pytest.raises(DataError, match=r"No active warehouse(.|\n)*churn doctor"):
        engine.collect(labels)
    (finding,) = ailing(session, names)
    assert (finding.check, finding.found) == ("warehouse", f"{names['warehouse']} is suspended")
    admin.sql(finding.remedy).collect()
    assert engine.collect(labels).height == 1


def test_a_missing_privilege(
    admin: Session, session: Session, stores: Stores, names: dict[str, str]
) -> None:
    registry = f"SCHEMA {names['database']}.MODEL_REGISTRY"
    admin.sql(f"REVOKE CREATE MODEL ON {registry} FROM ROLE {names['role']}").collect()
    with pytest.raises(StoreError, match=r"privileges.*MODEL_REGISTRY(.|\n)*churn doctor"):
        register(stores)
    assert list(stores.models.versions(MODEL)) == []
    lineage = session.table(f"{names['database']}.MODEL_REGISTRY.MODEL_LINEAGE")
    assert lineage.count() == 0
    (finding,) = ailing(session, names)
    assert finding.found == "lacks CREATE MODEL"
    admin.sql(finding.remedy.rstrip(";")).collect()
    assert register(stores).version == "V1"


def test_a_table_that_may_not_be_written(
    admin: Session, session: Session, engine: SnowparkEngine, names: dict[str, str]
) -> None:
    schema = f"SCHEMA {names['database']}.PREP_DATA"
    admin.sql(f"REVOKE CREATE FILE FORMAT ON {schema} FROM ROLE {names['role']}").collect()
    with pytest.raises(DataError, match=r"table ORDERS cannot be written(.|\n)*churn doctor"):
        engine.save(ORDERS, orders_frame([("A", "2024-06-01", 2.0, "FULFILLED")]))
    assert engine.collect(engine.read(ORDERS))["ORDER_AMOUNT"].to_list() == [1.0]
    (finding,) = ailing(session, names)
    assert finding.found == "lacks CREATE FILE FORMAT"


@pytest.mark.parametrize("schema", ["FEATURE_STORE", "EXPERIMENTS", "MODEL_REGISTRY"])
def test_a_missing_schema(
    admin: Session, engine: SnowparkEngine, stores: Stores, names: dict[str, str], schema: str
) -> None:
    admin.sql(f"DROP SCHEMA {names['database']}.{schema}").collect()
    features = prepare.features(engine, CHURN, V1, DEFAULT)
    tried = {
        "FEATURE_STORE": lambda: stores.features.save(engine, V1, DEFAULT, features),
        "EXPERIMENTS": lambda: stores.experiments.log(new_run()),
        "MODEL_REGISTRY": lambda: register(stores),
    }
    with pytest.raises(StoreError, match=rf"{schema}(.|\n)*churn doctor"):
        tried[schema]()


def test_features_that_a_model_does_not_take(
    session: Session, engine: SnowparkEngine, stores: Stores, names: dict[str, str]
) -> None:
    """Somebody dropped a column of the stored features."""
    version = register(stores)
    features = stores.features.save(
        engine, V1, DEFAULT, prepare.features(engine, CHURN, V1, DEFAULT)
    )
    history = f"{names['database']}.PREP_DATA.CUSTOMER_FEATURES_V1_HISTORY"
    session.sql(f"ALTER TABLE {history} DROP COLUMN {V1.columns[0]}").collect()
    with pytest.raises(StoreError, match=rf"scoring with .*V1.*{V1.columns[0]}"):
        stores.models.predict(version, V1, features)


KILLED = """
import json, os, sys
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.snowpark import Session
from churn.domain.churn import CHURN
from churn.stores import snowflake
from tests.stores.records import new_run, register

plain = SnowflakeCursor.execute

def execute(self, command, *arguments, **more):
    if "ADD VERSION" in command or command.lstrip().startswith("CREATE MODEL"):
        os._exit(9)  # its files are on the stage, its version is not there
    return plain(self, command, *arguments, **more)

SnowflakeCursor.execute = execute
session = Session.builder.configs(json.loads(sys.argv[1])).create()
register(snowflake.stores(session, sys.argv[2], CHURN))
"""


@pytest.mark.parametrize("before", [0, 1])
def test_a_client_that_is_killed_between_upload_and_registration(
    snowflake_emulator: Emulator,
    session: Session,
    stores: Stores,
    names: dict[str, str],
    before: int,
) -> None:
    for _ in range(before):
        register(stores)
    where = json.dumps(snowflake_emulator.connection | names | {"schema": "MODEL_REGISTRY"})
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, where, names["database"]],
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert killed.returncode == 9
    versions = stores.models.versions(MODEL)
    assert len(versions) == before
    again = register(stores)
    assert again.version == f"V{before + 1}"
    assert again.lineage.run == stores.experiments.runs()[0].id
