"""The routes that Snowflake's connector calls, and their answers."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from churn.emulator.account import execution
from churn.emulator.account.account import VERSION, Account
from churn.emulator.account.parameters import set_parameter
from churn.emulator.http import logins, queries
from churn.emulator.http.requests import (
    UnauthorizedError,
    account_of,
    body_of,
    failure,
    session_of,
    success,
    token_of,
)
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import identifier

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


def create(account: Account) -> Starlette:
    """The application that answers for an account."""
    app = Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session/token-request", renew_token, methods=["POST"]),
            Route("/session/heartbeat", heartbeat, methods=["POST"]),
            Route("/session", close_session, methods=["POST"]),
            Route("/queries/v1/query-request", queries.query, methods=["POST"]),
            Route("/queries/v1/abort-request", queries.abort, methods=["POST"]),
            Route("/queries/{query}/abort-request", queries.abort_by_id, methods=["POST"]),
            Route("/queries/{query}/result", queries.result_of_query, methods=["GET"]),
            Route("/monitoring/queries/{query}", queries.monitor_query, methods=["GET"]),
            Route("/chunks/{session}/{query}/{chunk:int}/{form}/{key}", queries.chunk),
            Route("/files/{token}/{name}", shared_file, methods=["GET", "HEAD"]),
            Route("/telemetry/send", ignore, methods=["POST"]),
            Route("/telemetry/send/sessionless", ignore, methods=["POST"]),
        ],
        exception_handlers={UnauthorizedError: unauthorized, 404: unknown_page},
    )
    app.state.account = account
    return app


async def login(request: Request) -> JSONResponse:
    body = (await body_of(request))["data"]
    account, asked = account_of(request), request.query_params
    try:
        context = {k: identifier(asked[p]) if asked.get(p) else None for k, p in CONTEXT.items()}
        session = logins.login(account, logins.user_of(account, body), **context)
    except SqlError as error:
        return failure(error)
    try:
        for name, value in (body.get("SESSION_PARAMETERS") or {}).items():
            if name.isupper():
                set_parameter(session, name, value)
    except SqlError as error:
        return failure(error)
    return success(
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
    session = session_of(request)
    tokens = {"sessionToken": session.token, "masterToken": session.token}
    return success(tokens | {"validityInSecondsST": 3600, "validityInSecondsMT": 14400})


async def heartbeat(request: Request) -> JSONResponse:
    session_of(request)
    return success(None)


async def close_session(request: Request) -> JSONResponse:
    if parse_qs(str(request.url.query)).get("delete"):
        await run_in_threadpool(execution.close_session, account_of(request), token_of(request))
    return success(None)


async def shared_file(request: Request) -> Response:
    file = account_of(request).shared.get(request.path_params["token"])
    if file is None or not file.is_file():
        return failure(SqlError("The address has expired", 91016, "22000"))
    return FileResponse(file)


async def ignore(request: Request) -> JSONResponse:
    return success(None)


async def unauthorized(request: Request, error: Exception) -> JSONResponse:
    gone = "Session no longer exists. New login required to access the service."
    return failure(SqlError(gone, 390111, ""))


async def unknown_page(request: Request, error: Exception) -> JSONResponse:
    return failure(SqlError(f"The emulator has no page {request.url.path}", 2, "0A000"))
