"""What slows and what queues when much is asked at once; nothing may fail.

On a stack of its own: two hundred analysts ask the queries of docs/queries.md at the same moment,
while a day of 12,000 flags is replaced over and over; fifty runs of `flag_listings` are triggered
together, as after a change of rules; a shop of ten thousand pages is ingested while a night is
scored. Each is measured alone, too. Prints one table and writes benchmarks/out/load.json; ends with
an error where an answer, a run, a listing or a score is missing. A quarter of an hour.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from socket import socket
from statistics import median
from threading import Barrier, Event

import flag_queries
import psycopg
from bench_flagging import COUNTERFEIT, running, scored
from bench_ingestion import shop
from bench_night import SEEN, champion, finished, history, jpeg, listings
from bench_night import SHOP as NIGHT
from rich.console import Console
from rich.table import Table

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LISTING_HISTORY, LISTINGS, SCORED_LISTINGS
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.warehouse import Warehouse

OUT = Path(__file__).parent / "out" / "load.json"

ANALYSTS = 200
RUNS, LISTED = 50, 10_000
FIRST_DAY = date(2026, 5, 1)
PAGES = PICTURES = 10_000
SHOPS = {"shop1": "2026-07-01", "shop2": "2026-07-02"}
NIGHTS = ("2026-12-01", "2026-12-02")
"""One of each alone, then one of each together."""
BETWEEN_SECONDS = 0.5
COUNT = b"SELECT count(*) FROM warehouse.flagged_listings WHERE ds = %s"
MARKETPLACE = """\
  {name}:
    site:
      start_urls: ["http://127.0.0.1:{port}/"]
      listing_pages: /item/
      max_pages: 100000
      allow_local: true
"""

console = Console(width=120)


@dataclass(frozen=True)
class Row:
    """Seconds of the same thing, alone and under load."""

    load: str
    figure: str
    alone: float
    under_load: float


class Platform:
    """The stack that is loaded, with no other DAG than those measured."""

    def __init__(self, state: Path) -> None:
        file = state / "platform.env"
        self.state, self.own = state, StackSettings(_env_file=file)
        self.settings = Settings(_env_file=file, cache_dir=state / "cache")
        self.lake, self.airflow = Lake(self.settings), Airflow(self.own)
        self.airflow.only({"flag_listings"})


class Airflow(AirflowClient):
    """The client, and what else is asked of it here."""

    def only(self, wanted: set[str]) -> None:
        """Have these DAGs run, and no others."""
        while not wanted <= (found := self.dag_ids()):
            time.sleep(1)
        for dag_id in found:
            paused = {"is_paused": dag_id not in wanted}
            self._call("PATCH", f"/api/v2/dags/{dag_id}", json=paused)

    def times(self, run: Run) -> tuple[float, float]:
        """Seconds for which the finished run waited, and for which it worked."""
        found = self._call("GET", f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")
        tasks = [task for task in self.tasks(run) if task["start_date"]]
        began = min(datetime.fromisoformat(task["start_date"]) for task in tasks)
        queued, ended = (datetime.fromisoformat(found[name]) for name in ("queued_at", "end_date"))
        return (began - queued).total_seconds(), (ended - began).total_seconds()


# Two hundred analysts


def analysts(platform: Platform) -> Iterator[Row]:
    """Their answers, and the load of the day itself."""
    console.print(f"{flag_queries.fill(platform.settings):,} flags")
    alone = [one for found in flag_queries.ask(platform.own).values() for one in found]
    quiet = ask_at_once(platform.own)
    with flag_queries.loading(platform.state) as replaced:
        loaded = ask_at_once(platform.own)
    console.print(f"the day was replaced {len(replaced)} times")
    yield Row(f"{ANALYSTS} analysts at once", "an answer, median", median(alone), median(quiet))
    yield Row(f"{ANALYSTS} analysts at once", "an answer, slowest", max(alone), max(quiet))
    load = f"{ANALYSTS} analysts, a day being loaded"
    yield Row(load, "an answer, median", median(alone), median(loaded))
    yield Row(load, "an answer, slowest", max(alone), max(loaded))
    yield Row(load, "the day loaded", replaced[0], max(replaced))


def ask_at_once(own: StackSettings) -> list[float]:
    """Seconds of each analyst's query, all sent at one moment over connections of their own."""
    questions = flag_queries.questions()
    start = Barrier(ANALYSTS)

    def ask(number: int) -> float:
        _, query = questions[number % len(questions)]
        with psycopg.connect(own.bi_reader_uri, autocommit=True) as connection:
            start.wait()
            began = time.perf_counter()
            assert connection.execute(query.encode()).fetchall()
            seconds = time.perf_counter() - began
            # Never half a day, whenever it is looked at.
            assert connection.execute(COUNT, [flag_queries.LAST]).fetchone() == (12_000,)
        return seconds

    with ThreadPoolExecutor(ANALYSTS) as threads:
        return list(threads.map(ask, range(ANALYSTS)))


# Fifty runs


