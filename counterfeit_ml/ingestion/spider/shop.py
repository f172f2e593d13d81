"""Follows a shop's links and sitemaps, and makes a raw record of each product page."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.etree import LxmlError
from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots
from twisted.python.failure import Failure

from counterfeit_ml.ingestion.crawl import FAULT_FILE, Job
from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.spider.gate import PAGE, is_below
from counterfeit_ml.ingestion.spider.pipelines import why
from counterfeit_ml.ingestion.spider.product import absolute, raw_record

MAX_PAGE_BYTES = 5 * 1024 * 1024
GONE = frozenset({404, 410})
"""Statuses that say there is no such page: the listing was taken down, which is no fault."""

log = logging.getLogger(__name__)
Found = Iterator[Request | dict[str, Any]]


class ShopSpider(Spider):
    """One shop, from its start page and its sitemaps."""

    name = "shop"

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._host = urlsplit(job.start_url).hostname
        self.allowed_domains = [self._host] if self._host else []
        self._job = job
        self._is_listing = re.compile(job.listing_pages) if job.listing_pages else None
        self._links = LinkExtractor()
        self._seen: set[str] = set()

    async def start(self) -> AsyncIterator[Request]:
        """Begin with the start page; all else follows from there."""
        for request in self._pages([self._job.start_url]):
            yield request.replace(callback=self._parse_start, errback=self._start_failed)

    def _parse_start(self, response: Response) -> Found:
        yield from self.parse(response)
        yield Request(
            urljoin(response.url, "/robots.txt"),
            callback=self._parse_robots,
            errback=self._skip,
            dont_filter=True,
        )

    def parse(self, response: Response, **_: Any) -> Found:
        """The page's record, where it shows a product, and the pages it links to."""
        if not isinstance(response, TextResponse):
            return
        source = _source(response)
        record = raw_record(response.text, source)
        if record is not None:
            yield {**record, "source": source, "scraped_at": self._job.scraped_at}
        elif self._must_be_listing(source):
            yield _refused(source, Reason.NO_PRODUCT_DATA, "The page holds no product data.")
        yield from self._pages(
            link.url for link in self._links.extract_links(response) if not link.nofollow
        )

    def _pages(self, urls: Iterator[str] | list[str]) -> Iterator[Request]:
        """Requests for pages not seen yet, listings first, up to the limit of the marketplace."""
        for url in urls:
            if url in self._seen or not self._is_ours(url):
                continue
            if len(self._seen) >= self._job.max_pages:
                log.warning("stopped at max_pages=%d: pages are left out", self._job.max_pages)
                return
            self._seen.add(url)
            yield Request(
                url,
                callback=self.parse,
                errback=self._page_failed,
                priority=1 if self._must_be_listing(url) else 0,
                meta={"download_maxsize": MAX_PAGE_BYTES, PAGE: True},
                dont_filter=True,  # else a redirect to a known or foreign page is lost unexplained
            )

    def _parse_robots(self, response: Response) -> Iterator[Request]:
        for url in sitemap_urls_from_robots(response.body, base_url=response.url):
            yield Request(url, callback=self._parse_sitemap, errback=self._skip)

    def _parse_sitemap(self, response: Response) -> Iterator[Request]:
        try:
            sitemap = Sitemap(response.body)
            urls = [entry["loc"] for entry in sitemap if entry.get("loc")]
        except (LxmlError, StopIteration) as error:
            log.warning("the sitemap %s cannot be read: %s", response.url, error)
            return
        if sitemap.type == "sitemapindex":
            for url in urls:
                yield Request(url, callback=self._parse_sitemap, errback=self._skip)
        else:
            yield from self._pages(urls)

    def _is_ours(self, url: str) -> bool:
        """Whether the page is on the shop's host or a subdomain; the gate looks at the rest."""
        try:
            return is_below(urlsplit(web_url(url)).hostname, self._host)
        except Refused:
            return False

    def _must_be_listing(self, url: str) -> bool:
        return self._is_listing is not None and self._is_listing.search(url) is not None

    def _page_failed(self, failure: Failure) -> Found:
        if _is_expected(failure):
            return
        url, reason = _requested(failure), _reason(failure)
        if self._is_listing is None or self._must_be_listing(url):
            yield _refused(url, Reason.UNREACHABLE_PAGE, reason)
        else:
            log.warning("%s was not served, listings behind it may be left out: %s", url, reason)

    def _start_failed(self, failure: Failure) -> None:
        (Path(self._job.folder) / FAULT_FILE).write_text(_reason(failure), encoding="utf-8")

    def _skip(self, failure: Failure) -> None:
        log.info("%s was not served: %s", _requested(failure), _reason(failure))


def _source(response: TextResponse) -> str:
    """The page's address, without a query where the page says itself that it adds nothing."""
    canonical = absolute(response.url, response.css('link[rel="canonical"]::attr(href)').get())
    without_query = response.url.partition("?")[0]
    return without_query if canonical == without_query else response.url


def _requested(failure: Failure) -> str:
    """The address that a page links to, before any redirect."""
    request: Request = failure.request  # type: ignore[attr-defined]
    return str(request.meta.get("redirect_urls", [request.url])[0])


def _reason(failure: Failure) -> str:
    """Why a page was not had, in a sentence."""
    if isinstance(failure.value, HttpError):
        return f"The shop answered {failure.value.response.status}."
    return why(failure.value, _requested(failure))


def _is_expected(failure: Failure) -> bool:
    """Whether the page is no longer there, or not for us (robots.txt, another host)."""
    if isinstance(failure.value, HttpError):
        return failure.value.response.status in GONE
    redirected = "redirect_urls" in failure.request.meta  # type: ignore[attr-defined]
    return isinstance(failure.value, IgnoreRequest) and not redirected


def _refused(url: str, reason: Reason, detail: str) -> dict[str, Any]:
    return {"source": url, "refused": {"reason": reason.value, "detail": detail}}
