"""A day of a marketplace, from its source into a real lake."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest

from counterfeit_ml.datasets import EVIDENCE, LISTING_HISTORY, LISTINGS, QUARANTINE
from counterfeit_ml.errors import IngestionError, PartitionMissingError
from counterfeit_ml.ingestion.evidence import evidence_of
from counterfeit_ml.ingestion.ingest import IngestSummary, ingest
from counterfeit_ml.lake import Lake
from ingestion.pictures_made import picture
from ingestion.small_shop import SmallShop, links, serve
from tests.intrusions import SSRF_BY_PAGE
from tests.waiting import until

DAY = "2026-11-21"


@pytest.fixture
def settings(services):
    return services.settings


@pytest.fixture
def lake(settings):
    return Lake(settings)


def record(listing_id: str, **change: object) -> str:
    return json.dumps(
        {
            "listing_id": listing_id,
            "url": f"https://shop.example/item/{listing_id}",
            "title": f"Bag {listing_id}",
            "price": "¥7,316",
            "currency": "JPY",
            "image": "images/1.jpg",
            "scraped_at": "2026-11-21T08:00:00Z",
        }
        | change
    )


@pytest.fixture
def feed(tmp_path):
    """Writes a feed of the given lines beside two pictures and one that is cut in half."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(picture())
    (tmp_path / "images/2.jpg").write_bytes(picture(colour=(1, 2, 3)))
    (tmp_path / "images/cut.jpg").write_bytes(picture()[:500])

    def write(*lines: str) -> str:
        path = tmp_path / "listings.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    return write


def objects(lake: Lake, marketplace: str) -> dict[str, bytes]:
    """Every object of a marketplace's day, and every picture."""
    keys = [key for key in lake.keys("listings/") + lake.keys("quarantine/") if marketplace in key]
    return {key: lake.get(key) for key in keys + lake.keys("images/")}


def test_a_feed_becomes_listings_and_quarantine(settings, lake, feed):
    source = feed(
        record("B", image="images/2.jpg"),
        record("A"),
        record("A", title="Again"),
        record("C", price="Contact seller"),
        record("D", image="images/cut.jpg"),
        record("E", image="../../../etc/passwd"),
        '{"listing_id": "F", "title": "half a li',
    )
    summary = ingest(settings, DAY, "feed_shop", source)

    assert summary == IngestSummary(
        ds=DAY,
        marketplace="feed_shop",
        seen=7,
        listed=2,
        repeated=1,
        quarantined=4,
        reasons={
            "not_json": 1,
            "path_traversal": 1,
            "truncated_image": 1,
            "unparseable_price": 1,
        },
        new=2,
        changed=0,
        unchanged=0,
        inactive=0,
        pictures=2,
        rows=7,
    )
    assert summary.pictures_stored == 2
    listed = lake.read(LISTINGS, ds=DAY, marketplace="feed_shop").to_pylist()
    assert [(row["listing_id"], row["title"], row["price"]) for row in listed] == [
        ("A", "Bag A", 7316.0),
        ("B", "Bag B", 7316.0),
    ]
    assert lake.get_image(listed[0]["image_sha256"]) == picture()
    assert listed[0]["image_sha256"] == sha256(picture()).hexdigest()
    refused = lake.read(QUARANTINE, ds=DAY, marketplace="feed_shop").to_pylist()
    assert [(row["source"], row["listing_id"], row["reason"]) for row in refused] == [
        ("listings.jsonl:4", "C", "unparseable_price"),
        ("listings.jsonl:5", "D", "truncated_image"),
        ("listings.jsonl:6", "E", "path_traversal"),
        ("listings.jsonl:7", None, "not_json"),
    ]
    assert refused[3]["record"] == '{"listing_id": "F", "title": "half a li'
    manifest = lake.manifest(LISTINGS, ds=DAY, marketplace="feed_shop")
    assert manifest.rows == 2
    assert manifest.summary["reasons"] == summary.reasons


def test_a_feed_ingested_twice_changes_no_byte(settings, lake, feed):
    source = feed(*(record(f"{number:03}") for number in range(300)), record("X", price=None))
    first = ingest(settings, DAY, "twice_shop", source)
    before = objects(lake, "twice_shop")
    second = ingest(settings, DAY, "twice_shop", source)
    assert objects(lake, "twice_shop") == before
    assert (first, second.pictures_stored) == (second, 0)
    assert first.listed == 300


