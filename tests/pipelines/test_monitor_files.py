"""The monitor on files as people have them, odd ones included."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn.domain.errors import DataError, UsageError
from churn.domain.rules import EXAMPLES
from churn.pipelines.monitor_files import Monitored, Raised, run

FIRST, WEEKS, WEEKLY = date(2024, 1, 7), 12, 300
COLUMNS = ["PERIOD_START", "SEGMENT_COLUMN", "SEGMENT_VALUE", "KIND", "COLUMN_NAME", "METRIC"]
COLUMNS += ["VALUE", "LOW", "HIGH", "N", "BASELINE_N"]


def people(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    score = 1 / (1 + np.exp(-(1.3 * x - 0.5)))
    return pl.DataFrame(
        {
            "CUSTOMER_ID": [f"{seed}-{i}" for i in range(n)],
            "SPEND": np.exp(x + 5).round(2),
            "ORDERS": rng.poisson(2, n),
            "PLAN": rng.choice(["basic", "plus"], n),
            "REGION": rng.choice(["North", "South"], n),
            "SCORE": score,
            "CHURNED": (rng.random(n) < score).astype(int),
        }
    )


def week(number: int) -> date:
    return FIRST + timedelta(weeks=number)


@dataclass
class Files:
    """A baseline and twelve quiet weeks, to be changed before they are written."""

    folder: Path
    baseline: pl.DataFrame = field(default_factory=lambda: people(3000, 1))
    scored: pl.DataFrame = field(
        default_factory=lambda: people(WEEKS * WEEKLY, 2).with_columns(
            AS_OF=pl.Series([week(i // WEEKLY) for i in range(WEEKS * WEEKLY)])
        )
    )
    outcomes: pl.DataFrame | None = None

    def change(self, start: int, *columns: pl.Expr) -> None:
        """From a week on."""
        late = pl.col("AS_OF") >= week(start)
        self.scored = self.scored.with_columns(
            pl.when(late)
            .then(c)
            .otherwise(pl.col(c.meta.output_name()))
            .alias(c.meta.output_name())
            for c in columns
        )

    def run(self, ending: str = "parquet", **options: Any) -> Monitored:
        outcomes = self.outcomes
        if outcomes is None:
            outcomes = self.scored.select(
                "CUSTOMER_ID", "AS_OF", "CHURNED", KNOWN_ON=pl.col("AS_OF") + timedelta(days=30)
            )
        tables = {
            "baseline": self.baseline,
            "predictions": self.scored.drop("CHURNED", strict=False),
            "outcomes": outcomes,
        }
        for name, table in tables.items():
            write = table.write_csv if ending == "csv" else table.write_parquet
            write(self.folder / f"{name}.{ending}")
        paths = [self.folder / f"{name}.{ending}" for name in tables]
        usual = {"key": "CUSTOMER_ID", "time": "AS_OF", "score": "SCORE", "label": "CHURNED"}
        return run(*paths, **(usual | options))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def said(result: Monitored, *parts: str) -> bool:
    return any(all(part in finding for part in parts) for finding in result.findings)


def value(result: Monitored, metric: str, start: date, column: str | None = None) -> float | None:
    rows = result.metrics.filter(
        pl.col("METRIC") == metric,
        pl.col("PERIOD_START") == start,
        pl.col("COLUMN_NAME").eq_missing(pl.lit(column)),
        pl.col("SEGMENT_COLUMN").is_null(),
        pl.col("KIND") != "estimate",
    )
    (single,) = rows["VALUE"].to_list()
    return None if single is None else float(single)


def test_quiet_weeks_raise_nothing_and_leave_a_long_table(files: Files) -> None:
    out = files.folder / "out" / "metrics.parquet"
    result = files.run(out=out, segments=["REGION"])
    assert result.alarms == ()
    assert result.metrics.columns == COLUMNS
    assert pl.read_parquet(out).equals(result.metrics)
    assert result.periods == tuple(week(i) for i in range(WEEKS))
    assert set(result.metrics["KIND"]) == {"drift", "performance", "data", "estimate"}
    assert set(result.metrics["SEGMENT_VALUE"]) == {None, "North", "South"}
    assert not result.metrics["VALUE"].is_nan().any()


def test_text_and_parquet_give_the_same_figures(files: Files) -> None:
    binary, text = files.run(), files.run("csv")
    assert binary.metrics["METRIC"].equals(text.metrics["METRIC"])
    np.testing.assert_allclose(
        binary.metrics["VALUE"].fill_null(-1), text.metrics["VALUE"].fill_null(-1), rtol=1e-9
    )


def test_as_json_is_what_the_command_promises(files: Files) -> None:
    files.change(6, pl.col("SPEND") * 100)
    shown = json.loads(json.dumps(files.run(out=files.folder / "m.csv").as_json()))
    assert shown["metrics"].endswith("m.csv")
    assert shown["periods"][0] == "2024-01-07"
    alarm = next(a for a in shown["alarms"] if a["rule"] == "feature_psi")
    assert alarm["kind"] == "drift"
    assert (alarm["column"], alarm["segment"]) == ("SPEND", None)
    assert (alarm["opened"], alarm["closed"]) == (week(6).isoformat(), None)
    assert alarm["value"] > alarm["limit"] == 1.0


CHANGES: dict[str, tuple[pl.Expr, str, str | None]] = {
    "unit": (pl.col("SPEND") * 100, "drift", "SPEND"),
    "missing": (
        pl.when(pl.int_range(pl.len()) % 3 > 0).then("SPEND").alias("SPEND"),
        "data",
        "SPEND",
    ),
    "category": (
        pl.when(pl.int_range(pl.len()) % 5 > 0).then("PLAN").otherwise(pl.lit("max")).alias("PLAN"),
        *("data", "PLAN"),
    ),
    "concept": (pl.col("CHURNED") * -1 + 1, "performance", None),
    "rate": (
        pl.when(pl.int_range(pl.len()) % 2 > 0).then("CHURNED").otherwise(0).alias("CHURNED"),
        *("performance", None),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed_within_two_weeks(files: Files, change: str) -> None:
    expression, kind, column = CHANGES[change]
    files.change(5, expression)
    result = files.run(outcome_time="KNOWN_ON")
    matching = [a for a in result.alarms if (a.kind, a.column) == (kind, column)]
    assert min(str(alarm.opened) for alarm in matching) in {str(week(5)), str(week(6))}
    assert all(str(alarm.opened) >= str(week(5)) for alarm in result.alarms)


def test_a_change_of_unit_is_called_so(files: Files) -> None:
    files.change(5, pl.col("SPEND") * 1000)
    assert said(files.run(), "SPEND looks like a change of unit", "2024-02-11")


def test_an_alarm_closes_when_the_weeks_are_quiet_again(files: Files) -> None:
    files.change(3, pl.col("SPEND") * 100)
    files.change(6, pl.col("SPEND") / 100)
    alarm = _first(files.run(), "feature_psi")
    assert (alarm.opened, alarm.closed) == (week(3), week(7))


def test_a_segments_own_drift_is_named(files: Files) -> None:
    late = (pl.col("REGION") == "South") & (pl.col("AS_OF") >= week(4))
    files.scored = files.scored.with_columns(
        SPEND=pl.when(late).then(pl.col("SPEND") * 30).otherwise("SPEND")
    )
    alarms = files.run(segments=["REGION"]).alarms
    assert "REGION=South" in {a.segment for a in alarms}
    assert "REGION=North" not in {a.segment for a in alarms}


def test_a_small_segment_says_so(files: Files) -> None:
    place = pl.int_range(pl.len())
    files.scored = files.scored.with_columns(
        REGION=pl.when(place % 15 == 0).then(pl.lit("South")).otherwise(pl.lit("North"))
    )
    result = files.run(segments=["REGION"])
    assert said(result, "REGION=South: fewer than 50 rows in 12 periods")
    assert not said(result, "REGION=North")


def test_late_outcomes_leave_the_newest_weeks_unjudged(files: Files) -> None:
    known = week(12) + timedelta(days=7)
    result = files.run(outcome_time="KNOWN_ON", through=known)
    assert value(result, "ROC_AUC", week(7)) is not None
    assert value(result, "ROC_AUC", week(11)) is None
    assert value(result, "PSI", week(11), "SPEND") is not None
    assert said(result, "performance is not judged yet")


def test_no_outcome_known_later_moves_any_figure(files: Files) -> None:
    through = week(9)
    before = files.run(outcome_time="KNOWN_ON", through=through)
    late = pl.col("AS_OF") + timedelta(days=30) > through
    files.scored = files.scored.with_columns(
        CHURNED=pl.when(late).then(1 - pl.col("CHURNED")).otherwise("CHURNED")
    )
    assert files.run(outcome_time="KNOWN_ON", through=through).metrics.equals(before.metrics)


def test_a_week_waits_for_95_percent_of_its_outcomes(files: Files) -> None:
    everything = files.scored.select("CUSTOMER_ID", "AS_OF", "CHURNED")
    last = pl.col("AS_OF") == week(11)
    place = pl.int_range(pl.len()).over("AS_OF")
    for share, expected in ((0.96, True), (0.9, False)):
        files.outcomes = everything.filter(~last | (place < share * WEEKLY))
        result = files.run()
        assert (value(result, "ROC_AUC", week(11)) is not None) is expected
        assert said(result, f"{round(WEEKLY * (1 - share))} predictions without an outcome")


def test_outcomes_lost_for_good_do_not_keep_a_week_waiting(files: Files) -> None:
    """A tenth never comes: once the longest wait is over, the rest is judged."""
    files.outcomes = files.scored.filter(pl.int_range(pl.len()) % 10 > 0).select(
        "CUSTOMER_ID", "AS_OF", "CHURNED", KNOWN_ON=pl.col("AS_OF") + timedelta(days=30)
    )
    result = files.run(outcome_time="KNOWN_ON")
    assert value(result, "ROC_AUC", week(0)) is not None
    assert said(result, "predictions without an outcome", "judged all the same")


def test_outcomes_of_strangers_and_second_outcomes_are_counted(files: Files) -> None:
    true = files.scored.select("CUSTOMER_ID", "AS_OF", "CHURNED", KNOWN_ON=pl.lit(week(40)))
    wrong = true.head(7).with_columns(CHURNED=1 - pl.col("CHURNED"), KNOWN_ON=pl.lit(week(30)))
    strangers = true.head(5).with_columns(CUSTOMER_ID=pl.lit("nobody") + pl.col("CUSTOMER_ID"))
    quiet = files.run(outcome_time="KNOWN_ON")
    files.outcomes = pl.concat([true, wrong, strangers])
    result = files.run(outcome_time="KNOWN_ON")
    assert said(result, "5 outcomes of rows that were never scored")
    assert said(result, "7 outcomes of a row that has another one")
    assert value(result, "ROC_AUC", week(0)) == value(quiet, "ROC_AUC", week(0))


def test_outcomes_without_the_time_count_for_every_prediction(files: Files) -> None:
    files.scored = files.scored.with_columns(
        CUSTOMER_ID=(pl.int_range(pl.len()) % WEEKLY).cast(pl.String)
    )
    files.outcomes = files.scored.head(WEEKLY).select("CUSTOMER_ID", "CHURNED")
    result = files.run()
    assert said(result, "has no AS_OF")
    assert value(result, "ROC_AUC", week(5)) is not None


def test_keys_of_another_type_still_meet(files: Files) -> None:
    files.scored = files.scored.with_columns(CUSTOMER_ID=pl.int_range(pl.len()))
    files.outcomes = files.scored.select(pl.col("CUSTOMER_ID").cast(pl.String), "AS_OF", "CHURNED")
    assert value(files.run(), "ROC_AUC", week(5)) is not None


@pytest.mark.parametrize("kind", [pl.Float64, pl.Int32])
def test_keys_that_are_other_numbers_still_meet(files: Files, kind: type[pl.DataType]) -> None:
    files.scored = files.scored.with_columns(CUSTOMER_ID=pl.int_range(pl.len()))
    files.outcomes = files.scored.select(pl.col("CUSTOMER_ID").cast(kind), "AS_OF", "CHURNED")
    assert value(files.run(), "ROC_AUC", week(5)) is not None


def test_times_that_cannot_meet_are_refused(files: Files) -> None:
    files.outcomes = files.scored.select("CUSTOMER_ID", "CHURNED", AS_OF=pl.lit(7))
    with pytest.raises(DataError, match="AS_OF is Int64, but Date"):
        files.run()


def test_the_label_may_stand_among_the_predictions(files: Files) -> None:
    files.run()
    files.scored.write_parquet(files.folder / "predictions.parquet")
    both = (files.folder / "baseline.parquet", files.folder / "predictions.parquet")
    result = run(*both, key="CUSTOMER_ID", time="AS_OF", score="SCORE", label="CHURNED")
    assert value(result, "ROC_AUC", week(0)) is not None
    assert value(result, "ROC_AUC", week(0)) == value(files.run(), "ROC_AUC", week(0))


def test_without_outcomes_there_is_drift_and_an_estimate(files: Files) -> None:
    files.run()
    both = (files.folder / "baseline.parquet", files.folder / "predictions.parquet")
    result = run(*both, key="CUSTOMER_ID", time="AS_OF", score="SCORE", label="CHURNED")
    assert value(result, "ROC_AUC", week(0)) is None
    estimates = result.metrics.filter(pl.col("KIND") == "estimate", METRIC="ROC_AUC")
    assert estimates["VALUE"].null_count() == 0
    assert result.alarms == ()


def test_the_reference_is_the_rows_that_the_column_names(files: Files) -> None:
    fitted = pl.int_range(pl.len()) % 2 == 0
    files.baseline = files.baseline.with_columns(
        IS_TEST=~fitted, SCORE=pl.when(fitted).then(pl.col("CHURNED") * 0.9).otherwise("SCORE")
    )
    flattered, honest = files.run(), files.run(reference="IS_TEST")
    assert {a.rule for a in flattered.alarms} >= {"roc_auc", "score_psi"}
    assert honest.alarms == ()
    assert said(flattered, "they flatter")
    assert not said(honest, "they flatter")


ODD: dict[str, tuple[Callable[[Files], None], tuple[str, ...]]] = {}


def odd(*parts: str) -> Callable[[Callable[[Files], None]], Callable[[Files], None]]:
    """A history with something odd, and the finding that must name it."""

    def register(change: Callable[[Files], None]) -> Callable[[Files], None]:
        ODD[change.__name__] = (change, parts)
        return change

    return register


@odd("1 periods with no rows: 2024-02-11")
def an_empty_week(files: Files) -> None:
    files.scored = files.scored.filter(pl.col("AS_OF") != week(5))


@odd("1 periods with one row: 2024-02-11")
def a_week_of_one_row(files: Files) -> None:
    first = pl.int_range(pl.len()).over("AS_OF") == 0
    files.scored = files.scored.filter((pl.col("AS_OF") != week(5)) | first)


@odd("1 periods with one class only: 2024-02-11")
def one_class(files: Files) -> None:
    stayed = pl.when(pl.col("AS_OF") == week(5)).then(0).otherwise("CHURNED")
    files.scored = files.scored.with_columns(CHURNED=stayed)


@odd("ORDERS is constant")
def a_constant_column(files: Files) -> None:
    files.baseline = files.baseline.with_columns(ORDERS=pl.lit(1))


@odd("ORDERS is empty")
def an_empty_column(files: Files) -> None:
    files.baseline = files.baseline.with_columns(ORDERS=pl.lit(None))


@odd("ORDERS vanished")
def a_column_that_vanished(files: Files) -> None:
    files.scored = files.scored.drop("ORDERS")


@odd("COLOUR appeared")
def a_column_that_appeared(files: Files) -> None:
    files.scored = files.scored.with_columns(COLOUR=pl.lit("red"))


@odd("SPEND changed its type: numbers in the baseline, text")
def a_column_that_became_text(files: Files) -> None:
    late = pl.col("AS_OF") >= week(6)
    text = pl.col("SPEND").cast(pl.String)
    files.scored = files.scored.with_columns(
        SPEND=pl.when(late).then(text + pl.lit(" EUR")).otherwise(text)
    )


@odd("PLAN changed its type: text in the baseline, numbers")
def a_category_that_became_a_number(files: Files) -> None:
    files.scored = files.scored.with_columns(PLAN=pl.lit(3))


@odd("VERSION: 12 times hold more than one")
def two_versions(files: Files) -> None:
    files.scored = files.scored.with_columns(VERSION=pl.int_range(pl.len()) % 2)


@odd(f"{WEEKLY} duplicate predictions")
def rows_twice(files: Files) -> None:
    files.scored = pl.concat([files.scored, files.scored.head(WEEKLY)])


@odd("4 predictions without AS_OF")
def rows_without_a_time(files: Files) -> None:
    early = pl.int_range(pl.len()) < 4
    files.scored = files.scored.with_columns(AS_OF=pl.when(~early).then("AS_OF"))


@odd("4 predictions without CUSTOMER_ID")
def rows_without_a_key(files: Files) -> None:
    early = pl.int_range(pl.len()) < 4
    files.scored = files.scored.with_columns(CUSTOMER_ID=pl.when(~early).then("CUSTOMER_ID"))


@odd("2 rows without a SCORE")
def scores_that_are_missing(files: Files) -> None:
    place = pl.int_range(pl.len())
    score = pl.when(place == 0).then(np.inf).when(place == 1).then(np.nan).otherwise("SCORE")
    files.scored = files.scored.with_columns(SCORE=score)


@odd("SCORE is no probability")
def scores_that_are_points(files: Files) -> None:
    files.scored = files.scored.with_columns(SCORE=pl.col("SCORE") * 100)
    files.baseline = files.baseline.with_columns(SCORE=pl.col("SCORE") * 100)


@odd("TOKEN is not watched", "identifier")
def an_identifier(files: Files) -> None:
    for name in ("baseline", "scored"):
        frame = getattr(files, name)
        setattr(
            files,
            name,
            frame.with_columns(TOKEN=pl.lit(name) + pl.int_range(pl.len()).cast(pl.String)),
        )


@odd("ROW is not watched", "identifier")
def a_number_of_the_row(files: Files) -> None:
    files.baseline = files.baseline.with_row_index("ROW")
    files.scored = files.scored.with_row_index("ROW")


@odd("WEEK is not watched", "time itself")
def a_number_of_the_week(files: Files) -> None:
    files.baseline = files.baseline.with_columns(WEEK=pl.int_range(pl.len()) % 52)
    weeks = (pl.col("AS_OF") - pl.lit(week(0))).dt.total_days() // 7
    files.scored = files.scored.with_columns(WEEK=weeks)


@odd("SINCE is not watched", "time")
def a_date_among_the_features(files: Files) -> None:
    files.baseline = files.baseline.with_columns(SINCE=pl.lit(week(0)))
    files.scored = files.scored.with_columns(SINCE=pl.lit(week(50)))


@odd("3600 outcomes were known before their prediction")
def clocks_that_run_backwards(files: Files) -> None:
    files.outcomes = files.scored.select(
        "CUSTOMER_ID", "AS_OF", "CHURNED", KNOWN_ON=pl.col("AS_OF") - timedelta(days=3)
    )


@odd("has no SCORE: performance has no reference")
def a_baseline_without_scores(files: Files) -> None:
    files.baseline = files.baseline.drop("SCORE", "CHURNED")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_what_is_odd_is_a_finding_and_the_rest_is_computed(
    files: Files, name: str, ending: str
) -> None:
    change, parts = ODD[name]
    change(files)
    timed = {"outcome_time": "KNOWN_ON"} if name == "clocks_that_run_backwards" else {}
    result = files.run(ending, **timed)
    assert said(result, *parts), result.findings
    assert value(result, "PSI", week(8), "REGION") is not None
    assert len(result.periods) == WEEKS


def test_text_in_a_column_of_numbers_is_missing_from_that_week_on(files: Files) -> None:
    a_column_that_became_text(files)
    alarm = _first(files.run("csv"), "missing_share")
    assert (alarm.column, alarm.opened) == ("SPEND", week(6))


def test_truth_may_be_written_as_text(files: Files) -> None:
    files.baseline = files.baseline.with_columns(VIP=pl.col("ORDERS") > 2)
    truth = pl.when(pl.col("ORDERS") > 2).then(pl.lit("True")).otherwise(pl.lit("False"))
    files.scored = files.scored.with_columns(VIP=truth)
    result = files.run()
    assert value(result, "PSI", week(0), "VIP") is not None
    assert result.alarms == ()


def test_a_named_feature_that_vanished_is_missing(files: Files) -> None:
    files.scored = files.scored.drop("ORDERS")
    result = files.run(features=["ORDERS", "SPEND"])
    assert said(result, "ORDERS vanished")
    assert _first(result, "missing_share").column == "ORDERS"


def test_one_prediction_in_all(files: Files) -> None:
    files.scored = files.scored.head(1)
    result = files.run()
    assert result.periods == (week(0),)
    assert result.alarms == ()


def test_no_prediction_at_all(files: Files) -> None:
    files.scored = files.scored.head(0)
    result = files.run()
    assert (result.periods, result.alarms, result.metrics.height) == ((), (), 0)


@pytest.mark.parametrize(
    ("every", "starts"),
    [
        ("week", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("14", [0, 2, 4, 6, 8, 10]),
        ("month", [0, 4, 8]),
    ],
)
def test_periods_group_the_times(files: Files, every: str, starts: list[int]) -> None:
    assert files.run(every=every).periods == tuple(week(i) for i in starts)


def test_times_may_be_numbers_of_weeks(files: Files) -> None:
    files.scored = files.scored.with_columns(AS_OF=(pl.int_range(pl.len()) // WEEKLY) + 1)
    files.outcomes = files.scored.select("CUSTOMER_ID", "AS_OF", "CHURNED")
    assert files.run().periods == tuple(range(1, 13))
    assert files.run(every="4").periods == (1, 5, 9)


def test_times_may_carry_a_time_of_day(files: Files) -> None:
    files.scored = files.scored.with_columns(pl.col("AS_OF").cast(pl.Datetime))
    assert files.run("csv").periods == files.run().periods == tuple(week(i) for i in range(WEEKS))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"score": "SCORES"}, DataError, "Did you mean SCORE?"),
        ({"segments": ["REGIO"]}, DataError, "Did you mean REGION?"),
        ({"label": "CHURN"}, DataError, "CHURN"),
        ({"features": ["SPENT"]}, UsageError, "Did you mean SPEND?"),
        ({"every": "day"}, UsageError, "week, month, or a number"),
        ({"label": None}, UsageError, "--label"),
        ({"out": Path("metrics.json")}, UsageError, ".csv or .parquet"),
        ({"time": "PLAN"}, DataError, "neither a date"),
        ({"label": "REGION"}, DataError, "REGION"),
        ({"reference": "IS_TEST"}, DataError, "IS_TEST"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    files: Files, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        files.run(**options)
    assert message in str(raised.value)


def test_a_file_that_is_not_there_or_no_table(files: Files, tmp_path: Path) -> None:
    files.run()
    names: dict[str, Any] = {"key": "CUSTOMER_ID", "time": "AS_OF", "score": "SCORE"}
    with pytest.raises(DataError, match="there is no file"):
        run(tmp_path / "none.csv", tmp_path / "predictions.parquet", **names)
    with pytest.raises(UsageError, match="ends in"):
        run(tmp_path / "baseline.txt", tmp_path / "predictions.parquet", **names)
    (tmp_path / "broken.parquet").write_text("no table")
    with pytest.raises(DataError, match="cannot read"):
        run(tmp_path / "broken.parquet", tmp_path / "predictions.parquet", **names)


def test_the_labs_rule_comes_with_what_no_skill_reaches(files: Files) -> None:
    result = files.run(rules=EXAMPLES)
    assert said(result, "lab_f1", "no skill reaches F1")


def _first(result: Monitored, rule: str) -> Raised:
    return next(alarm for alarm in result.alarms if alarm.rule == rule and not alarm.segment)
