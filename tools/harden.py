"""Bad tables, flags, settings and kills, at random, and what the commands say: `make harden`.

A try is clear when the command ends with 0, 1 or 2 (or as the signal says), without a traceback,
without a change to what somebody else made, and without a file half written. The exit code is 1 if
one is wrong; the seed that is printed repeats a campaign.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from typer.testing import CliRunner

from churn.cli import app
from churn.domain.churn.generator import sample

LONG = "x" * 300
TEXTS = (
    "",
    " ",
    "\0",
    "\x1b[2J",
    "=1+1",
    "'; DROP TABLE x;--",
    "../../etc/passwd",
    "/dev/zero",
    LONG,
    "é",
    "-1",
    "NaN",
    "%s{0}",
)
NUMBERS = (
    "-1",
    "0",
    "1e308",
    "1e309",
    "inf",
    "nan",
    "4294967296",
    "9" * 5000,
    "0x10",
    "1.5",
    "",
    "-0.0",
    "1,5",
)
DAYS = (
    "0001-01-01",
    "9999-12-31",
    "-2024-06-30",
    "12024-06-30",
    "0000-00-00",
    "2024-02-30",
    "2024-06-30T12:00",
    "30.06.2024",
    "",
)
SETTINGS = (
    "problem",
    "target",
    "database",
    "home",
    "data",
    "seed",
    "as_of",
    "observation_start",
    "outcome_end",
)
TOML = (
    "3",
    "1.5",
    "true",
    "['a']",
    "{a = 1}",
    "2024-06-30",
    "2024-06-30T12:00:00",
    "-1",
    "'x'",
    "'a\\u0000b'",
    f"'{LONG}'",
    "''",
    "nan",
    "[" * 5000,
)
TRAIN = ("train", "--search", "0", "--no-audit")
OUTPUT = 100_000
"""Characters that no answer to bad input is longer than."""


@dataclass
class Campaign:
    """A folder with somebody's tables and notes in it, which must outlive everything."""

    folder: Path
    random: random.Random
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("good", "odd"):
            (self.folder / name).mkdir()
        for name, rows in sample(60, 1).items():
            rows.write_csv(self.folder / "good" / f"{name.lower()}.csv")
        (self.folder / "notes.csv").write_text("MY,NOTES\n1,2\n")
        self.kept = self.digests()

    def digests(self) -> dict[str, str]:
        files = [*(self.folder / "good").iterdir(), self.folder / "notes.csv"]
        return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}

    def judge(
        self, kind: str, what: str, code: int, output: str, allowed: tuple[int, ...] = (0, 1, 2)
    ) -> None:
        """Count the try, and note all that is wrong with it."""
        self.kinds[kind] += 1
        faults = [f"exit code {code}"] if code not in allowed else []
        faults += ["a traceback"] if "Traceback" in output else []
        faults += [f"{len(output):,} characters of output"] if len(output) > OUTPUT else []
        faults += ["somebody's files have changed"] if self.digests() != self.kept else []
        faults += [f"{f.name} is half written" for f in self.folder.rglob(".*") if f.is_file()]
        if faults:
            self.wrong.append(f"{kind}: {what[:300]!r}: {', '.join(faults)}\n{output[-500:]}")

    def typed(self, kind: str, words: tuple[str, ...]) -> None:
        with chdir(self.folder):
            result = CliRunner().invoke(app, list(words))
        thrown = result.exception
        output = result.output
        if thrown is not None and not isinstance(thrown, SystemExit):
            output += f"\nTraceback: {type(thrown).__name__}: {str(thrown)[:200]}"
        self.judge(kind, " ".join(words), result.exit_code, output)

    # Generators

    def command(self, data: str) -> tuple[str, ...]:
        out = self.random.choice(
            ("out.csv", "out.parquet", "notes.csv", "good/orders.csv", "good/orders.parquet")
        )
        return self.random.choice(
            (
                ("labels", "--data", data, "--out", out),
                ("features", "--data", data, "--out", out),
                ("score", "--data", data, "--out", out),
                ("data", "check", "--data", data),
                ("explore", "--data", data),
                ("data", "generate", "--out", "good", "--customers", "7"),
                ("runs", "show", self.random.choice(TEXTS)),
                ("models", "show", self.random.choice(TEXTS)),
                (*TRAIN, "--data", data),
            )
        )

    def flags(self) -> None:
        command = self.command("good")
        values = {"--as-of": DAYS, "--observation-start": DAYS, "--outcome-end": DAYS, "--seed": NUMBERS,
                  "--data": TEXTS, "--out": TEXTS, "--label": TEXTS, "--view": TEXTS, "--problem": TEXTS}  # fmt: skip
        flag = self.random.choice(list(values))
        self.typed("flags", (*command, f"{flag}={self.random.choice(values[flag])}"))

    def settings(self) -> None:
        file = self.folder / "churn.toml"
        name = self.random.choice(SETTINGS)
        file.write_text(f"{name} = {self.random.choice(TOML)}\n")
        before = os.environ.pop("CHURN_HOME", "")
        try:
            self.typed("settings", ("labels", "--out", "out.csv"))
        finally:
            os.environ["CHURN_HOME"] = before
            file.unlink()

    def tables(self) -> None:
        """One cell, line, column or the whole file is other than it was."""
        odd = self.folder / "odd"
        shutil.rmtree(odd)
        shutil.copytree(self.folder / "good", odd)
        name = self.random.choice(("orders", "customers"))
        file = odd / f"{name}.csv"
        lines = file.read_text().splitlines()
        row = self.random.randrange(1, len(lines))
        cells = lines[row].split(",")
        column = self.random.randrange(len(cells))
        cells[column] = self.random.choice(
            (*TEXTS, *NUMBERS, *DAYS, "y" * 1_000_000, '"', "\ud7ff")
        )
        lines[row] = ",".join(cells)
        file.write_text("\n".join(lines))
        content = file.read_bytes()
        spoilt = self.random.choice(
            (content, content, content, content[: len(content) // 2], b"", b"\0" * 100, content.replace(b",", b";"),
             b"\xff\xfe" + content, lines[0].encode(), content[content.index(b"\n") + 1 :])
        )  # fmt: skip
        file.write_bytes(spoilt)
        if self.random.random() < 0.2:
            file.unlink()
            self.random.choice(
                (
                    file.mkdir,
                    lambda: os.mkfifo(file),
                    lambda: file.symlink_to("/dev/zero"),
                    lambda: file.symlink_to(file),
                )
            )()
        self.typed("tables", self.command("odd"))

    def kills(self) -> None:
        """A writing command ended at a random moment; the next one finds what works."""
        words = self.random.choice(
            ((*TRAIN, "--data", "good"), ("features", "--data", "good", "--out", "out.csv"))
        )
        number = self.random.choice((signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
        process = subprocess.Popen(
            [sys.executable, "-m", "churn", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            process.wait(self.random.uniform(0.5, 12))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        out, err = process.communicate(timeout=300)
        if number is signal.SIGKILL:
            for file in self.folder.rglob(".*.*"):  # which SECURITY.md says may be left
                file.unlink()
        allowed = (0, 1, -number, 128 + number)
        self.judge(
            f"kills by {number.name}", " ".join(words), process.returncode, out + err, allowed
        )
        self.typed("after a kill", ("models", "list"))


def attacks(campaign: Campaign, tries: int, kills: int) -> Iterator[None]:
    kinds = (campaign.flags, campaign.settings, campaign.tables)
    for _ in range(tries):
        yield campaign.random.choice(kinds)()
    for _ in range(kills):
        yield campaign.kills()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=300, help="bad tables, flags and settings")
    parser.add_argument("--kills", type=int, default=30, help="commands ended at a random moment")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harden-") as name:
        folder = Path(name)
        os.environ["CHURN_HOME"] = str(folder / "home")
        campaign = Campaign(folder, random.Random(given.seed))
        for _ in attacks(campaign, given.tries, given.kills):
            pass
    for fault in campaign.wrong:
        print(fault, file=sys.stderr)
    tried = campaign.kinds.total()
    for kind, count in sorted(campaign.kinds.items()):
        print(f"{kind:20}{count:6}")
    print(
        f"{tried} tried, {tried - len(campaign.wrong)} clear, {len(campaign.wrong)} wrong; --seed {given.seed}"
    )
    return 1 if campaign.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
