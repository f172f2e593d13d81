"""Ingestion against Scrapy's stock ImagesPipeline, and against itself: unchanged, larger, longer.

Starts S3 and a shop of its own, runs both sides in turn, prints one table and writes
benchmarks/out/ingestion.json. Every run is a process of its own, started as a user would; memory is
the peak of the sum over a run's processes.
"""

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from dotenv import dotenv_values
from figures import report
from ingestion_shop import picture
from rich.console import Console

HERE = Path(__file__).parent
OUT = HERE / "out" / "ingestion.json"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
LISTINGS = 5_000
ROUNDS = 3
SMALL, LARGE, SHARED_PICTURES = 1_000, 50_000, 500
FEED_LINES, FEED_PICTURES = 1_000_000, 200
UP_LIGHT = (
    "from rich.console import Console; from counterfeit_ml.stack import LIGHT, up; "
    "up(Console(), LIGHT)"
)
CONFIG = """\
marketplaces:
  bench:
    site:
      start_urls: [{shop}/]
      listing_pages: /item/
      max_pages: 100000
      allow_local: true
"""

console = Console()


@dataclass(frozen=True)
class Run:
    """One process tree: how long it took, and the most memory it held at once."""

    seconds: float
    peak_mb: float


def measured(command: list[str], env: dict[str, str]) -> Run:
    """Run ``command`` to its end; what it prints is shown where it fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process))
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read()[-3000:]}")
    run = Run(seconds, peak / 2**20)
    console.print(f"{run.seconds:7.1f} s {run.peak_mb:6.0f} MB  {' '.join(command[1:4])}")
    return run


def _memory(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


class Bench:
    """S3 in a state folder of its own, and what runs against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {"COUNTERFEIT_STATE_DIR": str(folder / "state")}
        subprocess.run([sys.executable, "-c", UP_LIGHT], env=self.env, check=True)
        known = dotenv_values(folder / "state" / "platform.env")
        self.s3 = {
            "AWS_ENDPOINT_URL": str(known["COUNTERFEIT_LAKE_ENDPOINT"]),
            "AWS_ACCESS_KEY_ID": str(known["COUNTERFEIT_LAKE_ACCESS_KEY"]),
            "AWS_SECRET_ACCESS_KEY": str(known["COUNTERFEIT_LAKE_SECRET_KEY"]),
        }

    def close(self) -> None:
        """Stop S3 and delete its data."""
        subprocess.run([COUNTERFEIT, "down", "--purge"], env=self.env, check=True)

    def images_pipeline(self, shop: str, name: str) -> Run:
        """The stock way over the whole shop, into a folder of the bucket of its own."""
        script = str(HERE / "images_pipeline.py")
        out = str(self.folder / f"{name}.jsonl")
        command = [sys.executable, script, shop, f"counterfeit/{name}", out]
        run = measured(command, self.env | self.s3)
        items = Path(out).read_bytes().count(b"\n")
        assert items == LISTINGS, f"{items} items"
        return run

    def ingest(self, shop: str, day: str, marketplace: str, listings: int) -> Run:
        """``counterfeit ingest`` over the whole shop."""
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        text = CONFIG.format(shop=shop).replace("bench:", f"{marketplace}:")
        (config / "marketplaces.yaml").write_text(text)
        command = [COUNTERFEIT, "ingest", day, "--marketplace", marketplace]
        run = measured(command, self.env | {"COUNTERFEIT_CONFIG_DIR": str(config)})
        self._check(marketplace, day, listings)
        return run

    def ingest_feed(self, feed: Path, listings: int) -> Run:
        """``counterfeit ingest`` of a feed."""
        command = [COUNTERFEIT, "ingest", "2020-02-01", "--marketplace", "feed"]
        run = measured([*command, "--source", str(feed)], self.env)
        self._check("feed", "2020-02-01", listings)
        return run

    def _check(self, marketplace: str, day: str, listings: int) -> None:
        """That every listing is in the lake."""
        program = (
            "import sys; from counterfeit_ml.lake import Lake; "
            "from counterfeit_ml.settings import Settings; "
            "from counterfeit_ml.datasets import LISTINGS; "
            "print(Lake(Settings.load()).manifest(LISTINGS, ds=sys.argv[1], "
            "marketplace=sys.argv[2]).rows)"
        )
        command = [sys.executable, "-c", program, day, marketplace]
        rows = subprocess.check_output(command, env=self.env, text=True)
        assert int(rows) == listings, f"{rows} of {listings} listings"


