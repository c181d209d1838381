"""The HTTP side: the routes that Snowflake's connector calls, and their answers."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from churn.emulator import logins, wire
from churn.emulator.account import Account
from churn.emulator.errors import SqlError
from churn.emulator.session import VERSION, Session, identifier
from churn.emulator.statements import Result

log = logging.getLogger(__name__)

INTERNAL = 603
"""Snowflake's number for "Internal error": a fault of the emulator itself, never an HTTP 500."""

LOGIN_PARAMETERS = {
    "AUTOCOMMIT": True,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_TELEMETRY_ENABLED": False,
    "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False,
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    "TIMEZONE": "Etc/UTC",
}


class UnauthorizedError(Exception):
    """The token is not that of an open session."""


def create(account: Account) -> Starlette:
    """The application that answers for an account."""

    async def login(request: Request) -> JSONResponse:
        body = (await _body(request))["data"]
        query = request.query_params
        try:
            asked = {
                key: identifier(query[parameter]) if query.get(parameter) else None
                for key, parameter in (
                    ("database", "databaseName"),
                    ("schema", "schemaName"),
                    ("role", "roleName"),
                    ("warehouse", "warehouse"),
                )
            }
            session = account.login(logins.user_of(account, body), **asked)
        except SqlError as error:
            return _failure(error)
        session.parameters.update(
            {k: v for k, v in (body.get("SESSION_PARAMETERS") or {}).items() if k.isupper()}
        )
        return _success(
            {
                "token": session.token,
                "masterToken": session.token,
                "validityInSeconds": 3600,
                "masterValidityInSeconds": 14400,
                "displayUserName": session.user,
                "serverVersion": VERSION,
                "sessionId": session.number,
                "parameters": [{"name": k, "value": v} for k, v in LOGIN_PARAMETERS.items()],
                "sessionInfo": {
                    "databaseName": session.database,
                    "schemaName": session.schema,
                    "warehouseName": session.warehouse,
                    "roleName": session.role,
                },
            }
        )

    async def query(request: Request) -> JSONResponse:
        session = _session(request)
        body = await _body(request)
        return await run_in_threadpool(_run, session, body)

    async def result(request: Request) -> JSONResponse:
        session = _session(request)
        found = session.results.get(request.path_params["query"])
        if found is None:
            return _failure(SqlError("Statement not found", 709, "02000"))
        return _success(_data(session, request.path_params["query"], found))

    async def monitoring(request: Request) -> JSONResponse:
        session = _session(request)
        query = request.path_params["query"]
        known = [{"id": query, "status": "SUCCESS"}] if query in session.results else []
        return _success({"queries": known})

    async def close_session(request: Request) -> JSONResponse:
        if parse_qs(str(request.url.query)).get("delete"):
            await run_in_threadpool(account.logout, _token(request))
        return _success(None)

    async def renew(request: Request) -> JSONResponse:
        session = _session(request)
        tokens = {"sessionToken": session.token, "masterToken": session.token}
        return _success(tokens | {"validityInSecondsST": 3600, "validityInSecondsMT": 14400})

    async def heartbeat(request: Request) -> JSONResponse:
        _session(request)
        return _success(None)

    async def shared(request: Request) -> Response:
        file = account.shared.get(request.path_params["token"])
        if file is None or not file.is_file():
            return _failure(SqlError("The address has expired", 91016, "22000"))
        return FileResponse(file)

    async def ignored(request: Request) -> JSONResponse:
        return _success(None)

    def _token(request: Request) -> str:
        return request.headers.get("Authorization", "").partition('"')[2].rstrip('"')

    def _session(request: Request) -> Session:
        found = account.sessions.get(_token(request))
        if found is None:
            raise UnauthorizedError
        return found

    async def unauthorized(request: Request, error: Exception) -> JSONResponse:
        gone = SqlError(
            "Session no longer exists. New login required to access the service.", 390111, ""
        )
        return _failure(gone)

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        return _failure(SqlError(f"The emulator has no page {request.url.path}", 2, "0A000"))

    return Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session/token-request", renew, methods=["POST"]),
            Route("/session/heartbeat", heartbeat, methods=["POST"]),
            Route("/session", close_session, methods=["POST"]),
            Route("/queries/v1/query-request", query, methods=["POST"]),
            Route("/queries/v1/abort-request", ignored, methods=["POST"]),
            Route("/queries/{query}/result", result, methods=["GET"]),
            Route("/monitoring/queries/{query}", monitoring, methods=["GET"]),
            Route("/files/{token}/{name}", shared, methods=["GET", "HEAD"]),
            Route("/telemetry/send", ignored, methods=["POST"]),
            Route("/telemetry/send/sessionless", ignored, methods=["POST"]),
        ],
        exception_handlers={UnauthorizedError: unauthorized, 404: unknown},
    )


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def _run(session: Session, body: dict[str, Any]) -> JSONResponse:
    text = body["sqlText"]
    try:
        query, result = session.execute(
            text,
            wire.parameters(body.get("bindings")),
            describe=bool(body.get("describeOnly")),
        )
        data = _data(session, query, result)
    except SqlError as error:
        return _failure(error)
    except Exception as error:
        # The connector repeats a request that ends in HTTP 500 for minutes; this ends at once.
        log.exception("the emulator failed on: %s", text)
        return _failure(
            SqlError(
                f"Internal error of the emulator: {type(error).__name__}: {error}",
                INTERNAL,
                "XX000",
            )
        )
    if body.get("describeOnly"):
        from churn.emulator.statements import TOKENS

        binds = sum(m.group() == "?" for m in TOKENS.finditer(text))
        data |= {
            "numberOfBinds": binds,
            "arrayBindSupported": text.lstrip()[:6].upper() == "INSERT",
        }
    return _success(data)


def _data(session: Session, query: str, result: Result) -> dict[str, Any]:
    context = {
        "queryId": query,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
    }
    if result.transfer is not None:
        return result.transfer | context
    return wire.answer(result) | context


def _success(data: Any) -> JSONResponse:
    return JSONResponse({"success": True, "code": None, "message": None, "data": data})


def _failure(error: SqlError) -> JSONResponse:
    code = f"{error.number:06d}"
    return JSONResponse(
        {
            "success": False,
            "code": code,
            "message": error.message,
            "data": {"errorCode": code, "sqlState": error.state},
        }
    )
