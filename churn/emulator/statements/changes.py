"""UPDATE, DELETE, MERGE, INSERT ALL."""

from __future__ import annotations

import re

import pyarrow as pa
from sqlglot import exp

from churn.emulator.account.account import Account, Session
from churn.emulator.account.relations import columns_of, need_relation
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, unsupported
from churn.emulator.language.parser import parse
from churn.emulator.language.results import Kind, Parsed, Result
from churn.emulator.translation.arguments import table_node, text_of

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("changes")

INSERTED = "number of rows inserted"
UPDATED = "number of rows updated"
DELETED = "number of rows deleted"
MULTI_JOINED = "number of multi-joined rows updated"

DUPLICATE = 100090


@SUBSYSTEM.statement("UPDATE <name> <rest...>", page="update", kind=Kind.UPDATE)
def update(session: Session, parsed: Parsed) -> Result:
    """Rows that several rows of FROM would change are counted, or refused."""
    tree = parse(parsed.text)
    for change in tree.expressions:
        assign(change)
    twice = multi_joined(tree)
    several = 0
    if twice is not None:
        several = int(session.cursor.run(twice, parsed.parameters).column(0)[0].as_py())
        fails = str(session.parameters.get("ERROR_ON_NONDETERMINISTIC_UPDATE", "false"))
        if several and fails.lower() == "true":
            raise SqlError("Duplicate row detected during DML action", DUPLICATE, "42P18")
    table = session.cursor.run(tree, parsed.parameters)
    return Result(pa.table({UPDATED: table.column(0), MULTI_JOINED: [several]}), Kind.UPDATE)


def assign(change: exp.Expression) -> None:
    """SET t.a = DEFAULT as DuckDB writes it: a bare column, and a word."""
    column, value = change.this, change.expression
    if isinstance(column, exp.Column):
        change.set("this", exp.Column(this=column.this.copy()))
    if isinstance(value, exp.Column) and not value.table and value.sql().upper() == "DEFAULT":
        change.set("expression", exp.Var(this="DEFAULT"))


def multi_joined(tree: exp.Expression) -> exp.Expression | None:
    """The query that counts the rows of an UPDATE's table that several rows of FROM match.

    https://docs.snowflake.com/en/sql-reference/sql/update
    """
    source = tree.args.get("from_")
    if source is None:
        return None
    target = tree.this.copy()
    name = target.alias_or_name
    quoted = target.find(exp.TableAlias) or target
    row = exp.column("rowid", table=quoted.this.copy() if name else None)
    matched = exp.select(row).from_(target)
    matched.append("joins", exp.Join(this=source.this.copy(), kind="CROSS"))
    for join in source.args.get("joins") or tree.args.get("joins") or ():
        matched.append("joins", join.copy())
    if where := tree.args.get("where"):
        matched.set("where", where.copy())
    grouped = matched.group_by(row.copy()).having("COUNT(*) > 1")
    return exp.select("COUNT(*)").from_(grouped.subquery("_matched"))


@SUBSYSTEM.statement("DELETE FROM <name> [<rest...>]", page="delete", kind=Kind.DELETE)
def delete(session: Session, parsed: Parsed) -> Result:
    return Result(session.cursor.run(parse(parsed.text), parsed.parameters), Kind.DELETE)


BY_NAME = re.compile(r"\b(UPDATE|INSERT)\s+ALL\s+BY\s+NAME\b", re.IGNORECASE)
MARK = "__ALL_BY_NAME__"


@SUBSYSTEM.statement("MERGE INTO <name> <rest...>", page="merge", kind=Kind.MERGE)
def merge(session: Session, parsed: Parsed) -> Result:
    """Counts only for the kinds of clauses that it has, in Snowflake's order."""
    tree = parse(BY_NAME.sub(_marked, parsed.text))
    whens = tree.args["whens"].expressions
    for when in whens:
        _named(session, tree, when)
        if isinstance(then := when.args["then"], exp.Update):
            for change in then.expressions:
                assign(change)
    actions = {action(when) for when in whens}
    done = _merged(session, tree, parsed)
    words = {INSERTED: "INSERT", UPDATED: "UPDATE", DELETED: "DELETE"}
    table = {name: [done[word]] for name, word in words.items() if word in actions}
    return Result(pa.table(table), Kind.MERGE)


def _marked(match: re.Match[str]) -> str:
    if match[1].upper() == "UPDATE":
        return f"UPDATE SET {MARK} = NULL"
    return f"INSERT ({MARK}) VALUES (NULL)"


def _named(session: Session, tree: exp.Expression, when: exp.Expression) -> None:
    """ALL BY NAME: each column of the table from the column of its name in the source."""
    then = when.args["then"]
    if not any(text_of(i) == MARK for i in then.find_all(exp.Identifier)):
        return
    bare = tree.this.copy()
    bare.set("alias", None)
    target = session.name(bare.sql(dialect="snowflake"))
    need_relation(session.account, target, "Table")
    source = tree.args["using"]
    alias = source.args.get("alias")
    of = alias.this if alias else source.this
    names = [exp.to_identifier(c["name"], quoted=True) for c in columns_of(session.account, target)]
    values = [exp.Column(this=n.copy(), table=of.copy()) for n in names]
    if isinstance(then, exp.Update):
        pairs = zip(names, values, strict=True)
        then.set("expressions", [exp.EQ(this=exp.Column(this=n), expression=v) for n, v in pairs])
    else:
        then.set("this", exp.Tuple(expressions=[exp.Column(this=n) for n in names]))
        then.set("expression", exp.Tuple(expressions=values))


