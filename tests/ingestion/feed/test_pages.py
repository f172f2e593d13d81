import io
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.feed import pages
from counterfeit_ml.ingestion.feed.pages import check_pages

TEXTS = [f"Bag {number}" for number in range(3000)]
TABLE = pa.table(
    {"title": TEXTS, "price": list(range(3000)), "image_urls": [["a", None], []] * 1500}
)


def written(**options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(TABLE, buffer, data_page_size=1000, **options)
    return buffer.getvalue()


def chunks(data: bytes) -> list[pq.ColumnChunkMetaData]:
    about = pq.ParquetFile(io.BytesIO(data)).metadata
    groups = [about.row_group(index) for index in range(about.num_row_groups)]
    return [group.column(index) for group in groups for index in range(group.num_columns)]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_as_writers_write_them_are_good(version, compression, dictionary):
    data = written(
        compression=compression,
        use_dictionary=dictionary,
        data_page_version=version,
        row_group_size=1000,
    )
    found = chunks(data)
    assert len(found) == 9
    for chunk in found:
        check_pages(io.BytesIO(data), chunk)


def test_each_page_counts(monkeypatch):
    data = written(use_dictionary=False, compression="none")
    title = chunks(data)[0]
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", title.total_compressed_size // 2)
    check_pages(io.BytesIO(data), title)
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 900)
    with pytest.raises(ValueError, match=r"a page of \d+ bytes: write smaller ones"):
        check_pages(io.BytesIO(data), title)


def header(*fields: bytes) -> bytes:
    return b"".join(fields) + b"\0"


UNCOMPRESSED, COMPRESSED = b"\x25\x14", b"\x15\x14"  # fields 2 and 3, ten bytes each


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (header(b"\x15\x00", COMPRESSED), "a page of -1 bytes"),
        (header(b"\x25\x13", COMPRESSED), "a page of -10 bytes"),
        (header(b"\x25\x80\x80\x80\x80\x10", COMPRESSED), "a page of 2147483648 bytes"),
        (header(UNCOMPRESSED, b"\x15\x80\x80\x80\x80\x10"), "a page of 2147483648 bytes"),
        (header(UNCOMPRESSED, b"\x15\x80\x80\x80\x08"), "longer than its column"),
        (header(b"\x25" + b"\xff" * 10), "a number without end"),
        (header(b"\x1c" * 9), "a page header that is none"),
        (header(b"\x18\xff\xff\xff\xff\x0f"), "a page header that is none"),
        (header(b"\x19\x15\x00"), "a page header that is none"),
        (UNCOMPRESSED, "ends in a page header"),
    ],
)
def test_a_header_that_lies_is_refused(start, reason):
    real = written(use_dictionary=False)
    chunk = chunks(real)[0]
    data = real[: chunk.data_page_offset] + start
    with pytest.raises((ValueError, EOFError), match=reason):
        check_pages(io.BytesIO(data), chunk)


REAL = written(use_dictionary=False)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer(data):
    chunk = chunks(REAL)[0]
    with suppress(ValueError, EOFError):
        check_pages(io.BytesIO(REAL[: chunk.data_page_offset] + data), chunk)
