"""A night of 600,000 listings of which one in a hundred has a new picture, the rest scored before.

Starts a stack of its own and fills its lake with two days. The first is planned, scored and
published step by step, each a process of its own, whose CPU seconds are counted together with those
of S3. The second goes through Airflow: validated, scored, flagged and compared, started by assets.
Prints both and writes benchmarks/out/night.json. Weights and old scores are random: nothing here
depends on them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
from bench_inference import network
from PIL import Image
from rich.console import Console
from rich.table import Table

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import IMAGE_SCORES, LISTING_HISTORY, LISTINGS, Dataset
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from counterfeit_ml.scoring import plan, publish, score_shard
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.training.network import to_litert

SEEN = int(os.environ.get("NIGHT_LISTINGS", "600000"))
NEW = SEEN // 100
DAYS = ("2026-11-21", "2026-11-22")
SHOP = "bench"
DAGS = ("validate_listings", "score_listings", "flag_listings", "monitor_drift")
PART = 10_000
PATIENCE_SECONDS = 1800
OUT = Path(__file__).parent / "out" / "night.json"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
STEPS: dict[str, Callable[..., Any]] = {"plan": plan, "score": score_shard, "publish": publish}

console = Console()


@dataclass(frozen=True)
class Step:
    """Seconds of one step, and CPU seconds of its process and of S3 meanwhile."""

    seconds: float
    cpu: float
    cpu_s3: float
    result: Any


# The lake of two days: each day lists SEEN, of which the last NEW are new.


@cache
def digest(number: int) -> str:
    """Of a listing's picture; only those new on one of the days are in the lake."""
    return sha256(jpeg(number) if number >= SEEN - NEW else str(number).encode()).hexdigest()


def jpeg(number: int) -> bytes:
    """A photo of 400 x 711 pixels, some 30 KB; what follows its end makes it like no other."""
    return _look(number % 64) + str(number).encode()


