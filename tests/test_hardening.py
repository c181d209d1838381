"""Nothing that somebody types, feeds or kills hurts.

Exit code 1 or 2, one message that names the thing and the next step, no traceback, nothing half
written, the store unchanged.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn.domain.churn.generator import sample
from tests.commands import churn, refused
from tests.conftest import ROOT, SAMPLE

FORMULA = "=cmd|'/C calc'!A0"
TOO_LONG = "x" * 300
TRAIN = ("train", "--search", 0, "--no-audit")


def folder(path: Path, **tables: pl.DataFrame) -> Path:
    path.mkdir()
    for name, rows in tables.items():
        rows.write_csv(path / f"{name}.csv")
    return path


def made(customers: int) -> dict[str, pl.DataFrame]:
    return {name.lower(): rows for name, rows in sample(customers, 3).items()}


def files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return folder(tmp_path / "data", **made(400))


# Files that are there


@pytest.mark.parametrize("command", ["labels", "features", "score"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_no_command_writes_over_what_it_reads(
    data: Path, tmp_path: Path, command: str, force: tuple[str, ...]
) -> None:
    before = {file: file.read_bytes() for file in files(data)}
    (tmp_path / "link.csv").symlink_to(data / "orders.csv")
    for out in (data / "orders.csv", data / "customers.parquet", tmp_path / "link.csv"):
        message = refused(2, command, "--data", data, "--out", out, *force)
        assert f"{out} is a table that this command reads" in message
    assert {file: file.read_bytes() for file in files(data)} == before


@pytest.mark.parametrize("command", ["labels", "features", "score"])
def test_no_command_writes_over_what_it_did_not_make(
    data: Path, tmp_path: Path, command: str
) -> None:
    for name in ("own.csv", "own.parquet"):
        (tmp_path / name).write_text("MY,NOTES\n1,2\n")
        message = refused(2, command, "--data", data, "--out", tmp_path / name)
        assert "did not make it" in message
        assert "--force" in message
        assert (tmp_path / name).read_text() == "MY,NOTES\n1,2\n"


@pytest.mark.parametrize("command", ["labels", "features"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_command_can_be_repeated_and_forced(
    data: Path, tmp_path: Path, command: str, suffix: str
) -> None:
    out = tmp_path / f"out.{suffix}"
    call = (command, "--data", data, "--out", out)
    for _ in range(2):
        assert churn(*call).exit_code == 0
    read = pl.read_csv if suffix == "csv" else pl.read_parquet
    first = read(out)
    out.write_text("MY,NOTES\n1,2\n")
    assert churn(*call, "--force").exit_code == 0
    assert_frame_equal(read(out), first)  # sums differ in their last bits


def test_generate_replaces_its_own_tables_only(tmp_path: Path) -> None:
    out = tmp_path / "made"
    call = ("data", "generate", "--out", out, "--customers", 20)
    for _ in range(2):
        assert churn(*call).exit_code == 0
    before = {file: file.read_bytes() for file in files(out)}
    assert "holds other rows" in refused(2, *call, "--seed", 7)
    assert {file: file.read_bytes() for file in files(out)} == before
    assert churn(*call, "--seed", 7, "--force").exit_code == 0
    assert {file: file.read_bytes() for file in files(out)} != before


# Settings and flags


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--as-of", "0001-01-01"), "as_of is 0001-01-01 Years run from 1900"),
        (("--as-of", "9999-12-31"), "as_of is 9999-12-31 Years run from 1900"),
        (("--as-of", "1900-01-01"), "Years run from 1900"),
        (("--as-of", "2999-12-31"), "Years run from 1900"),
        (("--observation-start", "0001-01-01"), "Years run from 1900"),
        (("--outcome-end", "9999-12-31"), "Years run from 1900"),
        (("--data", TOO_LONG), "File name too long"),
        (("--data", "a\0b"), "null byte"),
        (("--out", f"{TOO_LONG}.csv"), "File name too long"),
        (("--out", f"{TOO_LONG}/out.csv"), "File name too long"),
        (("--out", "a\0b.csv"), "null byte"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_flags_that_cannot_be(flags: tuple[str, str], says: str) -> None:
    for command in ("labels", "features"):
        assert says in refused(2, command, "--data", SAMPLE, "--out", "out.csv", *flags)


def test_generate_into_a_name_that_cannot_be(tmp_path: Path) -> None:
    assert "too long" in refused(2, "data", "generate", "--out", TOO_LONG)
    (tmp_path / "file").touch()
    assert "cannot write" in refused(1, "data", "generate", "--out", tmp_path / "file")


def test_a_name_as_long_as_the_file_system_takes(data: Path, tmp_path: Path) -> None:
    out = tmp_path / ("x" * 251 + ".csv")
    assert churn("labels", "--data", data, "--out", out).exit_code == 0


@pytest.mark.parametrize("seed", ["-1", str(2**32), "1e3", "9" * 5000, "true"])
def test_seeds_that_cannot_be(monkeypatch: pytest.MonkeyPatch, seed: str) -> None:
    monkeypatch.setenv("CHURN_SEED", seed)
    assert "seed in CHURN_SEED is" in refused(2, "train", "--data", SAMPLE)


@pytest.mark.parametrize("name", ["", TOO_LONG * 300, "\x1b[31m", "%", "'; DROP TABLE runs;--"])
def test_names_that_nothing_has(name: str) -> None:
    assert len(refused(1, "runs", "show", "--", name)) < 500


# Data


@pytest.mark.parametrize("customers", [1, 2, 5, 10])
def test_too_few_customers_leave_nothing_behind(tmp_path: Path, customers: int) -> None:
    few = folder(tmp_path / "few", **made(customers))
    assert "churn explore shows" in refused(1, *TRAIN, "--data", few)
    assert files(tmp_path / "home") == []


def test_one_class_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever has ordered orders again, so that nobody churns."""
    tables = made(100)
    day = pl.col("ORDER_DATE")
    orders = tables["orders"].filter(day.is_between(pl.date(2024, 1, 1), pl.date(2024, 6, 30)))
    again = orders.with_columns(day.dt.offset_by("6mo"), pl.col("ORDER_ID") + "_AGAIN")
    one = folder(tmp_path / "one", customers=tables["customers"], orders=pl.concat([orders, again]))
    assert "one class only" in refused(1, *TRAIN, "--data", one)
    assert files(tmp_path / "home") == []


