"""Profiles, and small worlds that tests can type in sight."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import polars as pl
import pytest

from churn.engines.polars import PolarsEngine, PolarsFrame
from churn.engines.types import TYPES
from churn.stores import Stores, local
from churn.stores.local.database import Database
from tests.shipped import CHURN, CUSTOMERS, ORDERS

hypothesis.settings.register_profile("dev", max_examples=20, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data"

SLOW = (
    "tests/test_cli.py",
    "tests/test_hardening.py",
    "tests/test_remote.py",
    "tests/stores/",
    "tests/pipelines/test_train.py",
    "test_leakage.py::test_every_leak_is_found_by_its_rule[training",
    "test_leakage.py::test_tiny",
    "test_leakage.py::test_no_generated_world",
    "test_leakage.py::test_timestamps_lost",
)
"""Parts of the names of tests that `make test-fast` leaves out: they train, wait or kill."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """A shorter name for `--snowflake-connection`, the option of the emulator's plugin."""
    parser.addoption("--connection", dest="snowflake_connection", metavar="NAME")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker("slow")


ORDER_SCHEMA = {c.name: TYPES[c.type] for c in ORDERS.columns}
CUSTOMER_SCHEMA = {c.name: TYPES[c.type] for c in CUSTOMERS.columns}


def orders_frame(rows: Sequence[tuple[str, str, float, str]]) -> pl.DataFrame:
    """Orders from (customer, date, amount, status), numbered in that order."""
    return pl.DataFrame(
        [
            (f"O{i}", customer, date.fromisoformat(day), amount, status)
            for i, (customer, day, amount, status) in enumerate(rows)
        ],
        schema=ORDER_SCHEMA,
        orient="row",
    )


def customers_frame(rows: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Customers from (id, segment), registered in 2022 in the North."""
    return pl.DataFrame(
        [(customer, segment, date(2022, 1, 1), "North") for customer, segment in rows],
        schema=CUSTOMER_SCHEMA,
        orient="row",
    )


def framed(rows: pl.DataFrame) -> PolarsFrame:
    return PolarsFrame(rows.lazy())


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Write a customers.csv and an orders.csv, given as text or as frames."""

    def write(**tables: Any) -> Path:
        folder = tmp_path / "tables"
        folder.mkdir(exist_ok=True)
        for name, content in tables.items():
            text = content.write_csv() if isinstance(content, pl.DataFrame) else content
            (folder / f"{name}.csv").write_text(text)
        return folder

    return write


@pytest.fixture(scope="session")
def sample_engine() -> PolarsEngine:
    return PolarsEngine(SAMPLE)


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store: making MLflow's tables takes a second and a half, copying them nothing."""
    home = tmp_path_factory.mktemp("template")
    assert Database(home).client.search_experiments()
    return home / "mlflow.db"


@pytest.fixture
def home(tmp_path: Path, database_template: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(database_template, home / "mlflow.db")
    return home


@pytest.fixture
def stores(home: Path) -> Stores:
    return local.stores(home, CHURN)


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees settings or touches stores of whoever runs it, nor leaves a session open."""
    for name in [name for name in os.environ if name.startswith("CHURN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "home"))
    yield
    if connections := sys.modules.get("churn.remote.connections"):
        connections.close_sessions()
