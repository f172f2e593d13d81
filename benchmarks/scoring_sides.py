"""One side of the scoring benchmark in a process of its own, started by bench_scoring.py.

``python benchmarks/scoring_sides.py SIDE MODEL KEYS PICTURES`` scores so many of the digests that
the file KEYS lists, or does one stage of it, with the model in the folder MODEL, and prints what it
measured as one line of JSON. What comes before the first result (imports, loading, a first
prediction) is not measured on any side.
"""

import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil

BATCH = 64
Done = Iterator[int]
"""Numbers of pictures as they are done; measuring begins when the first has come."""


def ours(model: Path, digests: list[str]) -> Done:
    """The engine, from the digests to rows in Arrow."""
    from counterfeit_ml.scoring.engine import score_pictures

    lake, classifiers = _lake(), _classifiers(model)
    for some in (digests[:BATCH], digests):
        yield sum(len(batch) for batch in score_pictures(lake, classifiers, some))


def shards(model: Path, digests: list[str]) -> Done:
    """The engine, shard after shard in one process, each staged as the night does."""
    import pyarrow as pa

    from counterfeit_ml.datasets import IMAGE_SCORES
    from counterfeit_ml.scoring.engine import score_pictures
    from counterfeit_ml.scoring.planning import SHARD_PICTURES

    lake, classifiers = _lake(), _classifiers(model)
    for number, start in enumerate(range(0, len(digests), SHARD_PICTURES)):
        batches = score_pictures(lake, classifiers, digests[start : start + SHARD_PICTURES])
        table = pa.Table.from_batches(batches, IMAGE_SCORES.schema)
        lake.stage(IMAGE_SCORES, table, "memory", number)
        yield table.num_rows


def fetch(model: Path, digests: list[str]) -> Done:
    """Fetching alone, as the engine does it."""
    from counterfeit_ml.scoring.engine import FETCHES, SMALL

    lake = _lake()
    lake.get_image(digests[0])
    yield 0
    with ThreadPoolExecutor(FETCHES) as threads:
        keys = map(lake.image_key, digests)
        yield sum(1 for _ in threads.map(lambda key: lake.get(key, SMALL), keys))


def decode(model: Path, digests: list[str]) -> Done:
    """Decoding alone, on all cores."""
    from counterfeit_ml.pictures import decode as decoded
    from counterfeit_ml.processes import cores

    with ThreadPoolExecutor(16) as threads:
        data = list(threads.map(_lake().get_image, digests[:BATCH]))
    decoded(data[0])
    yield 0
    with ThreadPoolExecutor(cores()) as threads:
        yield sum(1 for _ in threads.map(decoded, islice(cycle(data), len(digests))))


def inference(model: Path, digests: list[str]) -> Done:
    """Inference alone, on all cores."""
    import numpy as np

    from counterfeit_ml.pictures import decode as decoded

    pixels = np.stack([decoded(_lake().get_image(digest)) for digest in digests[:BATCH]])
    classifiers = _classifiers(model)
    for classifier in classifiers:
        classifier.predict(pixels[:2])
    yield 0
    share = len(digests) // BATCH // len(classifiers)

    def predict(classifier: Any) -> int:
        return sum(len(classifier.predict(pixels)) for _ in range(share))

    with ThreadPoolExecutor(len(classifiers)) as threads:
        yield sum(threads.map(predict, classifiers))


def origin(model: Path, digests: list[str]) -> Done:
    """The origin's loop: boto3 get, Pillow, Keras predict, one picture after the other."""
    import numpy as np
    from PIL import Image

    client, bucket, network = _boto3(), _settings().lake_bucket, _keras(model)
    for digest in digests:
        body = client.get_object(Bucket=bucket, Key=_key(digest))["Body"].read()
        image = Image.open(io.BytesIO(body)).convert("RGB").resize((224, 224))
        network.predict(np.asarray(image)[np.newaxis], verbose=0)
        yield 1


def tfdata(model: Path, digests: list[str]) -> Done:
    """The idiomatic pipeline: tf.data over the keys, Keras predict in batches of 64."""
    import tensorflow as tf

    client, bucket, network = _boto3(), _settings().lake_bucket, _keras(model)

    def get(key: bytes) -> bytes:
        return client.get_object(Bucket=bucket, Key=key.decode())["Body"].read()

    def load(key: tf.Tensor) -> tf.Tensor:
        data = tf.numpy_function(get, [key], tf.string)
        image = tf.image.resize(tf.io.decode_jpeg(data, channels=3), (224, 224))
        return tf.ensure_shape(tf.cast(image, tf.uint8), (224, 224, 3))

    def predict(some: list[str]) -> int:
        keys = tf.data.Dataset.from_tensor_slices([_key(digest) for digest in some])
        loaded = keys.map(load, num_parallel_calls=tf.data.AUTOTUNE)
        batches = loaded.batch(BATCH).prefetch(tf.data.AUTOTUNE)
        return len(network.predict(batches, verbose=0))

    yield predict(digests[:BATCH])
    yield predict(digests)


