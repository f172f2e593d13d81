"""Runs of retrain_logo_model on a real scheduler, where a person is asked."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import CHALLENGER, Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.training import import_labels
from tests.training.drawn import CATALOGUE, draw_labels

DAG = "retrain_logo_model"
PATIENCE_SECONDS = 240

pytestmark = pytest.mark.timeout(900)


class Airflow(AirflowClient):
    """The client, and what only these tests ask."""

    def finish(self, run: Run) -> dict[str, str]:
        until(lambda: self.run(run).state in {"success", "failed"})
        return {task["task_id"]: task["state"] for task in self.tasks(run)}

    def asked(self, run: Run) -> dict[str, Any]:
        until(lambda: self._waits(run))
        return self._call("GET", self._question(run))

    def answer(self, run: Run, option: str) -> dict[str, str]:
        """Answer as often as it is asked: Airflow loses an answer given at once."""

        def ended() -> bool:
            if self._waits(run):
                body = {"chosen_options": [option], "params_input": {}}
                self._call("PATCH", self._question(run), json=body)
            return self.run(run).state in {"success", "failed"}

        until(ended)
        return self.finish(run)

    def _waits(self, run: Run) -> bool:
        states = {task["task_id"]: task["state"] for task in self.tasks(run)}
        assert "failed" not in states.values(), states
        return states["approve"] == "awaiting_input"

    def returned(self, run: Run, task: str) -> dict[str, Any]:
        path = f"/api/v2/dags/{DAG}/dagRuns/{run.run_id}/taskInstances/{task}/xcomEntries"
        return self._call("GET", f"{path}/return_value")["value"]

    @staticmethod
    def _question(run: Run) -> str:
        path = f"/api/v2/dags/{DAG}/dagRuns/{run.run_id}/taskInstances/approve/-1"
        return f"{path}/hitlDetails"


def until(met):
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := met()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.5)
    return found


def succeed(done):
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="counterfeit-retraining-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def settings(command_line, folder) -> Iterator[Settings]:
    """Those of a stack whose catalogue has two drawn brands, and labels for them."""
    config, stack = folder / "config", command_line(folder / "state")
    shutil.copytree("config", config)
    (config / "brands.yaml").write_text(CATALOGUE)
    try:
        succeed(stack.counterfeit("up", COUNTERFEIT_CONFIG_DIR=str(config)))
        settings = Settings(_env_file=folder / "state" / "platform.env", config_dir=config)
        labels = draw_labels(folder / "shop", each=12)
        import_labels(Lake(settings), load_brands(config), labels, "drawn")
        yield settings
    finally:
        succeed(stack.counterfeit("down", "--purge"))


@pytest.fixture(scope="module")
def airflow(settings, folder) -> Airflow:
    airflow = Airflow(StackSettings(_env_file=folder / "state" / "platform.env"))
    until(lambda: DAG in airflow.dag_ids())
    return airflow


def test_the_champion_waits_for_a_person_where_that_is_required(airflow, settings):
    registry = Registry(settings)

    # Nobody is asked: the first is promoted by itself.
    run = airflow.trigger(DAG, {})
    states = airflow.finish(run)
    assert states == {
        "validate_training_images": "success",
        "train": "success",
        "approve": "skipped",
        "promote": "success",
    }
    first = airflow.returned(run, "promote")
    assert first["promoted"]
    assert registry.champion() == first["version"]

    # Asked, and rejected: the champion stays, and who said so is noted.
    run = airflow.trigger(DAG, {"require_approval": True})
    question = airflow.asked(run)
    trained = airflow.returned(run, "train")
    assert question["subject"].startswith(f"Shall version {trained['version']} of logo-classifier")
    assert f"| macro_f1 | {trained['figures']['challenger_macro_f1']} |" in question["body"]
    for link in (trained["run_url"], trained["compare_url"]):
        assert f"]({link})" in question["body"]
    assert registry.champion() == first["version"]
    assert airflow.answer(run, "Reject")["promote"] == "success"
    assert not airflow.returned(run, "promote")["promoted"]
    assert registry.champion() == first["version"]
    assert registry.tags(trained["version"])["rejected_by"] == "admin"
    assert registry.holder(CHALLENGER) == trained["version"]

    # Asked, and approved.
    run = airflow.trigger(DAG, {"require_approval": True})
    airflow.asked(run)
    assert airflow.answer(run, "Approve")["promote"] == "success"
    approved = airflow.returned(run, "promote")
    assert approved["champion_before"] == first["version"]
    assert registry.champion() == approved["version"]
    assert registry.tags(approved["version"])["approved_by"] == "admin"