@contextmanager
def shop(listings: int, pictures: int, port: int) -> Iterator[str]:
    """The benchmark's shop in a process of its own."""
    command = [sys.executable, str(HERE / "ingestion_shop.py"), str(port)]
    process = subprocess.Popen([*command, str(listings), str(pictures)])
    try:
        time.sleep(3)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def write_feed(folder: Path) -> Path:
    """A gzipped JSONL feed with its pictures beside it."""
    (folder / "images").mkdir(parents=True)
    for number in range(FEED_PICTURES):
        (folder / "images" / f"{number}.jpg").write_bytes(picture(number))
    with gzip.open(folder / "listings.jsonl.gz", "wt", compresslevel=1) as file:
        for number in range(FEED_LINES):
            record = {
                "listing_id": f"L{number}",
                "url": f"https://shop.example/item/{number}",
                "title": f"Leather bag number {number}",
                "description": "A bag. " * 20,
                "price": f"{20 + number % 400}.00",
                "currency": "EUR",
                "seller_id": f"s{number % 9973}",
                "image": f"images/{number % FEED_PICTURES}.jpg",
                "scraped_at": "2020-02-01T00:00:00Z",
            }
            file.write(json.dumps(record) + "\n")
    return folder / "listings.jsonl.gz"


def compare(bench: Bench, address: str) -> dict[str, float]:
    """First run against the stock pipeline, and against an unchanged second run; medians."""
    stock, first, second = [], [], []
    for number in range(ROUNDS):
        stock.append(bench.images_pipeline(address, f"stock{number}").seconds)
        name = f"bench{number}"
        # Pictures are stored by content: each round must find them new.
        forget_pictures(bench)
        first.append(bench.ingest(address, "2020-02-01", name, LISTINGS).seconds)
        second.append(bench.ingest(address, "2020-02-02", name, LISTINGS).seconds)
    stock_s, first_s, second_s = map(statistics.median, (stock, first, second))
    return {
        "imagespipeline_listings_per_s": LISTINGS / stock_s,
        "first_listings_per_s": LISTINGS / first_s,
        "unchanged_listings_per_s": LISTINGS / second_s,
        "ratio_vs_imagespipeline": stock_s / first_s,
        "unchanged_speedup": first_s / second_s,
    }


def forget_pictures(bench: Bench) -> None:
    """Delete every picture from the lake."""
    program = (
        "from counterfeit_ml.lake import Lake; from counterfeit_ml.settings import Settings; "
        "lake = Lake(Settings.load()); lake.delete(lake.keys('images/'))"
    )
    subprocess.run([sys.executable, "-c", program], env=bench.env, check=True)


def grow(bench: Bench, port: int) -> dict[str, float]:
    """Memory over a shop of 1,000 and of 50,000 listings."""
    peaks = {}
    for listings in (SMALL, LARGE):
        with shop(listings, SHARED_PICTURES, port) as address:
            run = bench.ingest(address, "2020-02-01", f"grow{listings}", listings)
        peaks[listings] = run.peak_mb
    return {
        "rss_small_mb": peaks[SMALL],
        "rss_large_mb": peaks[LARGE],
        "rss_growth": peaks[LARGE] / peaks[SMALL] - 1,
    }


def stream(bench: Bench) -> dict[str, float]:
    """A long feed."""
    run = bench.ingest_feed(write_feed(bench.folder / "feed"), FEED_LINES)
    return {"feed_lines_per_s": FEED_LINES / run.seconds, "feed_peak_rss_mb": run.peak_mb}


TARGETS = {
    "ratio_vs_imagespipeline": "at least 1.5",
    "unchanged_speedup": "at least 10",
    "rss_growth": "at most 0.20",
    "feed_peak_rss_mb": "below 400",
}


def main() -> None:
    """Measure, print and write."""
    port = int(os.environ.get("BENCH_PORT", "23987"))
    folder = Path(tempfile.mkdtemp(prefix="bench-ingestion-"))
    bench = Bench(folder)
    try:
        with shop(LISTINGS, LISTINGS, port) as address:
            figures = compare(bench, address)
        figures |= grow(bench, port)
        figures |= stream(bench)
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    report("Ingestion", figures, TARGETS, OUT, digits=2)


if __name__ == "__main__":
    main()
