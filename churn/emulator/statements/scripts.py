"""EXECUTE IMMEDIATE, anonymous blocks, and the bodies of procedures in SQL."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from churn.emulator.account import execution
from churn.emulator.account.account import Account, Session
from churn.emulator.language.clauses import split
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, compilation, invalid, unsupported
from churn.emulator.language.results import Kind, Parsed, Result
from churn.emulator.language.scripting import Step, block
from churn.emulator.language.text import TOKENS, quote
from churn.emulator.statements.signatures import Signature

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("scripts")

ANONYMOUS = "anonymous block"


@SUBSYSTEM.statement(
    "EXECUTE IMMEDIATE <text...>",
    page="execute-immediate",
    limits="Blocks: DECLARE, LET, assignment, IF, FOR, WHILE, LOOP, REPEAT, RETURN, EXCEPTION, "
    "RESULTSET, EXECUTE IMMEDIATE. FETCH, CASE and asynchronous jobs are refused.",
    kind=Kind.QUERY,
)
def execute_immediate(session: Session, parsed: Parsed) -> Result:
    if parsed.describe:
        return Result(pa.table({ANONYMOUS: pa.array([], pa.string())}), Kind.QUERY)
    using = re.search(r"\s+USING\s*\((.*)\)\s*$", parsed["text"], re.IGNORECASE | re.DOTALL)
    written = parsed["text"][: using.start()] if using else parsed["text"]
    names = split(using[1]) if using else []
    values = [session.variables.get(n.strip().lstrip("$").upper()) for n in names]
    text = execution.query(session, f"SELECT {written}", parsed.parameters).column(0)[0].as_py()
    return immediate(session, str(text), values)


def immediate(session: Session, text: str, values: Sequence[Any] = ()) -> Result:
    """One statement, or a block."""
    text = text.strip()
    if is_block(text):
        return run_block(session, text)
    return execution.run(session, text.rstrip(";"), list(values))


def is_block(text: str) -> bool:
    return (
        re.match(r"(DECLARE|BEGIN)\b(?!\s*(;|$|TRANSACTION\b|WORK\b|NAME\b))", text, re.IGNORECASE)
        is not None
    )


@SUBSYSTEM.statement(
    "BEGIN <block...>", "DECLARE <block...>", page="snowflake-scripting/begin", kind=Kind.QUERY
)
def anonymous_block(session: Session, parsed: Parsed) -> Result:
    if not is_block(parsed.text):
        raise compilation(f"syntax error unexpected '{parsed.text[:40]}'", 1003, "42000")
    if parsed.describe:
        return Result(pa.table({ANONYMOUS: pa.array([], pa.string())}), Kind.QUERY)
    return run_block(session, parsed.text)


def run_block(session: Session, text: str) -> Result:
    return _Run(session, ANONYMOUS).whole(block(text))


def run_procedure(session: Session, known: Signature, shown: str, values: Sequence[Any]) -> Result:
    """The body of a procedure in SQL, with its arguments."""
    body = known.body.strip()
    run = _Run(session, shown, known.returns)
    for argument, value in zip(known.arguments, values, strict=True):
        run.variables[argument.name.upper()] = value
        run.kinds[argument.name.upper()] = argument.type
    if not is_block(body):
        raise unsupported("a procedure in SQL whose body is no block")
    return run.whole(block(body))


class _Return(Exception):  # noqa: N818
    def __init__(self, result: Result) -> None:
        self.result = result


class _Jump(Exception):  # noqa: N818
    """BREAK or CONTINUE."""

    def __init__(self, word: str) -> None:
        self.word = word


class _Run:
    """One run of a block: its variables and what they were declared as."""

    def __init__(self, session: Session, shown: str, returns: str = "") -> None:
        self.session, self.shown, self.returns = session, shown, returns
        self.variables: dict[str, Any] = {"SQLROWCOUNT": None, "SQLFOUND": None}
        self.kinds: dict[str, str] = {}

    def whole(self, tree: Step) -> Result:
        try:
            self.block(tree)
        except _Return as end:
            return end.result
        return Result(pa.table({self.shown: pa.nulls(1, pa.string())}), Kind.QUERY)

    def block(self, tree: Step) -> None:
        try:
            self.steps(tree.body)
        except SqlError as error:
            handler = next((b for c, b in tree.branches if self._handles(c)), None)
            if handler is None:
                raise
            self.variables |= {
                "SQLCODE": error.number,
                "SQLERRM": error.message,
                "SQLSTATE": error.state,
            }
            self.steps(handler)

    @staticmethod
    def _handles(condition: str) -> bool:
        return any(c.strip() in ("OTHER", "STATEMENT_ERROR") for c in condition.split(" OR "))

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            getattr(self, f"do_{step.word.lower()}")(step)

    def do_block(self, step: Step) -> None:
        self.block(step)

    def do_null(self, step: Step) -> None:
        pass

    def do_let(self, step: Step) -> None:
        if step.kind:
            self.kinds[step.name] = step.kind
        self.variables[step.name] = None
        if step.text:
            self.do_set(step)

    def do_set(self, step: Step) -> None:
        if step.name not in self.variables:
            raise compilation(f"invalid identifier '{step.name}'", 904, "42000")
        kind = self.kinds.get(step.name, "")
        if kind == "EXCEPTION":
            return
        if kind in ("RESULTSET", "CURSOR"):
            self.variables[step.name] = self.table(step.text)
        else:
            self.variables[step.name] = self.value(step.text, kind)

    def table(self, text: str) -> pa.Table:
        """The rows of `(query)`, `(EXECUTE IMMEDIATE ...)` or of another RESULTSET."""
        text = text.strip()
        text = text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text
        known = self.variables.get(text.upper())
        if isinstance(known, pa.Table):
            return known
        written = re.fullmatch(
            r"EXECUTE\s+IMMEDIATE\s+(.*?)(?:\s+USING\s*\((.*)\))?", text, re.IGNORECASE | re.DOTALL
        )
        if written is None:
            return self.run(self.filled(text)).table
        return self.immediate(written[1], written[2] or "").table

    def immediate(self, text: str, using: str) -> Result:
        values = [self.value(name) for name in split(using)]
        return immediate(self.session, str(self.value(text)), values)

    def do_execute(self, step: Step) -> None:
        self._note(self.immediate(step.text, step.more))

    def do_sql(self, step: Step) -> None:
        into = re.search(r"\bINTO\s+((?::\w+\s*,?\s*)+)", step.text, re.IGNORECASE)
        if into and step.text.lstrip()[:6].upper() in ("SELECT", "WITH"):
            text = step.text[: into.start()] + step.text[into.end() :]
            row = self.run(self.filled(text)).table
            for name, column in zip(re.findall(r":(\w+)", into[1]), row.columns, strict=True):
                self.variables[name.upper()] = column[0].as_py() if row.num_rows else None
            return
        self._note(self.run(self.filled(step.text)))

    def run(self, text: str) -> Result:
        return execution.run(self.session, text)

    def _note(self, result: Result) -> None:
        changed = result.kind in (Kind.INSERT, Kind.UPDATE, Kind.DELETE, Kind.MERGE)
        if changed and result.table.num_rows:
            rows = sum(
                c[0].as_py() for c in result.table.columns[: 1 + (result.kind is Kind.MERGE)]
            )
            self.variables |= {"SQLROWCOUNT": rows, "SQLFOUND": rows > 0}

    def do_return(self, step: Step) -> None:
        text = step.text.strip()
        table = re.fullmatch(r"TABLE\s*\((.*)\)", text, re.IGNORECASE | re.DOTALL)
        if table:
            raise _Return(Result(self.table(table[1]), Kind.QUERY))
        known = self.variables.get(text.upper())
        if isinstance(known, pa.Table):
            raise _Return(Result(known, Kind.QUERY))
        kind = self.returns or self.kinds.get(text.lstrip(":").upper(), "")
        row = self.evaluated(text or "NULL", kind)
        raise _Return(Result(row.rename_columns([self.shown]), Kind.QUERY))

    def do_raise(self, step: Step) -> None:
        name = step.text.upper()
        if self.kinds.get(name) == "EXCEPTION" or not name:
            raise SqlError(f"Uncaught exception of type '{name}'", 20001, "P0001")
        raise invalid(f"RAISE {step.text}")

    def do_break(self, step: Step) -> None:
        raise _Jump("BREAK")

    def do_continue(self, step: Step) -> None:
        raise _Jump("CONTINUE")

    def do_if(self, step: Step) -> None:
        for condition, steps in step.branches:
            if not condition or self.value(condition):
                self.steps(steps)
                return

    def do_while(self, step: Step) -> None:
        while self.value(step.text):
            if self.once(step.body):
                return

    def do_repeat(self, step: Step) -> None:
        while not self.once(step.body) and not self.value(step.text):
            pass

    def once(self, body: Sequence[Step]) -> bool:
        """Whether a BREAK ended the loop."""
        try:
            self.steps(body)
        except _Jump as jump:
            return jump.word == "BREAK"
        return False

    def do_for(self, step: Step) -> None:
        """FOR i IN 1 TO 3, and FOR row IN cursor."""
        counted = re.fullmatch(
            r"(\w+)\s+IN\s+(REVERSE\s+)?(.*?)\s+TO\s+(.*)", step.text, re.IGNORECASE | re.DOTALL
        )
        if counted:
            numbers = range(int(self.value(counted[3])), int(self.value(counted[4])) + 1)
            self.each(counted[1], reversed(numbers) if counted[2] else numbers, step)
            return
        rows = re.fullmatch(r"(\w+)\s+IN\s+(.*)", step.text, re.IGNORECASE | re.DOTALL)
        if rows is None:
            raise compilation(f"syntax error in FOR {step.text}", 1003, "42000")
        self.each(rows[1], self.table(rows[2]).to_pylist(), step)

    def each(self, name: str, values: Any, step: Step) -> None:
        for value in values:
            self.variables[name.upper()] = value
            if self.once(step.body):
                return

    def value(self, text: str, kind: str = "") -> Any:
        return self.evaluated(text, kind).column(0)[0].as_py()

    def evaluated(self, text: str, kind: str = "") -> pa.Table:
        """One row with the value of an expression, as the type that was declared."""
        query = re.search(r"\bSELECT\b", TOKENS.sub("''", text), re.IGNORECASE)
        filled = self.filled(text, bare=query is None)
        return execution.query(
            self.session, f"SELECT CAST({filled} AS {kind})" if kind else f"SELECT {filled}"
        )

    def filled(self, text: str, *, bare: bool = False) -> str:
        """The text with the values of variables: of :name, and in expressions of name, too."""
        return filled(text, self.variables, bare=bare)


NAMES = re.compile(
    rf"{TOKENS.pattern}|(?P<colon>(?<![:\w)\]\"]):)?(?<![\w.$])(?P<name>[A-Za-z_][\w$]*)"
    r"(?:\s*\.\s*(?P<field>[A-Za-z_][\w$]*))?(?P<call>\s*\()?",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


def filled(text: str, variables: Mapping[str, Any], *, bare: bool) -> str:
    def value(match: re.Match[str]) -> str:
        name = (match["name"] or "").upper()
        if name not in variables or match["call"] or not (match["colon"] or bare):
            return match.group()
        known = variables[name]
        if isinstance(known, dict) and match["field"]:
            return literal(known.get(match["field"].upper()))
        if isinstance(known, pa.Table):
            return match.group()
        return literal(known) + (f".{match['field']}" if match["field"] else "")

    return NAMES.sub(value, text)


def literal(value: Any) -> str:
    """A value in SQL."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case int() | Decimal():
            return f"({value})" if value < 0 else str(value)
        case float():
            return f"{value!r}::FLOAT"
        case dt.datetime():
            return (
                f"'{value.isoformat(' ')}'::{'TIMESTAMP_TZ' if value.tzinfo else 'TIMESTAMP_NTZ'}"
            )
        case dt.date():
            return f"'{value}'::DATE"
        case dt.time():
            return f"'{value}'::TIME"
        case bytes():
            return f"TO_BINARY('{value.hex()}', 'HEX')"
        case list() | dict():
            return f"PARSE_JSON({quote(json.dumps(value, default=str))})"
        case _:
            return quote(str(value))
