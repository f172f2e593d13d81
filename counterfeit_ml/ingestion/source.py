"""Where findings come from: a site that is crawled, or a feed that is read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from counterfeit_ml.ingestion.crawl import Crawl, Limits, PictureFetcher
from counterfeit_ml.ingestion.feed import Feed, OpenedFeed, open_feed
from counterfeit_ml.ingestion.finding import Finding, of_entries, of_visit
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import Settings

RECORD_TYPES = {"csv": "text/csv", "shopify": "text/csv"}
"""Media types of a feed's raw records, where they are not JSON."""


class Source(ABC):
    """What a run needs to know of its source."""

    fingerprint: str
    """Changes when a run cut short cannot be gone on with."""
    in_order: bool
    """Whether findings come in an order that means something."""
    locale: str | None
    """Of its prices."""
    folder: Path | None = None
    """Where pictures lie beside it."""
    work: dict[str, Any]
    """Counts that only the source knows, for the summary; whole when the findings have ended."""

    @abstractmethod
    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """What it holds, but for the ``done`` findings that this run has already."""


class SiteSource(Source):
    """A shop; pages that this run has visited already stand in the memory as done."""

    in_order = False

    def __init__(self, site: Site, ds: date, limits: Limits) -> None:
        self._site, self._ds, self._limits = site, ds, limits
        self.fingerprint = sha256(site.model_dump_json().encode()).hexdigest()
        self.locale = site.locale
        self.work = {}

    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """Every page, as the spider comes by it."""
        with Crawl(self._site, self._ds, memory.path, folder, self._limits) as crawl:
            for visit in crawl:
                yield of_visit(visit, memory.page(visit.url))
        if report := crawl.report:
            self.work = {"pages_left": report.pages_left, "stopped": report.stopped}


class FeedSource(Source):
    """A feed."""

    in_order = True

    def __init__(self, opened: OpenedFeed, feed: Feed, ds: date) -> None:
        self._opened, self._feed, self._ds = opened, feed, ds
        self.fingerprint, self.folder = opened.fingerprint, opened.folder
        self.locale = feed.locale
        self.work = {}

    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """Every record, in order."""
        entries = islice(self._opened.entries(), done, None)
        media_type = RECORD_TYPES.get(self._feed.kind, "application/json")
        allow_local = self._feed.allow_local
        with PictureFetcher(self._ds, memory.path, folder, allow_local) as fetcher:
            yield from of_entries(entries, media_type, fetcher)


@contextmanager
def open_source(
    source: Site | Feed, ds: date, settings: Settings, limits: Limits
) -> Iterator[Source]:
    """The source, for as long as the block lasts. Raises ``IngestionError``."""
    if isinstance(source, Site):
        yield SiteSource(source, ds, limits)
        return
    with open_feed(source, ds, settings) as opened:
        yield FeedSource(opened, source, ds)
