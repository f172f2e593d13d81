"""Checkpoints on a real lake."""

from datetime import date
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from counterfeit_ml.ingestion.draft import Draft
from counterfeit_ml.lake import Lake

DAY = "1999-03-01"


@pytest.fixture
def lake(services):
    return Lake(services.settings)


@pytest.fixture
def draft(lake, tmp_path):
    """Drafts of one day, each in a folder of its own as on another machine."""
    shop = f"shop_{uuid4().hex[:8]}"

    def make(fingerprint: str = "print") -> Draft:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        return Draft(lake, DAY, shop, fingerprint, folder)

    return make


def take(draft: Draft, *urls: str) -> None:
    for url in urls:
        draft.counts["findings"] += 1
        draft.add("fetches", {"url": url, "kind": "page", "asked": date(1999, 3, 1)})


def saved(draft: Draft) -> list[str]:
    return [
        url for path in draft.paths("fetches") for url in pq.read_table(path)["url"].to_pylist()
    ]


def test_what_was_saved_is_taken_over(draft):
    first = draft()
    take(first, "/a", "/b")
    first.save()
    take(first, "/c")
    first.save()
    take(first, "/lost")
    second = draft()
    second.resume()
    assert saved(second) == ["/a", "/b", "/c"]
    assert second.counts["findings"] == 3
    take(second, "/d")
    second.save()
    third = draft()
    third.resume()
    assert saved(third) == ["/a", "/b", "/c", "/d"]
    assert third.counts["findings"] == 4


def test_a_checkpoint_cut_short_does_not_count(draft, lake):
    first = draft()
    take(first, "/a")
    first.save()
    take(first, "/b")
    first.save()
    (last,) = [
        key
        for key in lake.keys("_staging/ingest/")
        if key.endswith("000001/done.json") and first._prefix in key
    ]
    lake.delete([last])
    second = draft()
    second.resume()
    assert saved(second) == ["/a"]
    assert not [key for key in lake.keys(f"{first._prefix}/") if "/000001/" in key]


def test_another_source_starts_anew(draft, lake):
    first = draft()
    take(first, "/a")
    first.save()
    second = draft("another print")
    second.resume()
    assert (saved(second), second.counts["findings"]) == ([], 0)
    assert lake.keys(f"{first._prefix}/") == []


def test_a_checkpoint_is_due_after_a_number_of_findings(draft, monkeypatch):
    monkeypatch.setattr("counterfeit_ml.ingestion.draft.CHECKPOINT_ROWS", 2)
    one = draft()
    take(one, "/a")
    one.save_when_due()
    assert saved(one) == []
    take(one, "/b")
    one.save_when_due()
    assert saved(one) == ["/a", "/b"]


def test_a_published_day_leaves_nothing(draft, lake):
    one = draft()
    take(one, "/a")
    one.save()
    one.clear()
    assert lake.keys(f"{one._prefix}/") == []
