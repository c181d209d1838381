"""What scripts call: arguments, files, JSON and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import Result

from churn import __version__
from churn.cli.printing import _plain
from churn.model.metrics import NAMES
from tests.commands import churn, refused
from tests.conftest import ROOT, SAMPLE
from tests.shipped import VIEWS

FIXTURES = ROOT / "fixtures"


def last_line(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    assert (
        churn("data", "generate", "--out", folder, "--customers", 400, "--seed", 3).exit_code == 0
    )
    return folder


def test_version() -> None:
    assert churn("--version").stdout == f"churn {__version__}\n"


@pytest.mark.parametrize(
    "command",
    ["", "data", "data generate", "data check", "labels", "features", "explore", "train", "score"]
    + [f"runs {verb}" for verb in ("list", "show", "compare")]
    + [f"leakage {verb}" for verb in ("check", "rules")]
    + [f"monitor {verb}" for verb in ("run", "rules")]
    + ["problem show"]
    + [f"models {verb}" for verb in ("list", "show", "lineage", "set-default", "set-alias")],
)
def test_every_command_explains_itself(command: str) -> None:
    result = churn(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_help_shows_what_happens_without_an_option() -> None:
    shown = " ".join(churn("score", "--help").stdout.split())
    for default in ("[data]", "[the label's]", "[local]", "NAME[@ALIAS|/VERSION]"):
        assert default in shown


def test_generate_is_seeded(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        churn("data", "generate", "--out", tmp_path / name, "--customers", 20, "--seed", seed)
    a, b, c = ((tmp_path / name / "orders.csv").read_bytes() for name in "abc")
    assert a == b != c


def test_check_is_silent_on_good_data() -> None:
    assert "keeps its contracts" in churn("data", "check", "--data", SAMPLE).stdout
    assert last_line(churn("data", "check", "--data", SAMPLE, "--json")) == {
        "ok": True,
        "problems": [],
        "timeless": ["CUSTOMERS"],
    }


def test_check_reports_every_problem_with_counts_and_rows(folder_of: Callable[..., Path]) -> None:
    orders = (FIXTURES / "orders.csv").read_text()
    orders = (
        orders.replace("60.00", "-1").replace("CANCELLED", "LOST").replace("2024-05-31", "soon")
    )
    folder = folder_of(customers=(FIXTURES / "customers.csv").read_text(), orders=orders)
    result = churn("data", "check", "--data", folder, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["ok"]
    by_column = {p["column"]: p for p in found["problems"] if p["severity"] == "error"}
    assert {name: p["count"] for name, p in by_column.items()} == {
        "ORDER_DATE": 1,
        "ORDER_AMOUNT": 1,
        "STATUS": 2,
    }
    assert by_column["ORDER_AMOUNT"]["rows"] == [{"row": 2, "key": "O-02", "value": "-1"}]
    readable = churn("data", "check", "--data", folder)
    assert readable.exit_code == 1
    assert "ORDERS.STATUS: 2 rows: not one of FULFILLED, RETURNED, CANCELLED" in readable.stdout
    assert "row 5 (O-01): LOST" in readable.stdout


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_labels_and_features_of_the_fixtures(tmp_path: Path, suffix: str) -> None:
    """From the files that were checked by hand to files that say the same."""
    read = pl.read_csv if suffix == "csv" else pl.read_parquet
    labels, features = tmp_path / f"labels.{suffix}", tmp_path / f"features.{suffix}"
    assert churn("labels", "--data", FIXTURES, "--out", labels).exit_code == 0
    assert churn("features", "--data", FIXTURES, "--out", features).exit_code == 0
    assert read(labels).rows() == pl.read_csv(FIXTURES / "labels.csv").rows()
    expected = pl.read_csv(FIXTURES / "features_v2.csv")
    assert read(features).columns == expected.columns
    assert read(features).rows() == expected.rows()


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_features_has_the_columns_of_the_version(tmp_path: Path, view: Any) -> None:
    out = tmp_path / "features.parquet"
    churn(
        "features", "--data", SAMPLE, "--view", view.name, "--version", view.version, "--out", out
    )
    assert (
        pl.read_parquet_schema(out).keys() == dict.fromkeys(["CUSTOMER_ID", *view.columns]).keys()
    )


def test_windows_can_be_moved(tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    dates = (
        "--as-of",
        "2024-03-31",
        "--observation-start",
        "2024-02-01",
        "--outcome-end",
        "2024-05-31",
    )
    assert churn("labels", "--data", FIXTURES, "--out", out, *dates).exit_code == 0
    assert pl.read_csv(out).rows() == [("CARA", 1)]


def test_explore_shows_rates_and_distributions() -> None:
    shown = churn("explore", "--data", SAMPLE).stdout
    for heading in ("Rows", "CHURN_RATE", "ORDERS by month", "Distribution", "Means by class"):
        assert heading in shown
    found = last_line(churn("explore", "--data", SAMPLE, "--json"))
    assert found["rates"][0]["CUSTOMERS"] == found["rows"][2]["ROWS"]
    assert [m["MONTH"] for m in found["monthly"]][::24] == ["2023-01-01", "2025-01-01"]


def test_train_score_and_look(small: Path, home: Path, tmp_path: Path) -> None:
    """One training, and everything that can be asked about it."""
    result = churn("train", "--data", small, "--search", 1, "--seed", 4, "--json")
    done = last_line(result)
    assert set(done["metrics"]) == set(done["cv"]) == set(NAMES)
    assert all(set(spread) == {"mean", "std"} for spread in done["cv"].values())
    assert (done["model_version"], done["feature_view"]) == ("V1", "CUSTOMER_FEATURES/v2")
    assert 0 < done["threshold"] < 1
    assert done["findings"] == []
    assert pl.read_csv(done["risk_list"]).height == done["population"]
    assert "cross-validation of the winner: done" in result.stderr

    readable = churn("train", "--data", small, "--search", 0, "--version", "v1").stdout
    for word in ("roc_auc", "CUSTOMER_CHURN_PREDICTOR/V2", "Risk list", "no skill", "Premium"):
        assert word in readable

    runs = last_line(churn("runs", "list", "--json"))["runs"]
    assert len(runs) == 7
    assert done["run"] in {run["id"] for run in runs}
    assert "Conservative" in churn("runs", "list").stdout
    assert last_line(churn("runs", "show", done["run"][:8], "--json"))["id"] == done["run"]
    assert "data_hash" in churn("runs", "show", "baseline").stdout
    compared = last_line(churn("runs", "compare", "--json"))["runs"]
    assert {run["name"] for run in compared} == {"Baseline", "DeepTree", "Conservative"}
    assert "cv_log_loss_mean" in churn("runs", "compare", done["run"], "Baseline").stdout
    assert "there is no run 'nope'" in refused(1, "runs", "show", "nope")

    lineage = last_line(churn("models", "lineage", "V1", "--json"))
    assert (lineage["run"], lineage["data_hash"]) == (done["run"], done["data_hash"])
    for word in ("training set", "threshold", "code version"):
        assert word in churn("models", "lineage", "V1").stdout
    assert "Test metrics" in churn("models", "show", "CUSTOMER_CHURN_PREDICTOR/V2").stdout
    assert "is the default version" in churn("models", "set-default", "V2").stdout
    assert churn("models", "set-alias", "V1", "CHAMPION").exit_code == 0
    assert churn("models", "set-alias", "PRODUCTION", "V1").exit_code == 0  # in either order
    versions = last_line(churn("models", "list", "--json"))["models"]
    assert [(v["version"], v["is_default"], v["aliases"]) for v in versions] == [
        ("V1", False, ["PRODUCTION"]),
        ("V2", True, []),
    ]
    assert "PRODUCTION" in churn("models", "list").stdout

    out = tmp_path / "risk.csv"
    model = "CUSTOMER_CHURN_PREDICTOR@PRODUCTION"
    for _ in range(2):
        scored = last_line(
            churn(
                "score",
                "--data",
                small,
                "--as-of",
                "2024-12-31",
                "--model",
                model,
                "--out",
                out,
                "--json",
            )
        )
    listed = pl.read_csv(out)
    assert scored["model_version"] == "V1"
    assert scored["customers"] == listed.height == listed["CUSTOMER_ID"].n_unique()
    assert listed.columns[:6] == [
        "RANK", "CUSTOMER_ID", "SEGMENT", "REGION", "CHURN_PROBABILITY", "RISK_BAND",
    ]  # fmt: skip
    readable = churn("score", "--data", small, "--as-of", "2024-12-31").stdout
    assert "CUSTOMER_CHURN_PREDICTOR/V2" in readable
    assert "customers scored" in readable

    message = refused(1, "score", "--data", small, "--model", "CUSTOMER_CHURN_PREDICTOR@STAGING")
    assert "no alias of CUSTOMER_CHURN_PREDICTOR 'STAGING'" in message
    assert "PRODUCTION" in message
    assert "no version" in refused(
        1, "score", "--data", small, "--model", "CUSTOMER_CHURN_PREDICTOR/V9"
    )
    assert "outside the data" in refused(1, "score", "--data", small, "--as-of", "2030-01-01")


# Bad input


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--data", "nowhere"], "the folder nowhere does not exist"),
        (["train", "--as-of", "30.06.2024"], "'30.06.2024' is not a date"),
        (["labels", "--out", "x.csv", "--as-of", "2024-02-30"], "is not a date"),
        (["labels", "--out", "x.csv", "--observation-start", "2024-07-01"], "runs backwards"),
        (["labels", "--out", "x.csv", "--outcome-end", "2024-06-30"], "runs backwards"),
        (
            ["features", "--out", "x.csv", "--version", "v9"],
            "There is: CUSTOMER_FEATURES/v2, CUSTOMER_FEATURES/v1",
        ),
        (["features", "--out", "x.csv", "--view", "CUSTOMER_FEATURE"], "CUSTOMER_FEATURES/v2"),
        (["labels", "--out", "x.xlsx", "--data", str(FIXTURES)], "Name a file that ends in .csv"),
        (["score", "--model", "a b"], "names no model"),
        (["train", "--search", "-1"], "--search"),
        (["data", "generate", "--out", "x", "--customers", "0"], "--customers"),
        (["labels"], "--out"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], says: str) -> None:
    assert says in refused(2, *arguments)


def test_bad_data_is_exit_1_and_writes_nothing(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    folder = folder_of(customers=(FIXTURES / "customers.csv").read_text())
    out = tmp_path / "out.csv"
    for arguments in (["labels", "--out", out], ["features", "--out", out], ["train"], ["explore"]):
        message = refused(1, *arguments, "--data", folder)
        assert "found neither orders.csv nor orders.parquet" in message
    assert not out.exists()
    assert not (tmp_path / "home").exists()


def test_models_without_any_training_say_what_to_do() -> None:
    assert "churn train" in refused(1, "models", "show", "V1")
    assert "churn train" in refused(1, "runs", "compare")
    assert churn("models", "list").exit_code == churn("runs", "list").exit_code == 0


def test_a_store_that_cannot_be_written_to_is_exit_1(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "file" / "home"))
    assert "cannot write" in refused(1, "train", "--data", small, "--search", 0)


# Leakage

LEAKY = """
import numpy as np
import polars as pl
from churn.domain.churn import CHURN

