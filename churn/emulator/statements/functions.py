"""Functions, in Python and in SQL: their code runs in the emulator's process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.account.temporary import remember_temporary
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation
from churn.emulator.language.names import Name
from churn.emulator.language.parser import parse, parts_of
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements import python_functions
from churn.emulator.statements.lifecycle import (
    answer_if_exists,
    droppable,
    replace_object,
)
from churn.emulator.statements.python_values import type_of
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.signatures import Argument, Signature, signature
from churn.emulator.translation.arguments import text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("functions")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] [TEMPORARY|TEMP|SECURE|TEMPORARY SECURE] [AGGREGATE] "
    "{FUNCTION|PROCEDURE} [IF NOT EXISTS] <name> <definition...>",
    page="create-function",
    limits="LANGUAGE PYTHON and SQL. One function a name, whatever its arguments. PACKAGES are "
    "what is installed; no sandbox.",
)
def create_function(session: Session, parsed: Parsed) -> Result:
    kind, name = parsed["function"].upper(), session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, kind, name):
        return answer
    known = signature(parsed["definition"], aggregate=parsed.has("aggregate"))
    if known.language == "PYTHON":
        for each in (*known.arguments, *(known.columns or ())):
            type_of(each.type)
    replace_object(session, session.owned(kind, name, known.comment, **known.properties()))
    if "TEMP" in parsed["temporary"].upper():
        remember_temporary(session, kind, name)
    return status(f"{kind.capitalize()} {name.name} successfully created.")


def stored_function(
    session: Session, call: exp.Expression, kind: str = "FUNCTION"
) -> Object | None:
    """The function that a call, with the names before it, means; None of one that is built in."""
    parts = parts_of(call) if isinstance(call, exp.Dot) else [call]
    function = parts[-1]
    if not isinstance(function, exp.Anonymous):
        return None
    written = str(function.this)
    last = written if function.args.get("quoted") or '"' in written else written.upper()
    path = [text_of(part) for part in parts[:-1]]
    database = path[-2] if len(path) > 1 else session.database
    schema = path[-1] if path else session.schema
    if not database or not schema:
        return None
    return session.account.objects.find(kind, Name(database, schema, last.strip('"')))


def bound(name: Name, known: Signature, given: Sequence[exp.Expression]) -> list[exp.Expression]:
    """An expression for each declared argument, by position, by name, or by default."""
    named = {
        text_of(g.this).upper(): g.expression
        for g in given
        if isinstance(g, exp.Kwarg | exp.PropertyEQ)
    }
    positional = [g for g in given if not isinstance(g, exp.Kwarg | exp.PropertyEQ)]
    values = []
    for i, argument in enumerate(known.arguments):
        if i < len(positional):
            values.append(positional[i].copy())
        elif argument.name.upper() in named:
            values.append(named.pop(argument.name.upper()).copy())
        elif argument.default is not None:
            values.append(parse(f"SELECT {argument.default}").expressions[0])
        else:
            raise _no_match(name, given)
    if named or len(positional) > len(known.arguments):
        raise _no_match(name, given)
    return values


def _no_match(name: Name, given: Sequence[exp.Expression]) -> Exception:
    types = ", ".join("UNKNOWN" for _ in given)
    return compilation(
        f"Invalid argument types for function '{name.name}': ({types})", 1044, "42P13"
    )


# First, as the rewrite of tables is: what it puts in place is SQL that others rewrite.
@SUBSYSTEM.session_rewrite(exp.Anonymous, first=True)
def call_function(session: Session, node: exp.Expression) -> exp.Expression:
    """A call of a function that was created here.

    https://docs.snowflake.com/en/developer-guide/udf/udf-calling-sql
    """
    if isinstance(node.parent, exp.TableFromRows | exp.Lateral):
        return node
    top = node.parent if isinstance(node.parent, exp.Dot) else node
    while isinstance(top.parent, exp.Dot):
        top = top.parent
    if isinstance(top.parent, exp.TableFromRows):
        return node
    stored = stored_function(session, top)
    if stored is None:
        return node
    access.need(session, "FUNCTION", stored.name, "USAGE")
    known = Signature.of(stored.properties)
    if known.columns is not None:
        if isinstance(top.parent, exp.Window) and isinstance(top.parent.parent, exp.TableFromRows):
            return node
        raise compilation(f"{stored.name.name} is a table function: use TABLE(...)", 2140, "42601")
    arguments = bound(stored.name, known, node.expressions)
    window = top.parent if isinstance(top.parent, exp.Window) else None
    if known.language == "SQL":
        new = substituted(known, arguments)
    elif known.aggregate:
        new = python_functions.call_aggregate(session, stored, arguments, window)
    else:
        new = python_functions.call(session, stored, arguments)
    old = window if window is not None and known.aggregate else top
    if old is node:
        return new
    old.replace(new)
    return node


def substituted(known: Signature, arguments: Sequence[exp.Expression]) -> exp.Expression:
    """The body of a function in SQL with the arguments in the places of their names.

    https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-scalar-functions
    """
    body = body_of(known, arguments)
    value = exp.Subquery(this=body) if isinstance(body, exp.Query) else exp.Paren(this=body)
    return exp.Cast(this=value, to=exp.DataType.build(known.returns, dialect="snowflake"))


def body_of(known: Signature, arguments: Sequence[exp.Expression]) -> exp.Expression:
    text = known.body.strip().rstrip(";")
    query = text.lstrip("( ")[:6].upper().startswith(("SELECT", "WITH", "VALUES"))
    body = parse(text) if query else parse(f"SELECT {text}").expressions[0]
    values = {
        a.name: exp.Cast(this=v.copy(), to=exp.DataType.build(a.type, dialect="snowflake"))
        for a, v in zip(known.arguments, arguments, strict=True)
    }

    def filled(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and not node.table and text_of(node.this) in values:
            return values[text_of(node.this)].copy()
        return node

    return body.transform(filled)


def _unload(account: Account, name: Name) -> Sequence[Path]:
    for kind in ("FUNCTION", "PROCEDURE"):
        code = account.handlers.pop((kind, name), None)
        if code is not None:
            shutil.rmtree(code.folder, ignore_errors=True)
    return ()


droppable(SUBSYSTEM, "FUNCTION", "drop-function", _unload, " [<types...>]")
droppable(SUBSYSTEM, "PROCEDURE", "drop-procedure", _unload, " [<types...>]")


@SUBSYSTEM.statement(
    "{DESCRIBE|DESC} {FUNCTION|PROCEDURE} <name> [<types...>]", page="desc-function"
)
def describe_function(session: Session, parsed: Parsed) -> Result:
    kind = parsed["function"].upper()
    stored = access.need_object(session, kind, session.name(parsed["name"]))
    known = Signature.of(stored.properties)
    facts = {
        "signature": f"({_listed(known.arguments)})",
        "returns": known.returns or f"TABLE ({_listed(known.columns or [])})",
        "language": known.language,
        "null handling": "RETURNS NULL ON NULL INPUT" if known.strict else "CALLED ON NULL INPUT",
        "volatility": "VOLATILE",
        "body": known.body or None,
        "imports": "[" + ", ".join(known.imports) + "]",
        "handler": known.handler or None,
        "runtime_version": "3.11" if known.language == "PYTHON" else None,
        "packages": "[" + ", ".join(f"'{p}'" for p in known.packages) + "]",
    }
    rows: list[dict[str, object]] = [{"property": k, "value": v} for k, v in facts.items()]
    return Result(table_of(rows, {"property": TEXT, "value": TEXT}))


def _listed(arguments: Sequence[Argument]) -> str:
    return ", ".join(f"{a.name} {a.type}" for a in arguments)


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
        **dict.fromkeys(("name", "schema_name", "is_builtin", "is_aggregate", "is_ansi"), TEXT),
        **dict.fromkeys(("min_num_arguments", "max_num_arguments", "arguments"), TEXT),
        **dict.fromkeys(("description", "catalog_name", "is_table_function"), TEXT),
        **dict.fromkeys(("valid_for_clustering", "is_secure", "secrets"), TEXT),
        **dict.fromkeys(("external_access_integrations", "is_external_function", "language"), TEXT),
    }
    if parsed["functions"].upper() == "PROCEDURES":
        columns.pop("language")
    kind = parsed["functions"].upper().removesuffix("S")
    rows = [_shown(o) for o in shown(session, parsed, kind)]
    return Result(table_of(rows, columns))


def _shown(stored: Object) -> dict[str, object]:
    known = Signature.of(stored.properties)
    required = [a for a in known.arguments if a.default is None]
    types = ", ".join(a.type.split("(")[0] for a in known.arguments)
    returns = known.returns or f"TABLE ({_listed(known.columns or [])})"
    return common(stored) | {
        "arguments": f"{stored.name.name}({types}) RETURN {returns}",
        "catalog_name": stored.name.database,
        "language": known.language,
        "description": stored.comment or f"user-defined {stored.kind.lower()}",
        "is_builtin": "N",
        "is_aggregate": "Y" if known.aggregate else "N",
        "is_ansi": "N",
        "is_table_function": "N" if known.columns is None else "Y",
        "is_secure": "N",
        "is_external_function": "N",
        "valid_for_clustering": "N",
        "min_num_arguments": str(len(required)),
        "max_num_arguments": str(len(known.arguments)),
    }
