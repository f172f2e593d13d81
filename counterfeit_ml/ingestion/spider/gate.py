"""Which addresses the spider may ask for: looked at before each request and each redirect."""

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.ingestion.spider.job import ANY_HOST, Job

PAGE = "page"
"""Key in the meta of a request for a page; redirects keep it."""
WEB_PORTS = frozenset({80, 443})
_DEFAULT = {"http": 80, "https": 443}


def is_below(host: str | None, domains: tuple[str, ...]) -> bool:
    """Whether ``host`` is one of the ``domains`` or below one."""
    host = (host or "").rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def host_and_port(url: str) -> str:
    """``host:port`` of a web address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _DEFAULT[parts.scheme.lower()]}"


class Gate:
    """Downloader middleware: http(s) only, pages of the shop's domains only, no odd ports.

    Pictures may lie on other hosts, but a shop on this machine must not lead to the machine's
    other services. Addresses are looked at where they are connected to (``connections``).
    """

    def __init__(self, job: Job) -> None:
        site = job.shop
        self._domains = site.domains if site else ()
        self._entrances = frozenset(map(host_and_port, site.entrances if site else ()))
        self._local = frozenset(job.local_hosts)
        self._anywhere = ANY_HOST in job.local_hosts
        self._local_names = frozenset(local.rpartition(":")[0] for local in job.local_hosts)

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
        if PAGE in request.meta and not is_below(parts.hostname, self._domains):
            raise IgnoreRequest(
                f"It leads to {parts.hostname}, which is none of the site's domains"
            )
        if self._anywhere:
            return
        place = host_and_port(request.url)
        local = parts.hostname in self._local_names
        known = place in (self._local if local else self._entrances)
        if not known and (local or int(place.rpartition(":")[2]) not in WEB_PORTS):
            raise IgnoreRequest(f"Port {parts.port} is neither the shop's nor the web's")
