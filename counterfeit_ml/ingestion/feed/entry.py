"""What a feed is read as."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from counterfeit_ml.ingestion.reasons import Refused

MAX_RECORD_BYTES = 1 << 20
"""Longer than any listing's record (a description is some kilobytes)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One listing of a feed: the raw record, or why there is none."""

    source: str
    """File and line, or in Parquet file and row, counted from 1."""
    text: str
    """The record as it came: lines of JSONL or CSV, a row of Parquet as JSON."""
    record: dict[str, Any] | Refused
    rows: int = 1
    """Lines of the file that it takes, or rows of Parquet."""


class Row(NamedTuple):
    """An entry before its columns are made fields."""

    number: int
    text: str
    values: dict[str, Any] | Refused
    rows: int = 1
