"""Runs of ingest_listings on a real scheduler; three marketplaces are ``MARKETPLACES``."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.lake import Lake
from tests.dags.asking import Airflow
from tests.waiting import until

DAG = "ingest_listings"
NEW_SHOP = '  new: {site: {start_urls: ["http://127.0.0.4:9/"], allow_local: true}}\n'

pytestmark = pytest.mark.timeout(600)


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
def lake(stack) -> Lake:
    return Lake(stack.settings)


@pytest.fixture(scope="module")
def airflow(stack, own_folder) -> Iterator[Airflow]:
    """Where what is validated is not scored: only who started whom is asked, and it takes long."""
    write_feed(own_folder / "partner.jsonl", "1", "2")
    airflow = Airflow(stack.stack)
    until(lambda: {DAG, "validate_listings"} <= airflow.dag_ids())
    with airflow.paused("score_listings"):
        yield airflow


def test_one_that_fails_does_not_stop_the_others(airflow, lake):
    day = "2001-02-01"
    run = airflow.trigger(DAG, {"day": day})
    assert airflow.ended(run) == "failed"
    states = airflow.states(run)
    assert states["feeds.ingest_marketplace partner"] == "success"
    assert states["domain_127_0_0_3.ingest_marketplace dead"] == "failed"
    assert states["domain_127_0_0_3.ingest_marketplace dead_too"] == "failed"
    assert states["announce_listings"] == "success"
    assert states["every_marketplace"] == "upstream_failed"
    assert until(lambda: airflow.followed(day))[0]["triggered_by"] == "asset"
    assert lake.read(LISTINGS, ["listing_id"], ds=day, marketplace="partner").num_rows == 2


def test_two_marketplaces_of_one_domain_never_run_at_once(airflow):
    run = airflow.trigger(DAG, {"marketplaces": ["dead", "dead_too"]}, "2001-02-02")
    again = airflow.trigger(DAG, {"marketplaces": ["dead", "dead_too"]}, "2001-02-03")
    airflow.ended(run)
    airflow.ended(again)
    spans = sorted(
        (task["start_date"], task["end_date"])
        for one in (run, again)
        for task in airflow.tasks(one)
        if task["rendered_map_index"]
    )
    assert len(spans) == 4
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_where_none_succeeds_nothing_follows_until_one_is_mended(airflow, tmp_path):
    day, feed = "2001-02-04", tmp_path / "late.jsonl"
    feed.write_bytes(b"")
    conf = {"marketplaces": ["mine"], "source": str(feed), "day": day}
    run = airflow.trigger(DAG, conf)
    assert airflow.ended(run) == "failed"
    assert airflow.states(run)["announce_listings"] == "skipped"
    write_feed(feed, "1")
    assert not airflow.followed(day)
    airflow.clear(run, "feeds.ingest_marketplace", 0)
    until(lambda: airflow.run(run).state != "failed")
    assert airflow.ended(run) == "success"
    assert until(lambda: airflow.followed(day))


def test_two_days_are_refused_with_a_sentence(airflow):
    run = airflow.trigger(DAG, {"day": "2001-02-05"}, "2001-02-06")
    assert airflow.ended(run) == "failed"
    (failed,) = [task for task in airflow.tasks(run) if task["state"] == "failed"]
    assert failed["task_id"] == "list_marketplaces"
    log = "\n".join(airflow.log_tail(run, failed, lines=100))
    assert "the partition key 2001-02-06 and the parameter day 2001-02-05: trigger" in log


def test_days_are_filled_in_from_their_feeds(airflow, lake, tmp_path):
    days = ["2001-03-01", "2001-03-02", "2001-03-03"]
    for number, day in enumerate(days):
        write_feed(tmp_path / f"{day}.jsonl", *(f"{day}-{n}" for n in range(number + 1)))
    conf = {"marketplaces": ["partner"], "source": f"{tmp_path}/{{ds}}.jsonl"}
    airflow.backfill(DAG, days, conf)
    for number, day in enumerate(days):
        table = lake.read(LISTINGS, ["listing_id"], ds=day)
        assert sorted(table["listing_id"].to_pylist()) == [f"{day}-{n}" for n in range(number + 1)]
        assert until(lambda day=day: airflow.followed(day))


def test_a_marketplace_added_gets_its_pool_by_the_next_up(airflow, stack, request):
    assert airflow.pools()["domain_127_0_0_3"] == 1
    assert "domain_127_0_0_4" not in airflow.pools()
    file = stack.config / "marketplaces.yaml"
    before = file.read_bytes()
    request.addfinalizer(lambda: file.write_bytes(before))
    file.write_bytes(before + NEW_SHOP.encode())
    stack.up()
    assert airflow.pools()["domain_127_0_0_4"] == 1
