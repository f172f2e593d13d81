"""Ingests one marketplace's day: sound listings, their pictures, and the quarantine."""

import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from counterfeit_ml.datasets import LISTINGS, QUARANTINE, Dataset
from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed import Entry, Feed, read_feed
from counterfeit_ml.ingestion.gallery import Gallery
from counterfeit_ml.ingestion.listings import SHORT, listing_fields
from counterfeit_ml.ingestion.marketplaces import FeedFile, source_of
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.text import plain_text
from counterfeit_ml.lake import Lake
from counterfeit_ml.progress import track
from counterfeit_ml.settings import Settings

CHUNK = 256
"""Entries examined together: bounds what is in memory besides the finished rows."""
THREADS = 8
"""Pictures wait for S3 longer than for the processor."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestSummary:
    """What became of a day's entries: ``seen == listed + repeated + quarantined``.

    ``pictures`` are the distinct ones listed; ``pictures_stored`` those the lake did not have.
    """

    ds: str
    marketplace: str
    seen: int
    listed: int
    repeated: int
    quarantined: int
    reasons: dict[str, int]
    pictures: int
    pictures_stored: int = field(compare=False)

    def lasting(self) -> dict[str, Any]:
        """What the manifest remembers: all that is the same when the day is ingested again."""
        return {name: value for name, value in asdict(self).items() if name != "pictures_stored"}


def ingest(
    settings: Settings, day: date | str, marketplace: str, source: str | None = None
) -> IngestSummary:
    """Ingest ``marketplace`` for ``day`` from its configured source, or from ``source``.

    ``source`` is the URL of a shop or the path of a JSONL feed. The day's partitions of listings
    and quarantine are replaced whole; the same input gives the same bytes. Of several sound
    records with one listing_id the first is kept, the others are counted as repeated.

    Raises ``IngestionError`` where the source cannot be had or is empty, ``ConfigError``,
    ``LakeError``.
    """
    ds = _day(day)
    lake = Lake(settings)
    with _feed(source_of(settings, marketplace, source), ds) as feed:
        day_of = _Day(ds, marketplace, Gallery(lake))
        day_of.take(feed)
    summary = day_of.summary()
    _write(lake, QUARANTINE, day_of.quarantine, summary)
    _write(lake, LISTINGS, day_of.listings, summary)
    log.info("%s", summary)
    return summary


class _Day:
    """A day of one marketplace as it fills."""

    def __init__(self, ds: date, marketplace: str, gallery: Gallery) -> None:
        self.ds, self.marketplace, self.gallery = ds, marketplace, gallery
        self.listings = _Rows(LISTINGS)
        self.quarantine = _Rows(QUARANTINE)
        self.reasons: Counter[Reason] = Counter()
        self.known: set[str] = set()
        self.pictures: set[str] = set()
        self.repeated = 0

    def take(self, feed: Feed) -> None:
        """Sort every entry of ``feed`` into listings, repeated and quarantine."""
        entries = iter(track(read_feed(feed), f"ingesting {self.marketplace}"))
        with ThreadPoolExecutor(THREADS) as pool:
            while chunk := list(islice(entries, CHUNK)):
                verdicts = pool.map(lambda entry: self._examine(feed, entry), chunk)
                for entry, verdict in zip(chunk, verdicts, strict=True):
                    self._file(entry, verdict)

    def summary(self) -> IngestSummary:
        """The counts so far."""
        return IngestSummary(
            ds=self.ds.isoformat(),
            marketplace=self.marketplace,
            seen=self.listings.count + self.repeated + self.quarantine.count,
            listed=self.listings.count,
            repeated=self.repeated,
            quarantined=self.quarantine.count,
            reasons={reason.value: count for reason, count in sorted(self.reasons.items())},
            pictures=len(self.pictures),
            pictures_stored=len(self.gallery.added),
        )

    def _examine(self, feed: Feed, entry: Entry) -> dict[str, Any] | Refused:
        """The finished row, its picture stored, or the refusal. Runs in a thread of the pool."""
        if isinstance(entry.record, Refused):
            return entry.record
        try:
            row = listing_fields(entry.record, self.ds)
            if entry.no_picture:
                return entry.no_picture
            digest = self.gallery.store(feed.folder, entry.record.get("image"))
        except Refused as refusal:
            return refusal
        return {**row, "image_sha256": digest}

    def _file(self, entry: Entry, verdict: dict[str, Any] | Refused) -> None:
        if isinstance(verdict, Refused):
            self.reasons[verdict.reason] += 1
            self.quarantine.add(_quarantined(entry, verdict))
        elif verdict["listing_id"] in self.known:
            self.repeated += 1
        else:
            self.known.add(verdict["listing_id"])
            self.pictures.add(verdict["image_sha256"])
            self.listings.add(verdict)


class _Rows:
    """Rows of one dataset, kept as Arrow batches, which take a tenth of the memory of dicts."""

    def __init__(self, dataset: Dataset) -> None:
        self.schema = dataset.schema
        self.count = 0
        self._batches: list[pa.RecordBatch] = []
        self._open: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Take one row more."""
        self._open.append(row)
        self.count += 1
        if len(self._open) >= CHUNK:
            self._close()

    def table(self) -> pa.Table:
        """All rows taken."""
        self._close()
        return pa.Table.from_batches(self._batches, self.schema)

    def _close(self) -> None:
        if self._open:
            self._batches.append(pa.RecordBatch.from_pylist(self._open, self.schema))
            self._open = []


def _quarantined(entry: Entry, refusal: Refused) -> dict[str, Any]:
    record = entry.record
    listing_id = None if isinstance(record, Refused) else record.get("listing_id")
    return {
        "source": entry.source,
        "listing_id": plain_text(listing_id, SHORT),
        "reason": refusal.reason.value,
        "detail": refusal.detail,
        "record": entry.text,
    }


def _write(lake: Lake, dataset: Dataset, rows: _Rows, summary: IngestSummary) -> None:
    lake.write(
        dataset,
        rows.table(),
        summary=summary.lasting(),
        ds=summary.ds,
        marketplace=summary.marketplace,
    )


@contextmanager
def _feed(source: Site | FeedFile, ds: date) -> Iterator[Feed]:
    """The feed itself, or the one the spider makes of a site, which lasts as long as the block."""
    if isinstance(source, FeedFile):
        yield Feed(source.path)
        return
    from counterfeit_ml.ingestion.crawl import crawl

    with TemporaryDirectory(prefix="counterfeit-crawl-") as folder:
        yield crawl(source, ds, Path(folder))


def _day(day: date | str) -> date:
    try:
        return date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError as error:
        raise IngestionError(f"{day!r} is no day: write it as YYYY-MM-DD.") from error
