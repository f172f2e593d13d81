"""How much faster two Celery workers score than one, when each has a core of its own.

Starts a stack with two workers, pins each to a core, and lets Airflow score the same pictures with
one of them and then with both, in turn. Measured is from the first shard's start to the last one's
end. S3, PostgreSQL and Airflow's scheduler, which in earnest run elsewhere, run on the cores of the
workers in both cases: on an idle core beside one worker they would be a third machine that two
workers have not. Prints medians and writes benchmarks/out/two_workers.json; `two_worker_speedup` is
for other benchmarks.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pyarrow as pa
from PIL import Image
from rich.console import Console

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.supervisor import Supervisor
from counterfeit_ml.training import network
from counterfeit_ml.training.export import export
from counterfeit_ml.training.head import Head
from counterfeit_ml.training.weights import imagenet_weights

PICTURES = 16_384
ROUNDS = 3
LOOKS = 64
DAG, SHARD = "score_listings", "score_shard"
DAY = "2020-01-01"
WORKERS = ("airflow-worker-1", "airflow-worker-2")
NEEDLESS = ["airflow-dag-processor", "airflow-triggerer", "marketplace"]
"""Nothing of these is asked for while a day is scored, and they would share the workers' cores."""
PATIENCE_SECONDS = 1200
OUT = Path(__file__).parent / "out" / "two_workers.json"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))


@dataclass(frozen=True)
class TwoWorkers:
    """Seconds from the first shard's start to the last one's end, and how often one goes in two:
    medians.
    """

    pictures: int
    shards: int
    one_worker_s: float
    two_workers_s: float
    two_worker_speedup: float


