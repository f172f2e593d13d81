"""MLflow or S3 away in the middle of a training: waited for, then said, and noted in MLflow."""

import logging
import subprocess
import sys

import pytest

from counterfeit_ml import patience
from counterfeit_ml.errors import LakeError, RegistryAwayError
from counterfeit_ml.registry import EXPERIMENT, Registry
from counterfeit_ml.training import import_labels, retrain, retraining
from tests.proxy import Proxy
from tests.training.drawn import draw_labels

LABEL_SET = "faults-test"
BEGIN = """
import sys, time
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import Settings
with Registry(Settings.load()).run("another process", {}) as run:
    print(run.id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.1, 0.1))


@pytest.fixture
def mlflow(settings):
    return Proxy(settings.mlflow_uri)


@pytest.fixture
def through(settings, mlflow):
    return Registry(settings.model_copy(update={"mlflow_uri": mlflow.url}))


@pytest.fixture
def client(settings):
    return Registry(settings).client()


@pytest.fixture(scope="module")
def labelled(lake, catalogue, tmp_path_factory):
    import_labels(lake, catalogue, draw_labels(tmp_path_factory.mktemp("l") / "s", 8), LABEL_SET)


def status(client, run_id):
    found = client.get_run(run_id)
    return found.info.status, found.data.tags.get("failure")


def test_mlflow_away_for_a_moment_is_waited_for(through, mlflow, client, caplog):
    with caplog.at_level(logging.WARNING), through.run("a moment", {}) as run:
        run.log_params({"before": 1})
        mlflow.away()
        mlflow.back_in(5)
        run.log_metrics({"after": 2.0})
    assert "tried again in 1 s: MLflow at http://127.0.0.1:" in caplog.text
    assert client.get_run(run.id).data.metrics == {"after": 2.0}
    assert status(client, run.id) == ("FINISHED", None)


def test_mlflow_away_for_good_is_said_and_the_next_run_notes_it(
    through, mlflow, client, impatient, settings, caplog
):
    begun = []

    def train():
        with through.run("for good", {}) as run:
            begun.append(run.id)
            mlflow.away()
            run.log_metrics({"lost": 1.0})

    with pytest.raises(RegistryAwayError, match=r"^MLflow at http://127.0.0.1:\d+ failed over run"):
        train()
    assert f"run {begun[0]} stays RUNNING: the next retraining marks it FAILED" in caplog.text
    assert status(client, begun[0]) == ("RUNNING", None)
    with Registry(settings).run("the next", {}):
        assert status(client, begun[0]) == ("FAILED", "Its process ended before it could say how.")


def test_only_the_run_of_a_process_that_is_gone_is_ended(services, settings, client):
    command = [sys.executable, "-c", BEGIN]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=services.env, **pipes) as process:
        run_id = process.stdout.readline().strip()
        with Registry(settings).run("beside it", {}):
            assert status(client, run_id)[0] == "RUNNING"
        process.kill()
        process.wait()
        with Registry(settings).run("after it", {}):
            assert status(client, run_id)[0] == "FAILED"


@pytest.fixture
def interrupted(settings, labelled, monkeypatch, tmp_path, comes_back):
    """Settings through a proxy to S3, which goes away as soon as the training has begun.

    It comes back, if at all, some seconds after the training has missed it.
    """
    s3 = Proxy(settings.lake_endpoint)
    weights = retraining.imagenet_weights(settings.cache_dir)

    def meanwhile(cache_dir):
        s3.away()
        return weights

    class Missed(logging.Handler):
        def emit(self, record):
            if "tried again in 1 s" in record.getMessage():
                s3.back_in(5)
                log.removeHandler(self)

    log, missed = logging.getLogger("counterfeit_ml.patience"), Missed()
    monkeypatch.setattr(retraining, "imagenet_weights", meanwhile)
    if comes_back:
        log.addHandler(missed)
    changed = {"lake_endpoint": s3.url, "cache_dir": tmp_path}
    yield settings.model_copy(update=changed)
    log.removeHandler(missed)


def last_run(client):
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    (run,) = client.search_runs([experiment], max_results=1)
    return run.info.run_id


@pytest.mark.parametrize("comes_back", [False])
def test_s3_away_for_good_is_said_and_noted(interrupted, client, impatient):
    with pytest.raises(LakeError, match=r"^reading s3://counterfeit/images/.* failed: is S3 up"):
        retrain(interrupted, [LABEL_SET], fine_tune=False)
    state, failure = status(client, last_run(client))
    assert state == "FAILED"
    assert failure.startswith("reading s3://counterfeit/images/")


@pytest.mark.parametrize("comes_back", [True])
def test_s3_away_for_a_moment_is_waited_for(
    interrupted, client, without_champion, monkeypatch, caplog
):
    with caplog.at_level(logging.WARNING):
        assert retrain(interrupted, [LABEL_SET], fine_tune=False).promoted
    assert "tried again in 1 s: reading s3://counterfeit/images/" in caplog.text
    assert status(client, last_run(client)) == ("FINISHED", None)
