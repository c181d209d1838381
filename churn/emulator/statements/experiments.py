"""Experiments: runs with parameters, metrics and artifacts."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from churn.emulator import catalog, stages, statements
from churn.emulator.catalog import SHOW, TEXT, WHEN, common, shown
from churn.emulator.errors import SqlError, exists, invalid, missing
from churn.emulator.objects import Name, Object, like
from churn.emulator.rewrite import table_function
from churn.emulator.session import DONE, identifier, status
from churn.emulator.statements import Kind, Result, Words, statement, unquote

if TYPE_CHECKING:
    from churn.emulator.account import Account
    from churn.emulator.session import Session

MOST_EXPERIMENTS, MOST_RUNS, MOST_PARAMETERS, MOST_METRICS = 500, 500, 1000, 200
"""A schema's experiments; an experiment's runs; a run's parameters and metrics."""


def _limit(count: int, most: int, what: str) -> None:
    if count > most:
        raise SqlError(f"Limit exceeded: at most {most} {what}, found {count}.", 399201, "54000")


def _folder(account: Account, name: Name) -> Path:
    place = stages.stage_folder(account, name)
    return account.folder / "experiments" / place.relative_to(account.folder / "stages")


def _snow(session: Session, name: str, path: str) -> stages.Place:
    experiment = session.need("EXPERIMENT", session.name(name))
    parts = path.split("/")
    if len(parts) > 1 and parts[0] == "versions":
        need_run(session, experiment, parts[1])
    return stages.Place(_folder(session.account, experiment.name), path, "/")


stages.SNOW["experiment"] = _snow


@statement("CREATE [OR REPLACE] EXPERIMENT [IF NOT EXISTS] <name>", page="create-experiment")
def create_experiment(session: Session, words: Words) -> Result:
    name = session.name(words["name"])
    if answer := catalog.taken(session, words, "EXPERIMENT", name):
        return answer
    others = session.account.objects.all(
        "EXPERIMENT", database=name.database, schema=name.schema, parent=""
    )
    _limit(len(others) + 1, MOST_EXPERIMENTS, "experiments in a schema")
    catalog.renew(session, session.owned("EXPERIMENT", name, id=_next(session, "EXPERIMENT")))
    return status(f"Experiment {name.name} successfully created.")


def _next(session: Session, kind: str) -> int:
    return 1 + max((o["id"] for o in session.account.objects.all(kind)), default=0)


catalog.droppable("EXPERIMENT", "drop-experiment", lambda account, name: [_folder(account, name)])


@statement(f"SHOW EXPERIMENTS {SHOW}", page="show-experiments")
def show_experiments(session: Session, words: Words) -> Result:
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "owner", "comment"), TEXT),
    }
    return Result(
        statements.rows([common(o) for o in shown(session, words, "EXPERIMENT")], columns)
    )


# Runs


def runs(session: Session, experiment: Object) -> list[Object]:
    return session.account.objects.children("EXPERIMENT RUN", experiment.name)


def need_run(session: Session, experiment: Object, written: str) -> Object:
    name = experiment.name.child(identifier(written))
    found = session.account.objects.find("EXPERIMENT RUN", name)
    if found is None:
        raise missing("run", f"{name.name} of experiment {experiment.name}")
    return found


def open_run(session: Session, words: Words) -> Object:
    """The run of a statement that changes it; a finished one is immutable."""
    experiment = session.need("EXPERIMENT", session.name(words["name"]))
    run = need_run(session, experiment, words["run"])
    if run["status"] != "RUNNING":
        raise SqlError(
            f"Run '{run.name.name}' is {run['status']}: a finished run cannot be changed.",
            399202,
            "22000",
        )
    return run


@statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> ADD RUN <run> [WITH (<options...>]",
    page="alter-experiment",
)
def add_run(session: Session, words: Words) -> Result:
    experiment = session.need("EXPERIMENT", session.name(words["name"]))
    name = experiment.name.child(identifier(words["run"]))
    if session.account.objects.find("EXPERIMENT RUN", name):
        raise exists("run", name.name)
    _limit(len(runs(session, experiment)) + 1, MOST_RUNS, "runs in an experiment")
    source = re.search(
        rf"SOURCE_INFO\s*=\s*({statements.QUOTED})", words["options"], re.IGNORECASE | re.DOTALL
    )
    session.account.objects.add(
        session.owned(
            "EXPERIMENT RUN",
            name,
            id=_next(session, "EXPERIMENT RUN"),
            status="RUNNING",
            source=unquote(source[1]) if source else "",
            started=datetime.now(UTC).isoformat(),
        )
    )
    (_folder(session.account, experiment.name) / "versions" / name.name).mkdir(
        parents=True, exist_ok=True
    )
    return status(DONE)


@statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> COMMIT RUN <run> [WITH STATUS = <'status'>]",
    page="alter-experiment",
)
def commit_run(session: Session, words: Words) -> Result:
    run = open_run(session, words)
    wanted = unquote(words["status"]).upper() or "FINISHED"
    if wanted not in ("FINISHED", "FAILED"):
        raise invalid(f"a run ends as FINISHED or FAILED, found {wanted}")
    session.account.objects.put(run.having(status=wanted, ended=datetime.now(UTC).isoformat()))
    return status(DONE)


@statement("ALTER EXPERIMENT [IF EXISTS] <name> DROP RUN <run>", page="alter-experiment")
def drop_run(session: Session, words: Words) -> Result:
    experiment = session.need("EXPERIMENT", session.name(words["name"]))
    run = need_run(session, experiment, words["run"])
    session.account.objects.drop("EXPERIMENT RUN", run.name)
    folder = _folder(session.account, experiment.name) / "versions" / run.name.name
    shutil.rmtree(folder, ignore_errors=True)
    return status(DONE)


@statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> MODIFY RUN <run> ADD {METRICS|PARAMETERS} = <'json'>",
    page="alter-experiment",
)
def modify_run(session: Session, words: Words) -> Result:
    """A metric has one value a step; a parameter one value."""
    run = open_run(session, words)
    kind = words["metrics"].upper().removesuffix("S")
    try:
        given = json.loads(unquote(words["json"]))
    except json.JSONDecodeError as error:
        raise invalid(f"{kind}S are not JSON: {error}") from error
    held = {o.name.name for o in _facts(session, run, kind)}
    names = {str(each["name"]) for each in given} | {n.split("@")[0] for n in held}
    _limit(
        len(names),
        MOST_METRICS if kind == "METRIC" else MOST_PARAMETERS,
        f"{kind.lower()}s in a run",
    )
    with session.account.objects.together():
        for each in given:
            step = int(each.get("step") or 0)
            name = f"{each['name']}@{step}" if kind == "METRIC" else str(each["name"])
            fact = session.owned(
                f"EXPERIMENT RUN {kind}",
                run.name.child(name),
                metric=str(each["name"]),
                value=each["value"],
                step=step,
            )
            session.account.objects.put(fact)
    return status(DONE)


def _facts(session: Session, run: Object, kind: str) -> list[Object]:
    child = run.name.child("")
    return session.account.objects.all(
        f"EXPERIMENT RUN {kind}", database=child.database, schema=child.schema, parent=child.parent
    )


@statement("SHOW RUNS [LIKE <'pattern'>] IN EXPERIMENT <name>", page="show-runs-in-experiment")
def show_runs(session: Session, words: Words) -> Result:
    experiment = session.need("EXPERIMENT", session.name(words["name"]))
    pattern = unquote(words["pattern"]) if words.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "experiment_name"), TEXT),
        **dict.fromkeys(("metadata", "owner", "status"), TEXT),
    }
    found = []
    for run in runs(session, experiment):
        if not like(pattern, run.name.name):
            continue
        metadata = {
            "status": run["status"],
            "metrics": [
                {"name": m["metric"], "value": m["value"], "step": m["step"]}
                for m in _facts(session, run, "METRIC")
            ],
            "parameters": [
                {"name": p["metric"], "value": p["value"]}
                for p in _facts(session, run, "PARAMETER")
            ],
            "source_info": run["source"],
            "started": run["started"],
            "ended": run.get("ended"),
        }
        found.append(
            common(run)
            | {
                "experiment_name": experiment.name.name,
                "metadata": json.dumps(metadata),
                "status": run["status"],
            }
        )
    return Result(statements.rows(found, columns))


@statement(
    "SHOW RUN {METRICS|PARAMETERS} [LIKE <'pattern'>] IN EXPERIMENT <name> [RUN <run_name>]",
    page="show-run-metrics-in-experiment",
)
def show_run_facts(session: Session, words: Words) -> Result:
    """Of a metric the value at its last step."""
    experiment = session.need("EXPERIMENT", session.name(words["name"]))
    kind = words["metrics"].upper().removesuffix("S")
    pattern = unquote(words["pattern"]) if words.has("pattern") else None
    chosen = (
        [need_run(session, experiment, words["run_name"])]
        if words.groups.get("run_name")
        else runs(session, experiment)
    )
    found: list[dict[str, Any]] = []
    for run in chosen:
        last: dict[str, Object] = {}
        for fact in _facts(session, run, kind):
            held = last.get(fact["metric"])
            if like(pattern, fact["metric"]) and (held is None or fact["step"] >= held["step"]):
                last[fact["metric"]] = fact
        found += [
            {
                "run_name": run.name.name,
                "name": name,
                "value": str(fact["value"]),
                "step": fact["step"],
                "created_on": fact.created_on,
            }
            for name, fact in last.items()
        ]
    columns = {
        "created_on": WHEN,
        "run_name": TEXT,
        "name": TEXT,
        "value": TEXT,
        "step": pa.int64(),
    }
    return Result(statements.rows(found, columns))


@table_function("SYSTEM$GET_EXPERIMENT_RUN_METRICS", page="system_get_experiment_run_metrics")
def run_metrics(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    experiment = session.need("EXPERIMENT", session.name(arguments[0]))
    run = need_run(session, experiment, arguments[1])
    found = [
        {
            "METRIC_NAME": fact["metric"],
            "STEP": fact["step"],
            "VALUE": float(fact["value"]),
            "TIMESTAMP": fact.created_on,
        }
        for fact in _facts(session, run, "METRIC")
    ]
    return statements.rows(
        found,
        {"METRIC_NAME": TEXT, "STEP": pa.int64(), "VALUE": pa.float64(), "TIMESTAMP": WHEN},
    )


@statement(
    "CALL SYSTEM$RESOLVE_EXPERIMENT_ID (<'name'>)",
    "CALL SYSTEM$RESOLVE_EXPERIMENT_RUN_ID (<'name'>, <'run'>)",
    page="system_resolve_experiment_id",
    kind=Kind.QUERY,
)
def resolve_id(session: Session, words: Words) -> Result:
    found = session.need("EXPERIMENT", session.name(unquote(words["name"])))
    if "run" in words.groups:
        found = need_run(session, found, unquote(words["run"]))
    return Result(pa.table({"ID": [str(found["id"])]}), Kind.QUERY)