def action(when: exp.Expression) -> str:
    match when.args["then"]:
        case exp.Insert():
            return "INSERT"
        case exp.Update():
            return "UPDATE"
        case _:
            return "DELETE"


def _merged(session: Session, tree: exp.Expression, parsed: Parsed) -> dict[str, int]:
    """How many rows each action changed."""
    whens = tree.args["whens"].expressions
    only_deletes = all(action(w) == "DELETE" for w in whens if w.args.get("matched"))
    try:
        done = session.cursor.merge(tree.copy(), parsed.parameters)
        return {word: done.count(word) for word in ("INSERT", "UPDATE", "DELETE")}
    except SqlError as error:
        if error.number != DUPLICATE:
            raise
        fails = str(session.parameters.get("ERROR_ON_NONDETERMINISTIC_MERGE", "true")).lower()
        if fails != "true" and not only_deletes:
            raise unsupported(
                "a MERGE that is not deterministic under ERROR_ON_NONDETERMINISTIC_MERGE = FALSE"
            ) from None
        if not only_deletes or parsed.parameters:
            raise
    return _deleted_and_inserted(session, tree)


def _deleted_and_inserted(session: Session, tree: exp.Expression) -> dict[str, int]:
    """A MERGE whose deletes hit a row several times, which DuckDB's own refuses.

    https://docs.snowflake.com/en/sql-reference/sql/merge#deterministic-and-nondeterministic-results
    """
    target, source, on = tree.this, tree.args["using"], tree.args["on"]
    done = {"INSERT": 0, "UPDATE": 0, "DELETE": 0}
    matches = exp.select("1").from_(target.copy()).where(on.copy())
    rest: exp.Expression = exp.not_(exp.Exists(this=matches))
    inserts: list[exp.Expression] = []
    for when in tree.args["whens"].expressions:
        if action(when) == "INSERT":
            then, condition = when.args["then"], when.args.get("condition")
            chosen = exp.and_(rest.copy(), condition.copy()) if condition else rest.copy()
            rows = exp.Select(expressions=[e.copy() for e in then.expression.expressions])
            rows = rows.from_(source.copy()).where(chosen)
            into = exp.Table(this=target.this.copy(), db=target.args.get("db"),
                             catalog=target.args.get("catalog"))  # fmt: skip
            columns = [c.this.copy() for c in then.this.expressions] if then.this else []
            schema = exp.Schema(this=into, expressions=columns) if columns else into
            inserts.append(exp.Insert(this=schema, expression=rows))
            if condition:
                rest = exp.and_(rest, exp.not_(exp.paren(condition.copy())))
    conditions = [
        when.args.get("condition") or exp.true()
        for when in tree.args["whens"].expressions
        if action(when) == "DELETE"
    ]
    removed = exp.Delete(
        this=target.copy(),
        using=[source.copy()],
        where=exp.Where(this=exp.and_(on.copy(), exp.or_(*(c.copy() for c in conditions)))),
    )
    registered = [(i, table_node(session.register(session.cursor.run(i.expression.copy()))))
                  for i in inserts]  # fmt: skip
    done["DELETE"] = int(session.cursor.run(removed).column(0)[0].as_py())
    for insert, rows in registered:
        insert.set("expression", exp.select("*").from_(rows))
        done["INSERT"] += int(session.cursor.run(insert).column(0)[0].as_py())
    return done


@SUBSYSTEM.statement(
    "INSERT [OVERWRITE] {ALL|FIRST} <rest...>", page="insert-multi-table", kind=Kind.INSERT
)
def insert_several(session: Session, parsed: Parsed) -> Result:
    """INSERT ALL and INSERT FIRST: the source is read once."""
    if parsed.has("overwrite"):
        raise unsupported("INSERT OVERWRITE ALL")
    tree = parse(parsed.text)
    if not isinstance(tree, exp.MultitableInserts):
        raise compilation("syntax error in INSERT ALL", 1003, "42000")
    rows = session.register(session.cursor.run(tree.args["source"], parsed.parameters))
    first = str(tree.args["kind"]).upper() == "FIRST"
    done: dict[str, list[int]] = {}
    before: list[exp.Expression] = []
    for each in tree.expressions:
        condition = each.args.get("expression")
        if each.args.get("else_"):
            chosen: exp.Expression = exp.not_(exp.or_(*(c.copy() for c in before)))
        elif condition is None:
            chosen = exp.true() if not before else before[-1]
        else:
            chosen = exp.paren(condition.copy())
            if first and before:
                chosen = exp.and_(chosen, exp.not_(exp.or_(*(c.copy() for c in before))))
            before.append(exp.paren(condition.copy()))
        into = each.this
        values = into.expression
        columns = (
            values.expressions[0].expressions if isinstance(values, exp.Values) else [exp.Star()]
        )
        query = (
            exp.Select(expressions=[c.copy() for c in columns])
            .from_(table_node(rows))
            .where(chosen)
        )
        count = session.cursor.run(exp.Insert(this=into.this.copy(), expression=query))
        name = into.this.find(exp.Table).name.upper()
        key = f"number of rows inserted into {name}"
        done[key] = [done.get(key, [0])[0] + int(count.column(0)[0].as_py())]
    return Result(pa.table(done), Kind.INSERT)
