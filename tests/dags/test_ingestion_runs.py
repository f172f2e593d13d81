"""Runs of ingest_listings on a real scheduler, with a configuration of its own."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings

DAG = "ingest_listings"
PATIENCE_SECONDS = 120
MARKETPLACES = """
marketplaces:
  dead: {site: {start_urls: ["http://127.0.0.3:9/"], allow_local: true}}
  dead_too: {site: {start_urls: ["http://127.0.0.3:9/two"], allow_local: true}}
  partner: {feed: {path: FOLDER/feed.jsonl}}
"""
NEW_SHOP = '  new: {site: {start_urls: ["http://127.0.0.4:9/"], allow_local: true}}\n'

pytestmark = pytest.mark.timeout(600)


class Airflow(AirflowClient):
    """The client, and what only these tests ask."""

    def __init__(self, state: Path, config: Path) -> None:
        super().__init__(StackSettings(_env_file=state / "platform.env"))
        self.lake = Lake(Settings(_env_file=state / "platform.env"))
        self.config = config

    def finish(self, run: Run) -> str:
        until(lambda: self.run(run).state in {"success", "failed"})
        return self.run(run).state

    def states(self, run: Run) -> dict[str, str]:
        return {
            f"{one['task_id']} {one['rendered_map_index'] or ''}".strip(): one["state"]
            for one in self.tasks(run)
        }

    def pools(self) -> dict[str, int]:
        found = self._call("GET", "/api/v2/pools")["pools"]
        return {pool["name"]: pool["slots"] for pool in found}

    def followed(self, day: str) -> list[dict[str, Any]]:
        found = self._call("GET", "/api/v2/dags/validate_listings/dagRuns", params={"limit": 100})
        return [run for run in found["dag_runs"] if run["partition_key"] == day]

    def clear(self, run: Run, task_id: str, map_index: int) -> None:
        body = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": [[task_id, map_index]],
            "include_downstream": True,
            "only_failed": False,
        }
        self._call("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", json=body)


def until(met):
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := met()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)
    return found


def write_feed(path: Path, *listing_ids: str) -> None:
    Image.new("RGB", (64, 64), (200, 30, 60)).save(path.with_name("1.jpg"))
    records = [
        {
            "listing_id": one,
            "url": f"https://partner.example/{one}",
            "title": f"bag {one}",
            "price": "$ 12.50",
            "image": "1.jpg",
            "scraped_at": "2001-01-01T00:00:00Z",
        }
        for one in listing_ids
    ]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="counterfeit-runs-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def upper(command_line, folder) -> Iterator[Any]:
    """Brings the stack up, once more each time it is called."""
    config, stack = folder / "config", command_line(folder / "state")
    shutil.copytree("config", config)
    text = MARKETPLACES.replace("FOLDER", str(folder))
    (config / "marketplaces.yaml").write_text(text, encoding="utf-8")
    write_feed(folder / "feed.jsonl", "1", "2")

    def up():
        done = stack.counterfeit("up", COUNTERFEIT_CONFIG_DIR=str(config))
        assert done.returncode == 0, done.stdout + done.stderr

    yield up
    done = stack.counterfeit("down", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def airflow(upper, folder) -> Airflow:
    upper()
    airflow = Airflow(folder / "state", folder / "config")
    until(lambda: {DAG, "validate_listings"} <= airflow.dag_ids())
    return airflow


def test_one_that_fails_does_not_stop_the_others(airflow):
    day = "2001-02-01"
    run = airflow.trigger(DAG, {"day": day})
    assert airflow.finish(run) == "failed"
    states = airflow.states(run)
    assert states["feeds.ingest_marketplace partner"] == "success"
    assert states["domain_127_0_0_3.ingest_marketplace dead"] == "failed"
    assert states["domain_127_0_0_3.ingest_marketplace dead_too"] == "failed"
    assert states["announce_listings"] == "success"
    assert states["every_marketplace"] == "upstream_failed"
    assert until(lambda: airflow.followed(day))[0]["triggered_by"] == "asset"
    assert airflow.lake.read(LISTINGS, ["listing_id"], ds=day).num_rows == 2


def test_two_marketplaces_of_one_domain_never_run_at_once(airflow):
    run = airflow.trigger(DAG, {"marketplaces": ["dead", "dead_too"]}, "2001-02-02")
    again = airflow.trigger(DAG, {"marketplaces": ["dead", "dead_too"]}, "2001-02-03")
    airflow.finish(run)
    airflow.finish(again)
    spans = sorted(
        (task["start_date"], task["end_date"])
        for one in (run, again)
        for task in airflow.tasks(one)
        if task["rendered_map_index"]
    )
    assert len(spans) == 4
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_where_none_succeeds_nothing_follows_until_one_is_mended(airflow, folder):
    day, feed = "2001-02-04", folder / "late.jsonl"
    feed.write_bytes(b"")
    conf = {"marketplaces": ["mine"], "source": str(feed), "day": day}
    run = airflow.trigger(DAG, conf)
    assert airflow.finish(run) == "failed"
    assert airflow.states(run)["announce_listings"] == "skipped"
    write_feed(feed, "1")
    assert not airflow.followed(day)
    airflow.clear(run, "feeds.ingest_marketplace", 0)
    until(lambda: airflow.run(run).state != "failed")
    assert airflow.finish(run) == "success"
    assert until(lambda: airflow.followed(day))


def test_two_days_are_refused_with_a_sentence(airflow):
    run = airflow.trigger(DAG, {"day": "2001-02-05"}, "2001-02-06")
    assert airflow.finish(run) == "failed"
    (failed,) = [task for task in airflow.tasks(run) if task["state"] == "failed"]
    assert failed["task_id"] == "list_marketplaces"
    log = "\n".join(airflow.log_tail(run, failed, lines=100))
    assert "the partition key 2001-02-06 and the parameter day 2001-02-05: trigger" in log


def test_days_are_filled_in_from_their_feeds(airflow, folder):
    days = ["2001-03-01", "2001-03-02", "2001-03-03"]
    for number, day in enumerate(days):
        write_feed(folder / f"{day}.jsonl", *(f"{day}-{n}" for n in range(number + 1)))
    body = {
        "dag_id": DAG,
        "from_date": f"{days[0]}T00:00:00Z",
        "to_date": f"{days[-1]}T23:59:59Z",
        "dag_run_conf": {"marketplaces": ["partner"], "source": f"{folder}/{{ds}}.jsonl"},
    }
    backfill = airflow._call("POST", "/api/v2/backfills", json=body)["id"]
    until(lambda: airflow._call("GET", f"/api/v2/backfills/{backfill}")["completed_at"])
    for number, day in enumerate(days):
        table = airflow.lake.read(LISTINGS, ["listing_id"], ds=day)
        assert sorted(table["listing_id"].to_pylist()) == [f"{day}-{n}" for n in range(number + 1)]
        assert until(lambda day=day: airflow.followed(day))


def test_a_marketplace_added_gets_its_pool_by_the_next_up(airflow, upper):
    assert airflow.pools()["domain_127_0_0_3"] == 1
    assert "domain_127_0_0_4" not in airflow.pools()
    file = airflow.config / "marketplaces.yaml"
    file.write_text(file.read_text("utf-8") + NEW_SHOP, encoding="utf-8")
    upper()
    assert airflow.pools()["domain_127_0_0_4"] == 1
