import gzip
import io
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed import Feed, open_feed
from counterfeit_ml.lake import Lake
from ingestion.feed.reading import DAY, NOWHERE, found, read, read_bytes
from tests.intrusions import BOMB_AS_FEED

LINE = b'{"listing_id": "A", "title": "Bag", "scraped_at": "x"}\n'
RECORD = {"listing_id": "A", "title": "Bag", "scraped_at": "x"}


def incompressible(size: int) -> bytes:
    return random.Random(1).randbytes(size)  # noqa: S311


def fingerprint(feed: Feed, day=DAY) -> str:
    with open_feed(feed, day, NOWHERE) as opened:
        return opened.fingerprint


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize(
    "content",
    [LINE, gzip.compress(LINE), gzip.compress(LINE[:9]) + gzip.compress(LINE[9:])],
    ids=["plain", "gzipped", "in two members"],
)
def test_gzip_is_known_by_its_bytes(tmp_path, name, content):
    assert found(read_bytes(tmp_path / name, content)) == [RECORD]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "ends in the middle"),
        (lambda data: data[: len(data) // 2], "ends in the middle"),
        (lambda data: data[:-6] + b"xx" + data[-4:], "is damaged"),
        (lambda data: data + b"x", "is damaged"),
        (lambda data: data[:2], "ends in the middle"),
        (lambda data: data[:2] + b"\0" * 40, "is damaged"),
        (lambda data: data[:30] + b"\xff" * 40 + data[70:], "is damaged"),
    ],
)
def test_half_an_export_is_no_export(tmp_path, damage, message):
    whole = gzip.compress(LINE * 100 + incompressible(1 << 16))
    with pytest.raises(IngestionError, match=rf"a\.jsonl\.gz {message}.*nothing was changed"):
        read_bytes(tmp_path / "a.jsonl.gz", damage(whole))


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz", "a.parquet.gz"])
@BOMB_AS_FEED
def test_a_bomb_ends_with_an_error(tmp_path, name):
    with gzip.open(tmp_path / name, "wb") as file:
        file.write(b"title\n")
        for _ in range(80):
            file.write(b" " * (1 << 20) + b"\n")
    with pytest.raises(IngestionError, match=r"unpacks to more than 200 times its size"):
        read(Feed(path=str(tmp_path / name)))


def test_what_lies_beside_the_feed_is_known(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINE)
    with open_feed(Feed(path=str(tmp_path / "a.jsonl")), DAY, NOWHERE) as opened:
        assert opened.folder == tmp_path
        assert list(opened.entries()) == list(opened.entries())


def test_each_day_has_its_file(tmp_path, monkeypatch):
    (tmp_path / "2026-11-22.jsonl").write_bytes(LINE)
    monkeypatch.chdir(tmp_path)
    assert found(read(Feed(path="{ds}.jsonl"))) == [RECORD]
    feed = Feed(path="{ds}.jsonl")
    with (
        pytest.raises(IngestionError, match=r"2026-11-21\.jsonl cannot be read: No such file"),
        open_feed(feed, DAY.replace(day=21), NOWHERE),
    ):
        pass


def test_the_fingerprint_changes_with_the_file_its_reading_and_the_day(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    feed = Feed(path=str(path))
    before = fingerprint(feed)
    assert before == fingerprint(feed)
    seen = {before, fingerprint(feed.model_copy(update={"constants": {"currency": "EUR"}}))}
    seen.add(fingerprint(feed, DAY.replace(day=21)))
    path.write_bytes(LINE + LINE)
    seen.add(fingerprint(feed))
    os.utime(path, (1, 1))
    seen.add(fingerprint(feed))
    assert len(seen) == 5


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE)
    with open_feed(Feed(path=str(path)), DAY, NOWHERE) as opened:
        with path.open("ab") as file:
            file.write(LINE)
        with pytest.raises(IngestionError, match="was changed while it was read"):
            list(opened.entries())


@pytest.mark.parametrize("path", ["/dev/zero", "."])
def test_what_is_no_file_is_an_error(path):
    with pytest.raises(IngestionError, match="is no file"):
        read(Feed(path=path, format="jsonl"))


def test_an_object_of_s3_is_streamed(services):
    lake = Lake(services.settings)
    rows = b"".join(b'{"listing_id": "%d", "title": "Bag"}\n' % number for number in range(20_000))
    lake.put("feeds/2026-11-22/a.jsonl.gz", gzip.compress(rows))
    feed = Feed(path=f"s3://{lake.bucket}/feeds/{{ds}}/a.jsonl.gz")
    with open_feed(feed, DAY, services.settings) as opened:
        assert opened.folder is None
        before = opened.fingerprint
        entries = list(opened.entries())
    assert [entry.record["listing_id"] for entry in entries] == [str(n) for n in range(20_000)]
    assert entries[-1].source == "a.jsonl.gz:20000"
    lake.put("feeds/2026-11-22/a.jsonl.gz", gzip.compress(LINE))
    with open_feed(feed, DAY, services.settings) as opened:
        assert opened.fingerprint != before


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet_in_s3_is_read(services, pack):
    lake = Lake(services.settings)
    buffer = io.BytesIO()
    titles = [f"Bag {number}" for number in range(5000)]
    pq.write_table(pa.table({"title": titles, "other": titles}), buffer, row_group_size=2000)
    lake.put("feeds/a.parquet", pack(buffer.getvalue()))
    with open_feed(
        Feed(path=f"s3://{lake.bucket}/feeds/a.parquet"), DAY, services.settings
    ) as opened:
        assert [entry.record["title"] for entry in opened.entries()] == titles


@pytest.mark.parametrize("bucket", ["counterfeit", "no-such-bucket"])
def test_an_object_that_is_not_there_is_an_error(services, bucket):
    feed = Feed(path=f"s3://{bucket}/feeds/none.jsonl")
    with (
        pytest.raises(IngestionError, match=rf"s3://{bucket}/feeds/none\.jsonl does not exist"),
        open_feed(feed, DAY, services.settings),
    ):
        pass


def test_s3_that_does_not_answer_is_an_error():
    with (
        pytest.raises(IngestionError, match="cannot be read with the login of the connection"),
        open_feed(Feed(path="s3://bucket/a.jsonl"), DAY, NOWHERE),
    ):
        pass
