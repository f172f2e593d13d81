import io
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.feed import pages
from counterfeit_ml.ingestion.feed.pages import check_pages

NAMES = ("title", "price", "image_urls")
TABLE = pa.table(
    {
        "title": [f"Bag {number}" for number in range(3000)],
        "price": range(3000),
        "image_urls": [["a", None], []] * 1500,
    }
)


def written(**options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(TABLE, buffer, data_page_size=1000, **options)
    return buffer.getvalue()


def checked(data: bytes, columns: tuple[str, ...] = NAMES) -> None:
    check_pages(io.BytesIO(data), columns)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_as_writers_write_them_are_good(monkeypatch, version, compression, dictionary):
    data = written(
        compression=compression,
        use_dictionary=dictionary,
        data_page_version=version,
        row_group_size=1000,
    )
    checked(data)
    asked = []
    monkeypatch.setattr(pages, "_check_chunk", lambda _, about: asked.append(about))
    checked(data, ("title", "image_urls"))
    about = pq.ParquetFile(io.BytesIO(data)).metadata
    chunks = [about.row_group(group).column(index) for group in range(3) for index in (0, 2)]
    keys = (pages.DATA_OFFSET, pages.COLUMN_BYTES)
    assert [tuple(one[key] for key in keys) for one in asked] == [
        (chunk.data_page_offset, chunk.total_compressed_size) for chunk in chunks
    ]


def test_each_page_of_the_columns_asked_for_counts(monkeypatch):
    data = written(use_dictionary=False, compression="none")
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 30_000)
    checked(data)
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 900)
    checked(data, ())
    with pytest.raises(ValueError, match=r"a page of \d+ bytes: write smaller ones"):
        checked(data)


def test_metadata_may_not_be_endless(monkeypatch):
    monkeypatch.setattr(pages, "MAX_FOOTER_BYTES", 100)
    with pytest.raises(ValueError, match=r"metadata of \d+ bytes, over 100"):
        checked(written())


@pytest.mark.parametrize("place", [2**70, -1])
def test_a_place_beyond_any_file_is_refused(monkeypatch, place):
    column = {pages.PATH: [b"title"], pages.COLUMN_BYTES: 10, pages.DATA_OFFSET: place}
    group = {pages.COLUMNS: [{pages.ABOUT_COLUMN: column}]}
    group |= {pages.GROUP_BYTES: 10, pages.GROUP_ROWS: 1}
    monkeypatch.setattr(pages, "_footer", lambda _: {pages.ROW_GROUPS: [group]})
    with pytest.raises(ValueError, match=r"another shape|negative seek"):
        checked(REAL)


REAL = written(use_dictionary=False)
START = pq.ParquetFile(io.BytesIO(REAL)).metadata.row_group(0).column(0).data_page_offset
UNCOMPRESSED, COMPRESSED = b"\x25\x14", b"\x15\x14"  # ten bytes each, and in this order


def starting(header: bytes) -> bytes:
    """A file whose first page has another header."""
    return REAL[:START] + header + REAL[START + len(header) :]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"\0", "another shape"),
        (UNCOMPRESSED + b"\0", "another shape"),
        (b"\x28\x03abc\x15\x14\0", "another shape"),
        (b"\x25\x13" + COMPRESSED + b"\0", "a page of -10 bytes"),
        (b"\x25\x80\x80\x80\x80\x10" + COMPRESSED + b"\0", "a page of 2147483648 bytes"),
        (UNCOMPRESSED + b"\x15\x80\x80\x80\x80\x10\0", "a page of 2147483648 bytes"),
        (UNCOMPRESSED + b"\x15\x80\x80\x80\x08\0", "a page longer than its column"),
        (b"\x25" + b"\xff" * 10, "a number without end"),
        (b"\x1c" * 40, "nested too deep"),
        (b"\x19\x19" + b"\x19" * 40, "nested too deep"),
        (b"\x18\xff\xff\xff\xff\x0f", "ends in its metadata"),
        (b"\x19\xf3\xff\xff\xff\xff\x0f", "a list without end"),
        (b"\x1b", "metadata that is none"),
    ],
)
def test_a_header_that_lies_is_refused(header, reason):
    with pytest.raises((ValueError, EOFError), match=reason):
        checked(starting(header))


@given(st.binary(max_size=60))
def test_any_header_is_an_answer(header):
    with suppress(ValueError, EOFError):
        checked(starting(header))


@given(st.binary(max_size=4), st.integers(0, len(REAL)))
def test_any_damage_is_an_answer(damage, place):
    with suppress(ValueError, EOFError):
        checked(REAL[:place] + damage + REAL[place + len(damage) :])
