"""Faults are planted one by one into tables that keep their contracts; each must be found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from churn.domain.contracts import Severity, Violation
from churn.domain.windows import Windows
from churn.engines.polars import PolarsEngine
from tests.conftest import SAMPLE
from tests.shipped import CHURN, DEFAULT

CUSTOMERS = """\
CUSTOMER_ID,SEGMENT,REGISTRATION_DATE,REGION
A,Premium,2022-01-01,North
B,Basic,2023-05-05,South
"""
ORDERS = """\
ORDER_ID,CUSTOMER_ID,ORDER_DATE,ORDER_AMOUNT,STATUS
O1,A,2023-12-01,10.5,FULFILLED
O2,B,2024-05-05,0,RETURNED
O3,A,2024-06-30,7,CANCELLED
O4,A,2024-12-31,7,FULFILLED
"""

Write = Callable[..., Path]


def found(
    folder: Path, windows: Windows = DEFAULT, *, outcome: bool = True
) -> tuple[Violation, ...]:
    return PolarsEngine(folder).violations(CHURN, windows, outcome=outcome)


def kinds(problems: tuple[Violation, ...]) -> list[str]:
    return [f"{p.table}.{p.column}:{p.rule}" for p in problems]


def test_good_tables_have_no_problems(folder_of: Write) -> None:
    assert found(folder_of(customers=CUSTOMERS, orders=ORDERS)) == ()


def test_the_sample_has_no_problems() -> None:
    assert found(SAMPLE) == ()


@pytest.mark.parametrize(
    ("old", "new", "kind", "row"),
    [
        ("2024-05-05", "2024-13-05", "ORDERS.ORDER_DATE:written", "row 2 (O2): 2024-13-05"),
        ("2024-05-05", "2024-02-30", "ORDERS.ORDER_DATE:written", "row 2 (O2): 2024-02-30"),
        ("2024-05-05", "05.05.2024", "ORDERS.ORDER_DATE:written", "row 2 (O2): 05.05.2024"),
        ("2024-05-05", "1024-05-05", "ORDERS.ORDER_DATE:min", "row 2 (O2): 1024-05-05"),
        ("2024-05-05", "", "ORDERS.ORDER_DATE:null", "row 2 (O2): NULL"),
        ("10.5", "ten", "ORDERS.ORDER_AMOUNT:written", "row 1 (O1): ten"),
        ("10.5", "-10.5", "ORDERS.ORDER_AMOUNT:min", "row 1 (O1): -10.5"),
        ("10.5", "nan", "ORDERS.ORDER_AMOUNT:nan", "row 1 (O1): nan"),
        ("10.5", "inf", "ORDERS.ORDER_AMOUNT:inf", "row 1 (O1): inf"),
        ("O2,B", ",B", "ORDERS.ORDER_ID:null", "row 2 (None): NULL"),
        ("O2,B", "O1,B", "ORDERS.ORDER_ID:unique", "row 1 (O1): O1"),
        ("O2,B", "O2,Z", "ORDERS.CUSTOMER_ID:refers_to", "row 2 (O2): Z"),
        ("O2,B", "O2,b", "ORDERS.CUSTOMER_ID:refers_to", "row 2 (O2): b"),
        ("O2,B", "O2,", "ORDERS.CUSTOMER_ID:null", "row 2 (O2): NULL"),
        ("RETURNED", "LOST", "ORDERS.STATUS:values", "row 2 (O2): LOST"),
        ("RETURNED", "returned", "ORDERS.STATUS:values", "row 2 (O2): returned"),
    ],
)
def test_each_fault_is_found_and_located(
    folder_of: Write, old: str, new: str, kind: str, row: str
) -> None:
    assert old in ORDERS
    problems = found(folder_of(customers=CUSTOMERS, orders=ORDERS.replace(old, new)))
    errors = tuple(p for p in problems if p.severity is Severity.ERROR)
    assert kinds(errors) == [kind]
    assert str(errors[0].rows[0]) == row


@pytest.mark.parametrize(
    ("old", "new", "kinds_found"),
    [
        ("A,Premium", "A,Gold", ["CUSTOMERS.SEGMENT:values"]),
        ("A,Premium", "A,", ["CUSTOMERS.SEGMENT:null"]),
        ("2022-01-01", "never", ["CUSTOMERS.REGISTRATION_DATE:written"]),
        ("North", "", ["CUSTOMERS.REGION:null"]),
        ("B,Basic", "A,Basic", ["CUSTOMERS.CUSTOMER_ID:unique", "ORDERS.CUSTOMER_ID:refers_to"]),
    ],
)
def test_faults_of_customers(folder_of: Write, old: str, new: str, kinds_found: list[str]) -> None:
    assert old in CUSTOMERS
    problems = found(folder_of(customers=CUSTOMERS.replace(old, new), orders=ORDERS))
    assert kinds(problems) == kinds_found


def test_every_problem_is_reported_at_once(folder_of: Write) -> None:
    """Nobody fixes ten files to find the eleventh fault."""
    orders = ORDERS.replace("2024-05-05", "soon").replace("10.5", "-1").replace("O4,A", "O3,Z")
    customers = CUSTOMERS.replace("Premium", "Gold")
    assert kinds(found(folder_of(customers=customers, orders=orders))) == [
        "CUSTOMERS.SEGMENT:values",
        "ORDERS.ORDER_ID:unique",
        "ORDERS.CUSTOMER_ID:refers_to",
        "ORDERS.ORDER_DATE:written",
        "ORDERS.ORDER_AMOUNT:min",
    ]


def test_all_offenders_are_counted_and_the_first_shown(folder_of: Write) -> None:
    many = ORDERS + "".join(f"X{i},A,2024-03-03,-{i + 1},FULFILLED\n" for i in range(20))
    (problem,) = found(folder_of(customers=CUSTOMERS, orders=many))
    assert (problem.count, len(problem.rows)) == (20, 5)
    assert str(problem) == "ORDERS.ORDER_AMOUNT: 20 rows: below 0"
    assert str(problem.rows[0]) == "row 5 (X0): -1"


def test_missing_and_extra_columns(folder_of: Write) -> None:
    """A misspelt column is both."""
    orders = ORDERS.replace("STATUS", "Status")
    missing, extra = found(folder_of(customers=CUSTOMERS, orders=orders))
    assert (missing.rule, missing.column, missing.severity) == ("missing", "STATUS", "error")
    assert "found ORDER_ID, CUSTOMER_ID, ORDER_DATE, ORDER_AMOUNT, Status" in missing.message
    assert (extra.rule, extra.column, extra.severity) == ("extra", "Status", "warning")


def test_missing_tables_and_empty_ones(folder_of: Write) -> None:
    header = ORDERS.splitlines()[0] + "\n"
    assert kinds(found(folder_of(orders=header))) == ["CUSTOMERS.:file", "ORDERS.:empty"]


@pytest.mark.parametrize("content", ["", "\n", "ORDER_ID,CUSTOMER_ID\nO1\n"])
def test_files_that_are_hardly_tables(folder_of: Write, content: str) -> None:
    problems = found(folder_of(customers=CUSTOMERS, orders=content))
    assert problems
    assert all(p.table == "ORDERS" for p in problems)


def test_ragged_rows_and_broken_files(folder_of: Write) -> None:
    folder = folder_of(customers=CUSTOMERS, orders=ORDERS.replace("10.5,", "10,5,"))
    assert kinds(found(folder)) == ["ORDERS.:file"]
    (folder / "orders.csv").unlink()
    (folder / "orders.parquet").write_bytes(b"PAR1 no more")
    assert kinds(found(folder)) == ["ORDERS.:file"]


def test_wrong_types_in_parquet(folder_of: Write) -> None:
    folder = folder_of(customers=CUSTOMERS)
    wrong = pl.DataFrame(
        {
            "ORDER_ID": [1],
            "CUSTOMER_ID": ["A"],
            "ORDER_DATE": [20240505],
            "ORDER_AMOUNT": [True],
            "STATUS": ["FULFILLED"],
        }
    )
    wrong.write_parquet(folder / "orders.parquet")
    problems = found(folder)
    assert [(p.column, p.message) for p in problems] == [
        ("ORDER_ID", "found type Int64, expected text"),
        ("ORDER_DATE", "found type Int64, expected date"),
        ("ORDER_AMOUNT", "found type Boolean, expected float"),
    ]


def test_timestamps_are_dates_only_at_midnight(folder_of: Write) -> None:
    folder = folder_of(customers=CUSTOMERS, orders=ORDERS)
    orders = pl.read_csv(folder / "orders.csv", try_parse_dates=True)
    (folder / "orders.csv").unlink()
    midnight = pl.col("ORDER_DATE").cast(pl.Datetime("us"))
    orders.with_columns(midnight).write_parquet(folder / "orders.parquet")
    assert found(folder) == ()
    orders.with_columns(midnight.dt.offset_by("1h")).write_parquet(folder / "orders.parquet")
    assert kinds(found(folder)) == ["ORDERS.ORDER_DATE:written"]


def test_orders_before_registration_are_a_warning(folder_of: Write) -> None:
    problems = found(
        folder_of(customers=CUSTOMERS, orders=ORDERS.replace("2024-05-05", "2023-05-04"))
    )
    assert [(p.rule, p.severity) for p in problems] == [("not_before", Severity.WARNING)]


def test_an_outcome_window_that_the_data_does_not_reach_is_a_warning(folder_of: Write) -> None:
    orders = ORDERS.replace("2024-12-31", "2024-11-28")
    (problem,) = found(folder_of(customers=CUSTOMERS, orders=orders))
    assert (problem.rule, problem.severity, problem.count) == ("outcome_window", "warning", 33)
    assert "orders run from 2023-12-01 to 2024-11-28" in problem.message
    assert found(folder_of(customers=CUSTOMERS, orders=orders), outcome=False) == ()


def test_data_that_ends_before_the_outcome_window_cannot_be_labelled(folder_of: Write) -> None:
    orders = "\n".join(ORDERS.splitlines()[:-1])
    (problem,) = found(folder_of(customers=CUSTOMERS, orders=orders))
    assert (problem.rule, problem.severity) == ("outcome_window", Severity.ERROR)


@pytest.mark.parametrize("as_of", [date(2022, 6, 30), date(2025, 1, 15), date(2030, 1, 1)])
def test_an_as_of_date_outside_the_data_is_an_error(folder_of: Write, as_of: date) -> None:
    problems = found(folder_of(customers=CUSTOMERS, orders=ORDERS), DEFAULT.ending(as_of))
    assert (problems[0].rule, problems[0].severity) == ("as_of", Severity.ERROR)
    assert f"as-of date {as_of} is outside the data" in problems[0].message


def test_a_quiet_week_before_the_as_of_date_is_a_warning(folder_of: Write) -> None:
    folder = folder_of(customers=CUSTOMERS, orders=ORDERS)
    problems = found(folder, DEFAULT.ending(date(2025, 1, 7)), outcome=False)
    assert [(p.rule, p.severity, p.count) for p in problems] == [("as_of", "warning", 7)]


def test_history_that_starts_inside_the_observation_window_is_a_warning(folder_of: Write) -> None:
    orders = ORDERS.replace("2023-12-01", "2024-01-15")
    (problem,) = found(folder_of(customers=CUSTOMERS, orders=orders))
    assert (problem.rule, problem.severity, problem.count) == ("observation_window", "warning", 14)
