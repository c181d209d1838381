"""Tasks: run when asked."""

from __future__ import annotations

from churn.emulator.account import access, execution
from churn.emulator.account.account import Account, Session
from churn.emulator.language.clauses import clauses
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import missing
from churn.emulator.language.names import Name, identifier
from churn.emulator.language.results import DONE, TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.language.text import unquote
from churn.emulator.statements.lifecycle import answer_if_exists, droppable, replace_object
from churn.emulator.statements.show import SHOW, common, shown

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("tasks")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] TASK [IF NOT EXISTS] <name> <definition...>",
    page="create-task",
    limits="Run when asked (EXECUTE TASK); no scheduler.",
)
def create_task(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "TASK", name):
        return answer
    head = clauses(parsed["definition"]).only("WAREHOUSE", "SCHEDULE", "COMMENT", "TAG")
    warehouse = identifier(head.get("WAREHOUSE")) if head.get("WAREHOUSE") else None
    if warehouse:
        access.need_object(session, "WAREHOUSE", Name(name=warehouse))
    new = session.owned(
        "TASK",
        name,
        head.text("COMMENT"),
        warehouse=warehouse,
        schedule=head.text("SCHEDULE"),
        state="suspended",
        definition=head.query,
        context=[session.database, session.schema],
    )
    replace_object(session, new)
    return status(f"Task {name.name} successfully created.")


@SUBSYSTEM.statement("ALTER TASK [IF EXISTS] <name> {SUSPEND|RESUME}", page="alter-task")
def alter_task(session: Session, parsed: Parsed) -> Result:
    task = session.account.objects.find("TASK", session.name(parsed["name"]))
    if task is None:
        if parsed.has("if_exists"):
            return status(DONE)
        raise missing("task", session.name(parsed["name"]))
    state = "suspended" if parsed["suspend"].upper() == "SUSPEND" else "started"
    session.account.objects.put(task.having(state=state))
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER TASK [IF EXISTS] <name> SET {SCHEDULE|WAREHOUSE} = <value...>", page="alter-task"
)
def set_task(session: Session, parsed: Parsed) -> Result:
    task = access.need_object(session, "TASK", session.name(parsed["name"]))
    key = parsed["schedule"].lower()
    session.account.objects.put(task.having(**{key: unquote(parsed["value"])}))
    return status(DONE)


@SUBSYSTEM.statement("EXECUTE TASK <name>", page="execute-task")
def execute_task(session: Session, parsed: Parsed) -> Result:
    task = access.need_object(session, "TASK", session.name(parsed["name"]), "OPERATE")
    with execution.as_owner(session, task):
        execution.run(session, task["definition"])
    return status(f"Task {task.name.name} is scheduled to run immediately.")


droppable(SUBSYSTEM, "TASK", "drop-task")


@SUBSYSTEM.statement(f"SHOW TASKS {SHOW}", page="show-tasks")
def show_tasks(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "id", "database_name", "schema_name", "owner", "comment"), TEXT),
        **dict.fromkeys(("warehouse", "schedule", "state", "definition", "predecessors"), TEXT),
    }
    rows = [
        common(o) | {k: o[k] for k in ("warehouse", "schedule", "state", "definition")}
        for o in shown(session, parsed, "TASK")
    ]
    return Result(table_of(rows, columns))
