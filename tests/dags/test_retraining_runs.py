"""Runs of retrain_logo_model on a real scheduler, where a person is asked."""

import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import CHALLENGER, Registry
from counterfeit_ml.training import import_labels
from tests.dags.asking import Airflow
from tests.models_made import WORSE, colour_model, register
from tests.training.drawn import draw_labels
from tests.waiting import until

DAG, LABEL_SET = "retrain_logo_model", "retraining_runs"
CONF = {"label_sets": [LABEL_SET], "brands": ["bars", "ring"], "fine_tune": False}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def airflow(stack, tmp_path, without_champion) -> Airflow:
    """With a label set of two drawn brands, which the catalogue does not have."""
    catalogue, folder = load_brands(stack.settings.config_dir), draw_labels(tmp_path / "s", each=12)
    import_labels(Lake(stack.settings), catalogue, folder, LABEL_SET, brands=("all",))
    airflow = Airflow(stack.stack)
    until(lambda: DAG in airflow.dag_ids())
    return airflow


@pytest.fixture
def first(airflow, stack, tmp_path) -> str:
    """The champion, which is not hard to beat."""
    registry = Registry(stack.settings)
    version = register(registry, colour_model(tmp_path / "worse", WORSE))
    registry.promote(version)
    return version


def test_the_champion_waits_for_a_person_where_that_is_required(airflow, stack, first):
    """Where nobody is asked, as in the demo, it does not."""
    registry = Registry(stack.settings)

    # Rejected: the champion stays, and who said so is noted.
    run = airflow.trigger(DAG, CONF | {"require_approval": True})
    question = airflow.question(run)
    trained = airflow.returned(run, "train")
    assert question["subject"].startswith(f"Shall version {trained['version']} of logo-classifier")
    assert f"| macro_f1 | {trained['figures']['challenger_macro_f1']} |" in question["body"]
    for link in (trained["run_url"], trained["compare_url"]):
        assert f"]({link})" in question["body"]
    assert registry.champion() == first
    assert airflow.ended(run, "Reject") == "success"
    assert not airflow.returned(run, "promote")["promoted"]
    assert registry.champion() == first
    assert registry.tags(trained["version"])["rejected_by"] == "admin"
    assert registry.holder(CHALLENGER) == trained["version"]

    # Approved.
    run = airflow.trigger(DAG, CONF | {"require_approval": True})
    airflow.question(run)
    assert airflow.ended(run, "Approve") == "success"
    approved = airflow.returned(run, "promote")
    assert approved["champion_before"] == first
    assert registry.champion() == approved["version"]
    assert registry.tags(approved["version"])["approved_by"] == "admin"
