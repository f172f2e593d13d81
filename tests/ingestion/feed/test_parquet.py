import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed import pages
from counterfeit_ml.ingestion.reasons import Refused
from ingestion.feed.reading import found, read_bytes


def written(table: pa.Table, **options) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def entries(folder, table: pa.Table, **keys):
    return read_bytes(folder / "a.parquet", written(table), **keys)


def test_reads_rows_of_all_row_groups(tmp_path):
    table = pa.table(
        {"listing_id": [str(number) for number in range(1000)], "other": [b"x"] * 1000}
    )
    read = read_bytes(tmp_path / "a.parquet", written(table, row_group_size=300))
    assert [entry.record["listing_id"] for entry in read] == table["listing_id"].to_pylist()
    assert (read[999].source, read[999].rows) == ("a.parquet:1000", 1)
    assert json.loads(read[999].text) == {"listing_id": "999"}


def test_values_become_those_of_json(tmp_path):
    moment = datetime(2026, 11, 22, 8, tzinfo=UTC)
    table = pa.table(
        {
            "title": pa.array([b"Bag", b"\xff"]),
            "price": pa.array([Decimal("88.41"), Decimal("12.00")]),
            "listing_id": pa.array([2**60, None]),
            "scraped_at": pa.array([moment, None], pa.timestamp("ns", "UTC")),
            "seller_id": pa.array([1.5, float("nan")]),
            "image_urls": pa.array([["https://a/1", None], None]),
            "brand": pa.array([{"name": "Maker"}, None]),
        }
    )
    first, second = found(entries(tmp_path, table, columns={"seller_name": "brand"}))
    assert first == {
        "title": "Bag",
        "price": 88.41,
        "listing_id": 2**60,
        "scraped_at": "2026-11-22T08:00:00+00:00",
        "seller_id": 1.5,
        "image_url": "https://a/1",
        "image_urls": ["https://a/1"],
        "brand": {"name": "Maker"},
        "seller_name": {"name": "Maker"},
    }
    assert second == {"title": "/w==", "price": 12}


def test_a_time_without_a_zone_is_in_utc(tmp_path):
    table = pa.table({"scraped_at": pa.array([0], pa.timestamp("ms"))})
    (record,) = found(entries(tmp_path, table))
    assert record["scraped_at"] == "1970-01-01T00:00:00+00:00"


def test_a_value_that_cannot_be_read_is_a_refusal(tmp_path):
    odd = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    never = pa.array([0, 1, 2**62], pa.int64()).view(pa.timestamp("us"))
    table = pa.table({"title": odd, "scraped_at": never, "brand": ["x"] * 3})
    assert [
        one if isinstance(one, str) else one["title"] for one in found(entries(tmp_path, table))
    ] == [
        "a",
        "bad_row",
        "bad_row",
    ]


def test_a_row_without_end_is_a_refusal(tmp_path):
    table = pa.table({"title": ["x" * (2 << 20), "Bag"]})
    long, good = entries(tmp_path, table)
    assert long.record.reason == "bad_row"
    assert len(long.text) == 1 << 20
    assert good.record["title"] == "Bag"


def test_gzip_around_it_is_taken_off(tmp_path):
    table = pa.table({"title": ["Bag"]})
    (entry,) = read_bytes(tmp_path / "a.parquet.gz", gzip.compress(written(table)))
    assert entry.record["title"] == "Bag"


def test_one_without_rows_is_empty(tmp_path):
    with pytest.raises(IngestionError, match="is empty"):
        entries(tmp_path, pa.table({"title": pa.array([], pa.string())}))


def test_a_row_group_may_not_be_absurd(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MAX_GROUP_BYTES", 10)
    with pytest.raises(IngestionError, match=r"row group of \d+ bytes: write smaller ones"):
        entries(tmp_path, pa.table({"title": ["Bag"]}))


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1PAR1", b"x" * 100, b"PAR1" + b"\xff" * 99 + b"PAR1"]
)
def test_what_is_no_parquet_is_one_error(tmp_path, content):
    with pytest.raises(IngestionError, match=r"Parquet file .* cannot be read"):
        read_bytes(tmp_path / "a.parquet", content)


WHOLE = written(
    pa.table(
        {
            "title": ["Bag", None, "é"] * 5,
            "price": [Decimal("1.5"), None, Decimal("-2")] * 5,
            "image_urls": [["a"], None, []] * 5,
        }
    )
)


@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damage_raises_nothing_but_our_own_error(tmp_path, place, damage, cut):
    behind = b"" if cut else WHOLE[place + len(damage) :]
    try:
        read = read_bytes(tmp_path / "a.parquet", WHOLE[:place] + damage + behind)
    except IngestionError:
        return
    assert all(isinstance(entry.record, dict | Refused) for entry in read)
