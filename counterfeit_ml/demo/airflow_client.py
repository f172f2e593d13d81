"""What the demo asks of Airflow's REST API."""

from dataclasses import dataclass
from typing import Any

import requests

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.airflow import login

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Run:
    """One DAG run; ``state`` is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str
    triggered_by: str
    run_after: str


class AirflowClient:
    """The REST API of the embedded Airflow, logged in as its admin."""

    def __init__(self, own: StackSettings) -> None:
        self._base = own.airflow_url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {login(own)}"

    def dag_ids(self) -> set[str]:
        """The DAGs that Airflow has read; raises ``StackError`` for one it cannot import."""
        if errors := self._call("GET", "/api/v2/importErrors")["import_errors"]:
            raise StackError(
                f"{errors[0]['filename']} cannot be imported:\n{errors[0]['stack_trace']}"
            )
        return {dag["dag_id"] for dag in self._call("GET", "/api/v2/dags")["dags"]}

    def trigger(self, dag_id: str, conf: dict[str, Any], day: str | None = None) -> Run:
        """Start a run, as the Trigger button does; ``day`` is its partition key."""
        body = {"logical_date": None, "conf": conf, "partition_key": day}
        return _run(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body))

    def run(self, run: Run) -> Run:
        """The same run as it is now."""
        return _run(self._call("GET", f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}"))

    def cancel(self, run: Run) -> None:
        """End the run as failed; Airflow stops its tasks."""
        self._call(
            "PATCH", f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}", json={"state": "failed"}
        )

    def first_run_since(self, dag_id: str, day: str, since: str) -> Run | None:
        """The earliest run of the partition ``day`` that began at or after ``since``."""
        query = {"run_after_gte": since, "order_by": "run_after", "limit": "100"}
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=query)["dag_runs"]
        return next((_run(one) for one in found if one["partition_key"] == day), None)

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """The run's task instances."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return list(self._call("GET", path)["task_instances"])

    def log_tail(self, run: Run, task: dict[str, Any], lines: int = 15) -> list[str]:
        """The end of a task instance's last log, exceptions as their sentences."""
        path = (
            f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}"
            f"/logs/{max(1, task['try_number'])}"
        )
        content = self._call("GET", path, params={"map_index": task["map_index"]})["content"]
        return [text for entry in content for text in _texts(entry)][-lines:]

    def _call(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self._base}{path}"
        try:
            answer = self._session.request(method, url, timeout=TIMEOUT_SECONDS, **options)
        except requests.RequestException as error:
            raise StackError(
                f"Airflow does not answer at {url}: see `counterfeit status`."
            ) from error
        if not answer.ok:
            raise StackError(
                f"Airflow answers {answer.status_code} to {method} {url}: {answer.text[:300]}"
            )
        return answer.json()


def _run(document: dict[str, Any]) -> Run:
    return Run(
        document["dag_id"],
        document["dag_run_id"],
        document["state"],
        document["triggered_by"],
        document["run_after"],
    )


def _texts(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [str(entry)]
    causes = [f"{one['exc_type']}: {one['exc_value']}" for one in entry.get("error_detail") or []]
    return [str(entry.get("event")), *causes]
