"""The queries of an account: their texts, states and errors, the oldest forgotten."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from churn.emulator.language.errors import SqlError

KEPT_QUERIES = 10_000


@dataclass
class Query:
    """One statement of a client, as QUERY_HISTORY shows it."""

    text: str
    session: int
    user: str
    role: str
    warehouse: str | None
    database: str | None
    schema: str | None
    tag: str = ""
    request: str = ""
    """The client's own id of its request, by which it cancels."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    error: SqlError | None = None
    rows: int = 0
    cancelled: bool = False
    """Whether it was asked to stop."""
    timed_out: bool = False

    @property
    def status(self) -> str:
        """As the connector's QueryStatus names it."""
        if self.ended is None:
            return "RUNNING"
        return "SUCCESS" if self.error is None else "FAILED_WITH_ERROR"

    def end(self, error: SqlError | None, rows: int = 0) -> None:
        self.error, self.rows, self.ended = error, rows, datetime.now(UTC)


class History:
    def __init__(self) -> None:
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, query: Query) -> None:
        with self._lock:
            self._queries[query.id] = query
            while len(self._queries) > KEPT_QUERIES:
                self._queries.popitem(last=False)

    def find(self, query: str) -> Query | None:
        return self._queries.get(query)

    def all(self) -> list[Query]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._queries.values()))
