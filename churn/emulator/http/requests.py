"""What all routes have in common: who asks, and how an answer looks."""

from __future__ import annotations

import gzip
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from churn.emulator.account.account import Account, Session
from churn.emulator.language.errors import SqlError


class UnauthorizedError(Exception):
    """The token is not that of an open session."""


def account_of(request: Request) -> Account:
    account: Account = request.app.state.account
    return account


def token_of(request: Request) -> str:
    return request.headers.get("Authorization", "").partition('"')[2].rstrip('"')


def session_of(request: Request) -> Session:
    session = account_of(request).sessions.get(token_of(request))
    if session is None:
        raise UnauthorizedError
    return session


async def body_of(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def success(data: Any, code: str | None = None) -> JSONResponse:
    return JSONResponse({"success": True, "code": code, "message": None, "data": data})


def failure(error: SqlError) -> JSONResponse:
    code = f"{error.number:06d}"
    data: dict[str, Any] = {"errorCode": code, "sqlState": error.state}
    if error.query:
        data["queryId"] = error.query
    return JSONResponse({"success": False, "code": code, "message": error.message, "data": data})
