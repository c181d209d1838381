"""Table functions that were created here, in FROM TABLE(...): computed before the query runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import invalid, unsupported
from churn.emulator.statements.functions import body_of, bound, stored_function
from churn.emulator.statements.python_code import failure, imported, load
from churn.emulator.statements.python_functions import series
from churn.emulator.statements.python_values import Type, type_of
from churn.emulator.statements.signatures import Signature
from churn.emulator.translation.arguments import table_node

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("function_tables")

ROW = "__ROW"
"""The column by which the rows of a function are joined to those it was called with."""


@dataclass(frozen=True)
class Call:
    """A call of a table function: its arguments, and how OVER groups and orders its rows."""

    stored: Object
    known: Signature
    arguments: list[exp.Expression]
    partition: list[exp.Expression]
    order: list[exp.Expression]

    @property
    def lateral(self) -> bool:
        every = (*self.arguments, *self.partition, *self.order)
        return any(e.find(exp.Column) for e in every)

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.known.columns or ()]


@SUBSYSTEM.session_rewrite(exp.Select, first=True)
def function_tables(session: Session, node: exp.Expression) -> exp.Expression:
    """FROM TABLE(f(1)), and FROM t, TABLE(f(t.a) OVER (PARTITION BY t.b)).

    https://docs.snowflake.com/en/developer-guide/udf/udf-calling-sql#calling-a-udtf
    """
    source = node.args.get("from_")
    for i, place in enumerate([source, *(node.args.get("joins") or [])]):
        if place is None:
            continue
        _without_parentheses(place)
        if _procedure(session, place):
            continue
        call = _call(session, place.this)
        if call is None:
            continue
        alias = place.this.args.get("alias")
        if call.known.language == "SQL":
            place.set("this", _of_query(call, alias))
            continue
        if not session.computing and not session.describing:
            raise unsupported(f"a view of the table function {call.stored.name}")
        if i == 0 or not call.lateral:
            rows = session.computing and _called_once(session, call)
            place.set("this", _registered(session, call, alias, rows or []))
        else:
            _joined(session, node, place, call, i)
    return node


def _without_parentheses(place: exp.Expression) -> None:
    """FROM (TABLE(f(1))) is FROM TABLE(f(1))."""
    inner = place.this
    if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.TableFromRows):
        table = inner.this
        if inner.args.get("alias"):
            table.set("alias", inner.args["alias"].copy())
        place.set("this", table)


def _procedure(session: Session, place: exp.Expression) -> bool:
    """FROM TABLE(p(1)) of a procedure: what CALL p(1) returns.

    https://docs.snowflake.com/en/sql-reference/sql/call
    """
    node = place.this
    stored = isinstance(node, exp.TableFromRows) and stored_function(
        session, node.this, "PROCEDURE"
    )
    if not stored:
        return False
    text = f"CALL {node.this.sql(dialect='snowflake')}"
    computing, describing = session.computing, session.describing
    result = execution.run(session, text, describe=not computing)
    session.computing, session.describing = computing, describing
    table = table_node(session.register(result.table))
    if node.args.get("alias"):
        table.set("alias", node.args["alias"].copy())
    place.set("this", table)
    return True


def _call(session: Session, node: exp.Expression) -> Call | None:
    if not isinstance(node, exp.TableFromRows | exp.Lateral):
        return None
    called = node.this
    window = called if isinstance(called, exp.Window) else None
    called = called.this if isinstance(called, exp.Window) else called
    stored = stored_function(session, called)
    if stored is None:
        return None
    access.need(session, "FUNCTION", stored.name, "USAGE")
    known = Signature.of(stored.properties)
    if known.columns is None:
        raise invalid(f"{stored.name.name} is not a table function")
    function = called.parts[-1] if isinstance(called, exp.Dot) else called
    order = window.args.get("order") if window else None
    return Call(
        stored,
        known,
        bound(stored.name, known, function.expressions),
        list(window.args.get("partition_by") or []) if window else [],
        [o.this for o in order.expressions] if order else [],
    )


def _of_query(call: Call, alias: exp.TableAlias | None) -> exp.Expression:
    """The query of a function in SQL, under the names that it declares."""
    names = [exp.to_identifier(n, quoted=True) for n in call.names]
    known = alias.copy() if alias else exp.TableAlias(this=exp.to_identifier(call.stored.name.name))
    if not known.args.get("columns"):
        known.set("columns", names)
    return exp.Subquery(this=body_of(call.known, call.arguments), alias=known)


def _called_once(session: Session, call: Call) -> list[tuple[int, tuple[Any, ...]]]:
    """The rows of a call with constants."""
    values: list[Any] = []
    if call.arguments:
        query = exp.Select(expressions=[a.copy() for a in call.arguments])
        values = [c[0].as_py() for c in session.cursor.run(query).columns]
    kinds = [type_of(a.type) for a in call.known.arguments]
    row = [k.into_python(v) for k, v in zip(kinds, values, strict=True)]
    return [(0, out) for _, out in _run(session, call, [[row]])]


def _run(
    session: Session, call: Call, partitions: Sequence[Sequence[Sequence[Any]]]
) -> Iterator[tuple[tuple[int, int | None], tuple[Any, ...]]]:
    """What the handler gives: for (partition, row in it), or (partition, None) at its end."""
    code = load(session, call.stored)
    try:
        with imported(code.folder):
            for number, rows in enumerate(partitions):
                handler = code.handler()
                for place, out in _partition(handler, call, rows):
                    yield (number, place), out
    except Exception as error:
        raise failure(error, call.stored.name.name, call.known.handler) from error


def _partition(
    handler: Any, call: Call, rows: Sequence[Sequence[Any]]
) -> Iterator[tuple[int | None, tuple[Any, ...]]]:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-tabular-functions"""
    process: Any = getattr(handler, "process", None)
    end: Any = getattr(handler, "end_partition", None)
    width = len(call.names)
    if hasattr(process, "_sf_vectorized_input"):
        yield from ((i % max(len(rows), 1), out) for i, out in enumerate(
            _frames(process(_frame(call, rows)), width)))  # fmt: skip
    elif process is not None:
        for i, row in enumerate(rows):
            for out in process(*row) or ():
                yield i, _row(out, width)
    if hasattr(end, "_sf_vectorized_input"):
        yield from ((None, out) for out in _frames(end(_frame(call, rows)), width))
    elif end is not None:
        yield from ((None, _row(out, width)) for out in end() or ())


