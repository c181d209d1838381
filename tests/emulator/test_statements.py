"""Every statement of the emulator, by its example; what is not in the list is refused by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from churn.emulator.coverage import REFUSED, rows
from churn.emulator.language.errors import UNSUPPORTED
from churn.emulator.language.text import steps, tidy
from churn.emulator.statements import SNOWFLAKE
from tests.conftest import ROOT
from tests.emulator.examples import EXAMPLES, FUNCTIONS
from tests.emulator.examples.steps import Step


@pytest.fixture
def cursor(snowflake_session: Any) -> Any:
    return snowflake_session.connection.cursor()


@pytest.fixture(scope="session")
def model(snowflake_shared_session: Any) -> str:
    """A model with the version V1, which says whether x is above one half; its full name."""
    import warnings

    import pandas as pd
    from snowflake.ml.registry import Registry
    from xgboost import XGBClassifier

    x = pd.DataFrame({"X": [0.0, 1.0] * 20})
    fitted = XGBClassifier(n_estimators=3).fit(x, x["X"].astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = Registry(snowflake_shared_session).log_model(
            fitted,
            model_name="M",
            version_name="V1",
            sample_input_data=x,
            target_platforms=["WAREHOUSE"],
            options={"enable_explainability": True, "capture_sample_input_data": False},
        )
    return str(version.fully_qualified_model_name)


ACCOUNT_WIDE = re.compile(r"CREATE (ROLE|USER|WAREHOUSE)")


class Runner:
    """Runs the steps of an example, with the words in braces filled in."""

    def __init__(self, request: pytest.FixtureRequest, session: Any, folder: Path) -> None:
        self.request, self.folder = request, folder
        self.cursor = session.connection.cursor()
        self.account = request.config.getoption("snowflake_connection") is not None
        file = folder / "rows.csv"
        file.write_text("1,2.5\n2,many\n3,\n")
        (folder / "out").mkdir()
        database = session.get_current_database().strip('"')
        self.words = {"{db}": database, "{file}": str(file), "{folder}": str(folder)}

    def filled(self, text: str) -> str:
        for name, value in self.words.items():
            text = text.replace(name, value)
        return text

    def run(self, steps: list[Step]) -> None:
        if self.account and any(ACCOUNT_WIDE.match(sql) for sql, _ in steps):
            pytest.skip("makes users, roles or warehouses: on the emulator only")
        for sql, expected in steps:
            if sql == "{model}":
                name = self.request.getfixturevalue("model")
                self.cursor.execute(f"CREATE MODEL m WITH VERSION V1 FROM MODEL {name}")
            elif not isinstance(expected, int):
                self.answers(sql, expected)
            elif not (self.account and expected == UNSUPPORTED):
                # What the emulator refuses as unsupported, Snowflake does.
                with pytest.raises(ProgrammingError) as error:
                    self.cursor.execute(self.filled(sql))
                assert error.value.errno == expected, f"{sql}: {error.value}"

    def answers(self, sql: str, expected: list[tuple[Any, ...]] | None) -> None:
        try:
            rows = self.cursor.execute(self.filled(sql)).fetchall()
        except ProgrammingError as error:
            raise AssertionError(f"{sql}: {error}") from error
        if expected is not None:
            wanted = [
                tuple(self.filled(v) if isinstance(v, str) else v for v in row) for row in expected
            ]
            assert rows == wanted, sql


@pytest.fixture
def runner(request: pytest.FixtureRequest, snowflake_session: Any, tmp_path: Path) -> Runner:
    return Runner(request, snowflake_session, tmp_path)


@pytest.mark.parametrize("steps", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_examples(runner: Runner, steps: list[Step]) -> None:
    runner.run(steps)


@pytest.mark.parametrize("steps", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_functions(runner: Runner, steps: list[Step]) -> None:
    runner.run(steps)


REACHED = {
    (key, match[0].syntax)
    for key, example in EXAMPLES.items()
    for sql, _ in example
    for step in steps(tidy(sql.replace("{db}", "DB")))
    if (match := SNOWFLAKE.find(step))
}


@pytest.mark.parametrize("statement", SNOWFLAKE.statements, ids=lambda s: s.syntax[:50])
def test_every_statement_has_an_example_that_reaches_it(statement: Any) -> None:
    assert (statement.example, statement.syntax) in REACHED


def test_every_example_is_of_a_statement_and_asserts_a_value() -> None:
    """An error, or rows that it must give: an example that only runs shows nothing."""
    assert set(EXAMPLES) == {each.example for each in SNOWFLAKE.statements}
    for key, example in (EXAMPLES | FUNCTIONS).items():
        assert any(expected is not None for _, expected in example), key


def test_every_function_has_an_example_that_calls_it() -> None:
    assert set(FUNCTIONS) == {*SNOWFLAKE.functions, *SNOWFLAKE.table_functions}
    for name, example in FUNCTIONS.items():
        assert any(f"{name}(" in sql for sql, _ in example), name


@pytest.mark.emulator
@pytest.mark.parametrize("sql", REFUSED)
def test_refused(cursor: Any, sql: str) -> None:
    with pytest.raises(ProgrammingError, match="Unsupported feature") as error:
        cursor.execute(sql)
    assert error.value.errno == UNSUPPORTED
    assert error.value.sqlstate == "0A000"


def test_the_page_names_tests_that_are_there() -> None:
    cases = {f"test_examples[{key}]" for key in EXAMPLES} | {
        f"test_functions[{name}]" for name in FUNCTIONS
    }
    named = {row.test.rpartition("::")[2] for row in rows() if row.status == "implemented"}
    assert named == cases


def test_every_line_of_the_page_is_in_docs() -> None:
    page = (ROOT / "docs" / "emulator.md").read_text()
    for row in rows():
        assert f"| `{row.what.replace('|', chr(92) + '|')}` | {row.status} |" in page