VIEW = CHURN.views[0]
LABEL = CHURN.label
NUMBER = 7

def leaky(orders, customers, windows):
    return orders.group_by("CUSTOMER_ID").agg(X=pl.col("ORDER_AMOUNT").sum())
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's folder with a module in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "somebodys.py").write_text(LEAKY)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "somebodys", raising=False)
    return folder


def test_a_leak_is_exit_1_with_the_example(project: Path, small: Path) -> None:
    result = churn("leakage", "check", "somebodys:leaky", "--data", small)
    assert result.exit_code == 1
    assert "Seen: as of 2024-06-30, one row of orders of" in result.stdout
    found = churn("leakage", "check", "somebodys:leaky", "--data", small, "--json")
    assert {f["rule"] for f in json.loads(found.stdout)["findings"]} >= {"future", "membership"}


def test_what_does_not_leak_is_exit_0(project: Path, small: Path) -> None:
    for name, kind in (
        ("somebodys:VIEW", "features"),
        ("somebodys:LABEL", "labels"),
        ("churn.domain.churn.labels:churn_labels", "labels"),
    ):
        result = churn("leakage", "check", name, "--data", small, "--kind", kind)
        assert result.exit_code == 0, result.output
        assert "No leak found" in result.stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("somebodys", "names no function"),
        ("nobodys:leaky", "there is no module 'nobodys'"),
        ("somebodys:leek", "Did you mean leaky"),
        ("somebodys:NUMBER", "cannot be called"),
    ],
)
def test_what_names_no_function_is_exit_2(project: Path, small: Path, name: str, says: str) -> None:
    assert says in refused(2, "leakage", "check", name, "--data", small)
    assert "kind" in refused(
        2, "leakage", "check", "somebodys:leaky", "--data", small, "--kind", "x"
    )


