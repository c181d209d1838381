"""Every statement of the emulator, by its example; what is not in the list is refused by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from churn.emulator import statements
from churn.emulator.coverage import as_markdown
from churn.emulator.errors import UNSUPPORTED
from churn.emulator.examples import EXAMPLES, REFUSED, Step


@pytest.fixture
def cursor(snowpark_session: Any) -> Any:
    return snowpark_session.connection.cursor()


@pytest.fixture(scope="session")
def model(shared_session: Any) -> str:
    """A model with the version V1, which says whether x is above one half; its full name."""
    import warnings

    import pandas as pd
    from snowflake.ml.registry import Registry
    from xgboost import XGBClassifier

    x = pd.DataFrame({"X": [0.0, 1.0] * 20})
    fitted = XGBClassifier(n_estimators=3).fit(x, x["X"].astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Registry(shared_session).log_model(
            fitted,
            model_name="M",
            version_name="V1",
            sample_input_data=x,
            target_platforms=["WAREHOUSE"],
            options={"enable_explainability": True, "capture_sample_input_data": False},
        )
    return str(made.fully_qualified_model_name)


ACCOUNT_WIDE = re.compile(r"CREATE (ROLE|USER|WAREHOUSE)")


@pytest.mark.parametrize("steps", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_examples(
    request: pytest.FixtureRequest,
    cursor: Any,
    snowpark_session: Any,
    steps: list[Step],
    tmp_path: Path,
) -> None:
    account = request.config.getoption("--connection") is not None
    if account and any(ACCOUNT_WIDE.match(sql) for sql, _ in steps):
        pytest.skip("makes users, roles or warehouses: on the emulator only")
    file = tmp_path / "rows.csv"
    file.write_text("1,2.5\n2,many\n3,\n")
    (tmp_path / "out").mkdir()
    words = {
        "db": snowpark_session.get_current_database().strip('"'),
        "file": str(file),
        "folder": str(tmp_path),
    }

    def filled(text: str) -> str:
        for name, value in words.items():
            text = text.replace("{" + name + "}", value)
        return text

    for sql, expected in steps:
        if sql == "{model}":
            cursor.execute(
                f"CREATE MODEL m WITH VERSION V1 FROM MODEL {request.getfixturevalue('model')}"
            )
            continue
        if account and expected == UNSUPPORTED:
            continue  # what the emulator refuses, Snowflake does
        if isinstance(expected, int):
            with pytest.raises(ProgrammingError) as error:
                cursor.execute(filled(sql))
            assert error.value.errno == expected, f"{sql}: {error.value}"
            continue
        try:
            found = cursor.execute(filled(sql)).fetchall()
        except ProgrammingError as error:
            raise AssertionError(f"{sql}: {error}") from error
        if expected is not None:
            wanted = [tuple(filled(v) if isinstance(v, str) else v for v in r) for r in expected]
            assert found == wanted, sql


def test_every_statement_has_an_example_that_reaches_it() -> None:
    reached = set()
    for name, steps in EXAMPLES.items():
        for sql, _ in steps:
            for step in statements.steps(statements.tidy(sql.replace("{db}", "DB"))):
                if found := statements.find(step):
                    reached.add((name, found[0].syntax))
    for declared in statements.STATEMENTS:
        name = declared.answer.__name__
        assert (name, declared.syntax) in reached, f"no example of {declared.syntax}"


@pytest.mark.emulator
@pytest.mark.parametrize("sql", REFUSED)
def test_refused(cursor: Any, sql: str) -> None:
    with pytest.raises(ProgrammingError, match="Unsupported feature") as error:
        cursor.execute(sql)
    assert error.value.errno == UNSUPPORTED
    assert error.value.sqlstate == "0A000"


def test_the_page_names_every_statement() -> None:
    page = as_markdown()
    assert all(s.syntax.replace("|", "\\|") in page for s in statements.STATEMENTS)
