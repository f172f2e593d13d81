"""robots.txt as RFC 9309 has it: no file allows all, a file that cannot be had allows nothing."""

import asyncio
from collections import OrderedDict
from typing import Any, Self
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from counterfeit_ml.ingestion.door import AGENT
from counterfeit_ml.ingestion.spider.politeness import MAX_CRAWL_DELAY
from counterfeit_ml.ingestion.spider.why import why

MAX_BYTES = 500 * 1024
"""What RFC 9309 asks a crawler to read at least; the rest of a longer file is ignored."""
MAX_HOSTS = 1000
EXEMPT = "of_robots"
"""Key in the meta of a request for robots.txt itself."""


class Forbidden(IgnoreRequest):
    """robots.txt keeps us from the page."""


class Robots:
    """Downloader middleware that asks each host's robots.txt before anything else of it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: OrderedDict[str, asyncio.Task[Protego]] = OrderedDict()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Built by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let the request pass, or raise ``Forbidden`` with the reason."""
        if EXEMPT in request.meta:
            return
        rules = await self.rules(request.url)
        if not rules.can_fetch(request.url, AGENT):
            raise Forbidden("Forbidden by robots.txt")

    async def rules(self, url: str) -> Protego:
        """What applies on the host of ``url``; raises ``Forbidden`` where that cannot be had."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._fetch(origin))
            if len(self._rules) > MAX_HOSTS:
                self._rules.popitem(last=False)
        return await asyncio.shield(self._rules[origin])

    async def _fetch(self, origin: str) -> Protego:
        assert self._crawler.engine  # noqa: S101
        url = f"{origin}/robots.txt"
        request = Request(url, callback=NO_CALLBACK, meta={EXEMPT: True})
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # whatever a hostile server makes the client raise
            raise _unknown(origin, why(error, url)) from error
        if response.status >= 500 or response.status == 429:
            raise _unknown(origin, f"The shop answered {response.status}.")
        rules = _parsed(response)
        self._slow_down(urlsplit(origin).hostname or "", rules)
        return rules

    def _slow_down(self, host: str, rules: Protego) -> None:
        delay = rules.crawl_delay(AGENT)
        if delay is not None and delay > 0:
            spider: Any = self._crawler.spider
            spider.politeness.delays[host] = min(delay, MAX_CRAWL_DELAY)


def _parsed(response: Response) -> Protego:
    served = 200 <= response.status < 300
    return Protego.parse(response.body[:MAX_BYTES].decode("utf-8", "replace") if served else "")


def _unknown(origin: str, reason: str) -> Forbidden:
    return Forbidden(
        f"{origin}/robots.txt cannot be had, so nothing there may be fetched (RFC 9309): {reason}"
    )
