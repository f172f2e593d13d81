"""The scoring engine against the origin's loop, tf.data with Keras and Ray Data, and its own limit.

Starts S3 and MLflow of its own, makes pictures and models, runs all sides in turn, prints two
tables and writes benchmarks/out/scoring.json. Every side is a process of its own
(scoring_sides.py); what it needs to start is not measured. About half an hour; ``--quick`` takes
one short round to see that everything works.
"""

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from figures import Figures, report
from ingestion_shop import picture
from PIL import Image
from rich.console import Console
from rich.table import Table

from counterfeit_ml.brands import load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.processes import cores
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import ROOT, Settings

HERE = Path(__file__).parent
OUT = HERE / "out" / "scoring.json"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
UP_LIGHT = (
    "from rich.console import Console; from counterfeit_ml.stack import LIGHT, up; "
    "up(Console(), LIGHT)"
)
STORED = 6_000
"""Different pictures in S3: JPEG, 400 x 400 pixels, 30 KB."""
SMALL, LARGE = 10_000, 200_000
TINY = 1_000
"""Different pictures of 64 x 64 pixels, where memory is asked and not speed."""
ROUNDS = 5
PICTURES = {
    "fetch": 6_000,
    "decode": 6_000,
    "inference": 2_048,
    "ours": 4_096,
    "ray": 4_096,
    "tfdata": 1_024,
    "origin": 128,
}
STAGES = ("fetch", "decode", "inference")
TARGETS = {
    "share_of_limit": "at least 0.85",
    "ratio_vs_origin": "at least 10",
    "ratio_vs_tfdata": "at least 4",
    "ratio_vs_ray": "above 1",
    "incremental_cpu_share": "at most 0.03",
    "publish_600k_s": "at most 60",
    "rss_growth": "at most 0.10",
    "two_worker_speedup": "at least 1.8",
}
NAMES = {
    "fetch": "fetching alone",
    "decode": "decoding alone",
    "inference": "inference alone",
    "ours": "the engine",
    "ray": "Ray Data, same LiteRT file",
    "tfdata": "tf.data, Keras predict, batch 64",
    "origin": "the origin's loop",
}

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
console = Console()


@dataclass(frozen=True)
class Run:
    """Pictures a second, CPU seconds of 1,000 pictures (the side's and the S3 server's), and the
    most memory its processes held at once.
    """

    rate: float
    cpu: float
    s3_cpu: float
    peak_mb: float


class Bench:
    """S3 and MLflow in a state folder of their own, pictures in the lake, and models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state = folder / "state"
        self.env = os.environ | {
            "COUNTERFEIT_STATE_DIR": str(state),
            "BENCH_RAY_DIR": str(folder / "ray"),
        }
        subprocess.run([sys.executable, "-c", UP_LIGHT], env=self.env, check=True)
        self.settings = Settings(_env_file=state / "platform.env", cache_dir=state / "cache")
        self.keys = folder / "keys.txt"
        self.tiny_keys = folder / "tiny_keys.txt"
        self._put(self.keys, map(picture, range(STORED)))
        self._put(self.tiny_keys, map(tiny_picture, range(TINY)))
        self.full, self.narrow = export_models(folder, self.settings.cache_dir)

    def close(self) -> None:
        """Stop the services and delete their data."""
        subprocess.run([COUNTERFEIT, "down", "--purge"], env=self.env, check=True)

    def _put(self, keys: Path, pictures: Iterable[bytes]) -> None:
        lake = Lake(self.settings)
        with ThreadPoolExecutor(16) as threads:
            keys.write_text("\n".join(threads.map(lake.put_image, pictures)))

    def side(self, side: str, pictures: int) -> Run:
        """One run of a side over so many pictures."""
        return self._run(side, self.full, self.keys, pictures)

    def shards(self, pictures: int) -> Run:
        """The engine over so many tiny pictures, with the narrow network, shard after shard."""
        return self._run("shards", self.narrow, self.tiny_keys, pictures)

    def _run(self, side: str, model: Path, keys: Path, pictures: int) -> Run:
        script = str(HERE / "scoring_sides.py")
        command = [sys.executable, script, side, str(model), str(keys), str(pictures)]
        found, peak = measured(command, self.env)
        count = found["pictures"]
        run = Run(
            count / found["seconds"],
            found["cpu_seconds"] / count * 1000,
            found["s3_cpu_seconds"] / count * 1000,
            peak,
        )
        console.print(f"{side:10} {run.rate:8.1f}/s {run.cpu:6.2f} + {run.s3_cpu:.2f} CPU s/1,000")
        return run


def tiny_picture(number: int) -> bytes:
    """A JPEG of 64 x 64 pixels, another for each number."""
    noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def export_models(folder: Path, cache: Path) -> tuple[Path, Path]:
    """Folders of the network that scores, with ImageNet weights, and of one a quarter as wide.

    Both as the file that scores; the first also as the Keras model it was made from.
    """
    import keras

    from counterfeit_ml.training import network
    from counterfeit_ml.training.export import export
    from counterfeit_ml.training.head import Head
    from counterfeit_ml.training.weights import imagenet_weights

    classes = load_brands(ROOT / "config").classes
    layers = network.feature_layers(imagenet_weights(cache))
    kernel = np.random.default_rng(0).normal(size=(layers.output_shape[-1], len(classes)))
    head = Head(kernel.astype(np.float32), np.zeros(len(classes), np.float32))
    full, narrow = folder / "full", folder / "narrow"
    full.mkdir()
    narrow.mkdir()
    model = network.classifier(layers, head)
    export(model, classes, full)
    model.save(full / "logo.keras")

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    base = keras.applications.MobileNet(
        alpha=0.25, weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    dense = keras.layers.Dense(len(classes), "softmax")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pictures)
    export(keras.Model(pictures, dense(base(scaled))), classes, narrow)
    return full, narrow


def measured(command: list[str], env: dict[str, str]) -> tuple[dict[str, Any], float]:
    """Run ``command`` to its end: the JSON of its last line, and its processes' peak in MB."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as said:
        process = psutil.Popen(command, env=env, stdout=output, stderr=said)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process))
            time.sleep(0.2)
        output.seek(0)
        said.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read()[-3000:]}")
        return json.loads(output.read().splitlines()[-1]), peak / 2**20