def _frame(call: Call, rows: Sequence[Sequence[Any]]) -> Any:
    import pandas as pd

    columns = [list(c) for c in zip(*rows, strict=True)] or [[] for _ in call.arguments]
    declared = zip(call.known.arguments, columns, strict=True)
    return pd.DataFrame({a.name: series(c, type_of(a.type)) for a, c in declared})


def _frames(results: Any, width: int) -> Iterator[tuple[Any, ...]]:
    """The rows of one DataFrame, or of several, or of a tuple of columns."""
    import pandas as pd

    if results is None:
        return
    if isinstance(results, tuple):
        yield from zip(*results, strict=True)
        return
    for frame in [results] if isinstance(results, pd.DataFrame) else results:
        if isinstance(frame, tuple):
            yield from zip(*frame, strict=True)
            continue
        for row in frame.itertuples(index=False, name=None):
            yield _row(row, width)


def _row(out: Any, width: int) -> tuple[Any, ...]:
    row = tuple(out) if isinstance(out, tuple | list) else (out,)
    if len(row) != width:
        raise ValueError(f"the handler gave {len(row)} columns, {width} are declared")
    return row


def _outputs(call: Call, rows: Sequence[tuple[int, tuple[Any, ...]]]) -> pa.Table:
    columns = {}
    for i, column in enumerate(call.known.columns or ()):
        array = type_of(column.type).array([out[i] for _, out in rows])
        columns[column.name] = _document(array, type_of(column.type))
    return pa.table(columns)


def _document(array: pa.Array, kind: Type) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.json_(), array) if kind.document else array


def _registered(
    session: Session,
    call: Call,
    alias: exp.TableAlias | None,
    rows: Sequence[tuple[int, tuple[Any, ...]]],
    *,
    numbered: bool = False,
) -> exp.Table:
    table = _outputs(call, rows)
    if numbered:
        table = table.append_column(ROW, pa.array([n for n, _ in rows], pa.int64()))
    node = table_node(session.register(table))
    if alias is not None:
        node.set("alias", alias.copy())
    return node


def _joined(
    session: Session, select: exp.Expression, place: exp.Expression, call: Call, number: int
) -> None:
    """Call the function with each row of what stands before it, and join what it gives."""
    if number > 1:
        raise unsupported(f"TABLE({call.stored.name.name}(...)) behind several tables")
    source = select.args["from_"]
    alias = place.this.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_function"))
    left_name = source.this.alias_or_name or "_left"
    rows, right = _none(call) if session.describing else _every(session, select, call)
    if rows is not None:
        left = table_node(session.register(rows))
        quoted = source.this.args.get("alias")
        left.set(
            "alias",
            quoted.copy() if quoted else exp.TableAlias(this=_identifier(source.this, left_name)),
        )
        source.set("this", left)
    node = _registered(session, call, alias, right, numbered=rows is not None)
    on = exp.true() if rows is None else exp.EQ(
        this=exp.column(exp.to_identifier(ROW, quoted=True), table=_name_of(source.this)),
        expression=exp.column(exp.to_identifier(ROW, quoted=True), table=alias.this.copy()),
    )  # fmt: skip
    place.replace(exp.Join(this=node, on=on))
    for star in [] if rows is None else select.expressions:
        _without_number(star)


