import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion import feed
from counterfeit_ml.ingestion.feed import Entry, Feed, read_feed
from counterfeit_ml.ingestion.reasons import Refused


def entries(path, content: bytes, crawled: bool = False) -> list[Entry]:
    file = path / "listings.jsonl"
    file.write_bytes(content)
    return list(read_feed(Feed(file, crawled)))


def test_reads_one_record_a_line(tmp_path):
    assert entries(
        tmp_path, b'\xef\xbb\xbf{"listing_id": "A"}\r\n\n{"listing_id": "\xc3\xa8"}'
    ) == [
        Entry("listings.jsonl:1", '\ufeff{"listing_id": "A"}', {"listing_id": "A"}),
        Entry("listings.jsonl:3", '{"listing_id": "è"}', {"listing_id": "è"}),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b'{"listing_id": "A", "title": "half a li',
        b"[1, 2]",
        b'"text"',
        b"null",
        b"\xff\xfe\x00",
        b'{"n": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_bad_line_is_an_entry_and_the_rest_goes_on(tmp_path, line):
    bad, good = entries(tmp_path, line + b'\n{"listing_id": "A"}\n')
    assert bad.record.reason == "not_json"
    assert bad.source == "listings.jsonl:1"
    assert good.record == {"listing_id": "A"}


def test_a_line_without_end_is_not_held_in_memory(tmp_path):
    long = b'{"title": "' + b"x" * (3 * feed.MAX_LINE_BYTES) + b'"}'
    bad, good = entries(tmp_path, long + b'\n{"listing_id": "A"}')
    assert bad.record.reason == "not_json"
    assert len(bad.text) <= feed.MAX_LINE_BYTES + 1
    assert (good.source, good.record) == ("listings.jsonl:2", {"listing_id": "A"})


def test_believes_the_notes_of_the_spider_only(tmp_path):
    note = {"reason": "missing_image", "detail": "The shop answered 404."}
    page = {"source": "https://shop.example/1", "listing_id": "A", "image_refused": note}
    gone = {"source": "https://shop.example/2", "refused": {**note, "reason": "unreachable_page"}}
    content = "\n".join(json.dumps(record) for record in (page, gone)).encode()

    crawled = entries(tmp_path, content, crawled=True)
    assert [entry.source for entry in crawled] == [
        "https://shop.example/1",
        "https://shop.example/2",
    ]
    assert crawled[0].no_picture.reason == "missing_image"
    assert crawled[1].record.reason == "unreachable_page"

    foreign = entries(tmp_path, content)
    assert [entry.source for entry in foreign] == ["listings.jsonl:1", "listings.jsonl:2"]
    assert [entry.no_picture for entry in foreign] == [None, None]
    assert foreign[1].record == gone


@pytest.mark.parametrize("content", [b"", b"\n \n\n"])
def test_an_empty_feed_is_an_error(tmp_path, content):
    with pytest.raises(IngestionError, match=r"listings\.jsonl is empty"):
        entries(tmp_path, content)


def test_a_missing_feed_is_an_error(tmp_path):
    with pytest.raises(IngestionError, match="No such file"):
        list(read_feed(Feed(tmp_path / "not-there.jsonl")))


@given(st.binary(min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_anything_but_our_own_error(tmp_path, content):
    try:
        found = entries(tmp_path, content)
    except IngestionError:
        assert not content.strip()
        return
    assert len(found) == sum(1 for line in content.split(b"\n") if line.strip())
    assert all(isinstance(entry.record, dict | Refused) for entry in found)