class Airflow(AirflowClient):
    """The client, and what only this asks."""

    def pause(self, dag_id: str) -> None:
        """Let no run of the DAG start."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": True})

    def at_once(self, shards: int) -> None:
        """Let so many shards run at a time."""
        pool = {"name": "scoring", "slots": shards, "include_deferred": False}
        self._call("PATCH", "/api/v2/pools/scoring", json=pool)

    def shards(self, run: Run) -> list[tuple[str, float, float]]:
        """Of each shard its worker, and when it began and ended (epoch seconds)."""
        done = [one for one in self._all(run) if one["task_id"] == SHARD]
        assert {one["state"] for one in done} == {"success"}, "a shard failed"
        return [
            (one["hostname"], _seconds(one["start_date"]), _seconds(one["end_date"]))
            for one in done
        ]

    def _all(self, run: Run) -> list[dict[str, str]]:
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return list(self._call("GET", path, params={"limit": 1000})["task_instances"])


def two_worker_speedup(pictures: int = PICTURES) -> TwoWorkers:
    """Measure, on a stack of its own that is gone afterwards; a quarter of an hour."""
    with _stack() as state:
        bench = Bench(state)
        bench.put_day(pictures)
        rounds = [(bench.score(WORKERS[:1]), bench.score(WORKERS)) for _ in range(ROUNDS)]
    one, two = (median(map(_seconds_taken, side)) for side in zip(*rounds, strict=True))
    return TwoWorkers(pictures, len(rounds[0][0]), one, two, one / two)


class Bench:
    """A stack with two workers."""

    def __init__(self, state: Path) -> None:
        file = state / "platform.env"
        self.settings = Settings(_env_file=file, cache_dir=state / "cache")
        self.model = _model(self.settings, state.parent / "model")
        self.supervisor = Supervisor(Folders(state))
        self.airflow = Airflow(StackSettings(_env_file=file))
        _until(lambda: {DAG, "flag_listings", "monitor_drift"} <= self.airflow.dag_ids())
        for behind in ("flag_listings", "monitor_drift"):
            self.airflow.pause(behind)
        self.supervisor.stop_services(NEEDLESS)

    def put_day(self, pictures: int) -> None:
        """A day of listings, each with a picture of its own."""
        lake, looks = Lake(self.settings), [_jpeg(seed) for seed in range(LOOKS)]
        # What follows the end of a JPEG is not decoded: other bytes, the same work.
        data = (looks[number % LOOKS] + str(number).encode() for number in range(pictures))
        rows = [_listing(number, lake.put_image(one)) for number, one in enumerate(data)]
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        lake.write(LISTINGS, table, ds=DAY, marketplace="bench")

    def score(self, workers: tuple[str, ...]) -> list[tuple[str, float, float]]:
        """All pictures under a new champion by these workers; the shards."""
        self._promote_another()
        self.supervisor.stop_services([one for one in WORKERS if one not in workers])
        self.airflow.at_once(len(workers))
        for core, name in enumerate(workers):
            self.supervisor.start_service(name)
            _until(lambda one=name: len(self._processes(one)) > 1)
            _pin(self._processes(name), [core])
        for name in self._others():
            _pin(self._processes(name), list(range(len(workers))))
        run = self.airflow.trigger(DAG, {}, DAY)
        _until(lambda: self.airflow.run(run).state in {"success", "failed"})
        found = self.airflow.shards(run)
        assert {worker for worker, *_ in found} == set(workers)
        return found

    def _processes(self, worker: str) -> list[psutil.Process]:
        main = psutil.Process(self.supervisor.process(worker).pid)
        return [main, *main.children(recursive=True)]

    def _others(self) -> set[str]:
        """The services that run and are no workers."""
        names = self.supervisor.names() - set(WORKERS)
        return {one for one in names if not self.supervisor.process(one).stopped}

    def _promote_another(self) -> None:
        """The same model as a new version, which scores everything anew."""
        registry = Registry(self.settings)
        with registry.run("two workers", {}) as run:
            version = run.register(self.model, np.zeros((1, 224, 224, 3), np.uint8))
        registry.promote(version)


@contextmanager
def _stack() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="counterfeit-bench-") as folder:
        state = Path(folder, "state")
        env = os.environ | {"COUNTERFEIT_STATE_DIR": str(state)}
        try:
            subprocess.run([COUNTERFEIT, "up", "--workers", "2"], env=env, check=True)
            yield state
        finally:
            subprocess.run([COUNTERFEIT, "down", "--purge"], env=env, check=True)


def _model(settings: Settings, folder: Path) -> Path:
    """The network that scores; its head is random, for speed does not depend on it."""
    classes = load_brands(settings.config_dir).classes
    layers = network.feature_layers(imagenet_weights(settings.cache_dir))
    kernel = np.random.default_rng(0).normal(size=(layers.output_shape[-1], len(classes)))
    head = Head(kernel.astype(np.float32), np.zeros(len(classes), np.float32))
    folder.mkdir()
    export(network.classifier(layers, head), classes, folder)
    return folder


def _jpeg(seed: int) -> bytes:
    """A photo's size and about its bytes: 400 x 711 pixels, 30 KB."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (30, 17, 3), np.uint8))
    buffer = BytesIO()
    coarse.resize((400, 711), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _listing(number: int, digest: str) -> dict[str, object]:
    return {
        "listing_id": str(number),
        "url": f"https://shop.example/{number}",
        "title": "bag",
        "price_text": "10",
        "price": 10.0,
        "currency": "USD",
        "price_usd": 10.0,
        "rate_date": datetime(2020, 1, 1, tzinfo=UTC).date(),
        "seller_id": "s",
        "image_url": f"https://shop.example/{number}.jpg",
        "image_sha256": digest,
        "scraped_at": datetime(2020, 1, 1, tzinfo=UTC),
    }


def _pin(processes: list[psutil.Process], cores: list[int]) -> None:
    """Every thread, for each has an affinity of its own."""
    for process in processes:
        for thread in process.threads():
            os.sched_setaffinity(thread.id, cores)


def _seconds_taken(shards: list[tuple[str, float, float]]) -> float:
    return max(end for *_, end in shards) - min(begun for _, begun, _ in shards)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not met():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.5)


def main() -> None:
    """Measure, print and write."""
    found = two_worker_speedup()
    Console().print(found)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(asdict(found), indent=1))


if __name__ == "__main__":
    main()
