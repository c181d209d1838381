"""Python functions and procedures: their code runs in the emulator's process."""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.duck.types import duck_type, snowflake_type
from churn.emulator.language.clauses import split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, invalid, unsupported
from churn.emulator.language.names import Name
from churn.emulator.language.results import DONE, TEXT, WHEN, Kind, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.lifecycle import (
    answer_if_exists,
    droppable,
    replace_object,
)
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.stages import place

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("functions")

HEAD = re.compile(
    r"\((?P<arguments>.*?)\)\s*RETURNS\s+(?P<table>TABLE\s*\(.*?\)|TABLE\b)?"
    r"(?P<returns>\w+(?:\s*\([\d\s,]*\))?)?\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP] {FUNCTION|PROCEDURE} [IF NOT EXISTS] <name> "
    "<definition...>",
    page="create-function",
    limits="LANGUAGE PYTHON, scalar. PACKAGES are what is installed; no sandbox.",
)
def create_function(session: Session, parsed: Parsed) -> Result:
    kind, name = parsed["function"].upper(), session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, kind, name):
        return answer
    replace_object(session, _definition(session, kind, name, parsed["definition"]))
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, kind, name)
    return status(f"{kind.capitalize()} {name.name} successfully created.")


def _definition(session: Session, kind: str, name: Name, definition: str) -> Object:
    head = HEAD.fullmatch(definition)
    if head is None:
        raise invalid(f"cannot read the definition of {name}")
    if head["table"]:
        raise unsupported(f"CREATE {kind} ... RETURNS TABLE")
    body = re.search(rf"\bAS\s+({QUOTED})\s*$", head["rest"], re.IGNORECASE | re.DOTALL)
    options = head["rest"][: body.start()] if body else head["rest"]
    language = re.search(r"\bLANGUAGE\s+(\w+)", options, re.IGNORECASE)
    if language is None or language[1].upper() != "PYTHON":
        raise unsupported(
            f"CREATE {kind} ... LANGUAGE {language[1].upper() if language else 'SQL'}"
        )
    handler = re.search(r"\bHANDLER\s*=\s*'([^']+)'", options, re.IGNORECASE)
    if handler is None:
        raise invalid(f"{name} has no HANDLER")
    imports = re.search(r"\bIMPORTS\s*=\s*\((.*?)\)", options, re.IGNORECASE | re.DOTALL)
    arguments = [a.split(None, 1) for a in split(head["arguments"])]
    types = [duck_type(re.split(r"\bDEFAULT\b", t, flags=re.IGNORECASE)[0]) for _, t in arguments]
    return session.owned(
        kind,
        name,
        arguments=[n for n, _ in arguments],
        types=types,
        returns=duck_type(head["returns"] or "VARIANT"),
        handler=handler[1],
        body=unquote(body[1]) if body else "",
        imports=[unquote(i) for i in split(imports[1])] if imports else [],
        signature=f"{name.name}({', '.join(t for _, t in arguments)}) RETURN {head['returns']}",
    )


def load(session: Session, stored: Object) -> Callable[..., Any]:
    """The handler, its code executed once."""
    handlers, key = session.account.handlers, (stored.kind, stored.name)
    if key not in handlers:
        for location in stored["imports"]:
            for file in place(session, location).files():
                archive = file.suffix in (".zip", ".whl")
                path = str(file if archive else file.parent)
                if path not in sys.path:
                    sys.path.append(path)
        module, _, handler = stored["handler"].rpartition(".")
        if module:
            __import__(module)
            handler_function = getattr(sys.modules[module], handler)
        else:
            namespace: dict[str, Any] = {"__name__": f"emulated_{stored.name.name}"}
            exec(compile(stored["body"], str(stored.name), "exec"), namespace)  # noqa: S102
            handler_function = namespace[handler]
        handlers[key] = handler_function
    return handlers[key]


@SUBSYSTEM.session_rewrite(exp.Anonymous)
def call_function(session: Session, node: exp.Expression) -> exp.Expression:
    """A call of a function that was created here.

    https://docs.snowflake.com/en/developer-guide/udf/udf-calling-sql
    """
    top = node.parent if isinstance(node.parent, exp.Dot) else node
    path = [p.name for p in top.parts[:-1]] if isinstance(top, exp.Dot) else []
    database = path[-2] if len(path) > 1 else session.database
    schema = path[-1] if path else session.schema
    if not database or not schema or isinstance(top.parent, exp.Dot):
        return node
    written = str(node.this)
    name = Name(
        database.upper(), schema.upper(), written if node.args.get("quoted") else written.upper()
    )
    stored = session.account.objects.find("FUNCTION", name)
    if stored is None:
        return node
    access.need(session, "FUNCTION", name, "USAGE")
    known = _register(session, stored)
    if isinstance(top, exp.Dot):
        top.replace(exp.Anonymous(this=known, expressions=[e.copy() for e in node.expressions]))
        return node
    return exp.Anonymous(this=known, expressions=[e.copy() for e in node.expressions])


