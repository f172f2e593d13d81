"""The registry on a real MLflow server."""

import pytest

from counterfeit_ml.errors import BrokenModelError, RegistryError
from counterfeit_ml.registry import CHALLENGER, CHAMPION, MODEL, Registry
from tests.models_made import colour_model, register


@pytest.fixture
def registry(services) -> Registry:
    return Registry(services.settings)


def log_model(registry, folder):
    """Registers a model with the files of ``folder`` beside a function of no use."""
    import mlflow

    code = folder.parent / "model.py"
    code.write_text("import mlflow\nmlflow.models.set_model(lambda model_input: model_input)\n")
    with registry.run("registry test", {}):
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(code),
            artifacts={file.stem: str(file) for file in folder.iterdir()},
            pip_requirements=[],
            registered_model_name=MODEL,
        )
    return str(info.registered_model_version)


def folder_with(tmp_path, **files):
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return folder


def test_no_champion_says_what_to_run(registry, without_champion):
    with pytest.raises(RegistryError, match=r"^No champion yet: .*`counterfeit retrain`\.$"):
        registry.champion()


def test_a_server_that_is_away_is_named_at_once(services, unused_port):
    uri = f"http://127.0.0.1:{unused_port}"
    with pytest.raises(RegistryError, match=rf"^MLflow at {uri} failed over alias champion: "):
        Registry(services.settings.model_copy(update={"mlflow_uri": uri})).champion()


def test_a_version_that_does_not_exist(registry):
    with pytest.raises(RegistryError, match="model logo-classifier version 9999"):
        registry.fetch("9999")


def test_a_run_that_raises_is_failed(registry):
    with pytest.raises(ValueError, match="no"), registry.run("a failure", {}) as run:
        raise ValueError("no")
    assert registry.client().get_run(run.id).info.status == "FAILED"


def test_a_version_is_fetched_once_and_again_when_its_folder_is_gone(registry, tmp_path):
    version = log_model(registry, folder_with(tmp_path, logo_tflite="a model", classes_json="[]"))
    folder = registry.fetch(version)
    assert folder.name.startswith(f"{version}-m-")
    assert {file.name for file in folder.iterdir()} == {"logo.tflite", "classes.json"}
    (folder / "logo.tflite").write_text("kept")
    assert (registry.fetch(version) / "logo.tflite").read_text() == "kept"
    folder.rename(tmp_path / "gone")
    assert (registry.fetch(version) / "logo.tflite").read_text() == "a model"
    assert not list(folder.parent.glob(".fetching-*"))


def test_a_version_of_another_making_is_refused(registry, tmp_path):
    version = log_model(registry, folder_with(tmp_path, weights_bin="another model"))
    with pytest.raises(RegistryError, match=f"^Version {version} of logo-classifier holds no logo"):
        registry.fetch(version)
    assert not list(registry.cache.glob(f"{version}-*"))


def test_promoting_moves_the_alias(registry, without_champion, tmp_path):
    version = register(registry, colour_model(tmp_path))
    assert registry.holder(CHALLENGER) == version
    registry.promote(version)
    assert registry.champion() == version
    assert registry.holder(CHALLENGER) is None
    registry.client().delete_registered_model_alias(MODEL, CHAMPION)


def test_a_file_that_does_not_run_is_not_promoted(registry, without_champion, tmp_path):
    version = log_model(registry, folder_with(tmp_path, logo_tflite="a model", classes_json="[]"))
    with pytest.raises(BrokenModelError, match=f"^Version {version} of logo-classifier is broken"):
        registry.promote(version)
    assert registry.holder(CHAMPION) is None


def test_no_other_way_leads_to_the_alias(registry):
    with pytest.raises(ValueError, match="only promote and restore make a champion"):
        registry.name(CHAMPION, "1")


def test_pages_of_runs(registry):
    with registry.run("a page", {}) as run:
        url = registry.compare_url([run.id, "other"])
    experiment = registry.client().get_run(run.id).info.experiment_id
    assert registry.run_url(run.id) == f"{registry.uri}/#/experiments/{experiment}/runs/{run.id}"
    assert url == (
        f"{registry.uri}/#/compare-runs?runs=%5B%22{run.id}%22%2C%20%22other%22%5D"
        f"&experiments=%5B%22{experiment}%22%5D"
    )
