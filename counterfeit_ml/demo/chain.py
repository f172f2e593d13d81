"""Runs the five DAGs through the scheduler and shows each as it goes."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.demo.inputs import DemoInput
from counterfeit_ml.errors import StackError

RETRAIN, INGEST = "retrain_logo_model", "ingest_listings"
# Each is started by the asset that the one before it makes.
NIGHTLY = (INGEST, "validate_listings", "score_listings", "flag_listings")
STAGES = (RETRAIN, *NIGHTLY)

POLL_SECONDS = 1.0
DAGS_READ_SECONDS = 120
ASSET_STARTS_SECONDS = 90
STAGE_SECONDS = 900

ICONS = {"success": "[green]✔[/]", "failed": "[red]✘[/]", "running": "[yellow]▶[/]"}


@dataclass
class Stage:
    """One DAG of the demo and how far its run has come."""

    dag_id: str
    run: Run | None = None
    done: int = 0
    tasks: int = 0
    began: float | None = None
    took: float = 0.0


@dataclass
class Chain:
    """The demo's five runs: two triggered, three started by assets."""

    airflow: AirflowClient
    console: Console
    day: str
    stages: dict[str, Stage] = field(
        default_factory=lambda: {dag_id: Stage(dag_id) for dag_id in STAGES}
    )

    def play(self, demo_input: DemoInput) -> None:
        """Run all five; raises ``StackError`` with the log's tail where one fails."""
        self._await_dags()
        with Live(self._table(), console=self.console, refresh_per_second=4) as live:
            self._live = live
            labels = {"label_sets": [demo_input.label_set]}
            self._follow(RETRAIN, self.airflow.trigger(RETRAIN, labels))
            source = {"marketplace": demo_input.marketplace, "source": demo_input.source}
            before = self.airflow.trigger(INGEST, source, self.day)
            self._follow(INGEST, before)
            for dag_id in NIGHTLY[1:]:
                before = self._started_by_asset(dag_id, before)
                self._follow(dag_id, before)

    def _await_dags(self) -> None:
        deadline = time.monotonic() + DAGS_READ_SECONDS
        with self.console.status("Airflow reads the DAGs"):
            while missing := set(STAGES) - self.airflow.dag_ids():
                if time.monotonic() > deadline:
                    raise StackError(
                        f"Airflow has not read {', '.join(sorted(missing))}: see "
                        "`counterfeit logs airflow-dag-processor`."
                    )
                time.sleep(POLL_SECONDS)

    def _started_by_asset(self, dag_id: str, before: Run) -> Run:
        deadline = time.monotonic() + ASSET_STARTS_SECONDS
        while time.monotonic() < deadline:
            run = self.airflow.first_run_since(dag_id, self.day, before.run_after)
            if run is not None:
                return run
            self._show()
            time.sleep(POLL_SECONDS)
        raise StackError(
            f"{dag_id} did not start within {ASSET_STARTS_SECONDS} s of {before.dag_id}: is it "
            "paused? See `counterfeit logs airflow-scheduler`."
        )

    def _follow(self, dag_id: str, run: Run) -> None:
        stage = self.stages[dag_id]
        stage.run, stage.began = run, time.monotonic()
        while stage.run.state not in {"success", "failed"}:
            if time.monotonic() - stage.began > STAGE_SECONDS:
                raise StackError(
                    f"{dag_id} still runs after {STAGE_SECONDS} s: look at it in Airflow."
                )
            time.sleep(POLL_SECONDS)
            self._renew(stage)
        self._say(stage)
        if stage.run.state == "failed":
            self._live.stop()
            raise StackError(self._failure(stage.run))

    def _renew(self, stage: Stage) -> None:
        assert stage.run is not None and stage.began is not None  # noqa: S101, PT018
        tasks = self.airflow.tasks(stage.run)
        stage.run = self.airflow.run(stage.run)
        stage.tasks = len(tasks)
        stage.done = sum(task["state"] in {"success", "skipped"} for task in tasks)
        stage.took = time.monotonic() - stage.began
        self._show()

    def _show(self) -> None:
        if self.console.is_terminal:
            self._live.update(self._table())

    def _say(self, stage: Stage) -> None:
        """A line for a log, where there is no terminal to redraw."""
        if not self.console.is_terminal:
            state = stage.run.state if stage.run else "?"
            self.console.print(f"  {stage.dag_id}: {state} in {stage.took:.0f} s")

    def _table(self) -> Table:
        table = Table(title=f"The day {self.day} through Airflow", title_justify="left")
        for column in ("", "DAG", "started by", "tasks", "seconds"):
            table.add_column(column)
        for stage in self.stages.values():
            run = stage.run
            table.add_row(
                ICONS.get(run.state, "…") if run else "",
                stage.dag_id,
                ("its asset" if run.triggered_by == "asset" else "demo") if run else "",
                f"{stage.done}/{stage.tasks}" if stage.tasks else "",
                f"{stage.took:.0f}" if run else "",
            )
        return table

    def _failure(self, run: Run) -> str:
        lines = [f"{run.dag_id} failed in run {run.run_id}."]
        for task in self.airflow.tasks(run):
            if task["state"] == "failed":
                lines += [f"The end of the log of {task['task_id']}:"]
                lines += [f"  {line}" for line in self.airflow.log_tail(run, task)]
        return "\n".join(lines)