def fifty_runs(platform: Platform) -> Iterator[Row]:
    """How long each waits and works, and what a person at the UI notices."""
    days = [(FIRST_DAY + timedelta(days=one)).isoformat() for one in range(RUNS + 1)]
    for seed, ds in enumerate(days):
        platform.lake.write_batches(SCORED_LISTINGS, scored(LISTED, seed), ds=ds)
    airflow = platform.airflow
    with answers(platform) as quiet:
        only = finished(airflow, airflow.trigger("flag_listings", {}, days[0]))
        first = airflow.times(only)
    with answers(platform) as loaded:
        runs = [airflow.trigger("flag_listings", {}, ds) for ds in days[1:]]
        times = [airflow.times(finished(airflow, run)) for run in runs]
    check_flagged(platform.settings, days)
    waited, worked = zip(*times, strict=True)
    load = f"{RUNS} runs of flag_listings"
    yield Row(load, "a run waits, median", first[0], median(waited))
    yield Row(load, "a run waits, longest", first[0], max(waited))
    yield Row(load, "a run works, median", first[1], median(worked))
    yield Row(load, "a run works, longest", first[1], max(worked))
    yield Row(load, "Airflow's API answers, median", median(quiet), median(loaded))
    yield Row(load, "Airflow's API answers, slowest", max(quiet), max(loaded))


@contextmanager
def answers(platform: Platform) -> Iterator[list[float]]:
    """Seconds in which Airflow's API lists the DAGs, asked all the while as an open page does."""
    seconds: list[float] = []
    over = Event()

    def ask() -> None:
        airflow = Airflow(platform.own)
        while not over.wait(BETWEEN_SECONDS):
            began = time.perf_counter()
            airflow.dag_ids()
            seconds.append(time.perf_counter() - began)

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            yield seconds
        finally:
            over.set()
        asking.result()


def check_flagged(settings: Settings, days: list[str]) -> None:
    """Every day is there whole, with as many flags as its run has said."""
    found = Warehouse(settings).query(
        "SELECT ds::text, sum(scored)::int AS scored, sum(flagged)::int AS flagged, "
        "(SELECT count(*)::int FROM warehouse.flagged_listings AS f WHERE f.ds = d.ds) AS rows "
        "FROM warehouse.flagged_days AS d WHERE ds >= %s GROUP BY ds ORDER BY ds",
        FIRST_DAY,
    )
    assert [row["ds"] for row in found] == days
    assert {row["scored"] for row in found} == {LISTED}
    assert all(row["flagged"] == row["rows"] > 0 for row in found)


# Ten thousand pages, and a night


def pages_and_pictures(platform: Platform) -> Iterator[Row]:
    """A shop ingested and a night scored, first one after the other, then both at once."""
    airflow, lake = platform.airflow, platform.lake
    airflow.only({"ingest_listings", "score_listings"})
    (first, second), load = SHOPS, f"{PAGES:,} pages beside {PICTURES:,} pictures"
    shop_alone = airflow.times(finished(airflow, crawl(airflow, first)))
    # Else the other shop finds its pictures there.
    lake.delete(lake.keys("images/"))
    champion(platform.settings, load_brands(platform.settings.config_dir).classes)
    for number in range(len(NIGHTS)):
        fill_night(lake, number)
    night_alone = airflow.times(finished(airflow, score(airflow, NIGHTS[0])))
    both = [crawl(airflow, second), score(airflow, NIGHTS[1])]
    together = [airflow.times(finished(airflow, run)) for run in both]
    for name, ds in SHOPS.items():
        assert lake.manifest(LISTINGS, ds=ds, marketplace=name).rows == PAGES
    for ds in NIGHTS:
        assert lake.manifest(SCORED_LISTINGS, ds=ds).rows == PICTURES
    for run, alone, loaded in zip(both, (shop_alone, night_alone), together, strict=True):
        yield Row(load, f"{run.dag_id} waits", alone[0], loaded[0])
        yield Row(load, f"{run.dag_id} works", alone[1], loaded[1])


def crawl(airflow: Airflow, name: str) -> Run:
    """Start the ingestion of a shop."""
    return airflow.trigger("ingest_listings", {"marketplaces": [name]}, SHOPS[name])


def score(airflow: Airflow, ds: str) -> Run:
    """Start the scoring of a night."""
    return airflow.trigger("score_listings", {}, ds)


def fill_night(lake: Lake, number: int) -> None:
    """Listings of a day, each with a picture that was never seen before."""
    first, ds = SEEN + number * PICTURES, date.fromisoformat(NIGHTS[number])
    numbers = range(first, first + PICTURES)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: lake.put_image(jpeg(one)), numbers))
    key = {"ds": NIGHTS[number], "marketplace": NIGHT}
    lake.write_batches(LISTINGS, [listings(numbers, ds)], **key)
    lake.write_batches(LISTING_HISTORY, [history(numbers, ds, first)], **key)


# All of it


@contextmanager
def shops() -> Iterator[Path]:
    """Serves both as one; a configuration that knows them."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, shop(PAGES, PAGES, port):
        config = Path(shutil.copytree(ROOT / "config", Path(folder, "config")))
        with (config / "marketplaces.yaml").open("a") as file:
            file.writelines(MARKETPLACE.format(name=name, port=port) for name in SHOPS)
        yield config


def show(rows: list[Row]) -> None:
    """Print the table, and write it."""
    table = Table("load", "seconds", "alone", "under load", title="Load: nothing failed")
    for row in rows:
        table.add_row(row.load, row.figure, f"{row.alone:.2f}", f"{row.under_load:.2f}")
    console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def main() -> None:
    """Measure, print and write."""
    rows = []
    with shops() as config, running(COUNTERFEIT, "up", COUNTERFEIT_CONFIG_DIR=str(config)) as state:
        platform = Platform(state)
        for load in (analysts, fifty_runs, pages_and_pictures):
            for row in load(platform):
                console.print(row)
                rows.append(row)
    show(rows)


if __name__ == "__main__":
    main()
