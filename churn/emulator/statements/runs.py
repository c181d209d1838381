"""Runs of experiments, with parameters, metrics and artifacts."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from churn.emulator.account import access
from churn.emulator.account.account import Account, Session
from churn.emulator.account.objects import Object
from churn.emulator.language.dialect import Subsystem
from churn.emulator.language.errors import SqlError, exists, invalid, missing
from churn.emulator.language.names import identifier, like
from churn.emulator.language.places import Place
from churn.emulator.language.results import DONE, TEXT, WHEN, Kind, Parsed, Result, status, table_of
from churn.emulator.language.text import QUOTED, unquote
from churn.emulator.statements.experiments import (
    MOST_METRICS,
    MOST_PARAMETERS,
    MOST_RUNS,
    folder_of,
    need_room,
    next_id,
)
from churn.emulator.statements.show import common

SUBSYSTEM: Subsystem[Account, Session] = Subsystem("runs")


def runs(session: Session, experiment: Object) -> list[Object]:
    return session.account.objects.children("EXPERIMENT RUN", experiment.name)


def need_run(session: Session, experiment: Object, written: str) -> Object:
    name = experiment.name.child(identifier(written))
    run = session.account.objects.find("EXPERIMENT RUN", name)
    if run is None:
        raise missing("run", f"{name.name} of experiment {experiment.name}")
    return run


def open_run(session: Session, parsed: Parsed) -> Object:
    """The run of a statement that changes it; a finished one is immutable."""
    experiment = access.need_object(session, "EXPERIMENT", session.name(parsed["name"]))
    run = need_run(session, experiment, parsed["run"])
    if run["status"] != "RUNNING":
        raise SqlError(
            f"Run '{run.name.name}' is {run['status']}: a finished run cannot be changed.",
            399202,
            "22000",
        )
    return run


@SUBSYSTEM.place("experiment")
def _snow(session: Session, name: str, path: str) -> Place:
    experiment = access.need_object(session, "EXPERIMENT", session.name(name))
    parts = path.split("/")
    if len(parts) > 1 and parts[0] == "versions":
        need_run(session, experiment, parts[1])
    return Place(folder_of(session.account, experiment.name), path, "/")


@SUBSYSTEM.statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> ADD RUN <run> [WITH (<options...>]",
    page="alter-experiment",
)
def add_run(session: Session, parsed: Parsed) -> Result:
    experiment = access.need_object(session, "EXPERIMENT", session.name(parsed["name"]))
    name = experiment.name.child(identifier(parsed["run"]))
    if session.account.objects.find("EXPERIMENT RUN", name):
        raise exists("run", name.name)
    need_room(len(runs(session, experiment)) + 1, MOST_RUNS, "runs in an experiment")
    source = re.search(
        rf"SOURCE_INFO\s*=\s*({QUOTED})", parsed["options"], re.IGNORECASE | re.DOTALL
    )
    session.account.objects.add(
        session.owned(
            "EXPERIMENT RUN",
            name,
            id=next_id(session, "EXPERIMENT RUN"),
            status="RUNNING",
            source=unquote(source[1]) if source else "",
            started=datetime.now(UTC).isoformat(),
        )
    )
    (folder_of(session.account, experiment.name) / "versions" / name.name).mkdir(
        parents=True, exist_ok=True
    )
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> COMMIT RUN <run> [WITH STATUS = <'status'>]",
    page="alter-experiment",
)
def commit_run(session: Session, parsed: Parsed) -> Result:
    run = open_run(session, parsed)
    wanted = unquote(parsed["status"]).upper() or "FINISHED"
    if wanted not in ("FINISHED", "FAILED"):
        raise invalid(f"a run ends as FINISHED or FAILED, found {wanted}")
    session.account.objects.put(run.having(status=wanted, ended=datetime.now(UTC).isoformat()))
    return status(DONE)


@SUBSYSTEM.statement("ALTER EXPERIMENT [IF EXISTS] <name> DROP RUN <run>", page="alter-experiment")
def drop_run(session: Session, parsed: Parsed) -> Result:
    experiment = access.need_object(session, "EXPERIMENT", session.name(parsed["name"]))
    run = need_run(session, experiment, parsed["run"])
    session.account.objects.drop("EXPERIMENT RUN", run.name)
    folder = folder_of(session.account, experiment.name) / "versions" / run.name.name
    shutil.rmtree(folder, ignore_errors=True)
    return status(DONE)


@SUBSYSTEM.statement(
    "ALTER EXPERIMENT [IF EXISTS] <name> MODIFY RUN <run> ADD {METRICS|PARAMETERS} = <'json'>",
    page="alter-experiment",
)
def modify_run(session: Session, parsed: Parsed) -> Result:
    """A metric has one value a step; a parameter one value."""
    run = open_run(session, parsed)
    kind = parsed["metrics"].upper().removesuffix("S")
    try:
        given = json.loads(unquote(parsed["json"]))
    except json.JSONDecodeError as error:
        raise invalid(f"{kind}S are not JSON: {error}") from error
    held = {o.name.name for o in facts(session, run, kind)}
    names = {str(each["name"]) for each in given} | {n.split("@")[0] for n in held}
    need_room(
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


def facts(session: Session, run: Object, kind: str) -> list[Object]:
    child = run.name.child("")
    return session.account.objects.all(
        f"EXPERIMENT RUN {kind}", database=child.database, schema=child.schema, parent=child.parent
    )


@SUBSYSTEM.statement(
    "SHOW RUNS [LIKE <'pattern'>] IN EXPERIMENT <name>", page="show-runs-in-experiment"
)
def show_runs(session: Session, parsed: Parsed) -> Result:
    experiment = access.need_object(session, "EXPERIMENT", session.name(parsed["name"]))
    pattern = unquote(parsed["pattern"]) if parsed.has("pattern") else None
    columns = {
        "created_on": WHEN,
        **dict.fromkeys(("name", "database_name", "schema_name", "experiment_name"), TEXT),
        **dict.fromkeys(("metadata", "owner", "status"), TEXT),
    }
    rows = []
    for run in runs(session, experiment):
        if not like(pattern, run.name.name):
            continue
        metadata = {
            "status": run["status"],
            "metrics": [
                {"name": m["metric"], "value": m["value"], "step": m["step"]}
                for m in facts(session, run, "METRIC")
            ],
            "parameters": [
                {"name": p["metric"], "value": p["value"]} for p in facts(session, run, "PARAMETER")
            ],
            "source_info": run["source"],
            "started": run["started"],
            "ended": run.get("ended"),
        }
        rows.append(
            common(run)
            | {
                "experiment_name": experiment.name.name,
                "metadata": json.dumps(metadata),
                "status": run["status"],
            }
        )
    return Result(table_of(rows, columns))


@SUBSYSTEM.statement(
    "SHOW RUN {METRICS|PARAMETERS} [LIKE <'pattern'>] IN EXPERIMENT <name> [RUN <run_name>]",
    page="show-run-metrics-in-experiment",
)
def show_run_facts(session: Session, parsed: Parsed) -> Result:
    """Of a metric the value at its last step."""
    experiment = access.need_object(session, "EXPERIMENT", session.name(parsed["name"]))
    kind = parsed["metrics"].upper().removesuffix("S")
    pattern = unquote(parsed["pattern"]) if parsed.has("pattern") else None
    chosen = (
        [need_run(session, experiment, parsed["run_name"])]
        if parsed.groups.get("run_name")
        else runs(session, experiment)
    )
    rows: list[dict[str, Any]] = []
    for run in chosen:
        last: dict[str, Object] = {}
        for fact in facts(session, run, kind):
            held = last.get(fact["metric"])
            if like(pattern, fact["metric"]) and (held is None or fact["step"] >= held["step"]):
                last[fact["metric"]] = fact
        rows += [
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
    return Result(table_of(rows, columns))


@SUBSYSTEM.table_function(
    "SYSTEM$GET_EXPERIMENT_RUN_METRICS", page="system_get_experiment_run_metrics"
)
def run_metrics(session: Session, arguments: list[Any], named: dict[str, Any]) -> pa.Table:
    experiment = access.need_object(session, "EXPERIMENT", session.name(arguments[0]))
    run = need_run(session, experiment, arguments[1])
    rows = [
        {
            "METRIC_NAME": fact["metric"],
            "STEP": fact["step"],
            "VALUE": float(fact["value"]),
            "TIMESTAMP": fact.created_on,
        }
        for fact in facts(session, run, "METRIC")
    ]
    return table_of(
        rows,
        {"METRIC_NAME": TEXT, "STEP": pa.int64(), "VALUE": pa.float64(), "TIMESTAMP": WHEN},
    )


@SUBSYSTEM.statement(
    "CALL SYSTEM$RESOLVE_EXPERIMENT_ID (<'name'>)",
    "CALL SYSTEM$RESOLVE_EXPERIMENT_RUN_ID (<'name'>, <'run'>)",
    page="system_resolve_experiment_id",
    kind=Kind.QUERY,
)
def resolve_id(session: Session, parsed: Parsed) -> Result:
    resolved = access.need_object(session, "EXPERIMENT", session.name(unquote(parsed["name"])))
    if "run" in parsed.groups:
        resolved = need_run(session, resolved, unquote(parsed["run"]))
    return Result(pa.table({"ID": [str(resolved["id"])]}), Kind.QUERY)
