"""Is a connection ready for the project? Asked before anything is created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from churn.domain.schemas import CREATES, EXPERIMENTS, FEATURE_STORE, MODEL_REGISTRY

if TYPE_CHECKING:
    from snowflake.snowpark import Session

CLIENTS = ("snowflake-connector-python", "snowflake-snowpark-python", "snowflake-ml-python")
PACKAGES = ("snowflake-ml-python", "xgboost", "scikit-learn", "shap")


@dataclass(frozen=True)
class Finding:
    """One check: what was found, and the statement or command that fixes it."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


def examine(session: Session, database: str) -> Iterator[Finding]:
    """Every check, in the order in which to fix them."""
    yield from _clients()
    role = _bare(session.get_current_role())
    yield Finding("role", bool(role), role or "none", "Name a role in the connection.")
    warehouse = _bare(session.get_current_warehouse())
    computes = _warehouse(session, warehouse, role)
    yield computes
    if not _shown(session, f"SHOW DATABASES LIKE '{database}'"):
        yield Finding("database", False, f"{database} is missing", "churn sql apply setup")
        return
    yield Finding("database", True, database)
    there = {name.upper() for name in _shown(session, f"SHOW SCHEMAS IN DATABASE {database}")}
    for schema in CREATES:
        found = schema in there
        missing = f"{database}.{schema} is missing"
        yield Finding(
            f"schema {schema}", found, schema if found else missing, "churn sql apply setup"
        )
    yield from _privileges(session, database, role, there)
    if computes.ok:
        yield from _packages(session, database)
    yield from _features(session, database, there)


def _clients() -> Iterator[Finding]:
    for client in CLIENTS:
        yield Finding(client, True, version(client))


def _warehouse(session: Session, name: str, role: str) -> Finding:
    """There, and running or resumed by the query that needs it."""
    shown = session.sql(f"SHOW WAREHOUSES LIKE '{name}'").collect() if name else []
    if not shown:
        remedy = f"GRANT USAGE ON WAREHOUSE <name> TO ROLE {role}; and name it in the connection"
        return Finding("warehouse", False, name or "none", remedy)
    asleep = shown[0]["state"] == "SUSPENDED" and str(shown[0]["auto_resume"]).lower() == "false"
    found = f"{name} is suspended" if asleep else name
    return Finding("warehouse", not asleep, found, f"ALTER WAREHOUSE {name} RESUME")


def _privileges(session: Session, database: str, role: str, schemas: set[str]) -> Iterator[Finding]:
    granted: dict[str, set[str]] = {}
    for row in session.sql(f"SHOW GRANTS TO ROLE {role}").collect():
        granted.setdefault(str(row["name"]).upper(), set()).add(str(row["privilege"]).upper())
    administers = role in ("ACCOUNTADMIN", "SYSADMIN")
    for schema, kinds in CREATES.items():
        if schema not in schemas:
            continue
        held = granted.get(f"{database}.{schema}", set())
        missing = [f"CREATE {kind}" for kind in kinds if not {f"CREATE {kind}", "OWNERSHIP"} & held]
        ok = administers or not missing
        yield Finding(
            f"privileges on {schema}",
            ok,
            "may create what it needs" if ok else f"lacks {', '.join(missing)}",
            f"GRANT {', '.join(missing)} ON SCHEMA {database}.{schema} TO ROLE {role};",
        )


def _packages(session: Session, database: str) -> Iterator[Finding]:
    names = ", ".join(f"'{p}'" for p in PACKAGES)
    rows = session.sql(
        f"SELECT DISTINCT PACKAGE_NAME FROM {database}.INFORMATION_SCHEMA.PACKAGES "  # noqa: S608
        f"WHERE LANGUAGE = 'python' AND PACKAGE_NAME IN ({names})"
    ).collect()
    found = {str(row[0]) for row in rows}
    missing = sorted(set(PACKAGES) - found)
    yield Finding(
        "packages for inference",
        not missing,
        "all there" if not missing else f"missing {', '.join(missing)}",
        "Accept Anaconda's terms in the account: see docs of Snowflake on third-party packages.",
    )


def _features(session: Session, database: str, schemas: set[str]) -> Iterator[Finding]:
    from snowflake.snowpark.exceptions import SnowparkClientException

    asks = {
        MODEL_REGISTRY: ("model registry", "SHOW MODELS"),
        EXPERIMENTS: ("experiment tracking", "SHOW EXPERIMENTS"),
        FEATURE_STORE: ("datasets", "SHOW DATASETS"),
    }
    for schema, (feature, statement) in asks.items():
        if schema not in schemas:
            continue
        try:
            session.sql(f"{statement} IN SCHEMA {database}.{schema}").collect()
        except SnowparkClientException as error:
            remedy = "Ask Snowflake to enable it for the account."
            yield Finding(feature, False, error.message.splitlines()[0], remedy)
        else:
            yield Finding(feature, True, "answers")


def _shown(session: Session, statement: str) -> list[str]:
    return [str(row["name"]) for row in session.sql(statement).collect()]


def _bare(name: str | None) -> str:
    return (name or "").strip('"')
