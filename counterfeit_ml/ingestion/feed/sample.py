"""The head of a file, from which we learn what the whole is like."""

from collections.abc import Iterator
from itertools import islice

from counterfeit_ml.ingestion.feed.entry import Row

ROWS = 1000
MAX_CHARACTERS = 8 << 20


def sample(rows: Iterator[Row]) -> list[Row]:
    """Take the first rows of ``rows``: a thousand, or fewer where they are long."""
    head: list[Row] = []
    size = 0
    for row in islice(rows, ROWS):
        head.append(row)
        size += len(row.text)
        if size > MAX_CHARACTERS:
            break
    return head
