"""Runs of retrain_logo_model on a real scheduler, where a person is asked."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import CHALLENGER, Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.training import import_labels
from tests.dags.asking import Airflow, until
from tests.training.drawn import CATALOGUE, draw_labels

DAG = "retrain_logo_model"

pytestmark = pytest.mark.timeout(900)


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
    run = airflow.trigger(DAG, {"fine_tune": False})
    assert airflow.ended(run) == "success"
    assert airflow.states(run) == {
        "enough_labels": "success",
        "validate_training_images": "success",
        "train": "success",
        "approve": "skipped",
        "promote": "success",
    }
    first = airflow.returned(run, "promote")
    assert first["promoted"]
    assert registry.champion() == first["version"]

    # Asked, and rejected: the champion stays, and who said so is noted.
    run = airflow.trigger(DAG, {"require_approval": True, "fine_tune": False})
    question = airflow.question(run)
    trained = airflow.returned(run, "train")
    assert question["subject"].startswith(f"Shall version {trained['version']} of logo-classifier")
    assert f"| macro_f1 | {trained['figures']['challenger_macro_f1']} |" in question["body"]
    for link in (trained["run_url"], trained["compare_url"]):
        assert f"]({link})" in question["body"]
    assert registry.champion() == first["version"]
    assert airflow.ended(run, "Reject") == "success"
    assert not airflow.returned(run, "promote")["promoted"]
    assert registry.champion() == first["version"]
    assert registry.tags(trained["version"])["rejected_by"] == "admin"
    assert registry.holder(CHALLENGER) == trained["version"]

    # Asked, and approved.
    run = airflow.trigger(DAG, {"require_approval": True, "fine_tune": False})
    airflow.question(run)
    assert airflow.ended(run, "Approve") == "success"
    approved = airflow.returned(run, "promote")
    assert approved["champion_before"] == first["version"]
    assert registry.champion() == approved["version"]
    assert registry.tags(approved["version"])["approved_by"] == "admin"