def test_a_shop_ingested_twice_changes_no_byte(settings, lake):
    shop = SmallShop({})
    shop.page("/", links(*(f"/item/{number}" for number in range(24))))
    for number in range(20):
        shop.listing(str(number), f"/images/{number % 5}.jpg")
    for number in range(5):
        shop.picture(f"/images/{number}.jpg", picture(colour=(number, 90, 90)))
    shop.listing("20", "/images/gone.jpg")
    shop.listing("21", "/images/0.jpg", name=None)
    shop.status("/item/22", 500)
    shop.status("/item/23", 404)
    with serve(shop):
        local = settings.model_copy(update={"sample_marketplace_url": f"{shop.url}/"})
        first = ingest(local, DAY, "sample")
        before = objects(lake, "sample")
        second = ingest(local, DAY, "sample")
    assert objects(lake, "sample") == before
    assert first == second
    assert first.listed == 20
    assert first.reasons == {"missing_image": 1, "missing_title": 1, "unreachable_page": 1}
    refused = lake.read(QUARANTINE, ds=DAY, marketplace="sample").to_pylist()
    assert [row["source"] for row in refused] == [f"{shop.url}/item/{n}" for n in (20, 21, 22)]


def test_a_day_ingested_anew_holds_what_is_there_now(settings, lake, feed):
    ingest(settings, DAY, "changing_shop", feed(record("A"), record("B")))
    ingest(settings, DAY, "changing_shop", feed(record("B"), record("C", title=None)))
    listed = lake.read(LISTINGS, ds=DAY, marketplace="changing_shop")
    assert listed.column("listing_id").to_pylist() == ["B"]


def test_a_day_of_bad_records_only_is_still_written(settings, lake, feed):
    summary = ingest(settings, DAY, "bad_shop", feed(record("A", image="images/cut.jpg")))
    assert (summary.listed, summary.quarantined) == (0, 1)
    assert lake.read(LISTINGS, ds=DAY, marketplace="bad_shop").num_rows == 0


def test_an_empty_feed_changes_nothing(settings, lake, feed):
    with pytest.raises(IngestionError, match="is empty"):
        ingest(settings, DAY, "empty_shop", feed(""))
    with pytest.raises(PartitionMissingError):
        lake.read(LISTINGS, ds=DAY, marketplace="empty_shop")


def test_a_day_is_a_date(settings, feed):
    with pytest.raises(IngestionError, match="YYYY-MM-DD"):
        ingest(settings, "yesterday", "feed_shop", feed(record("A")))


# Day after day


@pytest.fixture
def shop():
    """Six listings that say what has changed, on five pages of pictures, one shared by two."""
    shop = SmallShop({}, etags=True)
    shop.page("/", links(*(f"/item/{number}" for number in range(6))))
    for number in range(6):
        shop.listing(str(number), f"/images/{number % 5}.jpg")
    for number in range(5):
        shop.picture(f"/images/{number}.jpg", picture(colour=(number, 7, 90)))
    with serve(shop):
        yield shop


@pytest.fixture
def take(settings, shop, tmp_path):
    """Ingests a day of the shop, as the marketplace ``name``."""

    def take(ds: str, name: str, **options: Any) -> IngestSummary:
        configure(tmp_path, name, shop)
        local = settings.model_copy(update={"config_dir": tmp_path})
        shop.asked.clear()
        return ingest(local, ds, name, **options)

    return take


def configure(folder: Path, name: str, shop: SmallShop) -> None:
    site = {"start_urls": [f"{shop.url}/"], "listing_pages": "/item/", "allow_local": True}
    text = json.dumps({"marketplaces": {name: {"site": site}}})
    (folder / "marketplaces.yaml").write_text(text)


def items(shop: SmallShop) -> list[str]:
    """The listings' pages and the pictures that were asked for."""
    return sorted(path for path in shop.asked if path.startswith(("/item/", "/images/")))


def test_the_next_day_asks_only_what_may_have_changed(shop, take, lake):
    first = take("2026-11-01", "daily")
    shop.listing("3", "/images/3.jpg", offers={"price": "8.00", "priceCurrency": "EUR"})
    shop.status("/item/4", 404)
    second = take("2026-11-02", "daily")
    assert (first.new, first.pages_fetched, first.pictures_fetched) == (6, 7, 5)
    assert (second.new, second.changed, second.unchanged) == (0, 1, 4)
    assert (second.pages_fetched, second.pages_unchanged) == (2, 5)
    assert (second.pictures_fetched, second.pictures_stored) == (0, 0)
    assert items(shop) == [f"/item/{number}" for number in range(6)]
    known = {
        row["listing_id"]: row
        for row in lake.read(LISTING_HISTORY, ds="2026-11-02", marketplace="daily").to_pylist()
    }
    assert [one["price"] for one in known["3"]["price_changes"]] == [10.0, 8.0]
    assert (known["4"]["last_seen"], known["4"]["active"]) == (date(2026, 11, 1), True)


def test_what_was_asked_again_is_left_alone_for_another_week(shop, take):
    take("2026-11-01", "weekly")
    take("2026-11-10", "weekly")
    assert [path for path in items(shop) if "images" in path] == [
        f"/images/{number}.jpg" for number in range(5)
    ]
    take("2026-11-11", "weekly")
    assert [path for path in items(shop) if "images" in path] == []


