"""monitor_drift and what starts retrain_logo_model, on a real scheduler."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.demo.airflow_client import Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring import measure_drift
from tests.dags.asking import Airflow
from tests.monitoring.drawn import pictures, put_day
from tests.waiting import until

DRIFT, RETRAIN = "monitor_drift", "retrain_logo_model"
FIRST = date(1997, 3, 1)

pytestmark = pytest.mark.timeout(600)


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
        airflow.question(run)
        return run

    return start


def test_severe_drift_asks_a_person_and_a_yes_retrains_once(airflow, drifting):
    ds = "1997-03-04"
    run = drifting(ds)
    assert "**brightness** (mean luma, 0 to 255): PSI" in airflow.question(run)["body"]
    assert airflow.ended(run, "Retrain now") == "success"
    states = airflow.states(run)
    assert (states["retrain"], states["not_now"]) == ("success", "skipped")
    assert airflow.runs(RETRAIN)[f"drift__{ds}"] == "operator_triggered"
    airflow.cancel(airflow.run_of(RETRAIN, f"drift__{ds}"))
    again = drifting(ds)
    assert airflow.ended(again, "Retrain now") == "success"
    assert airflow.states(again)["retrain"] == "skipped"


def test_a_no_retrains_nothing(airflow, drifting, lake):
    ds = "1997-03-04"
    run = drifting(ds)
    before = airflow.runs(RETRAIN)
    assert airflow.ended(run, "Not now") == "success"
    assert airflow.states(run)["retrain"] == "skipped"
    assert airflow.runs(RETRAIN) == before


def test_a_stable_day_asks_nothing(airflow, lake):
    ds = "1997-03-03"
    run = airflow.trigger(DRIFT, {}, ds)
    assert airflow.ended(run) == "success"
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
    assert airflow.ended(run) == "success"
    states = airflow.states(run)
    assert states.pop("take_reviews") == "success"
    assert set(states.values()) == {"skipped"}
    reason = airflow.skip_reason(run, "enough_labels")
    assert reason.startswith(f"{len(classes)} new labels ")
    assert "50 are needed to retrain" in reason
