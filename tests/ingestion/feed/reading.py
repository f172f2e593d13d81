"""Reads a feed as a test needs it."""

from datetime import date
from pathlib import Path

from counterfeit_ml.ingestion.feed import Entry, Feed, open_feed
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.settings import Settings

DAY = date(2026, 11, 22)
NOWHERE = Settings(
    _env_file=None,
    lake_endpoint="http://127.0.0.1:1",
    lake_access_key="",
    lake_secret_key="",
    warehouse_uri="postgresql://127.0.0.1/warehouse",
    mlflow_uri="http://127.0.0.1:1",
    mlflow_username="",
    mlflow_password="",
)


def read(feed: Feed) -> list[Entry]:
    with open_feed(feed, DAY, NOWHERE) as opened:
        return list(opened.entries())


def read_bytes(path: Path, content: bytes, **keys: object) -> list[Entry]:
    """The entries of a file of this name and content."""
    path.write_bytes(content)
    return read(Feed(path=str(path), **keys))


def found(entries: list[Entry]) -> list[object]:
    """Each entry's record, or the reason of its refusal."""
    return [
        entry.record.reason.value if isinstance(entry.record, Refused) else entry.record
        for entry in entries
    ]
