"""Runs the DAGs of a stage on a real scheduler, and runs again what a fault has failed."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from counterfeit_ml.demo.airflow_client import Run
from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import StackSettings
from tests.dags.asking import ENDED, Airflow
from tests.faults.stages import CHAIN, RETRAIN
from tests.waiting import until

DAY = "2026-10-05"
MARKETPLACE, LABEL_SET = "faults", "faults"
OURS = (*CHAIN, RETRAIN)
RUN_SECONDS = 420
ASSET_SECONDS = 120
POLL_SECONDS = 0.3
BY_ITSELF, BY_A_RERUN = "by itself", "by a rerun"

Answer = TypeVar("Answer")


class Runs:
    """One run of each DAG in turn; ``rerun`` says whether a person had to help."""

    def __init__(self, own: StackSettings, source: str) -> None:
        self._airflow = Airflow(own)
        self._source = source
        self.rerun = False

    def start(self, dag_id: str) -> Run:
        """As a person does, or the DAG before by its asset."""
        conf = {
            CHAIN[0]: {"marketplaces": [MARKETPLACE], "source": self._source},
            RETRAIN: {"label_sets": [LABEL_SET], "fine_tune": False},
        }
        day = None if dag_id == RETRAIN else DAY
        return self.asked(lambda: self._airflow.trigger(dag_id, conf.get(dag_id, {}), day))

    def finish(self, run: Run, dag_ids: tuple[str, ...]) -> str:
        """Follow ``run`` and those of the DAGs behind it; ``BY_ITSELF`` or ``BY_A_RERUN``."""
        for dag_id in dag_ids:
            if dag_id != run.dag_id:
                run = self._next(dag_id, run)
            self._end(run)
        until(self._quiet, RUN_SECONDS, pause=1)
        return BY_A_RERUN if self.rerun else BY_ITSELF

    def only_ours(self) -> None:
        """Let no other DAG take time from these."""
        until(lambda: set(OURS) <= self._airflow.dag_ids())
        for dag_id in self._airflow.dag_ids() - set(OURS):
            self._airflow.pause(dag_id)

    def cancel(self) -> None:
        """End what is unfinished."""
        for run in self._airflow.unfinished(OURS):
            self._airflow.cancel(run)

    def asked(self, question: Callable[[], Answer]) -> Answer:
        """What Airflow answers, as soon as it answers."""

        def ask() -> list[Answer]:
            with suppress(StackError):
                return [question()]
            return []

        return until(ask, RUN_SECONDS)[0]

    def _end(self, run: Run) -> None:
        if self._ended(run) == "failed":
            self.rerun = True
            self.asked(lambda: self._airflow.clear_run(run))
            assert self._ended(run) == "success", f"{run.dag_id} failed again"

    def _ended(self, run: Run) -> str:
        def state() -> str | None:
            found = self.asked(lambda: self._airflow.run(run)).state
            return found if found in ENDED else None

        return until(state, RUN_SECONDS)

    def _next(self, dag_id: str, before: Run) -> Run:
        """The run that the asset of ``before`` has started, else one started by hand."""
        since, end = before.run_after, time.monotonic() + ASSET_SECONDS
        while time.monotonic() < end:
            if run := self.asked(lambda: self._airflow.first_run_since(dag_id, DAY, since)):
                return run
            time.sleep(POLL_SECONDS)
        self.rerun = True
        return self.start(dag_id)

    def _quiet(self) -> bool:
        return not self.asked(lambda: self._airflow.unfinished(OURS))
