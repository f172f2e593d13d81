"""Airflow's REST API: what the platform itself does not ask of it."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from tests.waiting import until

READING_SECONDS = 3
"""Airflow loses an answer given in the very second of the question, and asks again."""
ENDED = {"success", "failed"}


class Airflow(AirflowClient):
    """The client, and what only these tests ask."""

    def states(self, run: Run) -> dict[str, str]:
        """By the tasks' names, those mapped with what they are mapped to."""
        return {
            f"{task['task_id']} {task['rendered_map_index'] or ''}".rstrip(): task["state"]
            for task in self.tasks(run)
        }

    def question(self, run: Run) -> dict[str, Any]:
        """The question of the run, once it asks one."""
        return self._call("GET", self._path(run, until(lambda: self._waiting(run))))

    def ended(self, run: Run, answer: str | None = None) -> str:
        """The run's last state, its question answered whenever it asks."""

        def last() -> str | None:
            if answer and (task := self._waiting(run)):
                time.sleep(READING_SECONDS)
                body = {"chosen_options": [answer], "params_input": {}}
                self._call("PATCH", self._path(run, task), json=body)
            state = self.run(run).state
            return state if state in ENDED else None

        return until(last)

    def returned(self, run: Run, task: str) -> dict[str, Any]:
        path = f"{self._tasks(run)}/{task}/xcomEntries/return_value"
        return self._call("GET", path)["value"]

    def skip_reason(self, run: Run, task: str) -> str:
        path = f"{self._tasks(run)}/{task}/logs/1"
        content = self._call("GET", path, params={"map_index": -1})["content"]
        return next(line["reason"] for line in content if "reason" in line)

    def runs(self, dag_id: str) -> dict[str, str]:
        """The type of each run."""
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 100})
        return {run["dag_run_id"]: run["run_type"] for run in found["dag_runs"]}

    def run_of(self, dag_id: str, run_id: str) -> Run:
        return self.run(Run(dag_id, run_id, "", "", ""))

    def pools(self) -> dict[str, int]:
        found = self._call("GET", "/api/v2/pools")["pools"]
        return {pool["name"]: pool["slots"] for pool in found}

    def set_slots(self, pool: str, slots: int) -> None:
        body = {"name": pool, "slots": slots, "include_deferred": False}
        self._call("PATCH", f"/api/v2/pools/{pool}", json=body)

    def connect(self, name: str, address: str) -> None:
        """Make a connection to a web service."""
        body = {"connection_id": name, "conn_type": "http", "host": address}
        self._call("POST", "/api/v2/connections", json=body)

    def disconnect(self, name: str) -> None:
        self._session.delete(f"{self._base}/api/v2/connections/{name}").raise_for_status()

    def followed(self, day: str) -> list[dict[str, Any]]:
        """The runs of validate_listings for the day."""
        found = self._call("GET", "/api/v2/dags/validate_listings/dagRuns", params={"limit": 100})
        return [run for run in found["dag_runs"] if run["partition_key"] == day]

    def clear(self, run: Run, task_id: str, map_index: int) -> None:
        """Have a task and those behind it run again."""
        body = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": [[task_id, map_index]],
            "include_downstream": True,
            "only_failed": False,
        }
        self._call("POST", f"/api/v2/dags/{run.dag_id}/clearTaskInstances", json=body)

    def clear_run(self, run: Run) -> None:
        """Have the whole run again."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/clear"
        self._call("POST", path, json={"dry_run": False, "only_failed": False})

    def unfinished(self, dag_ids: Collection[str]) -> list[Run]:
        """The runs of these DAGs that are queued or running."""
        query = {"state": ["queued", "running"], "limit": 100}
        found = self._call("GET", "/api/v2/dags/~/dagRuns", params=query)["dag_runs"]
        return [
            self.run_of(run["dag_id"], run["dag_run_id"])
            for run in found
            if run["dag_id"] in dag_ids
        ]

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": paused})

    @contextmanager
    def paused(self, dag_id: str) -> Iterator[None]:
        """While this DAG, once Airflow knows it, rests."""
        until(lambda: dag_id in self.dag_ids())
        self.pause(dag_id)
        try:
            yield
        finally:
            self.pause(dag_id, False)

    def backfill(self, dag_id: str, days: Sequence[str], conf: dict[str, Any]) -> None:
        """Take these days, from the first to the last, and wait for the end."""
        body = {
            "dag_id": dag_id,
            "from_date": f"{days[0]}T00:00:00Z",
            "to_date": f"{days[-1]}T23:59:59Z",
            "dag_run_conf": conf,
        }
        number = self._call("POST", "/api/v2/backfills", json=body)["id"]
        until(lambda: self._call("GET", f"/api/v2/backfills/{number}")["completed_at"])

    def announce(self, asset: str) -> None:
        assets = self._call("GET", "/api/v2/assets", params={"limit": 100})["assets"]
        (found,) = [one["id"] for one in assets if one["name"] == asset]
        self._call("POST", "/api/v2/assets/events", json={"asset_id": found})

    def _waiting(self, run: Run) -> str | None:
        states = self.states(run)
        assert "failed" not in states.values(), states
        return next((task for task, state in states.items() if state == "awaiting_input"), None)

    def _path(self, run: Run, task: str) -> str:
        return f"{self._tasks(run)}/{task}/-1/hitlDetails"

    @staticmethod
    def _tasks(run: Run) -> str:
        return f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
