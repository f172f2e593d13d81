"""Which pictures of a day a model has not scored yet, cut into shards."""

import json
import logging
from math import ceil

import pyarrow.compute as pc

from counterfeit_ml.datasets import IMAGE_SCORES, LISTINGS
from counterfeit_ml.errors import PartitionMissingError, ScoringError
from counterfeit_ml.lake import STAGING, Lake
from counterfeit_ml.settings import Settings

log = logging.getLogger(__name__)

# About ten seconds of work a shard on one core, enough to outweigh a task's start.
SHARD_PICTURES = 512
# Airflow maps over 1,024 at most (core.max_map_length); fewer keep the grid readable.
MAX_SHARDS = 256


def plan(settings: Settings, ds: str, model_version: str) -> list[str]:
    """Keys of the shards of day ``ds``: objects that list pictures without a score.

    The same day, lake and model give the same shards; none where every picture is scored.
    Raises ``ScoringError`` where the day has no listings.
    """
    lake = Lake(settings)
    wanted = _pictures(lake, ds)
    pending = sorted(wanted - _scored(lake, model_version))
    log.info(
        "%s under model %s: %d pictures to score, %d reused",
        ds,
        model_version,
        len(pending),
        len(wanted) - len(pending),
    )
    size = max(SHARD_PICTURES, ceil(len(pending) / MAX_SHARDS))
    return [
        _write_shard(lake, f"{ds}-{model_version}", number, pending[start : start + size])
        for number, start in enumerate(range(0, len(pending), size))
    ]


def _pictures(lake: Lake, ds: str) -> set[str]:
    try:
        listings = lake.read(LISTINGS, ["image_sha256"], ds=ds)
    except PartitionMissingError:
        raise ScoringError(
            f"There are no listings of {ds} to score: run ingest_listings for that day first."
        ) from None
    return set(pc.unique(listings["image_sha256"]).to_pylist())


def _scored(lake: Lake, version: str) -> set[str]:
    if not lake.exists(IMAGE_SCORES, model=version):
        return set()
    return set(lake.read(IMAGE_SCORES, ["image_sha256"], model=version)["image_sha256"].to_pylist())


def _write_shard(lake: Lake, run: str, number: int, pictures: list[str]) -> str:
    key = f"{STAGING}/shards/{run}/{number:05d}.json"
    lake.put(key, json.dumps({"number": number, "run": run, "pictures": pictures}).encode())
    return key
