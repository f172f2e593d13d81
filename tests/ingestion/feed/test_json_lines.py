import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES
from counterfeit_ml.ingestion.reasons import Refused
from ingestion.feed.reading import found, read_bytes
from tests.intrusions import JSON_BOMB

A = {"listing_id": "A", "scraped_at": "2026-11-22T00:00:00Z"}


def entries(folder, content: bytes):
    return read_bytes(folder / "listings.jsonl", content)


def test_reads_one_record_a_line(tmp_path):
    first, third = entries(
        tmp_path, b'\xef\xbb\xbf{"listing_id": "A"}\r\n\n{"listing_id": "\xc3\xa8"}'
    )
    assert (first.source, first.text, first.record, first.rows) == (
        "listings.jsonl:1",
        '\ufeff{"listing_id": "A"}',
        A,
        1,
    )
    assert (third.source, third.record["listing_id"]) == ("listings.jsonl:3", "è")


@pytest.mark.parametrize(
    "line",
    [
        b'{"listing_id": "A", "title": "half a li',
        b"[1, 2]",
        b'"text"',
        b"null",
        b"\xff\xfe\x00",
        b'{"title": "\xe8"}',
        b'{"title": "a\x00b"}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"price": NaN}',
        b'{"price": -Infinity}',
        b'{"price": 1e999}',
        b"[" * 100_000,
        b'{"title": ' * 20_000,
    ],
)
@JSON_BOMB
def test_a_bad_line_is_an_entry_and_the_rest_goes_on(tmp_path, line):
    bad, good = entries(tmp_path, line + b'\n{"listing_id": "A"}\n')
    assert bad.record.reason == "not_json"
    assert bad.source == "listings.jsonl:1"
    assert good.record == A


def test_odd_but_valid_json_is_read(tmp_path):
    half, twice, deep = entries(
        tmp_path,
        b'{"title": "\\ud800"}\n{"title": "a", "title": "b"}\n'
        b'{"title": "c", "image_urls": ' + b"[" * 500 + b"]" * 500 + b"}",
    )
    assert half.record["title"] == "\ud800"
    assert twice.record["title"] == "b"
    assert deep.record["title"] == "c"
    assert "image_urls" not in deep.record


@JSON_BOMB
def test_a_line_without_end_is_not_held_in_memory(tmp_path):
    long = b'{"title": "' + b"x" * (3 * MAX_RECORD_BYTES) + b'"}'
    bad, good = entries(tmp_path, long + b'\n{"listing_id": "A"}')
    assert bad.record.reason == "not_json"
    assert len(bad.text) <= MAX_RECORD_BYTES + 1
    assert (good.source, good.record) == ("listings.jsonl:2", A)


@pytest.mark.parametrize("length", [MAX_RECORD_BYTES - 1, MAX_RECORD_BYTES, MAX_RECORD_BYTES + 1])
def test_the_line_behind_a_long_one_keeps_its_number(tmp_path, length):
    found = entries(tmp_path, b" " * (length - 2) + b"x\n{}\n" + b'{"title": "T"}')
    assert [entry.source for entry in found][-1] == "listings.jsonl:3"


def test_a_file_without_any_field_of_ours_is_an_error(tmp_path):
    with pytest.raises(
        IngestionError, match=r"no column named as a field.*columns are Name, Preis"
    ):
        entries(tmp_path, b'{"Name": "Bag", "Preis": 3}\n')


def test_a_record_that_lacks_what_others_have_is_no_fault_of_the_file(tmp_path):
    assert found(entries(tmp_path, b'{"title": "T"}\n{"listing_id": "A", "scraped_at": ""}')) == [
        {"title": "T"},
        {"listing_id": "A"},
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(st.binary() | st.dictionaries(st.sampled_from(["title", "price", "url"]), JSON)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_line_raises_anything_but_our_own_error(tmp_path, lines):
    content = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    try:
        found = entries(tmp_path, content)
    except IngestionError as error:
        if not any(expected in str(error) for expected in ("is empty", "no column named")):
            raise
        return
    assert len(found) == sum(1 for line in content.split(b"\n") if line.strip())
    assert all(isinstance(entry.record, dict | Refused) for entry in found)
