"""monitor_drift and what starts retrain_logo_model, on a real scheduler."""

import time
from datetime import date, timedelta

import pyarrow as pa
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring import measure_drift
from tests.monitoring.drawn import pictures, put_day

DRIFT, RETRAIN = "monitor_drift", "retrain_logo_model"
PATIENCE_SECONDS = 120
FIRST = date(1997, 3, 1)
ENDED = {"success", "failed"}

pytestmark = pytest.mark.timeout(600)


class Airflow(AirflowClient):
    """The client, and what only these tests ask."""

    def states(self, run: Run) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.tasks(run)}

    def runs(self, dag_id: str) -> dict[str, str]:
        found = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 100})
        return {run["dag_run_id"]: run["run_type"] for run in found["dag_runs"]}

    def answer(self, run: Run, option: str) -> None:
        task = f"/api/v2/dags/{DRIFT}/dagRuns/{run.run_id}/taskInstances/propose_retrain/-1"
        body = {"chosen_options": [option], "params_input": {}}
        self._call("PATCH", f"{task}/hitlDetails", json=body)

    def skip_reason(self, run: Run, task_id: str) -> str:
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/logs/1"
        content = self._call("GET", path, params={"map_index": -1})["content"]
        return next(line["reason"] for line in content if "reason" in line)

    def question(self, run: Run) -> str:
        task = f"/api/v2/dags/{DRIFT}/dagRuns/{run.run_id}/taskInstances/propose_retrain/-1"
        return self._call("GET", f"{task}/hitlDetails")["body"]

    def announce(self, asset: str) -> None:
        assets = self._call("GET", "/api/v2/assets", params={"limit": 100})["assets"]
        (found,) = [one["id"] for one in assets if one["name"] == asset]
        self._call("POST", "/api/v2/assets/events", json={"asset_id": found})

    def run_of(self, dag_id: str, run_id: str) -> Run:
        return self.run(Run(dag_id, run_id, "", "", ""))


def until(met):
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := met()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def airflow(stack) -> Airflow:
    airflow = Airflow(stack.stack)
    until(lambda: {DRIFT, RETRAIN} <= airflow.dag_ids())
    return airflow


@pytest.fixture(scope="module")
def lake(stack):
    """Three days compared, a fourth and a fifth scored whose pictures are much brighter."""
    lake = Lake(stack.settings)
    days = [(FIRST + timedelta(number)).isoformat() for number in range(3)]
    for seed, ds in enumerate(days):
        put_day(lake, ds, seed, new=pictures(seed))
        measure_drift(stack.settings, ds)
    return lake


@pytest.fixture
def drifting(lake, airflow):
    """Scores a day whose pictures are too bright and starts its run, up to the question."""

    def start(ds: str) -> Run:
        put_day(lake, ds, 9, new=pictures(9, light=60))
        run = airflow.trigger(DRIFT, {}, ds)
        until(lambda: asks(airflow, run))
        return run

    return start


def asks(airflow: Airflow, run: Run) -> bool:
    return airflow.states(run).get("propose_retrain") == "awaiting_input"


def ended(airflow: Airflow, run: Run, answer: str | None = None) -> str:
    """The run's last state, its question answered whenever it asks."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (state := airflow.run(run).state) not in ENDED:
        assert time.monotonic() < end, airflow.states(run)
        if answer and asks(airflow, run):
            airflow.answer(run, answer)
        time.sleep(0.5)
    return state


def test_severe_drift_asks_a_person_and_a_yes_retrains_once(airflow, drifting):
    ds = "1997-03-04"
    run = drifting(ds)
    assert "**brightness** (mean luma, 0 to 255): PSI" in airflow.question(run)
    assert ended(airflow, run, "Retrain now") == "success"
    states = airflow.states(run)
    assert (states["retrain"], states["not_now"]) == ("success", "skipped")
    assert airflow.runs(RETRAIN)[f"drift__{ds}"] == "operator_triggered"
    airflow.cancel(airflow.run_of(RETRAIN, f"drift__{ds}"))
    again = drifting(ds)
    assert ended(airflow, again, "Retrain now") == "success"
    assert airflow.states(again)["retrain"] == "skipped"


def test_a_no_retrains_nothing(airflow, drifting, lake):
    ds = "1997-03-04"
    run = drifting(ds)
    before = airflow.runs(RETRAIN)
    assert ended(airflow, run, "Not now") == "success"
    assert airflow.states(run)["retrain"] == "skipped"
    assert airflow.runs(RETRAIN) == before


def test_a_stable_day_asks_nothing(airflow, lake):
    ds = "1997-03-03"
    run = airflow.trigger(DRIFT, {}, ds)
    assert ended(airflow, run) == "success"
    states = airflow.states(run)
    assert states["measure_drift"] == "success"
    assert {states[name] for name in ("describe", "propose_retrain", "retrain")} == {"skipped"}


def test_few_new_labels_start_a_run_that_skips_itself(airflow, lake, stack, label_row, request):
    classes = load_brands(stack.settings.config_dir).classes
    rows = [
        label_row(f"{number:064x}", name, origin="review") for number, name in enumerate(classes)
    ]
    table = pa.Table.from_pylist(rows, LABELS.schema)
    request.addfinalizer(lambda: lake.delete(lake.keys("labels/label_set=drift_test/")))
    lake.write(LABELS, table, label_set="drift_test")
    before = set(airflow.runs(RETRAIN))
    airflow.announce("labels")
    (run_id,) = until(lambda: set(airflow.runs(RETRAIN)) - before)
    assert airflow.runs(RETRAIN)[run_id] == "asset_triggered"
    run = airflow.run_of(RETRAIN, run_id)
    assert ended(airflow, run) == "success"
    assert set(airflow.states(run).values()) == {"skipped"}
    reason = airflow.skip_reason(run, "enough_labels")
    assert reason.startswith(f"{len(classes)} new labels ")
    assert "50 are needed to retrain" in reason
