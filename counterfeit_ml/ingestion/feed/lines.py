"""A file's lines with their numbers, none held in memory beyond what a record may have."""

from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES

BOM = b"\xef\xbb\xbf"


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines from 1, each with its end; one over the limit is cut just behind it."""
    for number in count(1):
        line = file.readline(MAX_RECORD_BYTES + 1)
        if not line:
            return
        rest = line if len(line) > MAX_RECORD_BYTES else b"\n"
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_RECORD_BYTES)
        yield number, line
