"""Whatever order somebody takes the documented commands in, none leads to a dead end.

A state machine types random commands, on the laptop and on the emulator, in one home. Each ends
with the exit code that its state allows, one message and no traceback.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from typer.testing import CliRunner, Result

from churn.cli import app
from churn.domain.churn.generator import sample
from churn.remote import connections

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

EMULATOR = ("--connection", "emulator")
TARGETS = st.sampled_from(((), EMULATOR))
MANY = settings.get_current_profile_name() == "ci"


class Commands(RuleBasedStateMachine):
    """One home, two targets. `trained` is what has a model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orders-"))
        self.before = dict(os.environ)
        os.environ["CHURN_HOME"] = str(self.folder / "home")
        os.environ["CHURN_DATA"] = str(self.folder / "data")
        self.trained: set[tuple[str, ...]] = set()

    def typed(self, *words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(map(str, words)))
        told = f"churn {' '.join(map(str, words))}\n{result.output}"
        assert result.exception is None or isinstance(result.exception, SystemExit), told
        assert result.exit_code == code, told
        return result

    @initialize()
    def data(self) -> None:
        (self.folder / "data").mkdir()
        for name, rows in sample(300, 1).items():
            rows.write_csv(self.folder / "data" / f"{name.lower()}.csv")

    # What needs nothing

    @rule(on=TARGETS, command=st.sampled_from(["labels", "features"]))
    def write(self, on: tuple[str, ...], command: str) -> None:
        self.typed(command, "--out", self.folder / f"{command}.parquet", *on)

    @rule(on=TARGETS)
    def check(self, on: tuple[str, ...]) -> None:
        self.typed("data", "check", *on)

    @rule(on=TARGETS, command=st.sampled_from([("runs", "list"), ("models", "list")]))
    def look(self, on: tuple[str, ...], command: tuple[str, ...]) -> None:
        self.typed(*command, *on)

    @rule(script=st.sampled_from(["setup", "load"]))
    def apply(self, script: str) -> None:
        if script == "load":
            self.typed("sql", "apply", "setup", *EMULATOR)
        self.typed("sql", "apply", script, *EMULATOR)

    @rule()
    def load(self) -> None:
        self.typed("data", "load", *EMULATOR)

    @rule()
    def destroy(self) -> None:
        self.typed("sql", "destroy", "--yes", *EMULATOR)
        self.trained.discard(EMULATOR)

    @rule(on=TARGETS)
    def train(self, on: tuple[str, ...]) -> None:
        self.typed("train", "--search", 0, "--no-audit", *on)
        self.trained.add(on)

    # What needs a model

    @rule(on=TARGETS)
    def score(self, on: tuple[str, ...]) -> None:
        code = 0 if on in self.trained else 1
        result = self.typed("score", *on, code=code)
        assert code == 0 or "Train one first" in result.output

    @rule(on=TARGETS)
    def alias(self, on: tuple[str, ...]) -> None:
        code = 0 if on in self.trained else 1
        self.typed("models", "set-alias", "@LAST", "PRODUCTION", *on, code=code)

    @precondition(lambda self: EMULATOR in self.trained)
    @rule()
    def inference(self) -> None:
        self.typed("sql", "apply", "inference", *EMULATOR)

    def teardown(self) -> None:
        connections.close_sessions()
        home = self.folder / "home" / "emulator"
        if home in connections._running:
            connections._running.pop(home).close()
        os.environ.clear()
        os.environ.update(self.before)
        shutil.rmtree(self.folder, ignore_errors=True)


Commands.TestCase.settings = settings(
    max_examples=20 if MANY else 2,
    stateful_step_count=8 if MANY else 6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOrdersOfUse = Commands.TestCase


def test_labels_first_and_then_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that once ended at CREATE SCHEMA, since another role had made the database."""
    machine = Commands()
    try:
        machine.data()
        machine.write(EMULATOR, "labels")
        machine.apply("setup")
        machine.apply("load")
        machine.typed("doctor", *EMULATOR)
        machine.train(EMULATOR)
        machine.inference()
        machine.destroy()
        machine.write(EMULATOR, "features")
    finally:
        machine.teardown()
