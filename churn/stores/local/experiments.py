"""Experiments in MLflow: a run is visible when it is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from churn.stores.local.database import Database, mlflow_quiet, moment
from churn.stores.records import NewRun, Run


@dataclass(frozen=True)
class MlflowExperiments:
    database: Database
    name: str

    def log(self, run: NewRun) -> str:
        from mlflow.entities import Metric, Param, RunTag

        database = self.database
        with mlflow_quiet(), database.writing(), database.translated():
            client, experiment = database.client, database.experiment(self.name)
            self._mark_killed_runs(experiment)
            begun = client.create_run(experiment, run_name=run.name)
            now = begun.info.start_time
            client.log_batch(
                begun.info.run_id,
                metrics=[Metric(name, value, now, 0) for name, value in run.metrics.items()],
                params=[Param(name, str(value)) for name, value in run.parameters.items()],
                tags=[
                    RunTag(name, value)
                    for name, value in {**run.tags, "training": run.training}.items()
                ],
            )
            if run.artifacts:
                client.log_artifacts(begun.info.run_id, str(run.artifacts))
            client.set_terminated(begun.info.run_id)
            return str(begun.info.run_id)

    def runs(self) -> Sequence[Run]:
        if not self.database.exists:
            return ()
        with mlflow_quiet(), self.database.translated():
            client = self.database.client
            experiment = client.get_experiment_by_name(self.name)
            if not experiment:
                return ()
            runs: list[Run] = []
            token: str | None = None
            while True:
                page = client.search_runs(
                    [experiment.experiment_id],
                    filter_string="attributes.status = 'FINISHED'",
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                runs += [_run(r) for r in page]
                token = page.token
                if not token:
                    return runs

    def _mark_killed_runs(self, experiment: str) -> None:
        """Runs still RUNNING under our lock belong to killed processes."""
        client = self.database.client
        for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
            client.set_terminated(run.info.run_id, "KILLED")


def _run(run: Any) -> Run:
    tags = {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.")}
    return Run(
        id=run.info.run_id,
        name=run.info.run_name,
        training=tags.pop("training", ""),
        started=moment(run.info.start_time),
        parameters=run.data.params,
        metrics=run.data.metrics,
        tags=tags,
        location=run.info.artifact_uri.removeprefix("file://"),
    )
