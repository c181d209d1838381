"""The routes of queries: run, described, cancelled, asked for later, fetched in chunks."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.history import Query
from churn.emulator.http import bindings, chunks, wire
from churn.emulator.http.requests import account_of, body_of, failure, session_of, success
from churn.emulator.language.batches import statements
from churn.emulator.language.errors import SqlError, invalid
from churn.emulator.language.results import Kind, Result
from churn.emulator.language.text import TOKENS

log = logging.getLogger(__name__)

INTERNAL = 603
"""Snowflake's number for "Internal error": a fault of the emulator itself, never an HTTP 500."""

IN_PROGRESS = "333334"
"""The answer to an asynchronous query: ask for its result later."""

SEVERAL = 0xA000
"""The type of a request of several statements."""


async def query(request: Request) -> JSONResponse:
    session = session_of(request)
    body = await body_of(request)
    asked = request.query_params.get("requestId", "")
    return await run_in_threadpool(_answer, session, body, asked)


async def abort(request: Request) -> JSONResponse:
    """Cancel what the client's other request runs."""
    session = session_of(request)
    asked = str((await body_of(request)).get("requestId", ""))
    running = session.running
    if running is not None and running.request == asked:
        session.cancel(running)
    return success(None)


async def abort_by_id(request: Request) -> JSONResponse:
    session_of(request)
    account = account_of(request)
    known = account.history.find(request.path_params["query"])
    if known is None or not cancel(account, known):
        return failure(
            SqlError("Identified SQL statement is not currently executing.", 605, "57014")
        )
    return success(None)


def cancel(account: Account, known: Query) -> bool:
    owners = [s for s in list(account.sessions.values()) if s.number == known.session]
    return any(owner.cancel(known) for owner in owners)


async def result_of_query(request: Request) -> JSONResponse:
    session = session_of(request)
    return await run_in_threadpool(_later, session, request.path_params["query"])


def _later(session: Session, query_id: str) -> JSONResponse:
    known = session.account.history.find(query_id)
    if known is not None and known.error is not None:
        return failure(known.error)
    if known is not None and known.ended is None:
        return success(_in_progress(known), "333333")
    result = session.result_of(query_id)
    if result is None:
        return failure(SqlError(f"Statement {query_id} not found", 709, "02000"))
    return success(_data(session, query_id, result))


async def monitor_query(request: Request) -> JSONResponse:
    session_of(request)
    known = account_of(request).history.find(request.path_params["query"])
    return success({"queries": [] if known is None else [_monitored(known)]})


def _monitored(known: Query) -> dict[str, Any]:
    error = known.error
    return {
        "id": known.id,
        "status": known.status,
        "state": known.status,
        "sqlText": known.text,
        "sessionId": known.session,
        "userName": known.user,
        "errorCode": f"{error.number:06d}" if error else None,
        "errorMessage": error.message if error else None,
    }


async def chunk(request: Request) -> Response:
    """One of the pieces that a large result is fetched in."""
    path = request.path_params
    owners = account_of(request).sessions.values()
    session = next((s for s in list(owners) if str(s.number) == path["session"]), None)
    if session is None or not hmac.compare_digest(session.chunk_key, path["key"]):
        return failure(SqlError("The address of the chunk has expired", 91016, "22000"))
    result = session.results.get(path["query"])
    if result is None:
        return failure(SqlError("The address of the chunk has expired", 91016, "22000"))
    content = await run_in_threadpool(chunks.content, result, path["chunk"], path["form"])
    return Response(content, media_type="application/octet-stream")


def _answer(session: Session, body: dict[str, Any], asked: str) -> JSONResponse:
    text = str(body.get("sqlText", ""))
    settings = {str(k).upper(): v for k, v in (body.get("parameters") or {}).items()}
    count = int(settings.pop("MULTI_STATEMENT_COUNT", 1))
    describe = bool(body.get("describeOnly"))
    known = session.begin_query(text, str(settings.get("QUERY_TAG", "")), asked)
    arguments = (session, body, known, count, settings)
    if body.get("asyncExec") and not describe:
        threading.Thread(target=_run, args=arguments, daemon=True).start()
        return success(_in_progress(known), IN_PROGRESS)
    result = _run(*arguments)
    if isinstance(result, SqlError):
        return failure(result)
    data = _data(session, known.id, result) if isinstance(result, Result) else result
    if describe:
        data |= {
            "numberOfBinds": sum(token.group() == "?" for token in TOKENS.finditer(text)),
            "arrayBindSupported": text.lstrip()[:6].upper() == "INSERT",
        }
    return success(data)


def _in_progress(known: Query) -> dict[str, Any]:
    return {
        "queryId": known.id,
        "getResultUrl": f"/queries/{known.id}/result",
        "queryAbortsAfterSecs": 300,
        "progressDesc": None,
    }


def _run(
    session: Session, body: Mapping[str, Any], known: Query, count: int, settings: dict[str, Any]
) -> Result | SqlError | dict[str, Any]:
    """The result of one statement, the data of several, or why there is none."""
    try:
        parts = _parts(known.text, count)
        if parts is not None:
            return _several(session, parts, known, settings)
        parameters = bindings.parameters(session, body)
        describe = bool(body.get("describeOnly"))
        return execution.execute(
            session, known.text, parameters, describe=describe, query=known, settings=settings
        )[1]
    except SqlError as error:
        error.query = known.id
        if known.ended is None:
            known.end(error)
        return error
    except Exception as error:
        # The connector repeats a request that ends in HTTP 500 for minutes; this ends at once.
        log.exception("the emulator failed on: %s", known.text)
        message = f"Internal error of the emulator: {type(error).__name__}: {error}"
        fault = SqlError(message, INTERNAL, "XX000")
        fault.query = known.id
        known.end(fault)
        return fault


def _parts(text: str, count: int) -> list[str] | None:
    """The statements of a request for several; None of one.

    https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements
    """
    if count == 1 and ";" not in text:
        return None
    parts = statements(text)
    if count == 1 and len(parts) <= 1:
        return None
    if count not in (0, len(parts)):
        raise SqlError(
            f"Actual statement count {len(parts)} did not match the desired statement count "
            f"{count}.",
            8,
            "0A000",
        )
    return parts


def _several(
    session: Session, parts: Sequence[str], known: Query, settings: dict[str, Any]
) -> dict[str, Any]:
    """Each has a result of its own, which the client asks for one after the other."""
    ids, types = [], []
    for part in parts:
        query_id, result = execution.execute(session, part, settings=settings)
        if result.transfer is not None:
            raise invalid("PUT and GET cannot be among several statements")
        ids.append(query_id)
        types.append(str(wire.STATEMENT_TYPES[result.kind]))
    message = "Multiple statements executed successfully."
    whole = Result(pa.table({"multiple statement execution": [message]}), Kind.COMMAND)
    session.results.keep(known.id, whole)
    known.end(None, 1)
    data = _data(session, known.id, whole)
    return data | {
        "resultIds": ",".join(ids),
        "resultTypes": ",".join(types),
        "statementTypeId": SEVERAL,
    }


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
    return chunks.answer(session, query_id, result) | context
