"""Runs five DAGs through the scheduler: two are triggered, three are started by assets."""

import time
from contextlib import suppress

from rich.console import Console

from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.demo.board import Board, Stage
from counterfeit_ml.demo.inputs import DemoInput
from counterfeit_ml.errors import StackError

RETRAIN, INGEST = "retrain_logo_model", "ingest_listings"
STARTED_BY_ASSETS = ("validate_listings", "score_listings", "flag_listings")

POLL_SECONDS = 1.0
DAGS_READ_SECONDS = 120
ASSET_STARTS_SECONDS = 90
STAGE_SECONDS = 900


def play(airflow: AirflowClient, console: Console, day: str, demo_input: DemoInput) -> None:
    """Train, then take the day from listings to flags; ``StackError`` where a run fails."""
    _await_dags(airflow, console)
    chain = Chain(airflow, console, day, (RETRAIN, INGEST, *STARTED_BY_ASSETS))
    with chain.board:
        conf = {"label_sets": [demo_input.label_set], "fine_tune": demo_input.fine_tune}
        chain.follow(airflow.trigger(RETRAIN, conf))
        chain.take_day(demo_input)


def play_night(airflow: AirflowClient, console: Console, day: str, demo_input: DemoInput) -> None:
    """Take the day from listings to flags with the champion there is."""
    chain = Chain(airflow, console, day, (INGEST, *STARTED_BY_ASSETS))
    with chain.board:
        chain.take_day(demo_input)


class Chain:
    """The runs of one day, each waited for and shown."""

    def __init__(
        self, airflow: AirflowClient, console: Console, day: str, dag_ids: tuple[str, ...]
    ) -> None:
        self._airflow, self._day = airflow, day
        self._stages = {dag_id: Stage(dag_id) for dag_id in dag_ids}
        title = f"The day {day} through Airflow"
        self.board = Board(console, title, list(self._stages.values()))

    def take_day(self, demo_input: DemoInput) -> None:
        """Trigger ingestion and see its assets start the rest."""
        source = {"marketplaces": [demo_input.marketplace], "source": demo_input.source}
        run = self._airflow.trigger(INGEST, source, self._day)
        self.follow(run)
        for dag_id in STARTED_BY_ASSETS:
            run = self._started_by_asset(dag_id, run)
            self.follow(run)

    def follow(self, run: Run) -> None:
        """Wait for the end of ``run``; ``StackError`` with its log's tail where it fails.

        Interrupted, it ends the run, which else would go on when the stack is up again.
        """
        try:
            self._wait(run)
        except KeyboardInterrupt:
            # Not worth keeping the person: the stack may be on its way down.
            with suppress(StackError):
                self._airflow.cancel(run)
            raise

    def _wait(self, run: Run) -> None:
        stage, began = self._stages[run.dag_id], time.monotonic()
        stage.run = run
        while stage.state not in {"success", "failed"}:
            if stage.took > STAGE_SECONDS:
                raise StackError(f"{run.dag_id} still runs after {stage.took:.0f} s: see Airflow.")
            time.sleep(POLL_SECONDS)
            self._renew(stage, run, time.monotonic() - began)
        self.board.finished(stage)
        if stage.state == "failed":
            raise StackError(self._failure(run))

    def _renew(self, stage: Stage, run: Run, took: float) -> None:
        # The state first: the tasks read after it are at least as far.
        stage.run, stage.took = self._airflow.run(run), took
        tasks = self._airflow.tasks(run)
        stage.tasks = len(tasks)
        stage.tasks_done = sum(task["state"] in {"success", "skipped"} for task in tasks)
        self.board.show()

    def _started_by_asset(self, dag_id: str, before: Run) -> Run:
        deadline = time.monotonic() + ASSET_STARTS_SECONDS
        while time.monotonic() < deadline:
            if run := self._airflow.first_run_since(dag_id, self._day, before.run_after):
                return run
            time.sleep(POLL_SECONDS)
        raise StackError(
            f"{dag_id} did not start within {ASSET_STARTS_SECONDS} s of the end of "
            f"{before.dag_id}: is it paused? See `counterfeit logs airflow-scheduler`."
        )

    def _failure(self, run: Run) -> str:
        lines = [f"{run.dag_id} failed in run {run.run_id}."]
        for task in self._airflow.tasks(run):
            if task["state"] == "failed":
                lines.append(f"The end of the log of {task['task_id']}:")
                lines += [f"  {line}" for line in self._airflow.log_tail(run, task)]
        return "\n".join(lines)


def _await_dags(airflow: AirflowClient, console: Console) -> None:
    deadline = time.monotonic() + DAGS_READ_SECONDS
    wanted = {RETRAIN, INGEST, *STARTED_BY_ASSETS}
    with console.status("Airflow reads the DAGs"):
        while missing := wanted - airflow.dag_ids():
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow has not read {', '.join(sorted(missing))}: see "
                    "`counterfeit logs airflow-dag-processor`."
                )
            time.sleep(POLL_SECONDS)
