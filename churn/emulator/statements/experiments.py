"""Experiments."""

from __future__ import annotations

from pathlib import Path

from churn.emulator.account.account import Account, Session
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError
from churn.emulator.language.names import Name
from churn.emulator.language.results import TEXT, WHEN, Parsed, Result, status, table_of
from churn.emulator.statements.lifecycle import answer_if_exists, droppable, replace_object
from churn.emulator.statements.show import SHOW, common, shown
from churn.emulator.statements.stages import stage_folder

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("experiments")

MOST_EXPERIMENTS, MOST_RUNS, MOST_PARAMETERS, MOST_METRICS = 500, 500, 1000, 200
"""A schema's experiments; an experiment's runs; a run's parameters and metrics."""


def need_room(count: int, most: int, what: str) -> None:
    if count > most:
        raise SqlError(f"Limit exceeded: at most {most} {what}, found {count}.", 399201, "54000")


def folder_of(account: Account, name: Name) -> Path:
    place = stage_folder(account, name)
    return account.folder / "experiments" / place.relative_to(account.folder / "stages")


@SUBSYSTEM.statement(
    "CREATE [OR REPLACE] EXPERIMENT [IF NOT EXISTS] <name>", page="create-experiment"
)
def create_experiment(session: Session, parsed: Parsed) -> Result:
    name = session.name(parsed["name"])
    if answer := answer_if_exists(session, parsed, "EXPERIMENT", name):
        return answer
    others = session.account.objects.all(
        "EXPERIMENT", database=name.database, schema=name.schema, parent=""
    )
    need_room(len(others) + 1, MOST_EXPERIMENTS, "experiments in a schema")
    replace_object(session, session.owned("EXPERIMENT", name, id=next_id(session, "EXPERIMENT")))
    return status(f"Experiment {name.name} successfully created.")


def next_id(session: Session, kind: str) -> int:
    return 1 + max((o["id"] for o in session.account.objects.all(kind)), default=0)


droppable(
    SUBSYSTEM, "EXPERIMENT", "drop-experiment", lambda account, name: [folder_of(account, name)]
)


@SUBSYSTEM.statement(f"SHOW EXPERIMENTS {SHOW}", page="show-experiments")
def show_experiments(session: Session, parsed: Parsed) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
    }
    return Result(table_of([common(o) for o in shown(session, parsed, "EXPERIMENT")], columns))
