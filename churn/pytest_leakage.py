"""`pytest --leakage module:function` audits a function as one more test.

For other projects, too: the option is there wherever the package is installed. The example tables
are those of --leakage-data, a folder with a file for each table of the problem (CHURN_PROBLEM).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("leakage", "audits of features, labels and training sets")
    group.addoption(
        "--leakage",
        action="append",
        default=[],
        metavar="MODULE:FUNCTION[:KIND]",
        help="Audit this function; KIND is features (default), labels or training.",
    )
    group.addoption(
        "--leakage-data",
        default="data",
        metavar="DIR",
        help="Folder with a .csv or .parquet file for each table, for an example. [data]",
    )


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    names: list[str] = session.config.getoption("--leakage")
    if names:
        items.extend(Audits.from_parent(session, name="leakage", names=names).collect())


class Audits(pytest.Collector):
    """One test a function."""

    def __init__(self, *, names: list[str], **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.names = names

    def collect(self) -> Iterator[pytest.Item]:
        for name in self.names:
            yield AuditItem.from_parent(self, name=name)


class AuditItem(pytest.Item):
    def runtest(self) -> None:
        from churn import bootstrap
        from churn.pipelines.audit import check
        from churn.settings import settings as read_settings

        module, function, *kind = self.name.split(":")
        settings = read_settings({"data": Path(self.config.getoption("--leakage-data"))})
        problem, engine = bootstrap.problem(settings), bootstrap.local_engine(settings)
        windows = settings.windows(problem.windows)
        name, chosen = f"{module}:{function}", (kind or ["features"])[0]
        report = check(engine, problem, name, chosen, windows)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
