"""docs/your-own-problem.md, typed word for word in an empty folder."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from churn.cli import app
from churn.domain.windows import DAY, Windows
from churn.remote import connections
from tests.conftest import ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

PAGE = (ROOT / "docs" / "your-own-problem.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
MODULE = "\n\n".join(text for kind, text in BLOCKS if kind == "python")
LAPTOP, SNOWFLAKE = (text for kind, text in BLOCKS if kind == "bash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("subscriptions")
    (folder / "subscriptions.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        patch.setenv("CHURN_HOME", str(folder / ".churn"))
        patch.setenv("CHURN_PROBLEM", "subscriptions:SUBSCRIPTIONS")
        yield folder
        sys.modules.pop("subscriptions", None)


@pytest.fixture(autouse=True)
def _settings_of_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the page sets them."""
    monkeypatch.setenv("CHURN_HOME", str(folder / ".churn"))
    monkeypatch.setenv("CHURN_PROBLEM", "subscriptions:SUBSCRIPTIONS")
    yield
    connections.close_sessions()


def typed(line: str) -> Result:
    result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
    assert result.exit_code == 0, f"{line}\n{result.output}"
    return result


def commands(block: str) -> list[str]:
    lines = block.splitlines()
    assert all(line.startswith(("churn ", "export CHURN_PROBLEM=")) for line in lines)
    return [line for line in lines if line.startswith("churn ")]


def test_the_problem_is_short() -> None:
    """Blank lines aside."""
    assert len([line for line in MODULE.splitlines() if line.strip()]) < 150


def test_on_the_laptop(folder: Path) -> None:
    shown = {line: typed(line).output for line in commands(LAPTOP)}
    told = "\n".join(shown.values())
    assert "versions from VALID_FROM" in told
    assert "keeps its contracts" in told
    assert "accounts by VALID_FROM, payments by PAID_ON, tickets by OPENED_ON" in told
    assert "ACCOUNT_CANCELLATION_PREDICTOR/V1 (default)" in told
    assert "ACCOUNTS, PAYMENTS, TICKETS" in told
    assert "accounts scored" in told
    (listed,) = (folder / ".churn" / "scores").rglob("2024-07-31.csv")
    assert "CANCELLATION_PROBABILITY" in pl.read_csv(listed).columns


def test_in_snowflake(folder: Path) -> None:
    told = "\n".join(typed(line).output for line in commands(SNOWFLAKE))
    assert "Risk list      SUBSCRIPTIONS.ANALYTICS.CANCELLATION_RISK_ACCOUNTS" in told
    assert "ACCOUNT_CANCELLATION_PREDICTOR!PREDICT_PROBA" in told
    assert "missing" not in told


def test_both_targets_list_the_same_accounts(folder: Path) -> None:
    files = [folder / "local.csv", folder / "remote.csv"]
    typed(f"churn score --as-of 2024-07-31 --out {files[0]}")
    typed(f"churn score --as-of 2024-07-31 --out {files[1]} --connection emulator")
    here, there = (pl.read_csv(file) for file in files)
    assert here.equals(there)


LEAKS = {
    "tickets of all days": "tickets.group_by(K).agg(X=pl.len())",
    "tickets up to tomorrow": "tickets.filter(pl.col('OPENED_ON') <= w.as_of + DAY).group_by(K).agg(X=pl.len())",
    "complaints against all": "tickets.filter(pl.col('OPENED_ON') <= w.as_of).group_by(K).agg(X=pl.len() / tickets.height)",
    "what was closed since": "tickets.filter(pl.col('OPENED_ON') <= w.as_of).group_by(K).agg(X=(pl.col('CLOSED_ON').max() - w.as_of).dt.total_days())",
    "the cancellation itself": "tickets.filter(pl.col('KIND') == 'CANCELLED').group_by(K).agg(X=pl.len())",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_leaks_through_the_third_table_are_found(folder: Path, leak: str) -> None:
    from subscriptions import SUBSCRIPTIONS  # type: ignore[import-not-found]

    from churn.leakage import audit_features

    made = SUBSCRIPTIONS.sample(300, 1)
    example = {name.lower(): rows for name, rows in made.items()}

    def feature(payments: pl.DataFrame, tickets: pl.DataFrame, windows: Windows) -> pl.DataFrame:
        inside = pl.col("PAID_ON").is_between(windows.observation_start, windows.as_of)
        people = payments.filter(inside).select("ACCOUNT_ID").unique()
        names = {"tickets": tickets, "w": windows, "pl": pl, "K": "ACCOUNT_ID", "DAY": DAY}
        values = eval(LEAKS[leak], names)  # noqa: S307 - the expressions above
        return people.join(values, on="ACCOUNT_ID", how="left").fill_null(0)

    report = audit_features(
        feature, example, SUBSCRIPTIONS.windows, problem=SUBSCRIPTIONS, quick=True
    )
    assert report.rules & {"future", "late-attribute"}, report
