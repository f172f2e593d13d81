"""One real training on a few drawn pictures, and what must never become champion."""

from dataclasses import replace

import numpy as np
import pytest

from counterfeit_ml.errors import BrokenModelError, RegistryError, TrainingError
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.registry import MODEL, Registry
from counterfeit_ml.training import import_labels, retrain
from counterfeit_ml.training.dataset import load_training_set
from counterfeit_ml.training.head import Head
from tests.training.drawn import CLASSES, draw_labels, picture

LABEL_SET = "retraining-test"


@pytest.fixture(scope="module")
def trained(settings, lake, catalogue, tmp_path_factory):
    directory = draw_labels(tmp_path_factory.mktemp("labels") / "shop", each=8)
    import_labels(lake, catalogue, directory, LABEL_SET)
    return retrain(settings, [LABEL_SET])


@pytest.fixture(scope="module")
def client(settings):
    return Registry(settings).client()


def test_the_champion_knows_pictures_it_has_not_seen(trained, settings):
    registry = Registry(settings)
    assert trained.promoted
    assert registry.champion() == trained.version
    model = LogoClassifier(registry.fetch(trained.version))
    assert model.classes == CLASSES
    batch = np.stack([decode(picture(label, 100 + n)) for label in CLASSES for n in range(4)])
    found = model.predict(batch)
    assert found.sum(axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    assert (found.argmax(axis=1) == np.repeat([0, 1, 2], 4)).mean() > 0.8


def test_the_run_tells_how_it_was_made(trained, client, lake, catalogue):
    run = client.get_run(trained.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["label_sets"] == LABEL_SET
    assert run.data.params["weights_source"] == trained.weights_source
    learned_from = load_training_set(lake, catalogue, [LABEL_SET]).part("train")
    assert run.data.params["pictures_ring"] == str(learned_from.counts()["ring"])
    assert trained.metrics.items() <= run.data.metrics.items()
    assert run.data.metrics["litert_difference"] < 1e-3
    assert len(client.get_metric_history(trained.run_id, "held_out_loss")) > 5
    assert run.inputs.dataset_inputs[0].dataset.name == "labels"
    names = {artifact.path for artifact in client.list_artifacts(trained.run_id)}
    assert names >= {"classes.json", "thresholds.json", "confusion.png", "reliability.png"}


def test_mlflow_loads_the_model_without_the_platform(trained, client):
    import mlflow

    model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{trained.version}")
    found = model.predict(np.stack([decode(picture("ring", 100))]))
    assert found.shape == (1, 3)
    assert model.metadata.signature.inputs.inputs[0].shape == (-1, 224, 224, 3)
    assert model.input_example.shape == (1, 224, 224, 3)


def test_the_same_seed_gives_the_same_metrics(trained, settings):
    again = retrain(settings, [LABEL_SET])
    assert again.metrics == trained.metrics
    assert int(again.version) == int(trained.version) + 1


def test_an_export_that_differs_stops_and_the_champion_stays(
    trained, settings, client, monkeypatch
):
    def broken(head: Head, temperature: float) -> Head:
        return replace(head, kernel=np.full_like(head.kernel, np.nan))

    champion = Registry(settings).champion()
    monkeypatch.setattr(Head, "cooled", broken)
    with pytest.raises(TrainingError, match="exported model differs from Keras by nan"):
        retrain(settings, [LABEL_SET])
    assert Registry(settings).champion() == champion
    (last,) = client.search_runs(
        [client.get_experiment_by_name(MODEL).experiment_id], max_results=1
    )
    assert last.info.status == "FAILED"


def changed(monkeypatch, change):
    """Every head that is learned is changed before it is exported."""
    cooled = Head.cooled
    monkeypatch.setattr(Head, "cooled", lambda head, temperature: change(cooled(head, temperature)))


def test_one_that_is_worse_is_registered_and_the_champion_stays(
    trained, settings, client, monkeypatch
):
    champion = Registry(settings).champion()
    changed(monkeypatch, lambda head: Head(head.kernel / 1000, head.bias / 1000))
    found = retrain(settings, [LABEL_SET])
    assert (found.promoted, found.decision) == (False, "keep the champion")
    assert "calibration error" in found.because
    assert f"version {found.version}, not the champion (keep the champion): macro" in str(found)
    assert Registry(settings).champion() == champion
    assert client.get_run(found.run_id).info.status == "FINISHED"


def test_one_that_knows_nothing_is_refused_and_the_champion_stays(
    trained, settings, client, monkeypatch
):
    champion = Registry(settings).champion()
    changed(monkeypatch, lambda head: Head(np.roll(head.kernel, 1, 1), np.roll(head.bias, 1)))
    with pytest.raises(BrokenModelError, match="kept back for evaluation no better than chance"):
        retrain(settings, [LABEL_SET])
    assert Registry(settings).champion() == champion
    (last,) = client.search_runs(
        [client.get_experiment_by_name(MODEL).experiment_id], max_results=1
    )
    assert last.info.status == "FAILED"
    assert "no better than chance" in last.data.tags["failure"]


def test_its_pages_in_mlflow(trained, settings):
    again = Registry(settings)
    assert trained.run_url.startswith(f"{settings.mlflow_uri}/#/experiments/")
    assert trained.run_url.endswith(f"/runs/{trained.run_id}")
    assert again.run_of(trained.version) == trained.run_id


def test_labels_that_do_not_exist_start_no_run(settings):
    with pytest.raises(TrainingError, match="There is no label set nowhere"):
        retrain(settings, ["nowhere"])


def test_mlflow_away_is_said(settings, trained, unused_port):
    away = settings.model_copy(update={"mlflow_uri": f"http://127.0.0.1:{unused_port}"})
    with pytest.raises(
        RegistryError, match=r"^MLflow at http://127.0.0.1:\d+ failed over a new run"
    ):
        retrain(away, [LABEL_SET])
