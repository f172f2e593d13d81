"""Where findings come from: a site that is crawled, or a feed that is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from counterfeit_ml.ingestion.crawl import Crawl, Limits, PictureFetcher
from counterfeit_ml.ingestion.feed import Feed, OpenedFeed, open_feed
from counterfeit_ml.ingestion.finding import Finding, of_entries, of_visit
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import Settings


class Source(Protocol):
    """What a run needs to know of its source."""

    fingerprint: str
    """Changes when a run cut short cannot be gone on with."""
    in_order: bool
    """Whether findings come in an order that means something."""
    locale: str | None
    folder: Path | None
    """Where pictures lie beside it."""

    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """What it holds, but for the ``done`` findings that this run has already."""
        ...

    def work(self) -> dict[str, Any]:
        """Counts that only the source knows, for the summary."""
        ...


@dataclass
class SiteSource:
    """A shop."""

    site: Site
    ds: date
    limits: Limits
    in_order: bool = False
    folder: Path | None = None
    _work: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Of its configuration."""
        return sha256(self.site.model_dump_json().encode()).hexdigest()

    @property
    def locale(self) -> str | None:
        """Of its prices."""
        return self.site.locale

    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """Every page; those that this run has visited already stand in ``memory`` as done."""
        with Crawl(self.site, self.ds, memory.path, folder, self.limits) as crawl:
            for visit in crawl:
                yield of_visit(visit, memory.page(visit.url))
        report = crawl.report
        self._work = {"pages_left": report.pages_left, "stopped": report.stopped}

    def work(self) -> dict[str, Any]:
        """What the budget has left out."""
        return self._work


@dataclass
class FeedSource:
    """A feed."""

    opened: OpenedFeed
    feed: Feed
    ds: date
    in_order: bool = True

    @property
    def fingerprint(self) -> str:
        """Of its file and of how it is read."""
        return sha256(f"{self.opened.fingerprint} {self.feed!r}".encode()).hexdigest()

    @property
    def locale(self) -> str | None:
        """Of its prices."""
        return self.feed.locale

    @property
    def folder(self) -> Path | None:
        """The feed's own folder."""
        return self.opened.folder

    def findings(self, memory: Memory, folder: Path, done: int) -> Iterator[Finding]:
        """Every record."""
        entries = islice(self.opened.entries(), done, None)
        with PictureFetcher(self.ds, memory.path, folder, self.feed.allow_local) as fetcher:
            yield from of_entries(entries, self.opened.media_type, fetcher)

    def work(self) -> dict[str, Any]:
        """Nothing that is not counted on the way."""
        return {}


@contextmanager
def opened(source: Site | Feed, ds: date, settings: Settings, limits: Limits) -> Iterator[Source]:
    """The source, for as long as the block lasts. Raises ``IngestionError``."""
    if isinstance(source, Site):
        yield SiteSource(source, ds, limits)
        return
    with open_feed(source, ds, settings) as feed:
        yield FeedSource(feed, source, ds)