@cache
def _look(seed: int) -> bytes:
    rough = np.random.default_rng(seed).integers(0, 256, (71, 40, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(rough).resize((400, 711)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def listings(numbers: range, ds: date) -> pa.RecordBatch:
    """Rows of LISTINGS, of ordinary length."""
    prices = [float(number % 900 + 1) for number in numbers]
    digests = [digest(number) for number in numbers]
    images = [f"https://shop.example/image/{number}.jpg" for number in numbers]
    return rows_of(
        LISTINGS,
        len(numbers),
        listing_id=[f"{number:09d}" for number in numbers],
        url=[f"https://shop.example/item/{number}" for number in numbers],
        title=[f"Leather bag number {number}, as new, with dust bag" for number in numbers],
        description=[f"Bought in {1990 + number % 30}, worn twice. " * 8 for number in numbers],
        price_text=[f"$ {price}" for price in prices],
        price=prices,
        price_usd=prices,
        currency="USD",
        rate_date=ds,
        seller_id=[f"s{number % 5000}" for number in numbers],
        condition="used",
        image_url=images,
        image_sha256=digests,
        image_type="image/jpeg",
        image_phash=[one[:16] for one in digests],
        scraped_at=datetime.combine(ds, datetime.min.time(), UTC),
        evidence_sha256=digests,
        evidence_ds=ds,
    )


def history(numbers: range, ds: date, first: int) -> pa.RecordBatch:
    """Rows of LISTING_HISTORY; what is before ``first`` was seen the day before."""
    before = date.fromisoformat(DAYS[0])
    seen = [ds if number >= first else before for number in numbers]
    digests = [digest(number) for number in numbers]
    price = {"ds": before, "price": 1.0, "currency": "USD", "price_usd": 1.0}
    return rows_of(
        LISTING_HISTORY,
        len(numbers),
        listing_id=[f"{number:09d}" for number in numbers],
        first_seen=[ds if number >= first + SEEN - NEW else before for number in numbers],
        last_seen=seen,
        active=True,
        price_changes=[price],
        seller_id="s",
        image_sha256=digests,
        image_phash=[one[:16] for one in digests],
        fingerprint=digests,
        evidence_sha256=digests,
        evidence_ds=seen,
    )


def scores(numbers: range, classes: tuple[str, ...]) -> pa.RecordBatch:
    """Rows of IMAGE_SCORES, at random."""
    random, count = np.random.default_rng(numbers.start), len(numbers)
    shares = random.dirichlet(np.full(len(classes), 0.2), count).astype(np.float32)
    offsets = np.arange(count + 1, dtype=np.int32) * len(classes)
    pairs = pa.MapArray.from_arrays(offsets, pa.array(list(classes) * count), shares.ravel())
    digests = [digest(number) for number in numbers]
    return rows_of(IMAGE_SCORES, count, image_sha256=digests, probabilities=pairs)


def rows_of(dataset: Dataset, count: int, **columns: Any) -> pa.RecordBatch:
    """``count`` rows of a dataset; what is no column is every row's, what is not given null."""
    arrays = []
    for field in dataset.schema:
        given = columns.get(field.name)
        if not isinstance(given, pa.Array | list) or field.name == "price_changes":
            given = pa.repeat(pa.scalar(given, field.type), count)
        arrays.append(given if isinstance(given, pa.Array) else pa.array(given, field.type))
    return pa.record_batch(arrays, dataset.schema)


def parts(numbers: range) -> Iterator[range]:
    """``numbers``, some at a time."""
    return (numbers[at : at + PART] for at in range(0, len(numbers), PART))


def fill(lake: Lake, version: str, classes: tuple[str, ...]) -> None:
    """Write both days, the pictures new on them, and scores of all others."""
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(lambda number: lake.put_image(jpeg(number)), range(SEEN - NEW, SEEN + NEW))
        )
    for first, ds in ((0, DAYS[0]), (NEW, DAYS[1])):
        day, key = date.fromisoformat(ds), {"ds": ds, "marketplace": SHOP}
        rows = (listings(some, day) for some in parts(range(first, first + SEEN)))
        lake.write_batches(LISTINGS, rows, **key)
        rows = (history(some, day, first) for some in parts(range(first + SEEN)))
        lake.write_batches(LISTING_HISTORY, rows, **key)
    rows = (scores(some, classes) for some in parts(range(SEEN - NEW)))
    lake.write_batches(IMAGE_SCORES, rows, model=version)


def champion(settings: Settings, classes: tuple[str, ...]) -> str:
    """A MobileNet v1 with random weights; by the alias itself, for it would not pass the gate."""
    registry = Registry(settings)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, MODEL_FILE).write_bytes(to_litert(network()))
        Path(folder, CLASSES_FILE).write_text(json.dumps(classes))
        with registry.run("bench", {}) as run:
            version = run.register(Path(folder), np.zeros((1, 224, 224, 3), np.uint8))
    registry.client().set_registered_model_alias(MODEL, CHAMPION, version)
    return version


# Step by step


def measured(env: dict[str, str], s3: psutil.Process, step: str, *arguments: str) -> Step:
    """One step in a process of its own."""
    command = [sys.executable, __file__, step, *arguments]
    before, began = sum(s3.cpu_times()[:2]), time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, said
    return Step(
        time.monotonic() - began,
        usage.ru_utime + usage.ru_stime,
        sum(s3.cpu_times()[:2]) - before,
        json.loads(said.splitlines()[-1]),
    )


def by_steps(env: dict[str, str], s3: psutil.Process, version: str) -> dict[str, Any]:
    """The first day; what it costs against scoring every picture."""
    planned = measured(env, s3, "plan", DAYS[0], version)
    scored = measured(env, s3, "score", version, *planned.result)
    published = measured(env, s3, "publish", DAYS[0], version, *scored.result)
    steps = {"plan": planned, "score": scored, "publish": published}
    cost = {name: step.cpu + step.cpu_s3 for name, step in steps.items()}
    fixed = cost["plan"] + cost["publish"]
    return {
        "steps": {name: {**asdict(step), "result": None} for name, step in steps.items()},
        "listings": published.result["listings"],
        "publish_600k_s": published.seconds,
        "incremental_cpu_share": (fixed + cost["score"]) / (fixed + cost["score"] * SEEN / NEW),
    }


def step_of(name: str, *arguments: str) -> Any:
    """What a process of ``measured`` does."""
    settings = Settings.load()
    if name == "score":
        version, *shards = arguments
        return [score_shard(settings, version, shard) for shard in shards]
    if name == "publish":
        ds, version, *staged = arguments
        return asdict(publish(settings, ds, version, staged))
    return plan(settings, *arguments)


# Through Airflow


def through_airflow(airflow: AirflowClient) -> dict[str, Any]:
    """The second day; seconds of each run and of each of its tasks."""
    while missing := set(DAGS) - airflow.dag_ids():
        console.print(f"waiting for Airflow to read {missing}")
        time.sleep(5)
    began, busy = time.monotonic(), sum(psutil.cpu_times()[:3])
    first = airflow.trigger(DAGS[0], {}, DAYS[1])
    runs = [first, *(started(airflow, dag, first) for dag in DAGS[1:])]
    tasks = {run.dag_id: durations(airflow, finished(airflow, run)) for run in runs}
    return {
        "seconds": time.monotonic() - began,
        "machine_cpu": sum(psutil.cpu_times()[:3]) - busy,
        "tasks": tasks,
    }


def started(airflow: AirflowClient, dag_id: str, since: Run) -> Run:
    """The run that an asset starts."""
    return patient(lambda: airflow.first_run_since(dag_id, DAYS[1], since.run_after))


def finished(airflow: AirflowClient, run: Run) -> Run:
    """The run at its end, which must be good."""
    state = patient(lambda: (now := airflow.run(run).state) in {"success", "failed"} and now)
    assert state == "success", [airflow.log_tail(run, one) for one in airflow.tasks(run)]
    return run


def patient(ask: Callable[[], Any]) -> Any:
    """What ``ask`` gives as soon as it gives anything."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert time.monotonic() < end
        time.sleep(1)
    return found


def durations(airflow: AirflowClient, run: Run) -> dict[str, float]:
    """Seconds of each task; of mapped ones from the first start to the last end."""
    spans: dict[str, list[datetime]] = {}
    for task in airflow.tasks(run):
        times = [task[name] for name in ("start_date", "end_date") if task[name]]
        spans.setdefault(task["task_id"], []).extend(map(datetime.fromisoformat, times))
    return {
        name: (max(found) - min(found)).total_seconds() for name, found in spans.items() if found
    }


def show(result: dict[str, Any]) -> None:
    """Print one table for each half."""
    table = Table("step", "s", "CPU s", "CPU s of S3", title=f"{SEEN:,} listings")
    for name, step in result["by_steps"]["steps"].items():
        figures = (step[key] for key in ("seconds", "cpu", "cpu_s3"))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    console.print(table, f"CPU of a full run: {result['by_steps']['incremental_cpu_share']:.2%}")
    table = Table("DAG", "task", "s", title="through Airflow")
    for dag, tasks in result["airflow"]["tasks"].items():
        for task, seconds in tasks.items():
            table.add_row(dag, task, f"{seconds:.1f}")
    console.print(table, f"{result['airflow']['seconds']:.0f} s in all")


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory(prefix="bench-night-") as state:
        env = {**os.environ, "COUNTERFEIT_STATE_DIR": state}
        try:
            subprocess.run([COUNTERFEIT, "up"], env=env, check=True)
            file = Path(state, "platform.env")
            settings = Settings(_env_file=file, cache_dir=Path(state, "cache"))
            classes = load_brands(settings.config_dir).classes
            version = champion(settings, classes)
            with console.status("filling the lake"):
                fill(Lake(settings), version, classes)
            (s3,) = [one for one in psutil.process_iter(["cmdline"]) if is_s3(one, state)]
            result = {"by_steps": by_steps(env, s3, version)}
            result["airflow"] = through_airflow(AirflowClient(StackSettings(_env_file=file)))
        finally:
            subprocess.run([COUNTERFEIT, "down", "--purge"], env=env, check=True)
    show(result)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1))


def is_s3(process: psutil.Process, state: str) -> bool:
    """Whether it is the S3 of this stack."""
    command = process.info["cmdline"] or [""]
    return Path(command[0]).name.startswith("weed") and state in " ".join(command)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(step_of(*sys.argv[1:])))
    else:
        main()
