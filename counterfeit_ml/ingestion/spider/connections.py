"""Scrapy's download handler: connects to public addresses only, and waits where a host asks."""

import socket
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    IgnoreRequest,
)
from scrapy.http import Response
from scrapy.utils.ssl import _make_ssl_context

from counterfeit_ml.ingestion.door import is_public
from counterfeit_ml.ingestion.spider.job import ANY_HOST, Job
from counterfeit_ml.pictures import MAX_BYTES

AddrInfo = tuple[Any, Any, int, str, tuple[Any, ...]]


class PrivateAddressError(OSError):
    """The address to connect to is not of the open internet."""

    def __init__(self) -> None:
        super().__init__("has a private address")


class Connections(AiohttpDownloadHandler):
    """Downloads by HTTP; every connection is checked where it is opened, whatever led to it."""

    experimental = False

    def __init__(self, crawler: Crawler) -> None:
        BaseStreamingDownloadHandler.__init__(self, crawler)
        self._job: Job = crawler.settings["JOB"]
        self._local: set[tuple[str, int]] = set()
        self._ssl_context = _tls(crawler)
        connector = aiohttp.TCPConnector(
            limit=self._pool_size_total,
            limit_per_host=self._pool_size_per_host,
            resolver=_Resolver(self._job, self._local),
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        self._anywhere = ANY_HOST in self._job.local_hosts
        for local in set(self._job.local_hosts) - {ANY_HOST}:
            host, _, port = local.rpartition(":")
            self._local.add((host, int(port)))  # where it is an address, none is looked up

    async def download_request(self, request: Request) -> Response:
        """The answer to ``request``, asked when its host may be asked."""
        spider: Any = self.crawler.spider
        host = urlsplit(request.url).hostname or ""
        await spider.politeness.turn(host)
        try:
            response: Response = await super().download_request(request)
        except DownloadCancelledError:
            spider.received(request.meta.get("download_maxsize", MAX_BYTES))
            raise
        except DownloadConnectionRefusedError as error:
            if isinstance(getattr(error.__cause__, "os_error", None), PrivateAddressError):
                raise IgnoreRequest(
                    f"{host} has a private address, and the marketplace is not declared local"
                ) from error
            raise
        except (ValueError, UnicodeError) as error:  # of a host that can be no name
            raise CannotResolveHostError(f"{host[:100]!r}: {error}") from error
        spider.received(len(response.body))
        spider.politeness.heed(host, response.status, response.headers.get("Retry-After"))
        return response

    def _socket(self, info: AddrInfo) -> socket.socket:
        """A socket for an address that may be connected to; called for each connection."""
        family, kind, protocol, _, address = info
        allowed = self._anywhere or address[:2] in self._local
        if not allowed and not is_public(str(address[0])):
            raise PrivateAddressError
        return socket.socket(family=family, type=kind, proto=protocol)


@lru_cache(maxsize=1)
def _tls(crawler: Crawler) -> ssl.SSLContext:
    """The handlers' common one: to read the system's certificates takes its time."""
    return _make_ssl_context(crawler.settings)


class _Resolver(ThreadedResolver):
    """Takes note of where the hosts that may be private are."""

    def __init__(self, job: Job, local: set[tuple[str, int]]) -> None:
        super().__init__()
        self._hosts = frozenset(job.local_hosts)
        self._local = local

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host``."""
        found = await super().resolve(host, port, family)
        if f"{host}:{port}" in self._hosts:
            self._local.update((one["host"], one["port"]) for one in found)
        return found