def _register(session: Session, stored: Object) -> str:
    """DuckDB's name of the function."""
    text = f"{stored.name} {stored['types']} {stored['returns']} {stored['body']}"
    known = f"__function_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    duck = session.cursor.duck
    there = duck.execute(
        "SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [known]
    ).fetchone()
    if there is None:
        handler = load(session, stored)

        def call(*values: Any) -> Any:
            return handler(*values)

        parameters = [
            inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for i in range(len(stored["types"]))
        ]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        duck.create_function(
            known,
            call,
            stored["types"],
            stored["returns"],
            null_handling="special",
            side_effects=True,
        )
    return known


@SUBSYSTEM.statement(
    "CALL <name> ( <rest...>",
    page="call",
    kind=Kind.QUERY,
)
def call(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    stored = access.need_object(session, "PROCEDURE", name, "USAGE")
    inner = parsed["rest"].rstrip().removesuffix(")")
    arguments = []
    if inner.strip():
        tree = f"SELECT {inner}"
        arguments = [
            c[0].as_py() for c in execution.run(session, tree, parsed.parameters).table.columns
        ]
    value = _run_procedure(session, stored, arguments)
    return Result(pa.table({name.name: [value]}), Kind.QUERY)


def _run_procedure(session: Session, stored: Object, arguments: list[Any]) -> Any:
    """The handler gets a Snowpark session of its own, in the same place."""
    from snowflake import snowpark

    if session.account.connection is None:
        raise unsupported("CALL of a procedure where no server runs")
    handler = load(session, stored)
    config = session.account.connection | {
        "database": session.database,
        "schema": session.schema,
        "role": session.role,
        "warehouse": session.warehouse,
    }
    config = {k: v for k, v in config.items() if v is not None}
    with session.account.one_time_password(session.user) as word:
        config |= {"user": session.user, "password": word}
        inner = snowpark.Session.builder.configs(config).create()
    try:
        return handler(inner, *arguments)
    except Exception as error:
        raise SqlError(
            f"Python Interpreter Error in {stored.name}: {type(error).__name__}: {error}",
            100357,
            "P0000",
        ) from error
    finally:
        inner.close()


def _unload(account: Account, name: Name) -> Sequence[Path]:
    for kind in ("FUNCTION", "PROCEDURE"):
        account.handlers.pop((kind, name), None)
    return ()


droppable(SUBSYSTEM, "FUNCTION", "drop-function", _unload, " [<types...>]")
droppable(SUBSYSTEM, "PROCEDURE", "drop-procedure", _unload, " [<types...>]")


@SUBSYSTEM.statement(
    "{DESCRIBE|DESC} {FUNCTION|PROCEDURE} <name> [<types...>]", page="desc-function"
)
def describe_function(session: Session, parsed: Parsed) -> Result:
    kind = parsed["function"].upper()
    stored = access.need_object(session, kind, session.name(parsed["name"]))
    signature = ", ".join(
        f"{n} {snowflake_type(t)}"
        for n, t in zip(stored["arguments"], stored["types"], strict=True)
    )
    rows: list[dict[str, object]] = [
        {"property": "signature", "value": f"({signature})"},
        {"property": "returns", "value": snowflake_type(stored["returns"])},
        {"property": "language", "value": "PYTHON"},
        {"property": "handler", "value": stored["handler"]},
        {"property": "body", "value": stored["body"]},
    ]
    return Result(table_of(rows, {"property": TEXT, "value": TEXT}))


@SUBSYSTEM.statement(
    "COMMENT [IF EXISTS] ON {FUNCTION|PROCEDURE} <name> ( [<types...>] ) IS <'comment'>",
    page="comment",
)
def comment_function(session: Session, parsed: Parsed) -> Result:
    kind, name = parsed["function"].upper(), session.name(parsed["name"])
    if parsed.has("if_exists") and session.account.objects.find(kind, name) is None:
        return status(DONE)
    stored = access.need_object(session, kind, name, "OWNERSHIP")
    session.account.objects.put(replace(stored, comment=unquote(parsed["comment"])))
    return status(DONE)


@SUBSYSTEM.statement(f"SHOW [USER] {{FUNCTIONS|PROCEDURES}} {SHOW}", page="show-functions")
def show_functions(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "schema_name", "arguments", "description", "catalog_name"), TEXT),
        "language": TEXT,
    }
    rows = [
        common(o)
        | {"arguments": o["signature"], "catalog_name": o.name.database, "language": "PYTHON"}
        | {"description": o.comment or None}
        for o in shown(session, parsed, parsed["functions"].upper().removesuffix("S"))
    ]
    return Result(table_of(rows, columns))
