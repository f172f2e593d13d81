"""One real training on a few drawn pictures, and what must never become champion."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

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
    return retrain(settings, [LABEL_SET], fine_tune=False)


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
    data = load_training_set(lake, catalogue, [LABEL_SET])
    for part, name in (("train", "pictures"), ("evaluation", "pictures_kept_back")):
        assert run.data.params[name] == str(len(data.part(part).digests))
    assert trained.metrics.items() <= run.data.metrics.items()
    assert run.data.metrics["litert_difference"] < 1e-3
    assert len(client.get_metric_history(trained.run_id, "loss")) > 5
    assert run.inputs.dataset_inputs[0].dataset.name == "labels"
    assert run.data.metrics["recall/ring"] <= 1
    assert run.data.metrics["roc_auc/no_logo"] <= 1


def test_the_run_shows_what_a_sceptic_asks(trained, client):
    assert artifacts(client, trained, "figures") == {
        *("confusion.png", "per_class.png", "precision_recall.png", "reliability.png"),
        *("roc.png", "thresholds.png", "worst_mistakes.png", "label_issues.png"),
    }
    assert artifacts(client, trained, "tables") == {
        *("classes.json", "confused.json", "label_issues.json", "mistakes.json"),
        *("reliability.json", "thresholds.json"),
    }
    import mlflow

    card = mlflow.artifacts.load_text(f"runs:/{trained.run_id}/model_card.md")
    assert f"# Logo model trained on {LABEL_SET}\n" in card
    assert client.get_model_version(MODEL, trained.version).description == card


def artifacts(client, trained, folder: str) -> set[str]:
    found = client.list_artifacts(trained.run_id, folder)
    return {artifact.path.removeprefix(f"{folder}/") for artifact in found}


def test_mlflow_loads_the_model_without_the_platform(trained, client):
    import mlflow

    model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{trained.version}")
    found = model.predict(np.stack([decode(picture("ring", 100))]))
    assert found.shape == (1, 3)
    assert model.metadata.signature.inputs.inputs[0].shape == (-1, 224, 224, 3)
    assert model.input_example.shape == (1, 224, 224, 3)


def test_the_same_seed_gives_the_same_metrics(trained, settings):
    again = retrain(settings, [LABEL_SET], fine_tune=False)
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
        retrain(settings, [LABEL_SET], fine_tune=False)
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
    found = retrain(settings, [LABEL_SET], fine_tune=False)
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
        retrain(settings, [LABEL_SET], fine_tune=False)
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


def test_a_label_error_is_in_the_report(settings, lake, catalogue, client, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=10, first=50)
    import_labels(lake, catalogue, directory, "label-error-test")
    learned = load_training_set(lake, catalogue, ["label-error-test"]).part("train").digests
    digest, ring = next(
        (digest, file)
        for file in sorted((directory / "ring").iterdir())
        if (digest := sha256(file.read_bytes()).hexdigest()) in learned
    )
    ring.rename(directory / "bars" / "planted.jpg")
    import_labels(lake, catalogue, directory, "label-error-test")
    result = retrain(settings, ["label-error-test"], fine_tune=False)
    import mlflow

    folder = mlflow.artifacts.download_artifacts(
        f"runs:/{result.run_id}/tables/label_issues.json", dst_path=str(tmp_path)
    )
    table = json.loads(Path(folder).read_text())
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    (row,) = [row for row in rows if row["image_sha256"] == digest]
    assert (row["label"], row["predicted"]) == ("bars", "ring")
    assert result.label_issues == len(rows)
    assert f"{len(rows)} labels look wrong: see figures/label_issues.png" in str(result)
    assert f"of run {result.run_id}." in str(result)


def test_labels_that_do_not_exist_start_no_run(settings):
    with pytest.raises(TrainingError, match="There is no label set nowhere"):
        retrain(settings, ["nowhere"], fine_tune=False)


def test_mlflow_away_is_said(settings, trained, unused_port):
    away = settings.model_copy(update={"mlflow_uri": f"http://127.0.0.1:{unused_port}"})
    with pytest.raises(
        RegistryError, match=r"^MLflow at http://127.0.0.1:\d+ failed over a new run"
    ):
        retrain(away, [LABEL_SET], fine_tune=False)
