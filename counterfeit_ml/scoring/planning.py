"""Which pictures of a day a model has not scored yet, cut into shards."""

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.active_listings import active_listings
from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.errors import ScoringError
from counterfeit_ml.lake import STAGING, Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.registry import MODEL, Registry
from counterfeit_ml.scoring.image_scores import (
    DIGEST,
    publish_scores,
    run_of,
    scores_of,
    staged_run,
)
from counterfeit_ml.scratch import database, scratch
from counterfeit_ml.settings import Settings

log = logging.getLogger(__name__)

# Some twenty seconds of work on two cores, enough to outweigh a task's start.
SHARD_PICTURES, SHARD_BYTES = 4096, 256 * 1024 * 1024
# Airflow maps over 1,024 at most (core.max_map_length); fewer keep the grid readable.
MAX_SHARDS = 256
# S3 is asked for each size. Of more pictures than these, every shard has its share of large ones.
SIZES_ASKED = 50_000
ASKING_THREADS = 16

PICTURES = (
    "SELECT DISTINCT image_sha256 FROM listings WHERE regexp_full_match(image_sha256, $digest)"
)
PENDING = "FROM pictures ANTI JOIN scores USING (image_sha256) ORDER BY image_sha256"
SIZED = pa.schema([("image_sha256", pa.string()), ("bytes", pa.int64())])
PLANNED = "%s under model %s: %d pictures to score (%.0f MB), %d reused"


@dataclass(frozen=True)
class Pending:
    """A file of the pictures to score, in order, with their ``bytes``: 0 where not known."""

    path: Path
    pictures: int
    bytes: int

    def shards(self) -> Iterator[list[str]]:
        """The digests, as many at a time as one shard takes."""
        most = max(SHARD_PICTURES, ceil(self.pictures / MAX_SHARDS))
        most_bytes = max(SHARD_BYTES, ceil(self.bytes / MAX_SHARDS))
        shard: list[str] = []
        size = 0
        for digest, count in self._rows():
            if shard and (len(shard) == most or size + count > most_bytes):
                yield shard
                shard, size = [], 0
            shard.append(digest)
            size += count
        if shard:
            yield shard

    def _rows(self) -> Iterator[tuple[str, int]]:
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches():
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def plan(settings: Settings, ds: str, model_version: str) -> list[str]:
    """Keys of the shards of day ``ds``: objects that list pictures without a score.

    The same day, lake and model give the same shards; none where every picture is scored. What an
    interrupted run has scored and not published is used: by the same shard where there is one,
    else it is published first. Raises ``ScoringError`` where the day has no listings or the model
    has other classes than the catalogue, ``RegistryError``, ``DiskError``.
    """
    refuse_other_classes(settings, model_version)
    lake = Lake(settings)
    with scratch() as folder:
        pictures = _pictures(lake, ds, folder)
        pending = _pending(lake, model_version, pictures, folder)
        if _publish_strays(lake, model_version, pending):
            pending = _pending(lake, model_version, pictures, folder)
        reused = pq.read_metadata(pictures).num_rows - pending.pictures
        log.info(PLANNED, ds, model_version, pending.pictures, pending.bytes / 1e6, reused)
        return [
            _write_shard(lake, ds, model_version, number, shard)
            for number, shard in enumerate(pending.shards())
        ]


def refuse_other_classes(settings: Settings, model_version: str) -> None:
    """``ScoringError`` where the model does not tell apart the brands of config/brands.yaml."""
    folder = Registry(settings).fetch(model_version)
    found = set(map(str, LogoClassifier(folder).classes))
    expected = set(load_brands(settings.config_dir).classes)
    kinds = {"lacks": expected - found, "has besides": found - expected}
    said = [f"{kind} {', '.join(sorted(names))}" for kind, names in kinds.items() if names]
    if said:
        raise ScoringError(
            f"Version {model_version} of {MODEL} has other classes than config/brands.yaml (it "
            f"{' and '.join(said)}): retrain, roll back, or mend the file."
        )


def shards_of(ds: str, model_version: str) -> str:
    """The prefix of the shards of a day."""
    return f"{STAGING}/shards/{model_version}/{ds}/"


def shard_key(ds: str, model_version: str, number: int, pictures: Sequence[str]) -> str:
    """Tells the model, the day, how many pictures, and by a hash which: for pages and logs too."""
    digest = run_of(model_version, pictures).rsplit("/", 1)[1]
    return f"{shards_of(ds, model_version)}{number:05d}-{len(pictures)}-{digest}.json"


def pictures_in(shard: str) -> int:
    """How many pictures a shard has, by its key."""
    return int(shard.rsplit("/", 1)[1].split("-")[1])


def _pictures(lake: Lake, ds: str, folder: Path) -> Path:
    """A file of the pictures that active listings show, each once."""
    active = active_listings(lake, ds, ["image_sha256"], folder)
    if active is None:
        raise ScoringError(
            f"There are no listings of {ds} to score: run ingest_listings for that day first."
        )
    into = folder / "pictures.parquet"
    with database(folder, {"listings": active.files}) as connection:
        connection.sql(PICTURES, params={"digest": DIGEST}).write_parquet(str(into))
    return into


def _pending(lake: Lake, model_version: str, pictures: Path, folder: Path) -> Pending:
    scores = scores_of(lake, model_version, folder / "image_scores")
    unsized, into = folder / "unsized.parquet", folder / "pending.parquet"
    with database(folder, {"pictures": [pictures], "scores": scores}) as connection:
        connection.sql(PENDING).write_parquet(str(unsized))
    count = int(pq.read_metadata(unsized).num_rows)
    with pq.ParquetWriter(into, SIZED) as writer, ThreadPoolExecutor(ASKING_THREADS) as threads:
        total = 0
        for batch in pq.ParquetFile(unsized).iter_batches():
            digests = batch[0].to_pylist()
            asked = threads.map(lake.image_bytes, digests) if count <= SIZES_ASKED else ()
            sizes = list(asked) or [0] * len(digests)
            writer.write_batch(pa.record_batch([digests, sizes], SIZED))
            total += sum(sizes)
    return Pending(into, count, total)


def _publish_strays(lake: Lake, model_version: str, pending: Pending) -> bool:
    """Publish what is staged, if any of it is of other shards than those now planned."""
    left = lake.staged(IMAGE_SCORES, model_version)
    planned = {run_of(model_version, shard) for shard in pending.shards()} if left else set()
    if all(staged_run(key) in planned for key in left):
        return False
    found = publish_scores(lake, model_version, left)
    lake.delete(left)
    log.info("%d pictures that interrupted runs have scored are published first", found)
    return True


def _write_shard(lake: Lake, ds: str, model_version: str, number: int, pictures: list[str]) -> str:
    key = shard_key(ds, model_version, number, pictures)
    document = {"number": number, "run": run_of(model_version, pictures), "pictures": pictures}
    lake.put(key, json.dumps(document).encode())
    return key
