"""`pytest --leakage module:function` audits a function as one more test.

For other projects, too: the option is there wherever the package is installed. The example tables
are those of --leakage-data, a folder with customers and orders.
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
        help="Folder with customers and orders as .csv or .parquet, for an example. [data]",
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

        module, function, *kind = self.name.split(":")
        settings = bootstrap.settings({"data": Path(self.config.getoption("--leakage-data"))})
        engine = bootstrap.engine(settings)
        report = check(engine, f"{module}:{function}", (kind or ["features"])[0], settings.windows)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
