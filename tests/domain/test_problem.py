"""A problem's parts fit together, or it is refused with the part that does not."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from churn.domain.contracts import ColumnContract, Reference, Table
from churn.domain.errors import UsageError
from churn.domain.expressions import Parameter, Type, col
from churn.domain.labels import Event
from churn.domain.problem import SHIPPED, Band, Entity, load
from churn.domain.windows import DAY, PARAMETERS, Windows
from tests.shipped import CHURN, CUSTOMERS, DEFAULT, ORDERS, V1, V2


def test_definitions_name_the_tables_they_need() -> None:
    assert V1.tables == ("ORDERS",)
    assert V2.tables == ("ORDERS", "CUSTOMERS")
    assert CHURN.label.tables == ("ORDERS",)


def test_a_name_that_is_no_table_is_refused_at_registration() -> None:
    def misspelt(order: Any, windows: Windows) -> Any:
        return order

    with pytest.raises(
        UsageError, match=r"takes 'order', which is no table.*\n.*Did you mean orders"
    ):
        replace(CHURN, views=(replace(V1, version="v3", compute=misspelt),))


@pytest.mark.parametrize(
    "function", [lambda orders: orders, lambda *tables: tables, lambda orders, w: orders]
)
def test_functions_take_tables_by_name_and_windows(function: Any) -> None:
    with pytest.raises(UsageError):
        replace(CHURN, views=(replace(V1, compute=function),))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"views": (V1, V1)}, "CUSTOMER_FEATURES/v1 is registered 2 times"),
        ({"labels": ()}, "lacks tables, labels or feature views"),
        ({"entity": Entity(name="SHOP", key="SHOP_ID", plural="shops")}, "names its entity by"),
        ({"attributes": (Reference("ORDERS", "STATUS"),)}, "has not one row for each CUSTOMER_ID"),
        ({"attributes": (Reference("CUSTOMERS", "SHOE"),)}, "no column of CUSTOMERS 'SHOE'"),
        ({"bands": (Band("Low", 0.0), Band("High", 0.7))}, "do not run down to 0"),
        ({"bands": (Band("High", 0.7),)}, "do not run down to 0"),
        (
            {"labels": (replace(CHURN.label, event=Event(table="ORDERS", where={"KIND": "x"})),)},
            "no column of ORDERS 'KIND'",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(CHURN, **changes)


def test_tables_that_do_not_fit_are_refused() -> None:
    text = ColumnContract(name="A", type=Type.TEXT, description="")
    with pytest.raises(UsageError, match="dates rows, but its type is text"):
        Table(name="T", columns=(text,), time="A")
    with pytest.raises(UsageError, match="no column of T 'B'"):
        Table(name="T", columns=(text,), entity="B")
    with pytest.raises(UsageError, match="has versions of rows, but no time"):
        Table(name="T", columns=(text,), entity="A", versions=True)
    with pytest.raises(UsageError, match="not in upper case"):
        Table(name="t", columns=(text,))


def test_results_are_called_after_entity_and_label() -> None:
    assert (CHURN.model, CHURN.experiment) == (
        "CUSTOMER_CHURN_PREDICTOR",
        "CHURN_PREDICTION_EXPERIMENT",
    )
    assert (CHURN.dataset, CHURN.risk_list) == ("CHURN_TRAINING", "CHURN_RISK_CUSTOMERS")
    assert replace(CHURN, model="M").model == "M"


def test_another_label_may_be_chosen() -> None:
    second = replace(CHURN.label, version="v2")
    both = replace(CHURN, labels=(CHURN.label, second))
    assert both.label is second
    assert both.label_of("v1") == both.label_of("churn/V1") == CHURN.label
    assert both.choosing(CHURN.label).label == CHURN.label
    assert both.label_of("") is second
    with pytest.raises(UsageError, match=r"no label 'CHURN/v9'.*\n.*CHURN/v2"):
        both.label_of("v9")


def test_without_a_version_the_last_view_of_the_name_is_meant() -> None:
    assert CHURN.feature_view("", "") is V2
    assert CHURN.feature_view("customer_features", "V1") is V1


# Fingerprints


def test_fingerprints_do_not_move_with_the_defaults() -> None:
    moved = replace(CHURN.label, windows=DEFAULT.ending(date(2025, 3, 31)))
    assert moved.plan.fingerprint == CHURN.label.plan.fingerprint
    assert "2024" not in str(CHURN.label.plan) + str(V2.plan)


@pytest.mark.parametrize("name", ["as_of", "observation_start", "outcome_start", "outcome_end"])
def test_plans_say_which_date_is_meant(name: str) -> None:
    assert f":{name}" in str(CHURN.label.plan)


def test_fingerprints_tell_dates_apart() -> None:
    """The day after the as-of date is not the first of the outcome, where there is a gap."""
    w = PARAMETERS
    plans = [str(col("DAY") < edge) for edge in (w.observation.end, w.outcome.start)]
    assert plans == ["(DAY < :as_of + 1 days)", "(DAY < :outcome_start)"]


def test_parameters_are_dates_that_keep_their_name() -> None:
    as_of = Parameter.of("as_of", date(2024, 3, 31))
    assert (as_of - DAY * 30).name == ":as_of - 30 days"
    assert (as_of + DAY - DAY).name == ":as_of"
    assert as_of - DAY == date(2024, 3, 30)
    assert (as_of - date(2024, 3, 1)).days == 30
    assert as_of.replace(day=1).name == ":as_of with day=1"
    assert as_of.replace(day=1) == date(2024, 3, 1)


# Loading


def test_the_shipped_problem_is_loaded_by_name() -> None:
    assert load(SHIPPED) is CHURN


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine", "names no problem"),
        ("nowhere:MINE", "there is no module 'nowhere'"),
        ("raising:MINE", "raising cannot be imported: ZeroDivisionError"),
        ("leaving:MINE", "leaving cannot be imported: SystemExit"),
        ("broken:MINE", "broken cannot be imported: SyntaxError"),
        ("mine:NUMBER", "is of type int, not a Problem"),
        ("mine:MNIE", "Did you mean MINE"),
        ("polars_inside:MINE", r"CUSTOMER_FEATURES/v9 cannot be written out"),
    ],
)
def test_what_is_no_problem_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    sources = {
        "raising": "1 / 0",
        "leaving": "raise SystemExit(0)",
        "broken": "def",
        "mine": "from churn.domain.churn import CHURN as MINE\nNUMBER = 1",
        "polars_inside": (
            "from dataclasses import replace\nfrom churn.domain.churn import CHURN\n"
            "def compute(orders, windows): return orders.lazy.collect()\n"
            "V = replace(CHURN.views[0], version='v9', compute=compute)\n"
            "MINE = replace(CHURN, views=(V,))"
        ),
    }
    for module, source in sources.items():
        (tmp_path / f"{module}.py").write_text(source)
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(UsageError) as raised:
        load(name)
    assert says in str(raised.value)


def test_tables_are_found_whatever_the_case() -> None:
    assert CHURN.table("orders") is ORDERS
    assert CHURN.by_parameter == {"customers": CUSTOMERS, "orders": ORDERS}
