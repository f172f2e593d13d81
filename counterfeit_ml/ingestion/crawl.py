"""Runs the spider in a process of its own, because Twisted's reactor starts only once in each."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed import Entry
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.site import Site

LISTINGS_FILE = "listings.jsonl"
IMAGES_FOLDER = "images"
FAULT_FILE = "fault"
"""Written by the spider where the shop's start page cannot be had; holds the reason."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What the spider is told, as one line of JSON on its standard input."""

    folder: str
    start_url: str
    listing_pages: str | None
    max_pages: int
    allow_local: bool
    scraped_at: str


@dataclass(frozen=True, slots=True)
class CrawledEntry(Entry):
    """A page's record, with what the spider noted."""

    no_picture: Refused | None = None
    """Why the spider could not fetch the picture."""


@dataclass(frozen=True)
class Crawled:
    """What the spider wrote: one page a line, pictures beside it."""

    path: Path

    @property
    def folder(self) -> Path:
        """Where the pictures' paths start, and what they may not leave."""
        return self.path.parent

    def entries(self) -> Iterator[CrawledEntry]:
        """The pages, in order."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield _entry(line.strip(), json.loads(line))


def _entry(text: str, record: dict[str, Any]) -> CrawledEntry:
    return CrawledEntry(
        source=record["source"],
        text=text,
        record=_noted(record.get("refused")) or record,
        no_picture=_noted(record.get("image_refused")),
    )


def _noted(note: dict[str, str] | None) -> Refused | None:
    return Refused(Reason(note["reason"]), note["detail"]) if note else None


def crawl(site: Site, ds: date, folder: Path) -> Crawled:
    """Crawl ``site`` into a feed below ``folder``, ordered by page.

    Every listing is stamped with midnight UTC of ``ds``, so that an unchanged shop gives the same
    feed again. Raises ``IngestionError`` where the shop does not answer or shows no listing.
    """
    job = Job(
        folder=str(folder),
        start_url=site.start_url,
        listing_pages=site.listing_pages,
        max_pages=site.max_pages,
        allow_local=site.allow_local,
        scraped_at=f"{ds.isoformat()}T00:00:00Z",
    )
    _run(job)
    feed = Crawled(folder / LISTINGS_FILE)
    _check(site, folder, feed)
    _sort(feed.path)
    return feed


def _run(job: Job) -> None:
    command = [sys.executable, "-m", "counterfeit_ml.ingestion.spider"]
    last = ""
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as spider:
        assert spider.stdin and spider.stderr  # noqa: S101, PT018
        try:
            spider.stdin.write(json.dumps(asdict(job)) + "\n")
            spider.stdin.flush()  # stays open: the spider stops when we are gone
            for line in spider.stderr:
                last = line.strip() or last
                log.info("spider: %s", line.rstrip())
            code = spider.wait()
        finally:
            spider.kill()
    if code != 0:
        raise IngestionError(
            f"The spider for {job.start_url} stopped with exit code {code}: {last[:300]}. Its log "
            f"is above."
        )


def _check(site: Site, folder: Path, feed: Crawled) -> None:
    fault = folder / FAULT_FILE
    if fault.exists():
        raise IngestionError(
            f"The shop {site.start_url} cannot be crawled: {fault.read_text('utf-8')} Check that "
            f"it is up and its entry in config/marketplaces.yaml right; nothing was changed."
        )
    if not feed.path.exists() or not feed.path.stat().st_size:
        raise IngestionError(
            f"The shop {site.start_url} shows no listing: no page that its start page or sitemap "
            f"leads to holds product metadata; nothing was changed."
        )


def _sort(path: Path) -> None:
    """Order the feed by page, one record each: pages came in whatever order they were served.

    Of several records of one page any would do, but each time the same.
    """
    places: dict[str, tuple[bytes, int, int]] = {}
    with path.open("rb") as feed:
        offset = 0
        for line in feed:
            source = json.loads(line)["source"]
            place = (sha256(line).digest(), offset, len(line))
            places[source] = min(place, places.get(source, place))
            offset += len(line)
        _copy(feed, [places[source][1:] for source in sorted(places)], path)


def _copy(feed: BinaryIO, pieces: list[tuple[int, int]], path: Path) -> None:
    ordered = path.with_suffix(".ordered")
    with ordered.open("wb") as out:
        for start, length in pieces:
            feed.seek(start)
            out.write(feed.read(length))
    ordered.replace(path)