def test_amounts_whose_sum_overflows(tmp_path: Path) -> None:
    tables = made(100)
    orders = tables["orders"].with_columns(ORDER_AMOUNT=1e308)
    huge = folder(tmp_path / "huge", customers=tables["customers"], orders=orders)
    for command in (TRAIN, ("explore",), ("features", "--out", tmp_path / "out.csv")):
        assert "sums would overflow" in refused(1, *command, "--data", huge)
    assert files(tmp_path / "home") == []
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("day", ["-2024-06-30", "12024-06-30", "0000-01-01", "2024-6-30"])
def test_days_that_are_none(tmp_path: Path, day: str) -> None:
    tables = made(50)
    orders = tables["orders"].with_columns(pl.col("ORDER_DATE").cast(pl.String))
    orders = orders.with_columns(
        ORDER_DATE=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(day)).otherwise("ORDER_DATE")
    )
    odd = folder(tmp_path / "odd", customers=tables["customers"], orders=orders)
    shown = churn("data", "check", "--data", odd)
    assert shown.exit_code == 1
    assert "ORDERS.ORDER_DATE: 1 row:" in shown.stdout
    assert "row 4" in shown.stdout


def test_years_that_only_parquet_holds(tmp_path: Path) -> None:
    tables = made(50)
    orders = tables["orders"].with_columns(
        ORDER_DATE=pl.when(pl.int_range(pl.len()) == 3)
        .then(pl.lit(-2_000_000, pl.Int32).cast(pl.Date))
        .otherwise("ORDER_DATE")
    )
    odd = folder(tmp_path / "odd", customers=tables["customers"])
    orders.write_parquet(odd / "orders.parquet")
    shown = churn("data", "check", "--data", odd)
    assert shown.exit_code == 1
    assert "below 1970-01-01" in shown.stdout


def test_a_field_of_a_million_characters_is_shown_in_part(tmp_path: Path) -> None:
    tables = made(50)
    status = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("y" * 1_000_000)).otherwise("STATUS")
    orders = tables["orders"].with_columns(STATUS=status)
    long = folder(tmp_path / "long", customers=tables["customers"], orders=orders)
    for flags in ((), ("--json",)):
        shown = churn("data", "check", "--data", long, *flags)
        assert shown.exit_code == 1
        assert len(shown.stdout) < 2000


