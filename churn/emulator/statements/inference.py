"""MODEL(m, v)!method(...): inference in SQL, which runs the packaged model."""

from __future__ import annotations

import hashlib
import inspect
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import compilation, invalid, unsupported
from churn.emulator.statements.model_versions import folder_of, need_version
from churn.emulator.statements.packages import Method, package_of, predictions
from churn.emulator.translation.arguments import table_node, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("inference")


@SUBSYSTEM.session_rewrite(exp.ModelAttribute)
def inference(session: Session, node: exp.Expression) -> exp.Expression:
    """MODEL(m, v)!method(...) and m!method(...): an object; of a table function, its columns.

    https://docs.snowflake.com/en/sql-reference/commands-model#calling-model-methods-in-sql
    """
    folder, method, arguments = _call(session, node)
    parent = node.parent
    if isinstance(parent, exp.TableFromRows):
        _expand(parent, _by_row(session, folder, method, arguments))
        return node
    if method.is_table:
        raise invalid(f"{method.name} is a table function: use it in FROM TABLE(...)")
    result = _at_once(session, node, folder, method, arguments)
    result = result or _by_row(session, folder, method, arguments)
    field = _field(node, method)
    if field is not None:
        typed = exp.Anonymous(
            this="struct_extract", expressions=[result, exp.Literal.string(field[1])]
        )
        field[0].replace(typed)
        return node
    return exp.Anonymous(this="_fs_global._emulator.object_of", expressions=[result])


def _field(node: exp.Expression, method: Method) -> tuple[exp.Expression, str] | None:
    """The extraction around it, where a CAST gives the value its type: no JSON in between."""
    parent = node.parent
    if not isinstance(parent, exp.JSONExtract) or not isinstance(parent.parent, exp.Cast):
        return None
    keys = [p.this for p in parent.expression.expressions if isinstance(p, exp.JSONPathKey)]
    known = [name for name, _ in method.outputs]
    return (parent, keys[0]) if len(keys) == 1 and keys[0] in known else None


def _call(session: Session, node: exp.Expression) -> tuple[Path, Method, list[exp.Expression]]:
    """What is called: the version's folder, its method, the arguments in the method's order."""
    account, target, call = session.account, node.this, node.expression
    chosen = None
    if isinstance(target, exp.Anonymous) and str(target.this).upper() == "MODEL":
        written = target.expressions[0].sql(dialect="snowflake")
        if len(target.expressions) > 1:
            chosen = _version_name(session, target.expressions[1])
    else:
        written = target.sql(dialect="snowflake")
    model = access.need_object(session, "MODEL", session.name(written), "USAGE")
    version = need_version(account, model, chosen or model["default"])
    package = package_of(folder_of(account, version))
    name = str(call.this) if call.args.get("quoted") else str(call.this).upper()
    method = package.methods.get(name)
    if method is None:
        raise compilation(
            f"Unknown function {name} of model {model.name} version {version.name.name}; "
            f"it has {', '.join(package.methods)}.",
            2140,
            "42601",
        )
    return package.folder, method, _arguments(method, call.expressions)


def _version_name(session: Session, node: exp.Expression) -> str:
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "IDENTIFIER":
        node = node.expressions[0]
    if isinstance(node, exp.Parameter):
        return str(session.variables.get(text_of(node.this).upper(), ""))
    return text_of(node)


def _arguments(method: Method, given: list[exp.Expression]) -> list[exp.Expression]:
    """By position or by name, cast to the signature's types."""
    if len(given) != len(method.inputs):
        raise compilation(
            f"Invalid argument types for function {method.name}: it takes {len(method.inputs)} "
            f"arguments ({', '.join(n for n, _ in method.inputs)}), found {len(given)}.",
            1044,
            "42P13",
        )
    named = {text_of(a.this).upper(): a.expression for a in given if isinstance(a, exp.Kwarg)}
    if named and len(named) != len(given):
        raise invalid("arguments are all by position or all by name")
    casts = []
    for i, (name, kind) in enumerate(method.inputs):
        if named and name.upper() not in named:
            raise compilation(f"Missing argument {name} of {method.name}.", 1044, "42P13")
        value = named[name.upper()] if named else given[i]
        to = exp.DataType.build(kind, dialect="duckdb")
        cast = exp.Cast(this=value.copy(), to=to)
        cast.meta["exact"] = True
        casts.append(cast)
    return casts


