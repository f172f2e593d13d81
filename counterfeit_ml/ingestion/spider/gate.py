"""What the spider may connect to: asked at each request, each redirect and each DNS answer."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from counterfeit_ml.ingestion.crawl import Job
from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.reasons import Refused

private_hosts: set[str] = set()
"""Hosts refused for their address: DNS failures lose their reason on the way up."""

PAGE = "page"
"""Key in the meta of a request for a page; redirects keep it."""


def is_below(host: str | None, shop_host: str | None) -> bool:
    """Whether ``host`` is the shop's or a subdomain of it."""
    return host == shop_host or (host or "").endswith(f".{shop_host}")


class Gate:
    """Downloader middleware: http(s) only, pages of the shop's host only, no odd ports.

    Pictures may lie on other hosts, but a shop on this machine must not lead to the machine's
    other services.
    """

    def __init__(self, job: Job) -> None:
        shop = urlsplit(job.start_url)
        self._shop_host, self._shop_port = shop.hostname, shop.port
        self._local = job.allow_local

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Built by Scrapy."""
        return cls(crawler.settings["JOB"])

    def process_request(self, request: Request) -> None:
        """Let the request pass, or raise ``IgnoreRequest`` with the reason."""
        try:
            parts = urlsplit(web_url(request.url))
        except Refused as refusal:
            raise IgnoreRequest(refusal.detail) from refusal
        if PAGE in request.meta and not is_below(parts.hostname, self._shop_host):
            raise IgnoreRequest(f"It leads to {parts.hostname}, which is not the shop's host")
        own = parts.hostname == self._shop_host
        allowed = {self._shop_port} if own and self._local else {None, 80, 443, self._shop_port}
        if parts.port not in allowed:
            raise IgnoreRequest(f"Port {parts.port} is neither the shop's nor the web's")


class Resolver(CachingThreadedResolver):
    """Resolves names, and refuses private, loopback and link-local addresses.

    What it returns is what is connected to, so a name cannot change its address in between.
    The shop's own host may be private where the marketplace is declared local.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._local_host: str | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Built by Scrapy."""
        resolver = super().from_crawler(crawler, reactor)
        job: Job = crawler.settings["JOB"]
        resolver._local_host = urlsplit(job.start_url).hostname if job.allow_local else None
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802
        """The IPv4 address of ``name``; fails with ``DNSLookupError`` where it may not be used."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: Any, name: str) -> Any:
        ip = ip_address(address)
        if name != self._local_host and (not ip.is_global or ip.is_multicast):
            private_hosts.add(name)
            raise DNSLookupError(f"{name} has the private address {address}")
        return address
