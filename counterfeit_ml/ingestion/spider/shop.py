"""Follows a shop's links and sitemaps, and tells what became of each page."""

import asyncio
import logging
import os
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import urljoin

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from twisted.python.failure import Failure

from counterfeit_ml.ingestion.memory import KnownPage, Memory
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider import sitemaps
from counterfeit_ml.ingestion.spider.frontier import Frontier
from counterfeit_ml.ingestion.spider.gate import PAGE
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.links import Links
from counterfeit_ml.ingestion.spider.outbox import Outbox, short
from counterfeit_ml.ingestion.spider.page import Page, PageReader
from counterfeit_ml.ingestion.spider.pictures import Pictures, conditions, validators, written
from counterfeit_ml.ingestion.spider.politeness import HostClosed, Politeness
from counterfeit_ml.ingestion.spider.robots import Forbidden, Robots
from counterfeit_ml.ingestion.spider.why import is_endless_redirect, why

MAX_PAGE_BYTES = 5 * 1024 * 1024
MAX_SITEMAPS = 1000
GONE = frozenset({404, 410})
"""Statuses that say there is no such page: the listing was taken down, which is no fault."""
SETTLING = 16
"""Pages settled together: some wait for their picture."""
NEWS_SECONDS = 10
QUIET_SECONDS = 1.0
"""How long nothing may come before we say so: whoever hears us saves what it has."""

log = logging.getLogger(__name__)
Validators = tuple[str | None, str | None]


