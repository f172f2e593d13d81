"""Two nights of the scoring benchmark over 600,000 listings: all pictures new, then 1 %.

``python benchmarks/scoring_nights.py VERSION KEYS`` plans, scores and publishes with the registered
model VERSION, and prints seconds and CPU seconds (its own and the S3 server's) as JSON. The first
night's scores are made up, for scoring 600,000 pictures takes most of an hour; planning them,
publishing them and the whole second night are real. KEYS lists digests of pictures in the lake.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
import pyarrow as pa
from scoring_sides import cpu_seconds, s3_server

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import IMAGE_SCORES, LISTING_HISTORY, LISTINGS, PROBABILITIES
from counterfeit_ml.lake import Lake
from counterfeit_ml.scoring import plan, publish, score_shard
from counterfeit_ml.settings import Settings

LISTED, NEW = 600_000, 6_000
FIRST, SECOND = "2020-03-01", "2020-03-02"
MARKETPLACE = "nights"

Result = TypeVar("Result")


def put_day(lake: Lake, ds: str, digests: list[str]) -> None:
    """A day that lists these pictures, as ingestion writes it."""
    count, day = len(digests), date.fromisoformat(ds)
    ids = [f"L{number:06d}" for number in range(count)]
    listings = {
        "listing_id": ids,
        "url": [f"https://shop.example/item/{one}" for one in ids],
        "title": [f"Leather bag number {one}" for one in ids],
        "price_text": ["€ 120,00"] * count,
        "price": np.full(count, 120.0),
        "currency": ["EUR"] * count,
        "price_usd": np.full(count, 132.0),
        "rate_date": [day] * count,
        "seller_id": [f"s{number % 9973}" for number in range(count)],
        "image_url": [f"https://shop.example/image/{one}.jpg" for one in ids],
        "image_sha256": digests,
        "scraped_at": [datetime.combine(day, datetime.min.time(), UTC)] * count,
    }
    history = {
        "listing_id": ids,
        "first_seen": [date.fromisoformat(FIRST)] * count,
        "last_seen": [day] * count,
        "active": [True] * count,
        "price_changes": [[]] * count,
        "image_sha256": digests,
        "fingerprint": ["0" * 32] * count,
    }
    for dataset, columns in ((LISTING_HISTORY, history), (LISTINGS, listings)):
        table = _table(columns, dataset.schema)
        lake.write_batches(dataset, table.to_batches(50_000), ds=ds, marketplace=MARKETPLACE)


def _table(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    rows = len(columns["listing_id"])  # type: ignore[arg-type]
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def stage_made_up(lake: Lake, classes: tuple[str, ...], shard: str) -> str:
    """What ``score_shard`` would stage, with probabilities out of the air."""
    document = json.loads(lake.get(shard))
    pictures = document["pictures"]
    some = np.random.default_rng(0).random((len(pictures), len(classes)), np.float32)
    some /= some.sum(axis=1, keepdims=True)
    maps = pa.MapArray.from_arrays(
        np.arange(len(pictures) + 1, dtype=np.int32) * len(classes),
        pa.array(list(classes) * len(pictures)),
        pa.array(some.ravel()),
    ).cast(PROBABILITIES)
    columns = [pa.array(pictures), maps, pa.nulls(len(pictures), pa.string())]
    table = pa.table(columns, schema=IMAGE_SCORES.schema)
    return lake.stage(IMAGE_SCORES, table, document["run"], document["number"])


def timed(step: Callable[[], Result]) -> tuple[Result, float, float]:
    """The result of ``step``, its seconds, and its CPU seconds."""
    processes = [psutil.Process(), *s3_server()]
    cpu, began = cpu_seconds(processes), time.perf_counter()
    found = step()
    return found, time.perf_counter() - began, cpu_seconds(processes) - cpu


def main() -> None:
    """Both nights."""
    version, keys = sys.argv[1:]
    settings = Settings.load()
    lake, classes = Lake(settings), load_brands(settings.config_dir).classes
    old = [sha256(str(number).encode()).hexdigest() for number in range(LISTED)]
    new = Path(keys).read_text().split()[:NEW]
    put_day(lake, FIRST, old)
    put_day(lake, SECOND, [*new, *old[NEW:]])
    shards, plan_s, plan_cpu = timed(lambda: plan(settings, FIRST, version))
    staged = [stage_made_up(lake, classes, shard) for shard in shards]
    day, publish_s, publish_cpu = timed(lambda: publish(settings, FIRST, version, staged))
    assert day.listings == LISTED, day

    again, replan_s, replan_cpu = timed(lambda: plan(settings, SECOND, version))
    parts, score_s, score_cpu = timed(
        lambda: [score_shard(settings, version, shard) for shard in again]
    )
    day, republish_s, republish_cpu = timed(lambda: publish(settings, SECOND, version, parts))
    assert (day.listings, day.failed) == (LISTED, 0), day

    night_cpu = replan_cpu + score_cpu + republish_cpu
    full_cpu = plan_cpu + score_cpu / len(new) * LISTED + publish_cpu
    print(
        json.dumps(
            {
                "plan_600k_s": plan_s,
                "publish_600k_s": publish_s,
                "publish_600k_cpu_s": publish_cpu,
                "incremental_s": replan_s + score_s + republish_s,
                "incremental_cpu_s": night_cpu,
                "incremental_plan_and_publish_cpu_s": replan_cpu + republish_cpu,
                "full_cpu_s": full_cpu,
                "incremental_cpu_share": night_cpu / full_cpu,
            }
        )
    )


if __name__ == "__main__":
    main()
