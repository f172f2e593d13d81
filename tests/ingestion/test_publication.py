"""From a draft to the day's partitions, on a real lake."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from counterfeit_ml.datasets import EVIDENCE, FETCHES, LISTING_HISTORY, LISTINGS, QUARANTINE
from counterfeit_ml.ingestion.draft import Draft
from counterfeit_ml.ingestion.publication import Publication
from counterfeit_ml.lake import Lake

DAYS = [f"1998-03-0{number}" for number in range(1, 8)]


class Shop:
    """One marketplace whose days are drafted and published by hand."""

    def __init__(self, lake, folder, listing_row):
        self.lake, self.folder, self.row = lake, folder, listing_row
        self.name = f"shop_{uuid4().hex[:8]}"

    def publish(self, ds, *rows, refused=(), fetches=(), evidence=(), in_order=False):
        folder = self.folder / uuid4().hex
        folder.mkdir()
        draft = Draft(self.lake, ds, self.name, "print", folder)
        for seq, row in enumerate(rows):
            draft.add("listings", {"seq": seq, "page": row["source"]} | row)
        for seq, row in enumerate(refused, 1000):
            draft.add("quarantine", {"seq": seq, "detail": "", "record": ""} | row)
        for row in fetches:
            draft.add("fetches", {"kind": "page", "asked": date.fromisoformat(ds)} | row)
        for seq, row in enumerate(evidence):
            draft.add("evidence", {"seq": seq} | row)
            draft.save_when_due()
        draft.save()
        publication = Publication(self.lake, ds, self.name, folder, inactive_after_days=3)
        summary = publication.publish(draft, in_order, {"rows": len(rows)})
        draft.clear()
        return summary

    def listing(self, listing_id, source=None, **changes):
        return {"source": source or f"/{listing_id}"} | self.row(listing_id, **changes)

    def read(self, dataset, ds):
        return self.lake.read(dataset, ds=ds, marketplace=self.name).to_pylist()

    def history(self, ds):
        return {row["listing_id"]: row for row in self.read(LISTING_HISTORY, ds)}


@pytest.fixture
def shop(services, tmp_path, listing_row):
    return Shop(Lake(services.settings), tmp_path, listing_row)


def test_of_several_records_one_stands(shop):
    summary = shop.publish(
        DAYS[0],
        shop.listing("B", "/b", title="first by address"),
        shop.listing("A", "/z"),
        shop.listing("B", "/c", title="second by address"),
        refused=[{"source": "/z", "page": "/z?from=sale", "reason": "bad_url"}],
    )
    listed = shop.read(LISTINGS, DAYS[0])
    assert [(row["listing_id"], row["title"]) for row in listed] == [
        ("A", "bag"),
        ("B", "first by address"),
    ]
    assert shop.read(QUARANTINE, DAYS[0]) == []
    assert (summary.seen, summary.listed, summary.repeated, summary.quarantined) == (3, 2, 1, 0)


def test_in_a_feed_the_first_one_stands(shop):
    rows = [shop.listing("A", "feed:10", title="first"), shop.listing("A", "feed:9", title="next")]
    shop.publish(DAYS[0], *rows, in_order=True)
    assert [row["title"] for row in shop.read(LISTINGS, DAYS[0])] == ["first"]


def test_history_follows_a_listing(shop):
    first = shop.publish(DAYS[0], shop.listing("A", price=10.0), shop.listing("B"))
    second = shop.publish(DAYS[1], shop.listing("A", price=8.0), shop.listing("B"))
    assert (first.new, first.changed, first.unchanged) == (2, 0, 0)
    assert (second.new, second.changed, second.unchanged) == (0, 1, 1)
    known = shop.history(DAYS[1])["A"]
    assert (known["first_seen"], known["last_seen"]) == (date(1998, 3, 1), date(1998, 3, 2))
    assert [(one["ds"], one["price"]) for one in known["price_changes"]] == [
        (date(1998, 3, 1), 10.0),
        (date(1998, 3, 2), 8.0),
    ]
    assert [one["price"] for one in shop.history(DAYS[1])["B"]["price_changes"]] == [10.0]


def test_a_listing_not_seen_becomes_inactive_and_may_come_back(shop):
    for ds in DAYS[:5]:
        summary = shop.publish(ds, shop.listing("A"), *([shop.listing("B")] * (ds == DAYS[0])))
    assert [shop.history(ds)["B"]["active"] for ds in DAYS[:5]] == [True, True, True, False, False]
    assert summary.inactive == 0
    assert shop.publish(DAYS[5], shop.listing("A"), shop.listing("B")).changed == 1
    back = shop.history(DAYS[5])["B"]
    assert (back["first_seen"], back["active"]) == (date(1998, 3, 1), True)


def test_the_day_on_which_it_becomes_inactive_counts_it(shop):
    shop.publish(DAYS[0], shop.listing("A"), shop.listing("B"))
    assert shop.publish(DAYS[3], shop.listing("A")).inactive == 1


def test_a_day_taken_later_renews_the_history_after_it(shop):
    shop.publish(DAYS[2], shop.listing("A", price=9.0))
    shop.publish(DAYS[4], shop.listing("A", price=9.0))
    shop.publish(DAYS[0], shop.listing("A", price=12.0), shop.listing("C"))
    known = shop.history(DAYS[4])
    assert known["A"]["first_seen"] == date(1998, 3, 1)
    assert [one["price"] for one in known["A"]["price_changes"]] == [12.0, 9.0]
    assert known["C"]["active"] is False
    assert shop.history(DAYS[2])["C"]["active"] is True


def test_evidence_is_added_and_never_replaced(shop):
    def page(sha256):
        taken = datetime(1998, 3, 1, tzinfo=UTC)
        kind = {"media_type": "text/html", "taken_at": taken, "source": "/a"}
        return {"sha256": sha256, "raw": sha256.encode() * 9} | kind

    shop.publish(DAYS[0], shop.listing("A"), evidence=[page("1"), page("2"), page("1")])
    shop.publish(DAYS[0], shop.listing("A"), evidence=[page("2"), page("3")])
    kept = {row["sha256"]: row["raw"] for row in shop.read(EVIDENCE, DAYS[0])}
    assert kept == {one: one.encode() * 9 for one in "123"}


def test_fetches_are_carried_from_day_to_day_until_they_are_old(shop):
    shop.publish("1998-03-01", shop.listing("A"), fetches=[{"url": "/a"}, {"url": "/b"}])
    shop.publish("1998-03-20", shop.listing("A"), fetches=[{"url": "/b"}])
    asked = {row["url"]: row["asked"] for row in shop.read(FETCHES, "1998-03-20")}
    assert asked == {"/a": date(1998, 3, 1), "/b": date(1998, 3, 20)}
    shop.publish("1998-04-10", shop.listing("A"))
    assert [row["url"] for row in shop.read(FETCHES, "1998-04-10")] == ["/b"]


def test_publishing_twice_changes_no_byte(shop):
    def publish():
        shop.publish(DAYS[0], *(shop.listing(f"{number:03}") for number in range(200)))
        keys = [key for key in shop.lake.keys("listing") if shop.name in key]
        return {key: shop.lake.get(key) for key in keys}

    assert publish() == publish()


def test_large_pages_are_not_held_in_memory_together(shop):
    taken = datetime(1998, 3, 1, tzinfo=UTC)
    pages = [
        {
            "sha256": f"{number:03}",
            "raw": bytes([number % 250]) * 2_000_000,
            "media_type": "text/html",
            "taken_at": taken,
            "source": f"/{number}",
        }
        for number in range(150)
    ]
    shop.publish(DAYS[0], shop.listing("A"), evidence=pages)
    kept = shop.read(EVIDENCE, DAYS[0])
    assert [(row["sha256"], len(row["raw"])) for row in kept] == [
        (page["sha256"], 2_000_000) for page in pages
    ]
    manifest = shop.lake.manifest(EVIDENCE, ds=DAYS[0], marketplace=shop.name)
    assert (manifest.rows, len(manifest.files) > 10) == (150, True)