def test_rules_are_explained() -> None:
    from churn.leakage import RULES

    shown = churn("leakage", "rules").stdout
    assert all(rule in shown for rule in RULES)
    assert len(last_line(churn("leakage", "rules", "--json"))["rules"]) == len(RULES)


LEAKY_PROBLEM = """
from dataclasses import replace
from churn.domain.churn import CHURN
from churn.domain.expressions import col

V1 = CHURN.views[0]

def leaky(orders, customers, windows):
    # Past the cut of the pipeline, through a join with the customers.
    known = V1.compute(orders, windows)
    newest = customers.group_by().agg(NEWEST=col("REGISTRATION_DATE").max())
    dated = newest.with_columns(K=1).join(known.with_columns(K=1), on="K")
    return dated.with_columns(TOTAL_ORDER_COUNT=col("NEWEST").day_of_year())

PROBLEM = replace(CHURN, views=(replace(V1, version="v9", compute=leaky),))
"""


def test_a_view_that_leaks_cannot_be_trained_on_by_accident(
    small: Path, home: Path, project: Path
) -> None:
    (project / "leaking.py").write_text(LEAKY_PROBLEM)
    train = ("train", "--data", small, "--problem", "leaking:PROBLEM", "--search", 0)
    message = refused(1, *train)
    assert "CUSTOMER_FEATURES/v9 cannot be trained on" in message
    assert "TOTAL_ORDER_COUNT" in message
    assert not list(home.rglob("*.parquet"))
    done = last_line(churn(*train, "--no-audit", "--json"))
    run = last_line(churn("runs", "show", done["run"], "--json"))
    assert run["parameters"]["audited"] == "False"


