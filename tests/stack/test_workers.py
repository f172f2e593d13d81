"""A day scored by two Celery workers, one of which is killed in the middle of its shard."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import psutil
import pyarrow as pa
import pytest
from PIL import Image

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring import score
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings, airflow
from counterfeit_ml.stack.catalogue import services
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.http import call
from counterfeit_ml.stack.readiness import is_ready
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Supervisor
from tests.dags.asking import Airflow, until
from tests.models_made import register
from tests.proxy import Proxy

DAY = "1999-11-01"
WORKERS = {"airflow-worker-1", "airflow-worker-2"}
TWO_SHARDS = 6144  # pictures: one shard of 4,096 and one of half as many
MIDDLE_SECONDS = 120

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster(command_line, tmp_path_factory):
    """A stack of its own with two workers."""
    line = command_line(tmp_path_factory.mktemp("workers") / "state")
    done = line.counterfeit("up", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    file = line.state / "platform.env"
    yield Stack(Folders(line.state), Settings(_env_file=file), StackSettings(_env_file=file))
    done = line.counterfeit("down", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def supervisor(cluster):
    return Supervisor(cluster.folders)


@pytest.fixture(scope="module")
def champion(cluster, tmp_path_factory):
    """A network of random weights that takes its time, as a real one does."""
    import keras

    from counterfeit_ml.training.network import to_litert

    keras.utils.set_random_seed(0)
    classes = load_brands(cluster.settings.config_dir).classes
    pictures = keras.Input((224, 224, 3), dtype="uint8")
    layers = keras.layers.Rescaling(1 / 255)(pictures)
    layers = keras.layers.Conv2D(8, 5, strides=4, activation="relu")(layers)
    head = keras.layers.Dense(len(classes), "softmax")(keras.layers.GlobalMaxPooling2D()(layers))
    folder = tmp_path_factory.mktemp("model")
    (folder / "logo.tflite").write_bytes(to_litert(keras.Model(pictures, head)))
    (folder / "classes.json").write_text(json.dumps(classes))
    registry = Registry(cluster.settings)
    registry.promote(register(registry, folder))


@pytest.fixture(scope="module")
def day(cluster, champion, listing_row):
    """What one worker publishes of the day, by key; the lake has only the day's listings."""
    lake = Lake(cluster.settings)
    with ThreadPoolExecutor(16) as threads:
        digests = list(threads.map(lake.put_image, map(_picture, range(TWO_SHARDS))))
    rows = [listing_row(str(number), image_sha256=one) for number, one in enumerate(digests)]
    table = pa.Table.from_pylist(rows, LISTINGS.schema)
    lake.write(LISTINGS, table, ds=DAY, marketplace="workers_test")
    score(cluster.settings, DAY)
    alone = _published(lake)
    lake.delete(list(alone))
    return alone


@pytest.fixture
def held(cluster):
    """Holds the shards' scores on their way into the lake, until they are released."""
    proxy = Proxy(cluster.settings.lake_endpoint)
    through = cluster.settings.model_copy(update={"lake_endpoint": proxy.url})
    airflow.ensure_objects(replace(cluster, settings=through))
    held = proxy.hold(b"PUT /counterfeit/_staging/image_scores/")
    yield held
    held.released.set()
    airflow.ensure_objects(cluster)


def test_a_killed_worker_costs_its_shard_alone(cluster, supervisor, day, held):
    client = Airflow(cluster.own)
    until(lambda: "score_listings" in client.dag_ids())
    run = client.trigger("score_listings", {}, DAY)
    killed = until(lambda: _one_of_two(client, run))
    assert held.reached.wait(MIDDLE_SECONDS)
    _kill_machine(supervisor, killed["hostname"])
    held.released.set()
    assert client.ended(run) == "success"
    shards = {one["map_index"]: one for one in _shards(client, run)}
    spared = shards.pop(1 - killed["map_index"])
    again = shards[killed["map_index"]]
    assert (spared["try_number"], again["try_number"]) == (1, 2)
    assert spared["hostname"] in WORKERS - {killed["hostname"]}
    assert _published(Lake(cluster.settings)) == day


def test_the_killed_worker_is_back(cluster, supervisor):
    for name in WORKERS:
        service = services(2)[name]
        until(lambda one=service: is_ready(cluster, one, supervisor.process(one.name)))


def test_a_killed_broker_comes_back_with_its_queue(cluster, supervisor):
    import redis

    client = redis.Redis.from_url(cluster.own.broker_uri)
    client.set("kept", "yes")
    os.kill(supervisor.process("broker").pid, signal.SIGKILL)
    until(lambda: is_ready(cluster, services(2)["broker"], supervisor.process("broker")))
    assert client.get("kept") == b"yes"


def test_as_many_shards_at_once_as_workers(cluster):
    url = f"{cluster.own.airflow_url}/api/v2/pools/scoring"
    found = call("GET", url, token=airflow.login(cluster.own)).json()
    assert found["slots"] == 2


def _picture(number):
    buffer = BytesIO()
    colour = (number % 256, number // 256, 7)
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


def _published(lake):
    keys = lake.keys("image_scores/") + lake.keys("scored_listings/")
    return {key: lake.get(key) for key in keys}


def _shards(client, run):
    return [one for one in client.tasks(run) if one["task_id"] == "score_shard"]


def _one_of_two(client, run):
    """A shard to kill, once both workers are at theirs."""
    running = [one for one in _shards(client, run) if one["state"] == "running"]
    both = {one["hostname"] for one in running} == WORKERS
    return running[0] if both else None


def _kill_machine(supervisor, worker):
    """The worker and all below it, at once."""
    main = psutil.Process(supervisor.process(worker).pid)
    for one in [main, *main.children(recursive=True)]:
        one.send_signal(signal.SIGKILL)
