"""Flags at the size of a night: 600,000 scored listings, 2 % of them flagged.

Starts S3 and PostgreSQL of its own. Times ``flag`` from the scored files in S3 to committed rows,
with the shipped rules and with rules that ask for every fact, and beside it what one writes
first: pandas, row by row, ``to_sql``. Then the analyst's queries while a day is replaced
(flag_queries.py) and the review page with a million flags (review_load.py), each on a stack of its
own. Prints a table and writes benchmarks/out/flagging.json. Half an hour; ``--quick`` takes a
twentieth of the rows and leaves the two out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import flag_queries
import numpy as np
import pandas as pd
import pyarrow as pa
import review_load
import sqlalchemy
from figures import Figures, report
from rich.console import Console

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging import flag
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import ROOT, Settings

ROWS = 600_000
FLAGGED = 0.02
BATCH = 50_000
SELLERS = 60_000
PICTURES_EACH = 0.9
"""Different pictures a listing."""
FIRST_DAY = date(2026, 11, 1)
ROUNDS = 3
MARKETPLACES = ["shop", "bazaar", "mall"]
WORDS = ["leather", "bag", "new", "with box", "vintage", "sneakers", "black", "gift", "original"]
OUT = Path(__file__).parent / "out" / "flagging.json"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
TARGETS = {
    "flag_600k_s": "at most 15",
    "ratio_vs_pandas": "at least 20",
    "query_max_s": "under 1",
    "review_p95_ms": "under 300",
}
EVERY_FACT = """
allowed_sellers: [shop/s1]
seller_lists: {bad: [shop/s2, mall/s3]}
rules:
  - {id: said, verdict: review, when: {title: {has_any: [replica, "1:1"]}, category: {is: bag}}}
  - {id: hidden, verdict: review, when: {obfuscated_brand: true}}
  - {id: listed, verdict: review, when: {seller: {listed_in: bad}, price_retail_ratio: {below: 1}}}
  - {id: shared, verdict: review, when: {other_sellers: {at_least: 3}}}
  - {id: again, verdict: review, when: {relisted: true, seller_flags_before: {at_least: 9}}}
"""

console = Console()


@contextmanager
def running(*command: str, **environment: str) -> Iterator[Path]:
    """The state folder of what ``command`` starts; all of it is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder, "state")
        env = os.environ | environment | {"COUNTERFEIT_STATE_DIR": str(state)}
        try:
            subprocess.run(command, env=env, check=True)
            yield state
        finally:
            subprocess.run([COUNTERFEIT, "down", "--purge"], env=env, check=True)


def scored(rows: int, seed: int) -> Iterator[pa.RecordBatch]:
    """A day's rows of SCORED_LISTINGS, ``FLAGGED`` of them sure and below their floor."""
    catalogue = load_brands(ROOT / "config")
    floors = np.array([catalogue.brands[one].floor_usd for one in sorted(catalogue.brands)])
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        yield batch(np.random.default_rng((seed, start)), start, size, catalogue.classes, floors)


def batch(
    random: np.random.Generator, start: int, size: int, classes: tuple[str, ...], floors: Any
) -> pa.RecordBatch:
    """Rows from ``start`` on."""
    numbers = np.arange(start, start + size)
    brands = random.integers(0, len(floors), size)
    below = random.random(size) < FLAGGED
    plain = ~below & (random.random(size) < 0.8)
    confidence = np.where(plain, random.uniform(0.3, 0.99, size), random.uniform(0.9, 1, size))
    ratio = np.where(below, random.uniform(0.05, 0.6, size), random.uniform(1.2, 12, size))
    prices = np.round(np.where(plain, random.uniform(4, 400, size), floors[brands] * ratio), 2)
    pictures = random.integers(0, int(ROWS * PICTURES_EACH), size)
    kinds = np.where(plain, len(floors), brands)
    words = np.array(WORDS)
    columns = {
        "marketplace": np.array(MARKETPLACES)[numbers % 3],
        "listing_id": [f"L{number:09d}" for number in numbers],
        "url": [f"https://shop.example/item/{number}" for number in numbers],
        "title": [" ".join(some) for some in words[random.integers(0, len(words), (size, 6))]],
        "price": prices,
        "currency": ["USD"] * size,
        "price_usd": prices,
        "seller_id": [f"s{number}" for number in random.integers(0, SELLERS, size)],
        "seller_name": [f"Seller {number % 999}" for number in numbers],
        "condition": ["new"] * size,
        "image_sha256": [sha256(str(picture).encode()).hexdigest() for picture in pictures],
        # Multiplied by an odd number: other bits for each, the same for the same picture.
        "image_phash": [f"{one:016x}" for one in pictures.astype(np.uint64) * ODD],
        "brand": np.array(classes)[kinds],
        "confidence": confidence.astype(np.float32),
        "probabilities": probabilities(kinds, confidence, classes),
        "model_version": ["7"] * size,
    }
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in SCORED_LISTINGS.schema
    ]
    return pa.record_batch(arrays, SCORED_LISTINGS.schema)


ODD = np.uint64(0x9E3779B97F4A7C15)