def _identifier(table: exp.Expression, name: str) -> exp.Expression:
    if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
        return table.this.copy()
    return exp.to_identifier(name, quoted=True)


def _name_of(table: exp.Expression) -> exp.Expression:
    return table.args["alias"].this.copy()


def _without_number(item: exp.Expression) -> None:
    star = item.this if isinstance(item, exp.Column) else item
    if isinstance(star, exp.Star):
        excluded = list(star.args.get("except_") or [])
        star.set("except_", [*excluded, exp.to_identifier(ROW, quoted=True)])


def _none(call: Call) -> tuple[None, list[tuple[int, tuple[Any, ...]]]]:
    return None, []


def _every(
    session: Session, select: exp.Expression, call: Call
) -> tuple[pa.Table, list[tuple[int, tuple[Any, ...]]]]:
    """The rows before the function, numbered, and what it gives for them by these numbers."""
    extra = [*call.arguments, *call.partition, *call.order]
    named = [exp.alias_(e.copy(), f"__V{i}", quoted=True) for i, e in enumerate(extra)]
    query = exp.Select(expressions=[exp.Star(), *named])
    query.set("from_", select.args["from_"].copy())
    if known := _ctes(select):
        query.set("with_", exp.With(expressions=known))
    table = session.cursor.run(query)
    width = table.num_columns - len(extra)
    left, values = (
        table.select(list(range(width))),
        table.select(list(range(width, table.num_columns))),
    )
    cells = [c.to_pylist() for c in values.columns]
    groups = _groups(call, cells, table.num_rows)
    kinds = [type_of(a.type) for a in call.known.arguments]
    partitions = [
        [[k.into_python(cells[j][row]) for j, k in enumerate(kinds)] for row in rows]
        for rows in groups
    ]
    outputs: list[tuple[int, tuple[Any, ...]]] = []
    ends: dict[int, int] = {}
    for (number, place), out in _run(session, call, partitions):
        if place is not None:
            outputs.append((groups[number][place], out))
        else:
            end = ends.setdefault(number, table.num_rows + len(ends))
            outputs.append((end, out))
    firsts = [groups[number][0] for number in ends]
    rows = pa.concat_tables([left, _of_ends(left, call, firsts)])
    return rows.append_column(ROW, pa.array(range(rows.num_rows), pa.int64())), outputs


def _ctes(select: exp.Expression) -> list[exp.Expression]:
    """The common table expressions that the query can name."""
    known: list[exp.Expression] = []
    node: exp.Expression | None = select
    while node is not None:
        with_ = node.args.get("with_")
        inside = select.find_ancestor(exp.CTE)
        if with_ is not None:
            known = [c.copy() for c in with_.expressions if c is not inside] + known
        node = node.parent
    return known


def _groups(call: Call, cells: Sequence[Sequence[Any]], count: int) -> list[list[int]]:
    """The numbers of the rows of each partition, in order."""
    start = len(call.arguments)
    keys = cells[start : start + len(call.partition)]
    orders = cells[start + len(call.partition) :]
    groups: dict[Any, list[int]] = {}
    for row in range(count):
        groups.setdefault(tuple(str(k[row]) for k in keys), []).append(row)
    if orders:
        for rows in groups.values():
            rows.sort(
                key=lambda r: tuple((o[r] is None, o[r] if o[r] is not None else 0) for o in orders)
            )
    return list(groups.values())


def _of_ends(left: pa.Table, call: Call, firsts: list[int]) -> pa.Table:
    """The rows beside those of end_partition: of the columns of PARTITION BY, and NULL."""
    keys = {p.name.upper() for p in call.partition if isinstance(p, exp.Column)}
    columns = [
        left.column(i).take(pa.array(firsts, pa.int64()))
        if name.upper() in keys
        else pa.chunked_array([pa.nulls(len(firsts), left.schema.field(i).type)])
        for i, name in enumerate(left.column_names)
    ]
    return pa.Table.from_arrays(columns, schema=left.schema)
