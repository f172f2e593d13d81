"""The page headers of a Parquet file: Arrow takes as much memory as one claims.

Read here, for Arrow shows none, and its binding ends the program where a column's metadata is odd.
"""

import io
from collections.abc import Collection
from typing import Any, BinaryIO

MAX_GROUP_BYTES = 4 << 30
"""Writers close a row group at 128 MB, or at a million rows."""
MAX_PAGE_BYTES = 256 << 20
"""Writers close a page at 1 MB; some write a row group's column as one."""
MAX_FOOTER_BYTES = 16 << 20
MAX_LIST = 1 << 20
MAX_DEPTH = 16
OVERHANG = 100
"""Bytes that chunks of old writers are longer than they say."""

# Fields of the structs of parquet.thrift.
ROW_GROUPS = 4
COLUMNS, GROUP_BYTES, GROUP_ROWS = 1, 2, 3
ABOUT_COLUMN = 3
PATH, COLUMN_BYTES, DATA_OFFSET, DICTIONARY_OFFSET = 3, 7, 9, 11
UNCOMPRESSED_BYTES, COMPRESSED_BYTES = 2, 3

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
INTEGERS = 4, 5, 6

Struct = dict[int, Any]
"""What was read, by field."""


def check_pages(file: BinaryIO, columns: Collection[str]) -> None:
    """Raise ``ValueError`` or ``EOFError`` where a page of these columns cannot be as it says."""
    names = {name.encode() for name in columns}
    try:
        for group in _footer(file).get(ROW_GROUPS, ()):
            if not 0 <= group[GROUP_BYTES] <= MAX_GROUP_BYTES:
                raise ValueError(f"a row group of {group[GROUP_BYTES]} bytes: write smaller ones")
            for chunk in group[COLUMNS] if group[GROUP_ROWS] else ():
                if chunk[ABOUT_COLUMN][PATH][0] in names:
                    _check_chunk(file, chunk[ABOUT_COLUMN])
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("metadata of another shape") from error


def _footer(file: BinaryIO) -> Struct:
    behind = file.seek(-8, io.SEEK_END)
    size = int.from_bytes(file.read(4), "little")
    if size > MAX_FOOTER_BYTES:
        raise ValueError(f"metadata of {size} bytes, over {MAX_FOOTER_BYTES}")
    file.seek(behind - size)
    return _struct(io.BytesIO(file.read(size)))


def _check_chunk(file: BinaryIO, about: Struct) -> None:
    at = about[DATA_OFFSET]
    if 0 < about.get(DICTIONARY_OFFSET, 0) < at:
        at = about[DICTIONARY_OFFSET]
    end = at + about[COLUMN_BYTES]
    while at < end:
        file.seek(at)
        header = _struct(file)
        for size in (header[UNCOMPRESSED_BYTES], header[COMPRESSED_BYTES]):
            if not 0 <= size <= MAX_PAGE_BYTES:
                raise ValueError(f"a page of {size} bytes: write smaller ones")
        at = file.tell() + header[COMPRESSED_BYTES]
        if at > end + OVERHANG:
            raise ValueError("a page longer than its column")


def _struct(file: BinaryIO, depth: int = 0) -> Struct:
    """The struct at hand in Thrift's compact protocol, which is short.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """
    found: Struct = {}
    field = 0
    while about := _byte(file):
        field = field + (about >> 4) if about >> 4 else _integer(file)
        kind = about & 15
        found[field] = kind == TRUE if kind in (TRUE, FALSE) else _value(file, kind, depth)
    return found


def _value(file: BinaryIO, kind: int, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("metadata nested too deep")
    if kind in INTEGERS:
        return _integer(file)
    if kind in (TRUE, FALSE, BYTE):
        return _byte(file)
    if kind in (DOUBLE, BINARY):
        return _bytes(file, 8 if kind == DOUBLE else _varint(file))
    if kind in (LIST, SET):
        about = _byte(file)
        count = about >> 4 if about >> 4 < 15 else _varint(file)
        if count > MAX_LIST:
            raise ValueError("a list without end")
        return [_value(file, about & 15, depth + 1) for _ in range(count)]
    if kind == STRUCT:
        return _struct(file, depth + 1)
    raise ValueError("metadata that is none")


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
    return _bytes(file, 1)[0]


def _bytes(file: BinaryIO, count: int) -> bytes:
    if count > MAX_FOOTER_BYTES or len(data := file.read(count)) < count:
        raise EOFError("the file ends in its metadata")
    return data
