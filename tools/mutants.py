"""Plant faults in the code, one at a time, and see the tests find each: `make mutants`.

A fault is a text in a file and what to put in its place. Each is planted in a copy of the project;
one that no test finds is a hole in the tests, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[1]
TESTS = (
    "tests/engines/test_operations.py",
    "tests/engines/test_frame.py",
    "tests/engines/test_parity.py",
    "tests/engines/test_views.py",
    "tests/emulator/account/test_checks.py",
    "tests/emulator/test_access.py",
    "tests/emulator/test_logins.py",
    "tests/emulator/translation/",
    "tests/emulator/test_statements.py",
)

POLARS = "churn/engines/polars.py"
SNOWPARK = "churn/engines/snowpark.py"
REWRITE = "churn/emulator/translation/expressions.py"
MACROS = "churn/emulator/duck/macros.py"
VALUE_MACROS = "churn/emulator/duck/value_macros.py"
ACCESS = "churn/emulator/account/access.py"
CHECKS = "churn/emulator/account/checks.py"
LOGINS = "churn/emulator/http/logins.py"
WINDOWS = "churn/domain/windows.py"
KNOWN = "churn/domain/known.py"
EXPRESSIONS = "churn/domain/expressions.py"
PROBLEM_FILE = "churn/domain/problem.py"

CUT = ("tests/engines/test_known.py",)
PROBLEM = ("tests/domain/test_problem.py",)
LEAKAGE = ("tests/leakage/test_leakage.py", "-k", "table or bits or column or year")
MODEL = ("tests/model",)
STORES = ("tests/stores/test_local.py", "tests/stores/test_contract.py")
PIPELINES = ("tests/pipelines/test_train.py",)


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = TESTS


FAULTS = (
    # The table of Polars
    Fault("sum is mean", POLARS, '"sum": _sum,', '"sum": lambda x: _float(x).mean(),'),
    Fault("the sum of nothing is 0", POLARS, "pl.when(x.count() > 0).then(x.sum())", "x.sum()"),
    Fault("mean is median", POLARS, "_float(x).mean()", "_float(x).median()"),
    Fault("max passes over NaN", POLARS, "x.nan_max()", "x.max()"),
    Fault("count counts NULL", POLARS, "_integer(x.count())", "_integer(x.len())"),
    Fault("NULL is a distinct value", POLARS, "x.drop_nulls().n_unique()", "x.n_unique()"),
    Fault("std of a population", POLARS, "_float(x).std()", "_float(x).std(ddof=0)"),
    Fault("division by zero is infinite", POLARS, "pl.when(y != 0).then(_float(y))", "_float(y)"),
    Fault("remainders follow the divisor", POLARS, "pl.when(x < 0).then(-remainder).otherwise(remainder)", "x % y"),
    Fault("rounding half to even", POLARS, '.round(digits, mode="half_away_from_zero")', '.round(digits, mode="half_to_even")'),
    Fault("casts cut decimals off", POLARS, 'x = x.round(0, mode="half_away_from_zero")', "x = x"),
    Fault("greatest passes over NULL", POLARS, "pl.when(known).then(found)", "pl.max_horizontal(*values)"),
    Fault("null_if drops what is unequal", POLARS, "pl.when((x != y) | x.is_null() | y.is_null()).then(x)", "pl.when(x != y).then(x)"),
    Fault("days are counted backwards", POLARS, "(y.cast(pl.Date) - x.cast(pl.Date))", "(x.cast(pl.Date) - y.cast(pl.Date))"),
    Fault("days are elapsed time", POLARS, "(y.cast(pl.Date) - x.cast(pl.Date))", "(y - x)"),
    Fault("months are days / 30", POLARS, "_months(y) - _months(x)", "(y.cast(pl.Date) - x.cast(pl.Date)).dt.total_days() // 30"),
    Fault("weeks start on Sunday", POLARS, "_integer(x.dt.weekday())", "_integer(x.dt.weekday() % 7)"),
    Fault("all white space is trimmed", POLARS, 'x.str.strip_chars(" ")', "x.str.strip_chars()"),
    Fault("length in bytes", POLARS, "x.str.len_chars()", "x.str.len_bytes()"),
    Fault("substring counts from 0", POLARS, "x.str.slice(start - 1, length)", "x.str.slice(start, length)"),
    Fault("contains takes a pattern", POLARS, "x.str.contains(text, literal=True)", "x.str.contains(text)"),
    Fault("first is last", POLARS, '"first": _pick(lambda x: x.first())', '"first": _pick(lambda x: x.last())'),
    Fault("lag looks ahead", POLARS, "x.shift(rows)", "x.shift(-rows)"),
    Fault("rows are numbered from 0", POLARS, '"row_number": lambda: pl.int_range(1, pl.len() + 1,', '"row_number": lambda: pl.int_range(0, pl.len(),'),
    Fault("running sums leave gaps", POLARS, "x.fill_null(0).cum_sum()", "x.cum_sum()"),
    Fault("the as-of join takes the next row", POLARS, 'strategy="backward"', 'strategy="forward"'),
    Fault("the as-of join forgets the tie", POLARS, ".sort(right_time, tie, nulls_last=False)", ".sort(right_time, tie, descending=[False, True], nulls_last=False)"),
    Fault("left joins are inner", POLARS, "on=keys, how=how)", 'on=keys, how="inner" if how == "left" else how)'),
    Fault("NULL joins NULL", POLARS, "on=keys, how=how)", "on=keys, how=how, nulls_equal=True)"),
    Fault("a union drops duplicates", POLARS, "pl.concat([self.lazy, other.lazy])", "pl.concat([self.lazy, other.lazy]).unique()"),
    Fault("sort puts NULL first", POLARS, "descending=descending, nulls_last=True", "descending=descending, nulls_last=False"),
    # The table of Snowpark
    Fault("sum is avg", SNOWPARK, '"sum": sf.sum,', '"sum": sf.avg,'),
    Fault("min is max", SNOWPARK, '"min": sf.min,', '"min": sf.max,'),
    Fault("count is of distinct values", SNOWPARK, '"count": sf.count,', '"count": sf.count_distinct,'),
    Fault("division by zero is an error", SNOWPARK, "/ _zero_is_null(_float(y))", "/ _float(y)"),
    Fault("the square root of what is negative", SNOWPARK, "sf.sqrt(sf.iff(x >= 0, _float(x), sf.lit(None)))", "sf.sqrt(_float(x))"),
    Fault("population deviation", SNOWPARK, "sf.stddev_samp(_float(x))", "sf.stddev_pop(_float(x))"),
    Fault("months are days", SNOWPARK, 'sf.datediff("month", x, y)', 'sf.datediff("day", x, y)'),
    Fault("weeks are not ISO's", SNOWPARK, 'sf.call_builtin("DAYOFWEEKISO", x)', "sf.dayofweek(x)"),
    Fault("first is last, in Snowflake", SNOWPARK, "sf.min_by(x, by)", "sf.max_by(x, by)"),
    Fault("windows run over all rows", SNOWPARK, "NativeWindow.UNBOUNDED_PRECEDING, NativeWindow.CURRENT_ROW", "NativeWindow.UNBOUNDED_PRECEDING, NativeWindow.UNBOUNDED_FOLLOWING"),
    Fault("windows put NULL first", SNOWPARK, "sf.col(quoted(k)).asc_nulls_last() for k in order", "sf.col(quoted(k)).asc_nulls_first() for k in order"),
    Fault("the as-of join is strict", SNOWPARK, "self.data[quoted(left_time)] >= right[quoted(right_time)]", "self.data[quoted(left_time)] > right[quoted(right_time)]"),
    Fault("the as-of join takes the first tie", SNOWPARK, "sf.col(quoted(tie)).desc_nulls_last()", "sf.col(quoted(tie)).asc_nulls_last()"),
    Fault("left joins are inner, in Snowflake", SNOWPARK, '"left": "left"', '"left": "inner"'),
    Fault("anti joins are semi", SNOWPARK, '"anti": "leftanti"', '"anti": "leftsemi"'),
    Fault("a union drops duplicates, in Snowflake", SNOWPARK, "self.data.union_all(other.data)", "self.data.union(other.data)"),
    Fault("parse takes part of a text", SNOWPARK, 'sf.iff(sf.call_builtin("REGEXP_LIKE", x, sf.lit(WRITTEN[to])), x, sf.lit(None))', "x"),
    Fault("whole numbers come back as floats", SNOWPARK, "| st.LongType():\n            return POLARS_TYPES[Type.INTEGER]", "| st.LongType():\n            return POLARS_TYPES[Type.FLOAT]"),
    # The emulator
    Fault("the emulator's as-of join drops rows", REWRITE, 'node.set("side", "LEFT")', "pass"),
    Fault("the emulator divides by zero", VALUE_MACROS, '"(y)": "CASE WHEN y = 0 THEN "', '"(y)": "CASE WHEN y IS NULL THEN "'),
    Fault("the emulator casts half to even", MACROS, "CAST(round(CAST(x AS DOUBLE)) AS BIGINT)", "CAST(CAST(x AS DOUBLE) AS BIGINT)"),
    Fault("the emulator's sums are floats", REWRITE, 'wide = overloaded("wide", value)', 'wide = exp.cast(value, "DOUBLE")'),
    Fault("the emulator's dates become times", REWRITE, '    step = STEPS.get(text_of(node.args.get("unit")).upper())\n', "    step = None\n"),
    # The windows
    Fault("the observation window ends a day late", WINDOWS, "self.as_of + DAY", "self.as_of + 2 * DAY"),
    # Who may do what
    Fault("everybody owns everything", ACCESS, '{"OWNERSHIP" for o in there if o.owner in mine}', '{"OWNERSHIP" for o in there}'),
    Fault("roles inherit nothing", ACCESS, "while new := new - granted_roles:", "if new := new - granted_roles:"),
    Fault("futures never come", ACCESS, 'if (grant["granted_on"], grant["on"]) in future:', "if not future:"),
    Fault("any privilege will do", ACCESS, "if privileges and not mine &", "if not mine and not mine &"),
    Fault("tables hide behind names of queries", CHECKS, "and node.name in scope.cte_sources", "and node.name"),
    Fault("no password is a password", LOGINS, "if name in known and hmac", "if name not in known or hmac"),
    Fault("what is denied is hidden", ACCESS, "raise denied(kind, name.name or name.schema or name.database)", "raise missing(kind, name)"),
    Fault("databases are open", ACCESS, 'raise missing("database", name.database)', "return"),
    Fault("views are open", ACCESS, 'RELATIONS = ("TABLE", "VIEW", "DYNAMIC TABLE")', 'RELATIONS = ("TABLE", "DYNAMIC TABLE")'),
    Fault("suspended warehouses run", CHECKS, 'warehouse.get("state") == "SUSPENDED":', 'warehouse.get("state") == "ASLEEP":'),
    Fault("no warehouse is needed", CHECKS, "if (session.computing or session.changing) and used:", "if not used and session.computing:"),
    Fault("grants outlive what they are on", ACCESS, 'account.objects.drop("GRANT", grant.name)', "pass"),
    Fault("any key will do", LOGINS, 'options={"require": ["exp", "iss", "sub"]}', 'options={"verify_signature": False}'),
    Fault("tokens of any subject", LOGINS, 'if proven["sub"] == subject:', "if proven:"),
    Fault("tokens for anybody", LOGINS, 'options={"require": ["exp", "sub"]}', 'options={"verify_aud": False}'),
    # What functions may see
    Fault("features see the day after", KNOWN, "rows = rows.filter(col(table.time) < end)", "rows = rows.filter(col(table.time) <= end)", CUT),
    Fault("nothing is cut", KNOWN, "rows = rows.filter(col(table.time) < end)", "pass", CUT),
    Fault("values that are set later are seen", KNOWN, "return rows.with_columns(**later) if later else rows", "return rows", CUT),
    Fault("the first version counts for ever", KNOWN, "col(NUMBER) == col(OF)", "col(NUMBER) == 1", CUT),
    Fault("labels see no outcome", KNOWN, "return _until(table, rows, windows.outcome.end)", "return _until(table, rows, windows.observation.end)", CUT),
    # Definitions
    Fault("fingerprints hold dates", EXPRESSIONS, "return self.value.name", "return str(self.value.plain)", PROBLEM),
    Fault("fingerprints confuse gap and outcome", WINDOWS, 'Parameter.of("outcome_start", named.start)', "named.start", PROBLEM),
    Fault("any name is a table", PROBLEM_FILE, "if name not in known:", "if not known:", PROBLEM),
    Fault("definitions may share a name", PROBLEM_FILE, "if names.count(name) > 1:", "if not names:", PROBLEM),
    # The audit
    Fault("later rows of a table are left alone", "churn/leakage/futures.py", "        if shape.has_events:\n            yield from _future_events(builder, world, shape)", "        if shape.name == 'orders':\n            yield from _future_events(builder, world, shape)", LEAKAGE),
    Fault("dated tables of nobody are left alone", "churn/leakage/futures.py", "elif shape.time is not None and (shape.entity", "elif not shape.name and (shape.entity", LEAKAGE),
    Fault("what is set later is no leak", "churn/leakage/futures.py", "for name in [n for n in dates if n not in shape.held]:", "for name in []:", LEAKAGE),
    Fault("the as-of date may be dropped", "churn/leakage/edges.py", "return not moves(windows.as_of) and moves(", "return moves(windows.as_of) and not moves(", LEAKAGE),
    Fault("the observation start may be ignored", "churn/leakage/edges.py", "stuck &= _edges(audit, builder, world, shape, earlier, start)", "stuck = set()", LEAKAGE),
    Fault("years to date are accused", "churn/leakage/edges.py", "stuck -= _calendar(audit, builder, world, shape)", "pass", LEAKAGE),
    Fault("the last bits may leak", "churn/leakage/features.py", "moved = audit.differences(dated if late else base, output, without, exact=True)", "moved = audit.differences(dated if late else base, output, without)", LEAKAGE),
    Fault("large tables may leak", "churn/leakage/edges.py", "if not quick and rows < LARGEST:", "if quick and rows < 0:", LEAKAGE),
    Fault("columns may have positions", "churn/leakage/features.py", "    audit.column_order(builder, world)\n", "", LEAKAGE),
    Fault("labels are always decided by any row", "churn/leakage/labels.py", "if any(tried) and not all(tried):", "if not tried:", LEAKAGE),
    # The model
    Fault("half of all are tested on", "churn/model/split.py", "TRAIN_SHARE = 0.8", "TRAIN_SHARE = 0.5", MODEL),
    Fault("folds are predicted by models that saw them", "churn/model/train.py", ".fit(x.iloc[inside], y[inside])", ".fit(x, y)", MODEL),
    Fault("no skill knows nothing", "churn/model/metrics.py", "no_skill=lambda y: _log_loss(y, _constant(y)),", "no_skill=lambda y: _log_loss(y, np.full(len(y), 0.5)),", MODEL),
    Fault("the threshold itself is a no", "churn/model/evaluate.py", "return (p >= threshold)", "return (p > threshold)", MODEL),
    Fault("reasons are the weakest", "churn/model/explain.py", "np.argsort(-sizes, axis=1", "np.argsort(sizes, axis=1", MODEL),
    # The stores
    Fault("windows overwrite each other", "churn/stores/local/features.py", "{windows.as_of}_from_{windows.observation_start}.parquet", "{windows.as_of}.parquet", STORES),
    Fault("hashes depend on the order of rows", "churn/stores/records.py", "ordered = rows.sort(key) if key in rows.columns else rows", "ordered = rows", STORES),
    Fault("a killed run stays open", "churn/stores/local/experiments.py", "self._mark_killed_runs(experiment)", "pass", STORES),
    Fault("a version keeps two aliases", "churn/stores/local/models.py", "for other in set(version.aliases) - {name}:", "for other in ():", STORES),
    Fault("the shortest name explains", "churn/stores/snowflake/models.py", "max(fitting, key=len, default=None)", "min(fitting, key=len, default=None)", STORES),
    Fault("lineage forgets the label", "churn/stores/records.py", "return bool(self.label)", "return True", STORES),
    # The pipelines
    Fault("the test part is the training part", "churn/pipelines/train.py", "problem, test = prepared.problem, prepared.parts.test", "problem, test = prepared.problem, prepared.parts.train", PIPELINES),
    Fault("the unlikeliest come first", "churn/pipelines/score.py", "descending=[True, False]", "descending=[False, False]", PIPELINES),
    Fault("changed definitions are not said", "churn/pipelines/score.py", "if lineage.feature_fingerprint == fingerprint:", "if lineage.feature_fingerprint:", PIPELINES),
    Fault("scoring sees the future", "churn/pipelines/prepare.py", "tables = known.tables_for_features(problem.by_parameter, frames, windows)", "tables = frames", PIPELINES),
)  # fmt: skip


@contextmanager
def _copies(count: int) -> Iterator[Queue[Path]]:
    """So many copies of the project, to plant faults in."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: Queue[Path] = Queue()
        for i in range(count):
            copy = Path(folder) / str(i)
            copy.mkdir()
            for part in (".github", "churn", "docs", "tests", "fixtures", "data"):
                shutil.copytree(
                    ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            for file in ("pyproject.toml", "README.md"):
                shutil.copy(ROOT / file, copy)
            copies.put(copy)
        yield copies


def killed(fault: Fault, copies: Queue[Path]) -> tuple[bool, str]:
    """Whether a test failed, and which."""
    copy = copies.get()
    try:
        file = copy / fault.file
        text = file.read_text()
        if fault.old not in text:
            return False, f"{fault.file} has no {fault.old!r}: correct the list"
        file.write_text(text.replace(fault.old, fault.new, 1))
        try:
            done = _pytest(copy, fault.tests)
        finally:
            file.write_text(text)
    finally:
        copies.put(copy)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return done.returncode == 1, failed[0].split(" ")[1] if failed else done.stdout[-300:]


def _pytest(copy: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--hypothesis-seed=0",
            *tests,
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="faults whose name holds this text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    chosen = [f for f in FAULTS if (arguments.only or "") in f.name]
    survived = []
    started = time.monotonic()
    with _copies(arguments.jobs) as copies, ThreadPoolExecutor(arguments.jobs) as pool:
        for fault, (dead, why) in zip(
            chosen, pool.map(lambda f: killed(f, copies), chosen), strict=True
        ):
            print(f"{'killed  ' if dead else 'SURVIVED'}  {fault.name}: {why}", flush=True)
            survived += [] if dead else [fault]
    seconds = time.monotonic() - started
    print(f"{len(chosen) - len(survived)} of {len(chosen)} faults found in {seconds:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