def _by_row(
    session: Session, folder: Path, method: Method, arguments: list[exp.Expression]
) -> exp.Expression:
    """The method as a function of DuckDB, which calls it with batches of rows."""
    digest = hashlib.sha256(f"{folder}:{method.name}".encode()).hexdigest()[:24]
    known = f"__model_{digest}"
    duck = session.cursor.duck
    there = duck.execute(
        "SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [known]
    ).fetchone()
    if there is None:

        def call(*columns: Any) -> pa.StructArray:
            return predictions(session.account, folder, method, columns)

        call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(f"a{i}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
                for i in range(len(method.inputs))
            ]
        )
        session.account.tables.create_function(
            duck, known, call, [kind for _, kind in method.inputs], _struct(duck, method)
        )
    return exp.Anonymous(this=known, expressions=arguments)


def _struct(duck: Any, method: Method) -> Any:
    return duck.struct_type({name: duck.type(kind) for name, kind in method.outputs})


def _expand(source: exp.Expression, call: exp.Expression) -> None:
    """FROM x, TABLE(m!f(...)): the rows of x with the function's columns."""
    join = source.parent
    select = join.parent if isinstance(join, exp.Join) else None
    if not isinstance(select, exp.Select):
        raise unsupported("TABLE(MODEL(...)!f(...)) without a table before it")
    if source.find(exp.Window):
        raise unsupported("TABLE(MODEL(...)!f(...) OVER (PARTITION BY ...))")
    inner = exp.Select(expressions=[exp.Star(), exp.Anonymous(this="unnest", expressions=[call])])
    inner.meta["named"] = True
    inner.set("from_", select.args["from_"].copy())
    select.set(
        "from_",
        exp.From(
            this=exp.Subquery(
                this=inner, alias=exp.TableAlias(this=exp.to_identifier("_explained", quoted=True))
            )
        ),
    )
    select.args["joins"].remove(join)


def _at_once(
    session: Session,
    node: exp.Expression,
    folder: Path,
    method: Method,
    arguments: list[exp.Expression],
) -> exp.Expression | None:
    """The whole source scored in one call and spliced in, where a query reads one source.

    DuckDB calls a function for each 2,048 rows, which costs more than many a model.
    """
    select = node.find_ancestor(exp.Select)
    if not session.computing or select is None or not _reads_one_source(select):
        return None
    source = select.args["from_"].this
    names = [f"__argument_{i}" for i in range(len(arguments))]
    query = exp.Select(
        expressions=[
            exp.Star(),
            *(exp.alias_(a.copy(), n, quoted=True) for a, n in zip(arguments, names, strict=True)),
        ]
    ).from_(source.copy())
    where = select.args.get("where")
    if where is not None and not where.find(exp.ModelAttribute):
        query.set("where", where.copy())
        select.set("where", None)
    for scope in _scopes(select):
        for cte in scope.expressions:
            query = query.with_(cte.args["alias"].copy(), as_=cte.this.copy(), append=True)
    rows = session.cursor.run(query)
    scored = predictions(session.account, folder, method, [rows.column(n) for n in names])
    result = f"__result_{uuid.uuid4().hex[:8]}"
    spliced = table_node(session.register(rows.drop_columns(names).append_column(result, scored)))
    alias = source.alias_or_name
    if alias:
        spliced.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        written = source.args["alias"].this if source.args.get("alias") else source.this
        if isinstance(written, exp.Identifier) and not written.quoted:
            spliced.args["alias"].this.set("this", alias.upper())
    select.set("from_", exp.From(this=spliced))
    hidden = exp.to_identifier(result, quoted=True)
    for item in select.expressions:
        for star in item.find_all(exp.Star) if item.is_star else ():
            star.set("except_", [*(star.args.get("except_") or []), hidden.copy()])
    return exp.column(hidden.copy())


def _reads_one_source(select: exp.Select) -> bool:
    """One table or subquery, on its own: nothing in it refers to a query around it."""
    plain = not any(select.args.get(k) for k in ("joins", "laterals", "pivots", "sample"))
    if not plain or not select.args.get("from_") or select.root().find(exp.Placeholder):
        return False
    within: exp.Expression = select
    while (parent := within.parent) is not None:
        if isinstance(
            parent, exp.Where | exp.Having | exp.Alias | exp.Join | exp.Lateral | exp.Condition
        ) and not isinstance(parent, exp.Subquery):
            return False
        within = parent
    return True


def _scopes(select: exp.Select) -> list[exp.With]:
    """The WITH clauses that the query sees, the outermost first."""
    clauses = []
    within: exp.Expression | None = select
    while within is not None:
        if isinstance(within.args.get("with_"), exp.With):
            clauses.append(within.args["with_"])
        within = within.parent
    return clauses[::-1]
