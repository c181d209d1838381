"""Serving an account over HTTP, on loopback."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from churn.emulator.account.account import Account
from churn.emulator.account.execution import close_account
from churn.emulator.account.temporary import drop_orphaned_temporaries
from churn.emulator.http.app import create
from churn.emulator.statements import SNOWFLAKE

HOST = "127.0.0.1"


class Emulator:
    """A running emulator; `connection` is what to connect with.

    >>> import snowflake.connector
    >>> with Emulator() as emulator, snowflake.connector.connect(**emulator.connection) as c:
    ...     c.cursor().execute("SELECT 1 + 1").fetchall()
    [(2,)]
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        users: dict[str, str] | None = None,
        issuers: dict[str, str] | None = None,
    ) -> None:
        # With the protocol named, asyncio sends small answers at once (TCP_NODELAY).
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        self.port: int = self._socket.getsockname()[1]
        self.account = Account(SNOWFLAKE, folder, users, issuers)
        drop_orphaned_temporaries(self.account)
        self.account.connection = self.connection
        self._server = uvicorn.Server(
            uvicorn.Config(
                create(self.account), log_config=None, access_log=False, lifespan="off", ws="none"
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="emulator", daemon=True
        )

    def __enter__(self) -> Self:
        self._socket.listen(128)  # from here on a client that connects is served, if not at once
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def serve(self) -> None:
        """Answer until the process is asked to stop."""
        self._socket.listen(128)
        try:
            self._server.run([self._socket])
        finally:
            close_account(self.account)

    def close(self) -> None:
        """End it. To clients that are still open it goes on answering that their session is gone:
        with nobody there they would try again for minutes.
        """
        left = bool(self.account.sessions)
        close_account(self.account)
        if left:
            return
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._socket.close()

    def toml(self) -> str:
        """The entry for connections.toml."""
        lines = (f"{key} = {json.dumps(value)}" for key, value in self.connection.items())
        return "\n".join(["[emulator]", *lines])

    @property
    def connection(self) -> dict[str, Any]:
        """The parameters of a connection; add a database and a schema."""
        return {
            "account": "emulator",
            "host": HOST,
            "port": self.port,
            "protocol": "http",
            "user": "EMULATOR",
            "password": "any",
            "warehouse": "COMPUTE_WH",
            "role": "ACCOUNTADMIN",
            "platform_detection_timeout_seconds": 0.0,  # ask no cloud whose machine this is
        }
