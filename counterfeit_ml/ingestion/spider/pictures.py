"""Fetches pictures, each once in a run, and those that are known only when they may be stale."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.memory import KnownPicture, Memory
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.spider.frontier import RECHECK_DAYS
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.why import is_endless_redirect, is_too_large, why
from counterfeit_ml.pictures import MAX_BYTES

MAX_REFUSALS = 10_000
"""Refused pictures remembered, so that a placeholder on every page is asked for once."""


@dataclass(frozen=True)
class Picture:
    """What became of a picture; the fields are those of ``crawl.FetchedPicture``."""

    url: str
    data: bytes | None = None
    known: bool = False
    asked: bool = False
    etag: str | None = None
    last_modified: str | None = None
    refused: Refused | None = None

    def message(self) -> dict[str, Any]:
        """All but the data, for the pipe."""
        return {
            "url": self.url,
            "known": self.known,
            "asked": self.asked,
            "etag": self.etag,
            "last_modified": self.last_modified,
            "refused": written(self.refused),
        }


class Pictures:
    """The pictures of a run."""

    def __init__(self, crawler: Crawler, job: Job, memory: Memory) -> None:
        self._crawler, self._ds, self._memory = crawler, job.day, memory
        self._under_way: dict[int, asyncio.Event] = {}
        self._sent: set[int] = set()
        self._refused: OrderedDict[int, Refused] = OrderedDict()
        self.fetched = 0
        self.known = 0

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncIterator[Picture]:
        """The picture at ``url``; another page that shows it waits until the block is left."""
        key = hash(url)
        while key in self._under_way:
            await self._under_way[key].wait()
        if key in self._sent or key in self._refused:
            self.known += key in self._sent
            yield Picture(url, known=key in self._sent, refused=self._refused.get(key))
            return
        left = self._under_way[key] = asyncio.Event()
        try:
            picture = await self._picture(url)
            yield picture
            self._remember(key, picture)
        finally:
            del self._under_way[key]
            left.set()

    def _remember(self, key: int, picture: Picture) -> None:
        if picture.refused is None:
            self._sent.add(key)
            return
        self._refused[key] = picture.refused
        if len(self._refused) > MAX_REFUSALS:
            self._refused.popitem(last=False)

    async def _picture(self, url: str) -> Picture:
        known = self._memory.picture(url)
        if known and self._ds - known.asked <= timedelta(days=RECHECK_DAYS):
            self.known += 1
            return Picture(url, None, True, False, known.etag, known.last_modified)
        try:
            return self._taken(url, known, await self._ask(url, known))
        except Refused as refusal:
            return Picture(url, asked=True, refused=refusal)

    async def _ask(self, url: str, known: KnownPicture | None) -> Response:
        assert self._crawler.engine  # noqa: S101
        try:
            request = Request(web_url(url), callback=NO_CALLBACK, headers=conditions(known))
            return await self._crawler.engine.download_async(request)
        except Refused:
            raise
        except Exception as error:  # whatever a hostile server makes the client raise
            raise _refusal(error, url) from error

    def _taken(self, url: str, known: KnownPicture | None, response: Response) -> Picture:
        if response.status == 304 and known:
            self.known += 1
            etag, modified = validators(response, known)
            return Picture(url, None, True, True, etag, modified)
        if response.status != 200:
            raise Refused(Reason.MISSING_IMAGE, f"The shop answered {response.status}.")
        self.fetched += 1
        return Picture(url, response.body, False, True, *validators(response))


def conditions(known: Any) -> dict[str, str]:
    """The headers that spare us what has not changed since it was ``known``."""
    headers = {}
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def validators(response: Response, known: Any = None) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of ``response``, or as they were ``known``."""
    etag = _header(response, "ETag") or (known.etag if known else None)
    modified = _header(response, "Last-Modified") or (known.last_modified if known else None)
    return etag, modified


def written(refused: Refused | None) -> list[str] | None:
    """A refusal for the pipe."""
    return [refused.reason.value, refused.detail] if refused else None


def _header(response: Response, name: str) -> str | None:
    """A header that can be sent back as it is; longer ones are not worth their place."""
    value = (response.headers.get(name) or b"").decode("latin-1").strip()
    return value if value and value.isascii() and value.isprintable() and len(value) < 200 else None


def _refusal(error: Exception, url: str) -> Refused:
    if is_too_large(error):
        return Refused(Reason.IMAGE_TOO_LARGE, f"The picture is larger than {MAX_BYTES} bytes.")
    reason = Reason.ENDLESS_REDIRECT if is_endless_redirect(error) else Reason.MISSING_IMAGE
    return Refused(reason, f"The picture was not served: {why(error, url)}")
