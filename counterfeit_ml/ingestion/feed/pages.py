"""The page headers of a Parquet file: Arrow takes as much memory as one claims."""

from typing import BinaryIO

from pyarrow.parquet import ColumnChunkMetaData

MAX_PAGE_BYTES = 256 << 20
"""Writers close a page at 1 MB; some write a row group's column as one."""
MAX_VALUE_BYTES = 16 << 20
"""Of a least or greatest value; Arrow takes no longer header."""
MAX_DEPTH = 4
OVERHANG = 100
"""Bytes that chunks of old writers are longer than they say."""
UNCOMPRESSED_SIZE, COMPRESSED_SIZE = 2, 3
BOOLEANS, INTEGERS, BINARY, STRUCT = (1, 2), (4, 5, 6), 8, 12


def check_pages(file: BinaryIO, chunk: ColumnChunkMetaData) -> None:
    """Raise ``ValueError`` or ``EOFError`` where a page of ``chunk`` cannot be as it says."""
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < at:
        at = chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    while at < end:
        file.seek(at)
        header = _integers(file)
        compressed = header.get(COMPRESSED_SIZE, -1)
        for size in (compressed, header.get(UNCOMPRESSED_SIZE, -1)):
            if not 0 <= size <= MAX_PAGE_BYTES:
                raise ValueError(f"a page of {size} bytes: write smaller ones")
        at = file.tell() + compressed
        if at > end + OVERHANG:
            raise ValueError("a page is longer than its column")


def _integers(file: BinaryIO, depth: int = 0) -> dict[int, int]:
    """The integers of the struct at hand, by field id, in Thrift's compact protocol.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """
    found: dict[int, int] = {}
    field = 0
    while about := _byte(file):
        field = field + (about >> 4) if about >> 4 else _integer(file)
        kind = about & 15
        if kind in INTEGERS:
            found[field] = _integer(file)
        elif kind == BINARY and (length := _varint(file)) <= MAX_VALUE_BYTES:
            file.seek(length, 1)
        elif kind == STRUCT and depth < MAX_DEPTH:
            _integers(file, depth + 1)
        elif kind not in BOOLEANS:
            raise ValueError("a page header that is none")
    return found


def _integer(file: BinaryIO) -> int:
    """Zigzag: the lowest bit is the sign."""
    number = _varint(file)
    return (number >> 1) ^ -(number & 1)


def _varint(file: BinaryIO) -> int:
    number = 0
    for shift in range(0, 64, 7):
        byte = _byte(file)
        number |= (byte & 127) << shift
        if byte < 128:
            return number
    raise ValueError("a number without end")


def _byte(file: BinaryIO) -> int:
    data = file.read(1)
    if not data:
        raise EOFError("the file ends in a page header")
    return data[0]
