"""The command line on Snowflake: the emulator in the process, and connections of one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from churn import cli
from churn.emulator.server import Emulator
from tests.conftest import ROOT

pytestmark = pytest.mark.emulator

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("remote")


def churn(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it, with a home and connections of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHURN_", "SNOWFLAKE_"))}
    own = {"CHURN_HOME": str(folder / "home"), "SNOWFLAKE_HOME": str(folder / "snowflake")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "churn", *arguments],
        cwd=ROOT,
        env={**kept, **own, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def here(folder: Path, *arguments: str, code: int = 0) -> str:
    """The same in this process, which has imported everything already."""
    environment = {"CHURN_HOME": str(folder / "home"), "CHURN_DATA": str(folder / "data")}
    done = CliRunner().invoke(cli.app, arguments, env=environment, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def on_emulator(folder: Path, *arguments: str, code: int = 0) -> str:
    """And there the emulator goes on from command to command."""
    return here(folder, *arguments, "--connection", "emulator", code=code)


def generated(folder: Path) -> Path:
    """Sample data of some customers, in the folder's data."""
    made = churn(folder, "data", "generate", "--customers", "400", "--out", str(folder / "data"))
    assert made.returncode == 0
    return folder / "data"


# The emulator in the process


@pytest.mark.parametrize("command", ["labels", "features"])
def test_both_targets_write_the_same_table(folder: Path, command: str) -> None:
    data = generated(folder)
    local, remote = (folder / f"{where}-{command}.parquet" for where in ("local", "remote"))
    assert churn(folder, command, "--data", str(data), "--out", str(local)).returncode == 0
    on_emulator(folder, command, "--out", str(remote))
    assert_frame_equal(pl.read_parquet(remote), pl.read_parquet(local), rel_tol=1e-9)
    assert ".PREP_DATA." in on_emulator(folder, command, "--target", "snowflake")


def test_the_whole_path(tmp_path: Path) -> None:
    """Setup twice, load, train, score, SQL, cleanup; the figures are those of the laptop."""
    data = generated(tmp_path)
    assert "churn sql apply setup" in on_emulator(tmp_path, "doctor", code=1)
    for _ in range(2):
        on_emulator(tmp_path, "sql", "apply", "setup")
        loaded = on_emulator(tmp_path, "sql", "apply", "load")
        orders = pl.read_csv(data / "orders.csv").height
        assert str(orders) in loaded
    health = json.loads(on_emulator(tmp_path, "doctor", "--json"))
    assert health["ok"]
    # From here on with the grants of the setup, and no others.
    assert "CHURN_ROLE" in [f["found"] for f in health["findings"] if f["check"] == "role"]
    on_emulator(tmp_path, "data", "load")

    remote = json.loads(on_emulator(tmp_path, "train", "--search", "1", "--json"))
    local = json.loads(here(tmp_path, "train", "--search", "1", "--json"))
    for fact in (
        "metrics",
        "train_metrics",
        "cv",
        "threshold",
        "data_hash",
        "training_set",
        "chosen",
    ):
        assert remote[fact] == local[fact], fact
    assert remote["risk_list"] == "CHURN.ANALYTICS.CHURN_RISK_CUSTOMERS"

    lists = [tmp_path / "local.csv", tmp_path / "remote.csv"]
    here(tmp_path, "score", "--out", str(lists[0]))
    on_emulator(tmp_path, "score", "--out", str(lists[1]))
    assert lists[0].read_text() == lists[1].read_text()  # to the last digit and reason

    scored = json.loads(on_emulator(tmp_path, "score", "--as-of", "2024-05-31", "--json"))
    assert scored["model_version"] == "V1"
    on_emulator(tmp_path, "models", "set-alias", "PRODUCTION", "V1")
    lineage = json.loads(on_emulator(tmp_path, "models", "lineage", "@PRODUCTION", "--json"))
    assert remote["run"] in json.dumps(lineage)
    assert json.loads(on_emulator(tmp_path, "runs", "list", "--json"))

    local_list = pl.read_csv(local["risk_list"])
    asked = on_emulator(tmp_path, "sql", "apply", "inference")
    first = local_list.row(0, named=True)
    assert first["CUSTOMER_ID"] in asked
    assert f"{first['CHURN_PROBABILITY']:.4f}" in asked

    removed = on_emulator(tmp_path, "sql", "destroy", "--yes")
    assert "model MODEL_REGISTRY.CUSTOMER_CHURN_PREDICTOR" in removed
    on_emulator(tmp_path, "sql", "destroy", "--yes")  # twice does no harm
    assert "CHURN is missing" in on_emulator(tmp_path, "doctor", code=1)