def test_very_many_columns_are_counted_not_listed(tmp_path: Path) -> None:
    wide = folder(tmp_path / "wide", customers=made(10)["customers"])
    names = [f"C{i}" for i in range(5000)]
    (wide / "orders.csv").write_text(",".join(names) + "\n" + ",".join(names) + "\n")
    shown = churn("data", "check", "--data", wide)
    assert shown.exit_code == 1
    assert "4,980 more" in shown.stdout
    assert len(shown.stdout) < 10_000


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


@pytest.mark.parametrize("make", [_pipe, _device, _circle, _dangling, Path.mkdir])
@pytest.mark.parametrize("command", ["check", "train"])
def test_a_table_that_is_no_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], None], command: str
) -> None:
    odd = folder(tmp_path / "odd", customers=made(10)["customers"])
    make(odd / "orders.csv")
    call = ("data", "check") if command == "check" else TRAIN
    shown = churn(*call, "--data", odd)
    assert shown.exit_code == 1
    assert "no regular file" in shown.output


# Modules


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('no')",
        "import sys; sys.exit(0)",
        "def broken(:",
        "raise BaseException('no')",
        "def f(orders, windows):\n    import sys; sys.exit(0)",
        "def f(orders, windows):\n    raise BaseException('no')",
    ],
)
def test_a_module_or_function_that_ends_badly_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path, code: str
) -> None:
    (tmp_path / "bad_module.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bad_module", raising=False)
    shown = churn("leakage", "check", "bad_module:f", "--data", data)
    assert shown.exit_code in {1, 2}
    assert "Traceback" not in shown.output


# Spreadsheets


def test_no_risk_list_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    tables = made(400)
    active = tables["orders"].filter(pl.col("ORDER_DATE") == pl.date(2024, 6, 30))
    renamed = pl.col("CUSTOMER_ID").replace({active["CUSTOMER_ID"][0]: FORMULA})
    tables = {name: rows.with_columns(renamed) for name, rows in tables.items()}
    region = pl.col("REGION").replace({"North": "@North"})
    tables["customers"] = tables["customers"].with_columns(region)
    evil = folder(tmp_path / "evil", **tables)
    assert churn(*TRAIN, "--data", evil).exit_code == 0
    scored = churn("score", "--data", evil, "--out", tmp_path / "risk.csv")
    assert scored.exit_code == 0
    assert "1 value of CUSTOMER_ID would run as a formula" in " ".join(scored.output.split())
    for file in (f for f in files(tmp_path) if f.suffix == ".csv" and evil not in f.parents):
        rows = pl.read_csv(file, infer_schema=False)
        for column in rows.get_columns():
            cells = [cell for cell in column.drop_nulls() if not _is_number(cell)]
            assert not [cell for cell in cells if cell[0] in "=+-@"], file
    assert f"'{FORMULA}" in pl.read_csv(tmp_path / "risk.csv")["CUSTOMER_ID"].to_list()
    labels = churn("labels", "--data", evil, "--out", tmp_path / "labels.csv")
    assert "would run as a formula" in labels.stderr


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Signals


@pytest.fixture
def running(data: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A training that has begun."""
    words = (*TRAIN, "--search", 50, "--data", data)
    process = subprocess.Popen(
        [sys.executable, "-m", "churn", *map(str, words)],
        env={**os.environ, "CHURN_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("step", ["start", "features and labels"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_with_one_line(
    running: subprocess.Popen[str], tmp_path: Path, step: str, number: signal.Signals
) -> None:
    assert running.stderr is not None
    for line in running.stderr:
        if line == f"{step}: done\n":
            break
    time.sleep(0.3)
    running.send_signal(number)
    out, err = running.communicate(timeout=120)
    said = [line for line in err.splitlines() if line and not line.endswith(": done")]
    assert said == [f"Error: stopped by {number.name}; nothing is half written"]
    assert out == ""
    assert running.returncode == 128 + number
    assert not [file for file in files(tmp_path) if file.name.startswith(".")]


# At random


def test_a_short_campaign_is_clear() -> None:
    """`make harden` runs the long form."""
    done = subprocess.run(
        [sys.executable, "tools/harden.py", "--tries", "25", "--kills", "1", "--seed", "5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "27 tried, 27 clear, 0 wrong" in done.stdout