def probabilities(kinds: Any, confidence: Any, classes: tuple[str, ...]) -> pa.MapArray:
    """What is left goes to the other classes in equal shares."""
    shares = np.repeat((1 - confidence)[:, None] / (len(classes) - 1), len(classes), axis=1)
    shares[np.arange(len(kinds)), kinds] = confidence
    offsets = np.arange(len(kinds) + 1, dtype=np.int32) * len(classes)
    names = np.tile(np.array(classes), len(kinds))
    return pa.MapArray.from_arrays(offsets, pa.array(names), shares.astype(np.float32).ravel())


def flagging(settings: Settings, rows: int) -> Figures:
    """Seconds of both sides, each on days of its own."""
    lake, seconds = Lake(settings), []
    days = [(FIRST_DAY + timedelta(days=back)).isoformat() for back in range(ROUNDS + 1)]
    for seed, ds in enumerate(days):
        lake.write_batches(SCORED_LISTINGS, scored(rows, seed), ds=ds)
    for ds in days[:ROUNDS]:
        started = time.perf_counter()
        result = flag(settings, ds, "bench")
        seconds.append(time.perf_counter() - started)
        console.print(f"{result} {seconds[-1]:.2f} s")
    began = time.perf_counter()
    found = by_pandas(settings, days[ROUNDS - 1])
    pandas_s = time.perf_counter() - began
    console.print(f"pandas: {found:,} flags, {pandas_s:.1f} s")
    assert found == result.flagged
    ours = statistics.median(seconds)
    return {
        "flag_600k_s": ours,
        "ratio_vs_pandas": pandas_s / ours,
        "pandas_600k_s": pandas_s,
        "every_fact_600k_s": every_fact(settings, days[ROUNDS]),
    }


def every_fact(settings: Settings, ds: str) -> float:
    """Seconds with rules that ask for all there is."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder)
        (config / "rules.yaml").write_text(EVERY_FACT, "utf-8")
        brands = (settings.config_dir / "brands.yaml").read_text("utf-8")
        (config / "brands.yaml").write_text(brands, "utf-8")
        started = time.perf_counter()
        result = flag(settings.model_copy(update={"config_dir": config}), ds, "bench")
        console.print(result)
        return time.perf_counter() - started


def by_pandas(settings: Settings, ds: str) -> int:
    """The shipped rules over every row of a frame, and by ``to_sql`` what ``flag`` writes: flags,
    sellers, counts of the day. How many flags.

    Spared are near-duplicate pictures, categories, the sample and the comparison with what stands.
    """
    brands = load_brands(settings.config_dir).brands
    with tempfile.TemporaryDirectory() as folder:
        paths = Lake(settings).download(SCORED_LISTINGS, Path(folder), ds=ds)
        frame = pd.concat([pd.read_parquet(path) for path in paths])
    flags = []
    sellers: dict[str, set[str]] = defaultdict(set)
    listings: Counter[tuple[str, str]] = Counter()
    for _, row in frame.iterrows():
        sellers[row["image_phash"]].add(row["seller_id"])
        listings[row["marketplace"], row["seller_id"]] += 1
        brand, confidence = brands.get(row["brand"]), row["confidence"]
        floor = brand.floor_usd if brand else None
        if brand is None or confidence <= (0.5 if floor else 0.89):
            continue
        if floor is None:
            rule, verdict = "not_comparable", "review"
        elif row["price_usd"] >= floor:
            continue
        elif confidence > 0.89:
            rule, verdict = "logo_and_price_below_floor", "counterfeit"
        else:
            rule, verdict = "unsure_logo_and_price_below_floor", "review"
        others = sorted(row["probabilities"], key=lambda one: -one[1])[1:4]
        flags.append(
            {
                **row.drop("probabilities"),
                "rule_id": rule,
                "verdict": verdict,
                "price_floor_usd": floor,
                "runners_up": json.dumps(others),
                "reasons": json.dumps([f"confidence {confidence}", f"price {row['price_usd']}"]),
            }
        )
    for one in flags:
        one["other_sellers"] = len(sellers[one["image_phash"]]) - 1
        one["seller_listings"] = listings[one["marketplace"], one["seller_id"]]
    uri = settings.warehouse_uri.get_secret_value().replace("postgresql:", "postgresql+psycopg:")
    engine = sqlalchemy.create_engine(uri)
    days = Counter(frame["marketplace"])
    for name, rows in {"flags": flags, "sellers": list(listings), "days": days.items()}.items():
        pd.DataFrame(rows).to_sql(f"pandas_{name}", engine, schema="warehouse", index=False)
    return len(flags)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a twentieth of the rows, and only these"
    )
    quick = parser.parse_args().quick
    light = (sys.executable, "-c", flag_queries.UP_DATABASE)
    with running(*light) as state:
        settings = Settings(_env_file=state / "platform.env")
        figures = flagging(settings, ROWS // 20 if quick else ROWS)
    if not quick:
        with running(*light) as state:
            figures["query_max_s"] = flag_queries.measure(state)
        with running(COUNTERFEIT, "up") as state:
            figures["review_p95_ms"] = review_load.measure(state)
    report("Flagging", figures, TARGETS, OUT)


if __name__ == "__main__":
    main()