def test_plans_are_printed_with_the_names_of_the_settings(folder: Path) -> None:
    done = churn(folder, "sql", "plan", "setup", CHURN_DATABASE="lab")
    assert "CREATE DATABASE IF NOT EXISTS LAB" in done.stdout
    assert "<%" not in done.stdout
    assert churn(folder, "sql", "plan", "nope").returncode == 2


# Connections


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Emulator]]:
    """An emulator that asks for a password, and a connections.toml that knows it."""
    with Emulator(users={"ANN": "planted-secret"}) as emulator:
        (tmp_path / "snowflake").mkdir()
        entries = []
        key = {"authenticator": "SNOWFLAKE_JWT", "private_key_file": str(tmp_path / "key.p8")}
        for name, changes in (
            ("good", {"password": "planted-secret"}),
            ("bad", {"password": "other-secret"}),
            ("norole", {"password": "planted-secret", "role": "NOBODY"}),
            ("wrongkey", key),
            ("nokey", key | {"private_key_file": str(tmp_path / "nowhere.p8")}),
            ("badkey", key | {"private_key_file": str(tmp_path / "text.p8")}),
        ):
            fields = emulator.connection | {"user": "ann"} | changes
            lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
            entries.append("\n".join([f"[{name}]", *lines]))
        (tmp_path / "key.p8").write_bytes(private_key())
        (tmp_path / "text.p8").write_text("no key")
        file = tmp_path / "snowflake" / "connections.toml"
        file.write_text("\n\n".join(entries))
        file.chmod(0o600)
        yield tmp_path, emulator


def private_key() -> bytes:
    """One that nobody has the public half of."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def test_a_connection_of_the_users_and_its_secrets(served: tuple[Path, Emulator]) -> None:
    """From nothing to a model; and what is secret is neither printed nor in any file of ours."""
    folder, _ = served
    data = str(generated(folder))
    said: list[str] = []

    def run(*arguments: str, code: int = 0, connection: str = "good") -> str:
        done = churn(folder, *arguments, CHURN_CONNECTION=connection, CHURN_DATA=data)
        said.extend([done.stdout, done.stderr])
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert "churn sql apply setup" in run("labels", code=1)
    run("data", "load")
    run("train", "--search", "0", "--no-audit")
    run("labels", code=1, connection="bad")
    written = [f.read_bytes() for f in (folder / "home").rglob("*") if f.is_file()]
    for secret in (b"planted-secret", b"other-secret"):
        assert not [text for text in said if secret.decode() in text]
        assert not [content for content in written if secret in content]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--connection", "bad"], 1, "Incorrect username or password"),
        (["--connection", "norole"], 1, "SHOW GRANTS TO USER"),
        (["--connection", "wrongkey"], 1, "Is private_key_file the key of this user"),
        (["--connection", "nokey"], 1, "nowhere.p8"),
        (["--connection", "badkey"], 1, "Look at private_key_file"),
        (["--connection", "nope"], 2, "There is: "),
        (["--target", "snowflake"], 2, "make train-emulated"),
        (["--target", "elsewhere"], 2, "There is: local, snowflake"),
    ],
)
def test_what_cannot_be_connected_to_is_explained(
    served: tuple[Path, Emulator], arguments: list[str], code: int, said: str
) -> None:
    done = churn(served[0], "labels", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_emulators_page_is_up_to_date(folder: Path) -> None:
    """docs/emulator.md is what `churn emulator coverage` prints."""
    printed = churn(folder, "emulator", "coverage").stdout
    assert (ROOT / "docs" / "emulator.md").read_text() == printed
