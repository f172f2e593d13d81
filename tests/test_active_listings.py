"""Which listings are on offer on a day, on a real lake."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterfeit_ml.active_listings import CARRIED_DAYS, ActiveListings, active_listings
from counterfeit_ml.datasets import LISTING_HISTORY, LISTINGS
from counterfeit_ml.lake import Lake

FIRST = date(1000, 1, 1)
"""Each test has half a year of its own behind it: they share the lake."""


@pytest.fixture
def days(request) -> list[str]:
    start = FIRST + timedelta(days=180 * (hash_of(request.node.name) % 1000))
    return [(start + timedelta(days=number)).isoformat() for number in range(2 * CARRIED_DAYS)]


def hash_of(name: str) -> int:
    return int.from_bytes(name.encode(), "big") % 999_983


@pytest.fixture
def shop(services, listing_row):
    return Shop(Lake(services.settings), listing_row)


class Shop:
    """Publishes days as ingestion does."""

    def __init__(self, lake: Lake, listing_row) -> None:
        self.lake, self.listing_row = lake, listing_row

    def offer(self, ds: str, name: str, *ids: str) -> None:
        rows = [self.listing_row(one, title=f"{one} of {ds}") for one in ids]
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        self.lake.write(LISTINGS, table, ds=ds, marketplace=name)

    def remember(self, ds: str, name: str, **seen: str | None) -> None:
        """History of ``ds``: listings by the day they were last seen, None for inactive ones."""
        rows = [
            {
                "listing_id": listing_id,
                "first_seen": FIRST,
                "last_seen": date.fromisoformat(day) if day else FIRST,
                "active": day is not None,
                "price_changes": [],
                "image_sha256": "a" * 64,
                "fingerprint": "f",
            }
            for listing_id, day in seen.items()
        ]
        table = pa.Table.from_pylist(rows, LISTING_HISTORY.schema)
        self.lake.write(LISTING_HISTORY, table, ds=ds, marketplace=name)

    def active(self, ds: str, folder: Path) -> tuple[ActiveListings, list[tuple[str, str]]]:
        found = active_listings(self.lake, ds, ["title"], folder)
        assert found is not None
        rows = [row for path in found.files for row in pq.read_table(path).to_pylist()]
        assert found.listings == len(rows)
        return found, sorted((row["marketplace"], row["title"]) for row in rows)


def test_a_listing_not_seen_that_day_has_the_row_of_its_last(shop, days, tmp_path):
    shop.offer(days[0], "bags", "A", "B", "C")
    shop.offer(days[1], "bags", "A", "B")
    shop.offer(days[2], "bags", "A", "D")
    shop.remember(days[2], "bags", A=days[2], B=days[1], C=None, D=days[2])
    found, rows = shop.active(days[2], tmp_path)
    titles = [f"A of {days[2]}", f"B of {days[1]}", f"D of {days[2]}"]
    assert rows == [("bags", title) for title in titles]
    assert (found.listings, found.unseen) == (3, 1)


def test_a_marketplace_that_was_not_taken_keeps_its_listings_for_a_while(shop, days, tmp_path):
    shop.offer(days[0], "failing", "A")
    shop.remember(days[0], "failing", A=days[0])
    for number, expected in ((CARRIED_DAYS - 1, 2), (CARRIED_DAYS, 1)):
        shop.offer(days[number], "taken", "1")
        shop.remember(days[number], "taken", **{"1": days[number]})
        (tmp_path / str(number)).mkdir()
        assert len(shop.active(days[number], tmp_path / str(number))[1]) == expected


def test_a_marketplace_without_history_has_its_listings_of_the_day(shop, days, tmp_path, caplog):
    shop.offer(days[0], "plain", "A", "B")
    shop.offer(days[1], "plain", "B")
    assert shop.active(days[1], tmp_path)[1] == [("plain", f"B of {days[1]}")]
    assert "plain has no listing_history of the 14 days" in caplog.text


def test_a_history_without_its_listings_is_of_a_day_half_done(shop, days, tmp_path):
    shop.offer(days[1], "other", "1")
    shop.offer(days[0], "killed", "A")
    shop.remember(days[0], "killed", A=days[0])
    shop.remember(days[1], "killed", A=days[1])
    assert shop.active(days[1], tmp_path)[1] == [
        ("killed", f"A of {days[0]}"),
        ("other", f"1 of {days[1]}"),
    ]


def test_a_listing_whose_row_is_gone_is_left_out_and_told(shop, days, tmp_path, caplog):
    shop.offer(days[0], "gone", "A")
    shop.offer(days[1], "gone", "C")
    shop.remember(days[1], "gone", A=days[0], B=days[0], C=days[1])
    assert [title[0] for _, title in shop.active(days[1], tmp_path)[1]] == ["A", "C"]
    assert "1 of 2 active listings of gone are not in listings/ds=" in caplog.text


def test_a_day_without_listings_has_none(shop, days, tmp_path):
    assert active_listings(shop.lake, days[0], [], tmp_path) is None