def test_pytest_audits_a_function_by_option(project: Path, small: Path) -> None:
    names = ["--leakage", "somebodys:leaky", "--leakage", "somebodys:VIEW"]
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *names, "--leakage-data", str(small)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 1
    assert "1 failed, 1 passed" in shown.stdout
    assert "future X" in shown.stdout


# Monitoring


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve weeks of scored rows; a feature moves in the ninth."""
    folder, random = tmp_path_factory.mktemp("history"), np.random.default_rng(0)

    def week(number: int, moved: float = 0.0) -> pl.DataFrame:
        x = random.normal(moved, 1, 400)
        score = 1 / (1 + np.exp(-x))
        return pl.DataFrame(
            {
                "KEY": [f"{number}-{i}" for i in range(400)],
                "AS_OF": [date(2024, 1, 1) + timedelta(days=7 * number)] * 400,
                "X": x,
                "SCORE": score,
                "LABEL": (random.random(400) < score).astype(int),
            }
        )

    pl.concat([week(i) for i in range(-5, 0)]).write_parquet(folder / "baseline.parquet")
    weeks = pl.concat([week(i, 2.0 if i >= 8 else 0.0) for i in range(12)])
    weeks.write_csv(folder / "predictions.csv")
    return folder


def monitored(history: Path, *more: object, code: int = 0) -> Result:
    files = ("--baseline", history / "baseline.parquet", "--predictions")
    columns = ("--key", "KEY", "--time", "AS_OF", "--score", "SCORE", "--label", "LABEL")
    result = churn("monitor", "run", *files, history / "predictions.csv", *columns, *more)
    assert result.exit_code == code, result.output
    return result


def test_the_monitor_runs_on_anybodys_files(history: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "metrics.parquet", tmp_path / "report.html"
    seen = last_line(monitored(history, "--out", out, "--report", page, "--json"))
    assert len(seen["periods"]) == 12
    assert {(a["rule"], a["column"], a["opened"], a["closed"]) for a in seen["alarms"]} == {
        ("feature_psi", "X", "2024-02-26", None),
        ("score_psi", "SCORE", "2024-02-26", None),
    }
    assert {"PERIOD_START", "METRIC", "VALUE", "LOW", "HIGH"} <= set(pl.read_parquet(out).columns)
    assert page.read_text().lower().startswith("<!doctype html>")


def test_an_open_alarm_is_a_gate(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "feature_psi" in monitored(history, "--check", code=1).stdout
    monitored(history, "--check", "--through", "2024-02-20")
    monkeypatch.chdir(history)
    (history / "churn.toml").write_text(
        "".join(
            f'[[alerts]]\nname = "{n}"\nenabled = false\n' for n in ("feature_psi", "score_psi")
        )
    )
    monitored(history, "--check")
    rules = last_line(churn("monitor", "rules", "--json"))["rules"]
    assert "feature_psi" not in {rule["name"] for rule in rules}


# Whole processes


def command(*arguments: object, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "churn", *map(str, arguments)],
        env={**os.environ, "CHURN_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_trainings_at_once_both_succeed(small: Path, home: Path) -> None:
    both = [command("train", "--data", small, "--search", 0, "--json", home=home) for _ in range(2)]
    done = []
    for process in both:
        out, err = process.communicate()
        assert process.returncode == 0, err
        done.append(json.loads(out.splitlines()[-1]))
    assert {d["model_version"] for d in done} == {"V1", "V2"}
    assert done[0]["metrics"] == done[1]["metrics"]


def test_a_killed_training_leaves_a_store_that_works(small: Path, home: Path) -> None:
    victim = command("train", "--data", small, "--search", 0, home=home)
    assert victim.stderr is not None
    for line in victim.stderr:
        if line.startswith("cross-validation of the winner"):
            break  # it is about to write
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    done = last_line(churn("train", "--data", small, "--search", 0, "--json"))
    runs = {run["id"] for run in last_line(churn("runs", "list", "--json"))["runs"]}
    for version in last_line(churn("models", "list", "--json"))["models"]:
        assert version["lineage"]["run"] in runs
        selector = f"CUSTOMER_CHURN_PREDICTOR/{version['version']}"
        assert churn("score", "--data", small, "--model", selector).exit_code == 0
    assert done["run"] in runs
    assert not [path for path in home.rglob("*") if path.name.startswith(".")]


def test_dates_are_printed_as_dates() -> None:
    assert _plain(date(2024, 6, 30)) == "2024-06-30"
    with pytest.raises(TypeError, match="no place in JSON"):
        _plain(object())
