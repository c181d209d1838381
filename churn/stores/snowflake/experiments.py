"""Experiments by snowflake-ml's ExperimentTracking."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from churn.domain.schemas import EXPERIMENTS
from churn.stores.records import NewRun, Run
from churn.stores.snowflake.place import Place

TAG = "tag__"


@dataclass(frozen=True)
class SnowflakeExperiments:
    place: Place
    name: str

    def log(self, run: NewRun) -> str:
        # start_run takes up a run of the same name that is still open: no two are called alike.
        called = f"{re.sub(r'[^A-Za-z0-9]', '_', run.name)}_{uuid4().hex[:8]}".upper()
        with self.place.translated(f"recording the run {called}"):
            tracking = self._tracking()
            tracking.set_experiment(self.name)
            with tracking.start_run(called):
                tags = {f"{TAG}{k}": v for k, v in {**run.tags, "name": run.name}.items()}
                facts = {**run.parameters, **tags, f"{TAG}training": run.training}
                tracking.log_params(facts)
                tracking.log_metrics(dict(run.metrics))
                for path in sorted(run.artifacts.iterdir()) if run.artifacts else ():
                    tracking.log_artifact(str(path), path.name if path.is_dir() else None)
        return called

    def runs(self) -> Sequence[Run]:
        experiment = self.place.name(EXPERIMENTS, self.name)
        session = self.place.session
        with self.place.translated("reading the runs"):
            shown = session.sql(
                f"SHOW EXPERIMENTS LIKE '{self.name}' IN SCHEMA {self.place.database}.{EXPERIMENTS}"
            ).collect()
            if not shown:
                return ()
            listed = session.sql(f"SHOW RUNS IN EXPERIMENT {experiment}").collect()
            metrics = _by_run(session.sql(f"SHOW RUN METRICS IN EXPERIMENT {experiment}").collect())
            parameters = _by_run(
                session.sql(f"SHOW RUN PARAMETERS IN EXPERIMENT {experiment}").collect()
            )
        runs = []
        for row in listed:
            if json.loads(row["metadata"])["status"] != "FINISHED":
                continue
            name = row["name"]
            held = parameters.get(name, {})
            tags = {k.removeprefix(TAG): v for k, v in held.items() if k.startswith(TAG)}
            runs.append(
                Run(
                    id=name,
                    name=tags.pop("name", name),
                    training=tags.pop("training", ""),
                    started=row["created_on"],
                    parameters={k: v for k, v in held.items() if not k.startswith(TAG)},
                    metrics={k: float(v) for k, v in metrics.get(name, {}).items()},
                    tags=tags,
                    location=f"snow://experiment/{experiment}/versions/{name}",
                )
            )
        return sorted(runs, key=lambda r: r.started, reverse=True)

    def _tracking(self) -> Any:
        from snowflake.ml.experiment import ExperimentTracking

        # ExperimentTracking is one a process, on the session that it first saw; a class of its own
        # makes it one a store.
        own = type("StoreTracking", (ExperimentTracking,), {"_instance": None})
        return own(self.place.session, database_name=self.place.database, schema_name=EXPERIMENTS)


def _by_run(rows: Sequence[Any]) -> dict[str, dict[str, str]]:
    by_run: dict[str, dict[str, str]] = {}
    for row in rows:
        by_run.setdefault(row["run_name"], {})[row["name"]] = row["value"]
    return by_run