def test_what_is_forced_is_fetched_anew(shop, take):
    take("2026-11-01", "forced")
    again = take("2026-11-01", "forced", force=True)
    assert (again.pages_fetched, again.pages_unchanged, again.pictures_fetched) == (7, 0, 5)
    assert again.pictures_stored == 0


def test_a_budget_ends_a_run_and_the_next_goes_further(shop, take, lake):
    first = take("2026-11-01", "budget", max_pages=4)
    assert (first.listed, first.pages_left, first.stopped) == (3, 3, "max_pages=4")
    second = take("2026-11-02", "budget", max_pages=4)
    assert (second.new, second.listed) == (3, 3)
    rows = lake.read(LISTING_HISTORY, ds="2026-11-02", marketplace="budget").to_pylist()
    assert [row["active"] for row in rows] == [True] * 6


def test_the_page_behind_a_listing_can_be_shown_later(settings, shop, take, lake):
    take("2026-11-01", "proof")
    page = shop.answers["/item/2"][2]
    take("2026-11-02", "proof")
    row = lake.read(LISTINGS, ds="2026-11-02", marketplace="proof").to_pylist()[2]
    assert (row["listing_id"], row["evidence_ds"]) == ("2", date(2026, 11, 1))
    kept = lake.read(EVIDENCE, ds=row["evidence_ds"].isoformat(), marketplace="proof").to_pylist()
    assert len(kept) == 6
    assert lake.read(EVIDENCE, ds="2026-11-02", marketplace="proof").num_rows == 0
    proof = evidence_of(settings, "2026-11-02", "proof", "2")
    assert (proof.raw, proof.sha256) == (page, sha256(page).hexdigest())
    assert (proof.source, proof.media_type) == (f"{shop.url}/item/2", "text/html")
    with pytest.raises(IngestionError, match="did not list '7' on 2026-11-02"):
        evidence_of(settings, "2026-11-02", "proof", "7")


def test_the_line_behind_a_listing_can_be_shown_later(settings, feed):
    lines = [record("A"), record("B")]
    ingest(settings, "2026-11-01", "proven_feed", feed(*lines))
    proof = evidence_of(settings, "2026-11-01", "proven_feed", "B")
    assert (proof.raw.decode(), proof.source) == (lines[1], "listings.jsonl:2")


def test_a_picture_under_ten_addresses_is_stored_once(shop, take, lake):
    for number in range(10):
        shop.listing(str(number), f"/copies/{number}.jpg")
        shop.picture(f"/copies/{number}.jpg", picture(colour=(3, 3, 3)))
    shop.page("/", links(*(f"/item/{number}" for number in range(10))))
    summary = take("2026-11-01", "copies")
    assert (summary.listed, summary.pictures, summary.pictures_stored) == (10, 1, 1)
    rows = lake.read(LISTINGS, ds="2026-11-01", marketplace="copies").to_pylist()
    assert len({(row["image_sha256"], row["image_phash"]) for row in rows}) == 1
    assert {row["image_type"] for row in rows} == {"image/jpeg"}


# Cut short


PROGRAM = """
import sys
from pathlib import Path
from counterfeit_ml.ingestion import draft
from counterfeit_ml.ingestion.ingest import ingest
from counterfeit_ml.settings import Settings
draft.CHECKPOINT_SECONDS = 0.0
ingest(Settings.load(config_dir=Path(sys.argv[1])), *sys.argv[2:])
"""


@contextmanager
def running(services, *arguments: str) -> Iterator[psutil.Popen]:
    """Ingestion in a process of its own that saves at every step; it is killed at the end."""
    process = psutil.Popen([sys.executable, "-c", PROGRAM, *arguments], env=services.env)
    try:
        yield process
    finally:
        spiders = process.children()
        process.kill()
        process.wait()
        assert psutil.wait_procs(spiders, timeout=20)[1] == []


def saved(lake: Lake, name: str) -> int:
    """How many findings the checkpoints of a marketplace hold."""
    keys = [key for key in lake.keys(f"_staging/ingest/{name}/") if key.endswith("done.json")]
    return sum(json.loads(lake.get(key))["counts"]["findings"] for key in keys)


def rows_of(lake: Lake, ds: str, name: str) -> list[dict[str, Any]]:
    """The day's listings, but for what tells one marketplace from another."""
    return lake.read(LISTINGS, ds=ds, marketplace=name).drop_columns(["marketplace"]).to_pylist()


