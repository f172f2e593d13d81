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

    def begin(self) -> None:
        """Get going: the memory that the source was opened with is complete."""
        return

    @abstractmethod
    def findings(self, done: int) -> Iterator[Finding | None]:
        """What it holds, but for the ``done`` findings that this run has already.

        None says that the next one may take its time.
        """


class SiteSource(Source):
    """A shop; pages that this run has visited already stand in the memory as done."""

    in_order = False

    def __init__(self, site: Site, crawl: Crawl, memory: Memory) -> None:
        self._crawl, self._memory = crawl, memory
        self.fingerprint = sha256(site.model_dump_json().encode()).hexdigest()
        self.locale = site.locale
        self.work = {}

    def begin(self) -> None:
        """Let the spider crawl."""
        self._crawl.begin()

    def findings(self, done: int) -> Iterator[Finding | None]:
        """Every page, as the spider comes by it."""
        for visit in self._crawl:
            if visit is None:
                yield None
            else:
                yield of_visit(visit, self._memory.page_evidence(visit.url))
        if report := self._crawl.report:
            self.work = {"pages_left": report.pages_left, "stopped": report.stopped}


class FeedSource(Source):
    """A feed."""

    in_order = True

    def __init__(self, feed: Feed, opened: OpenedFeed, fetcher: PictureFetcher) -> None:
        self._opened, self._fetcher = opened, fetcher
        self._media_type = RECORD_TYPES.get(feed.kind, "application/json")
        self.fingerprint, self.folder = opened.fingerprint, opened.folder
        self.locale = feed.locale
        self.work = {}

    def findings(self, done: int) -> Iterator[Finding | None]:
        """Every record, in order."""
        entries = islice(self._opened.entries(), done, None)
        yield from of_entries(entries, self._media_type, self._fetcher)


@contextmanager
def open_source(
    source: Site | Feed, ds: date, settings: Settings, limits: Limits, memory: Memory, folder: Path
) -> Iterator[Source]:
    """The source, for as long as the block lasts; ``folder``, to be made, is the spider's.

    Raises ``IngestionError``.
    """
    folder.mkdir()
    if isinstance(source, Site):
        with Crawl(source, ds, memory.path, folder, limits) as crawl:
            yield SiteSource(source, crawl, memory)
        return
    fetcher = PictureFetcher(ds, memory.path, folder, source.allow_local)
    with open_feed(source, ds, settings) as opened, fetcher:
        yield FeedSource(source, opened, fetcher)