class ShopSpider(Spider):
    """One shop, from its start pages and its sitemaps."""

    name = "shop"
    pictures: Pictures

    def __init__(self, job: Job, site: Site, outbox: Outbox) -> None:
        super().__init__()
        self._job, self._site, self._outbox = job, site, outbox
        self._memory = Memory(Path(job.memory), finished=True)
        self._links = Links(site)
        self._counts: Counter[str] = Counter()
        self._fault: str | None = None
        self._news: asyncio.Task[None] | None = None
        self.politeness = Politeness()
        self.frontier = Frontier(site, self._memory, job.day, job.max_pages)
        self._reader = PageReader(job, self._links, self.frontier)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Built by Scrapy."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.pictures = Pictures(crawler, spider._job, spider._memory)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Begin with what sitemaps say; then the frontier makes the requests."""
        self._news = asyncio.create_task(self._tell_news())
        self.crawler.signals.connect(self._give_up, signals.spider_error)
        for url in self._site.start_urls:
            self.frontier.add(url, 0)
        if self._job.max_pages > len(self._site.start_urls):
            await self._read_sitemaps()
        await asyncio.gather(*(self._settle() for _ in range(SETTLING)))
        self.frontier.held = False
        return
        yield  # Scrapy wants an iterator

    async def closed(self, reason: str) -> None:
        """Called by Scrapy at the end: the last message."""
        if self._news:
            self._news.cancel()
        log.info("%s", self._state())
        if stopped := self.frontier.stopped:
            log.warning("ended early: %s; %d pages are left", stopped, self.frontier.left)
        pages, pictures = self._counts, self.pictures
        report = {
            "pages_fetched": pages["fetched"],
            "pages_unchanged": pages["unchanged"],
            "pages_left": self.frontier.left,
            "pictures_fetched": pictures.fetched,
            "pictures_known": pictures.known,
            "bytes": pages["bytes"],
            "retries": self.crawler.stats.get_value("retry/count", 0),
            "stopped": stopped,
        }
        fault = None if pages["reached"] else self._fault
        await self._outbox.send({"report": report, "fault": fault, "seen": pages["seen"]}, {})

    def received(self, count: int) -> None:
        """Take note of bytes that came; called for every answer."""
        self._counts["bytes"] += count
        if self._counts["bytes"] >= self._job.max_bytes:
            self.frontier.stop(f"max_bytes={self._job.max_bytes}")

    def give_up(self, error: BaseException) -> NoReturn:
        """End the process where we fail ourselves: better no crawl than a page lost unnoticed."""
        log.error("the spider failed: %r", error, exc_info=error)
        os._exit(1)

    def _give_up(self, failure: Failure) -> None:
        """Called by Scrapy."""
        assert failure.value  # noqa: S101
        self.give_up(failure.value)

    def request(self, url: str, depth: int) -> Request:
        """The request for a page of the frontier."""
        return Request(
            url,
            callback=self._served,
            errback=self._failed,
            headers=conditions(self._memory.page(url)),
            meta={"download_maxsize": MAX_PAGE_BYTES, PAGE: True},
            cb_kwargs={"url": url, "depth": depth},
        )

    async def _served(self, response: Response, url: str, depth: int) -> None:
        """A page was asked for, and there is an answer."""
        known = self._memory.page(url)
        if response.status == 304 and known:
            await self._tell_unchanged(known, depth, validators(response, known), asked=True)
        elif response.status in GONE:
            self._fault = self._fault or f"The shop answered {response.status}."
            await self._tell(url, Page(response.url), response=response)
        elif not 200 <= response.status < 300:
            await self._tell_unreachable(url, f"The shop answered {response.status}.")
        else:
            page = self._reader.read(response, url)
            self._counts["reached"] += 1
            await self._follow(page.links, depth)
            await self._tell(url, page, response.body, response)
        await self._settle()

    async def _failed(self, failure: Failure) -> None:
        """A page could not be had."""
        request: Request = failure.request  # type: ignore[attr-defined]
        url, error = request.cb_kwargs["url"], failure.value
        assert error  # noqa: S101
        redirected = "redirect_urls" in request.meta
        if isinstance(error, IgnoreRequest) and not redirected:
            self.frontier.give_back()
        if isinstance(error, HostClosed):
            self.frontier.stop(why(error, url))
        if isinstance(error, Forbidden) and not redirected:
            await self._tell_forbidden(url, why(error, url))
        elif is_endless_redirect(error):
            await self._tell_unreachable(url, why(error, url), Reason.ENDLESS_REDIRECT)
        else:
            await self._tell_unreachable(url, why(error, url))

    async def _follow(self, links: Iterable[str], depth: int) -> None:
        for link in links:
            self.frontier.add(link, depth + 1)
        while self.frontier.too_deep:
            url = self.frontier.too_deep.popleft()
            detail = (
                f"More than {self._site.max_depth} links deep; such pages are not followed. Is it "
                f"a calendar, or raise max_depth, or set follow or pagination of the site?"
            )
            await self._tell(url, Page(url, refused=Refused(Reason.ENDLESS_PAGINATION, detail)))

    async def _settle(self) -> None:
        """Deal with the pages that need not be asked for."""
        while place := self.frontier.next_settled():
            url, depth = place
            known = self._memory.page(url)
            assert known  # noqa: S101  (else it was not settled)
            if known.done:
                self._counts.update(("reached", "seen") if known.record else ("reached",))
                await self._follow(self._ours(known), depth)
            else:
                await self._tell_unchanged(
                    known, depth, (known.etag, known.last_modified), asked=False
                )

    def _ours(self, known: KnownPage) -> tuple[str, ...]:
        return tuple(link for link in known.links if self._links.is_ours(link))

    async def _tell_unchanged(
        self, known: KnownPage, depth: int, of: Validators, *, asked: bool
    ) -> None:
        self._counts.update(("reached", "unchanged"))
        await self._follow(self._ours(known), depth)
        lack = "The page holds no product data."
        page = self._reader.judged(known.url, known.source, (), known.record, lack)
        # What stands on it, whoever hears us has in the same memory.
        message = {
            "url": known.url, "asked": asked, "etag": of[0], "last_modified": of[1],
            "refused": written(page.refused),
        }  # fmt: skip
        await self._send(message, page)

    async def _tell_unreachable(
        self, url: str, detail: str, reason: Reason = Reason.UNREACHABLE_PAGE
    ) -> None:
        self._fault = self._fault or detail
        await self._tell(url, Page(url, refused=Refused(reason, detail)))

    async def _tell_forbidden(self, url: str, detail: str) -> None:
        """A shop's robots.txt forbids many pages that are none of our business."""
        self._fault = self._fault or detail
        self._counts["forbidden"] += 1
        if self.frontier.must_be_listing(url):
            refused = Refused(Reason.FORBIDDEN_BY_ROBOTS, detail)
            await self._tell(url, Page(url, refused=refused))

    async def _tell(
        self, url: str, page: Page, body: bytes | None = None, response: Response | None = None
    ) -> None:
        self._counts["fetched"] += response is not None
        of = validators(response) if response is not None else (None, None)
        kind = (response.headers.get("Content-Type") or b"") if response is not None else b""
        message = {
            "url": url, "source": page.source, "fetched": response is not None, "asked": True,
            "media_type": kind.decode("latin-1").partition(";")[0].strip()[:100] or None,
            "etag": of[0], "last_modified": of[1], "links": page.links,
            "record": page.record and short(page.record), "refused": written(page.refused),
        }  # fmt: skip
        await self._send(message, page, body)

    async def _send(self, message: dict[str, Any], page: Page, body: bytes | None = None) -> None:
        """Send what became of a page, with its picture."""
        self._counts["seen"] += bool(page.record or page.refused)
        self._counts["refused"] += bool(page.refused)
        image = page.record.get("image_url") if page.record else None
        fetch = self.pictures.fetch(image) if isinstance(image, str) else nullcontext()
        async with fetch as picture:
            message["picture"] = picture and picture.message()
            data = picture.data if picture else None
            await self._outbox.send({"visit": message}, {"body": body, "data": data})

    async def _read_sitemaps(self) -> None:
        """All sitemaps, one after the other: each may be large."""
        waiting = deque([*self._site.sitemaps, *await self._of_robots()])
        known: set[str] = set()
        while waiting and len(known) < MAX_SITEMAPS:
            url = waiting.popleft()
            if url not in known:
                known.add(url)
                waiting.extend(await self._read_sitemap(url))
        if waiting:
            log.warning("more than %d sitemaps: %d are left out", MAX_SITEMAPS, len(waiting))

    async def _of_robots(self) -> list[str]:
        robots = self.crawler.get_downloader_middleware(Robots)
        assert robots  # noqa: S101
        found: list[str] = []
        for origin in dict.fromkeys(urljoin(url, "/") for url in self._site.entrances):
            try:
                rules = await robots.rules(origin)
                found.extend(urljoin(origin, url) for url in rules.sitemaps)
            except (Forbidden, ValueError) as error:
                log.info("%s names no sitemap: %s", origin, error)
        return found

    async def _read_sitemap(self, url: str) -> list[str]:
        """Queue the pages that the sitemap names; the sitemaps it names."""
        further: list[str] = []
        try:
            for entry in sitemaps.entries(await self._sitemap(url)):
                if entry.is_sitemap:
                    further.append(entry.url)
                elif self._links.is_ours(entry.url):
                    self.frontier.add(entry.url, 1, entry.changed)
        except (ValueError, IgnoreRequest) as error:
            self._fault = self._fault or f"The sitemap {url}: {error}"
            log.warning("the sitemap %s: %s", url, error)
        return further[:MAX_SITEMAPS]

    async def _sitemap(self, url: str) -> bytes:
        engine = self.crawler.engine
        assert engine  # noqa: S101
        meta = {"download_maxsize": sitemaps.MAX_BYTES}
        try:
            response = await engine.download_async(Request(url, callback=NO_CALLBACK, meta=meta))
        except Exception as error:  # whatever a hostile server makes the client raise
            raise ValueError(why(error, url)) from error
        if response.status != 200:
            raise ValueError(f"The shop answered {response.status}.")
        return response.body

    async def _tell_news(self) -> None:
        for second in count(1):
            sent = self._outbox.sent
            await asyncio.sleep(QUIET_SECONDS)
            if self._outbox.sent == sent:
                await self._outbox.send({"quiet": True}, {})
            if second % NEWS_SECONDS == 0:
                log.info("%s", self._state())

    def _state(self) -> str:
        counts = self._counts
        return (
            f"{counts['fetched']} pages fetched, {counts['unchanged']} unchanged, "
            f"{counts['refused']} refused, {counts['forbidden']} forbidden by robots.txt, "
            f"{self.frontier.left} waiting, "
            f"{self.pictures.fetched} pictures, {counts['bytes'] / 1e6:.1f} MB"
        )