def test_a_crawl_killed_midway_goes_on_where_it_was(services, shop, take, lake, tmp_path):
    take("2026-11-01", "undisturbed")
    configure(tmp_path, "killed", shop)
    shop.asked.clear()
    shop.hang("/item/5")
    with running(services, str(tmp_path), "2026-11-01", "killed"):
        until(lambda: saved(lake, "killed") >= 4, pause=0.05)
    left = 7 - saved(lake, "killed")  # six listings and the start page
    shop.hung.clear()
    summary = take("2026-11-01", "killed")
    pages = [path for path in items(shop) if path.startswith("/item/")]
    assert ("/item/5" in pages, len(pages)) == (True, left)
    assert (summary.listed, summary.repeated, summary.pages_fetched) == (6, 0, 7)
    assert rows_of(lake, "2026-11-01", "killed") == rows_of(lake, "2026-11-01", "undisturbed")
    assert lake.keys("_staging/ingest/killed/") == []


def test_a_shop_that_was_away_is_taken_as_it_is_when_it_is_back(shop, take, lake, monkeypatch):
    monkeypatch.setattr("counterfeit_ml.ingestion.draft.CHECKPOINT_SECONDS", 0)
    start = shop.answers["/"]
    shop.status("/", 403)
    with pytest.raises(IngestionError, match="cannot be crawled"):
        take("2026-11-01", "was_away")
    assert lake.keys("_staging/ingest/was_away/") == []
    shop.answers["/"] = start
    summary = take("2026-11-01", "was_away")
    assert (summary.listed, summary.reasons) == (6, {})


def test_a_feed_killed_midway_goes_on_where_it_was(services, settings, shop, lake, feed, tmp_path):
    remote = [
        record(str(number), image=None, image_url=f"{shop.url}/images/{number % 5}.jpg?{number}")
        for number in range(100)
    ]
    source = feed(*remote)
    feeds = {"path": source, "allow_local": True}
    text = json.dumps({"marketplaces": {"slow_feed": {"feed": feeds}}})
    (tmp_path / "marketplaces.yaml").write_text(text)
    shop.hang("/images/0.jpg?70")
    with running(services, str(tmp_path), "2026-11-01", "slow_feed"):
        until(lambda: saved(lake, "slow_feed") >= 32, pause=0.05)
    left = 100 - saved(lake, "slow_feed")
    assert left >= 36
    shop.hung.clear()
    shop.asked.clear()
    local = settings.model_copy(update={"config_dir": tmp_path})
    summary = ingest(local, "2026-11-01", "slow_feed")
    assert (summary.listed, summary.repeated, summary.rows) == (100, 0, 100)
    assert len(items(shop)) == left
    listed = rows_of(lake, "2026-11-01", "slow_feed")
    assert sorted(int(row["listing_id"]) for row in listed) == list(range(100))


# Feeds of other kinds


def test_a_shopify_export_with_pictures_on_the_web(settings, shop, lake, tmp_path):
    export = (
        "Handle,Title,Body (HTML),Vendor,Type,Variant Price,Image Src,Image Position\n"
        f"bag,Bag,<p>Soft</p>,Maison,Bags,49.99,{shop.url}/images/1.jpg,1\n"
        f"bag,,,,,59.99,{shop.url}/images/2.jpg,2\n"
        f"belt,Belt,,Maison,Belts,0.00,{shop.url}/images/3.jpg,1\n"
        f"scarf,Scarf,,Maison,Scarves,20.00,{shop.url}/images/404.jpg,1\n"
    )
    (tmp_path / "products.csv").write_text(export)
    feeds = {
        "path": str(tmp_path / "products.csv"),
        "columns": {"url": "https://shop.example/products/{Handle}"},
        "constants": {"currency": "EUR"},
        "allow_local": True,
    }
    text = json.dumps({"marketplaces": {"export": {"feed": feeds}}})
    (tmp_path / "marketplaces.yaml").write_text(text)
    local = settings.model_copy(update={"config_dir": tmp_path})
    summary = ingest(local, "2026-11-01", "export")
    assert (summary.rows, summary.seen, summary.listed) == (4, 3, 1)
    assert summary.reasons == {"missing_image": 1, "zero_price": 1}
    (row,) = rows_of(lake, "2026-11-01", "export")
    assert (row["price"], row["price_high"], row["title"]) == (49.99, 59.99, "Bag")
    assert row["image_urls"] == [f"{shop.url}/images/{number}.jpg" for number in (1, 2)]
    shop.asked.clear()
    again = ingest(local, "2026-11-02", "export")
    assert (again.unchanged, items(shop)) == (1, ["/images/404.jpg"])


@SSRF_BY_PAGE
def test_pictures_on_a_private_address_are_refused(settings, shop, feed):
    one = record("A", image=None, image_url=f"{shop.url}/images/1.jpg")
    summary = ingest(settings, "2026-11-01", "private_feed", feed(one))
    assert summary.reasons == {"missing_image": 1}
    assert shop.asked == []
