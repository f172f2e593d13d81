"""A day of a marketplace, from its source into a real lake."""

import json
from hashlib import sha256

import pytest

from counterfeit_ml.datasets import LISTINGS, QUARANTINE
from counterfeit_ml.errors import IngestionError, PartitionMissingError
from counterfeit_ml.ingestion.ingest import IngestSummary, ingest
from counterfeit_ml.lake import Lake
from ingestion.pictures_made import picture
from ingestion.small_shop import SmallShop, links, serve

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
        pictures=2,
        pictures_stored=2,
    )
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
