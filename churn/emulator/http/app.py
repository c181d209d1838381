"""The routes that Snowflake's connector calls, and their answers."""

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

from churn.emulator.account import execution
from churn.emulator.account.account import VERSION, Account, Session
from churn.emulator.account.parameters import PARAMETERS, set_parameter
from churn.emulator.http import logins, wire
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import identifier
from churn.emulator.language.results import Result
from churn.emulator.language.text import TOKENS

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

CONTEXT = {
    "database": "databaseName",
    "schema": "schemaName",
    "role": "roleName",
    "warehouse": "warehouse",
}
"""What a login may ask for, by its name in the query of the address."""


class UnauthorizedError(Exception):
    """The token is not that of an open session."""


def create(account: Account) -> Starlette:
    """The application that answers for an account."""
    app = Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session/token-request", renew_token, methods=["POST"]),
            Route("/session/heartbeat", heartbeat, methods=["POST"]),
            Route("/session", close_session, methods=["POST"]),
            Route("/queries/v1/query-request", query, methods=["POST"]),
            Route("/queries/v1/abort-request", ignore, methods=["POST"]),
            Route("/queries/{query}/result", result_of_query, methods=["GET"]),
            Route("/monitoring/queries/{query}", monitor_query, methods=["GET"]),
            Route("/files/{token}/{name}", shared_file, methods=["GET", "HEAD"]),
            Route("/telemetry/send", ignore, methods=["POST"]),
            Route("/telemetry/send/sessionless", ignore, methods=["POST"]),
        ],
        exception_handlers={UnauthorizedError: unauthorized, 404: unknown_page},
    )
    app.state.account = account
    return app


async def login(request: Request) -> JSONResponse:
    body = (await _body(request))["data"]
    account, asked = _account(request), request.query_params
    try:
        context = {k: identifier(asked[p]) if asked.get(p) else None for k, p in CONTEXT.items()}
        session = logins.login(account, logins.user_of(account, body), **context)
    except SqlError as error:
        return _failure(error)
    try:
        for name, value in (body.get("SESSION_PARAMETERS") or {}).items():
            if name.isupper():
                set_parameter(session, name, value)
    except SqlError as error:
        return _failure(error)
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


async def renew_token(request: Request) -> JSONResponse:
    session = _session(request)
    tokens = {"sessionToken": session.token, "masterToken": session.token}
    return _success(tokens | {"validityInSecondsST": 3600, "validityInSecondsMT": 14400})


async def heartbeat(request: Request) -> JSONResponse:
    _session(request)
    return _success(None)


async def close_session(request: Request) -> JSONResponse:
    if parse_qs(str(request.url.query)).get("delete"):
        await run_in_threadpool(execution.close_session, _account(request), _token(request))
    return _success(None)


async def query(request: Request) -> JSONResponse:
    session = _session(request)
    body = await _body(request)
    return await run_in_threadpool(_run, session, body)


async def result_of_query(request: Request) -> JSONResponse:
    session = _session(request)
    result = session.results.get(request.path_params["query"])
    if result is None:
        return _failure(SqlError("Statement not found", 709, "02000"))
    return _success(_data(session, request.path_params["query"], result))


async def monitor_query(request: Request) -> JSONResponse:
    session = _session(request)
    query_id = request.path_params["query"]
    known = [{"id": query_id, "status": "SUCCESS"}] if query_id in session.results else []
    return _success({"queries": known})


async def shared_file(request: Request) -> Response:
    file = _account(request).shared.get(request.path_params["token"])
    if file is None or not file.is_file():
        return _failure(SqlError("The address has expired", 91016, "22000"))
    return FileResponse(file)


async def ignore(request: Request) -> JSONResponse:
    return _success(None)


async def unauthorized(request: Request, error: Exception) -> JSONResponse:
    gone = "Session no longer exists. New login required to access the service."
    return _failure(SqlError(gone, 390111, ""))


async def unknown_page(request: Request, error: Exception) -> JSONResponse:
    return _failure(SqlError(f"The emulator has no page {request.url.path}", 2, "0A000"))


def _account(request: Request) -> Account:
    account: Account = request.app.state.account
    return account


def _token(request: Request) -> str:
    return request.headers.get("Authorization", "").partition('"')[2].rstrip('"')


def _session(request: Request) -> Session:
    session = _account(request).sessions.get(_token(request))
    if session is None:
        raise UnauthorizedError
    return session


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def _run(session: Session, body: dict[str, Any]) -> JSONResponse:
    text = body["sqlText"]
    describe = bool(body.get("describeOnly"))
    try:
        parameters = wire.parameters(body.get("bindings"))
        query_id, result = execution.execute(session, text, parameters, describe=describe)
        data = _data(session, query_id, result)
    except SqlError as error:
        return _failure(error)
    except Exception as error:
        # The connector repeats a request that ends in HTTP 500 for minutes; this ends at once.
        log.exception("the emulator failed on: %s", text)
        message = f"Internal error of the emulator: {type(error).__name__}: {error}"
        return _failure(SqlError(message, INTERNAL, "XX000"))
    if describe:
        data |= {
            "numberOfBinds": sum(token.group() == "?" for token in TOKENS.finditer(text)),
            "arrayBindSupported": text.lstrip()[:6].upper() == "INSERT",
        }
    return _success(data)


def _data(session: Session, query_id: str, result: Result) -> dict[str, Any]:
    context = {
        "queryId": query_id,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
    }
    if result.transfer is not None:
        return result.transfer | context
    zone = str(session.parameters.get("TIMEZONE", PARAMETERS["TIMEZONE"]))
    return wire.answer(result, zone) | context


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