def ray(model: Path, digests: list[str]) -> Done:
    """Ray Data: reads from S3, then one actor a core with our decoding and the same LiteRT file."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
    import logging

    import numpy as np
    import ray as library
    from pyarrow.fs import S3FileSystem

    from counterfeit_ml.processes import cores

    class Scorer:
        def __init__(self) -> None:
            from counterfeit_ml.logo_classifier import LogoClassifier

            self._classifier = LogoClassifier(model, threads=1)

        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            from counterfeit_ml.pictures import decode as decoded

            pixels = np.stack([decoded(data) for data in batch["bytes"]])
            return {"path": batch["path"], "probabilities": self._classifier.predict(pixels)}

    settings = _settings()
    library.init(
        num_cpus=2 * cores(),  # reading waits for S3: it shares the cores with the actors
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
        _temp_dir=os.environ["BENCH_RAY_DIR"],
    )
    store = S3FileSystem(
        access_key=settings.lake_access_key,
        secret_key=settings.lake_secret_key.get_secret_value(),
        endpoint_override=settings.lake_endpoint,
        region="us-east-1",
    )
    pictures = library.data.read_binary_files(
        [f"{settings.lake_bucket}/{_key(digest)}" for digest in digests],
        filesystem=store,
        include_paths=True,
        override_num_blocks=len(digests) // BATCH,
    )
    scored = pictures.map_batches(Scorer, batch_size=BATCH, concurrency=cores())
    for batch in scored.iter_batches(batch_size=None):
        yield len(batch["path"])


SIDES: dict[str, Callable[[Path, list[str]], Done]] = {
    one.__name__: one for one in (ours, shards, fetch, decode, inference, origin, tfdata, ray)
}


def _settings() -> Any:
    from counterfeit_ml.settings import Settings

    return Settings.load()


def _lake() -> Any:
    from counterfeit_ml.lake import Lake

    return Lake(_settings())


def _key(digest: str) -> str:
    return f"images/{digest[:2]}/{digest}"


def _classifiers(model: Path) -> list[Any]:
    from counterfeit_ml.logo_classifier import LogoClassifier
    from counterfeit_ml.processes import cores

    return [LogoClassifier(model, threads=1) for _ in range(cores())]


def _keras(model: Path) -> Any:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    return keras.saving.load_model(model / "logo.keras")


def _boto3() -> Any:
    import boto3

    settings = _settings()
    return boto3.client(
        "s3",
        endpoint_url=settings.lake_endpoint,
        aws_access_key_id=settings.lake_access_key,
        aws_secret_access_key=settings.lake_secret_key.get_secret_value(),
        region_name="us-east-1",
    )


class Meter(threading.Thread):
    """CPU seconds of a process and all below it, of those that ended meanwhile too."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        super().__init__(daemon=True)
        self._processes = processes
        self._seconds: dict[int, float] = {}
        self._began = self._total()
        self.start()

    def run(self) -> None:
        """Look twice a second: what a process used after its last look is missed."""
        while True:
            time.sleep(0.5)
            self._total()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return self._total() - self._began

    def _total(self) -> float:
        for process in self._processes:
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    self._seconds[one.pid] = times.user + times.system
        return sum(self._seconds.copy().values())


def s3_server() -> list[psutil.Process]:
    """The processes of the benchmark's own S3."""
    state = os.environ["COUNTERFEIT_STATE_DIR"]
    found = psutil.process_iter(["name", "cmdline"])
    return [
        one
        for one in found
        if one.info["name"] == "weed" and any(state in part for part in one.info["cmdline"])
    ]


def main() -> None:
    """Run one side."""
    side, model, keys, pictures = sys.argv[1:]
    digests = list(islice(cycle(Path(keys).read_text().split()), int(pictures)))
    done = SIDES[side](Path(model), digests)
    next(done)
    own, server, began = Meter([psutil.Process()]), Meter(s3_server()), time.perf_counter()
    count = sum(done)
    found = {
        "pictures": count,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": own.seconds,
        "s3_cpu_seconds": server.seconds,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