def _memory(process: psutil.Process) -> int:
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def compare(bench: Bench, rounds: int, share: int) -> tuple[Figures, dict[str, Run]]:
    """All sides and stages in turn; medians, and what follows from them."""
    runs: dict[str, list[Run]] = {side: [] for side in PICTURES}
    for _ in range(rounds):
        for side, pictures in PICTURES.items():
            runs[side].append(bench.side(side, max(128, pictures // share)))
    medians = {side: _median(found) for side, found in runs.items()}
    # Fetching costs the server's CPU too, which shares the cores here.
    needed = sum(medians[one].cpu + medians[one].s3_cpu for one in STAGES) / 1000
    limit = cores() / needed
    rate = medians["ours"].rate
    figures = {
        "limit_pictures_per_s": limit,
        "share_of_limit": rate / limit,
        **{f"ratio_vs_{one}": rate / medians[one].rate for one in ("origin", "tfdata", "ray")},
    }
    for side, run in medians.items():
        figures[f"{side}_pictures_per_s"] = run.rate
        figures[f"{side}_cpu_s_per_1000"] = run.cpu
        figures[f"{side}_peak_mb"] = run.peak_mb
    figures["fetch_s3_cpu_s_per_1000"] = medians["fetch"].s3_cpu
    return figures, medians


def _median(runs: list[Run]) -> Run:
    columns = zip(*((one.rate, one.cpu, one.s3_cpu, one.peak_mb) for one in runs), strict=True)
    return Run(*map(statistics.median, columns))


def grow(bench: Bench, share: int) -> Figures:
    """Memory of a process that scores 10,000 and 200,000 pictures, shard after shard.

    Tiny pictures and the narrow network, for time; the same pictures come again and again, which
    the engine does not know.
    """
    small, large = (bench.shards(pictures // share).peak_mb for pictures in (SMALL, LARGE))
    return {"rss_10k_mb": small, "rss_200k_mb": large, "rss_growth": large / small - 1}


def nights(bench: Bench) -> Figures:
    """A night with 600,000 new pictures, and one with 6,000, without and with its scoring."""
    with Registry(bench.settings).run("bench", {}) as run:
        version = run.register(bench.full, np.zeros((1, 224, 224, 3), np.uint8))
    script = str(HERE / "scoring_nights.py")
    found, _ = measured([sys.executable, script, version, str(bench.keys)], bench.env)
    return found


def two_workers() -> Figures:
    """Two Celery workers against one, on a stack of their own."""
    from two_workers import two_worker_speedup

    return {"two_worker_speedup": two_worker_speedup().two_worker_speedup}


def show(figures: Figures, medians: dict[str, Run]) -> None:
    """Both tables, and the figures as JSON."""
    table = Table("side", "pictures/s", "CPU s per 1,000", "peak MB", title="Medians")
    for side, run in medians.items():
        table.add_row(NAMES[side], f"{run.rate:,.1f}", f"{run.cpu:.2f}", f"{run.peak_mb:,.0f}")
    slowest = min(STAGES, key=lambda one: medians[one].rate)
    console.print(table)
    console.print(
        f"Limit of this machine: {cores()} cores / CPU of fetching (with "
        f"{medians['fetch'].s3_cpu:.2f} s of the S3 server), decoding and inference = "
        f"{figures['limit_pictures_per_s']:.1f} pictures/s; slowest stage alone: {NAMES[slowest]}."
    )
    console.print(
        f"Growth of memory: one process, shard after shard, a network a quarter as wide, {TINY:,} "
        "tiny pictures that come again and again."
    )
    report("Scoring", figures, TARGETS, OUT)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    quick = parser.parse_args().quick
    rounds, share = (1, 8) if quick else (ROUNDS, 1)
    folder = Path(tempfile.mkdtemp(prefix="bench-scoring-"))
    bench = Bench(folder)
    try:
        figures, medians = compare(bench, rounds, share)
        sections: tuple[Callable[[], Figures], ...] = (
            lambda: grow(bench, share),
            lambda: nights(bench),
        )
        for section in sections:
            figures |= section()
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    if not quick:
        figures |= two_workers()
    show(figures, medians)


if __name__ == "__main__":
    main()
