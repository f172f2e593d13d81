"""What happens to a raw record: its picture is fetched, and both go into the feed's folder."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from counterfeit_ml.ingestion.crawl import IMAGES_FOLDER, LISTINGS_FILE, Job
from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.spider.gate import private_hosts

LONGEST_TEXT = 10_000
Note = dict[str, str]


class Pictures:
    """Fetches each picture once; notes in the record where it lies, or why there is none."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        job: Job = crawler.settings["JOB"]
        self._folder = Path(job.folder)
        (self._folder / IMAGES_FOLDER).mkdir()
        self._fetched: dict[str, asyncio.Task[Note]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Built by Scrapy."""
        return cls(crawler)

    async def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Add ``image`` or ``image_refused`` to ``item``."""
        try:
            url = web_url(item.get("image_url"))
        except Refused:
            return item  # ingestion refuses the record for it
        if url not in self._fetched:
            self._fetched[url] = asyncio.create_task(self._fetch(url))
        return {**item, **await self._fetched[url]}

    async def _fetch(self, url: str) -> dict[str, Any]:
        assert self._crawler.engine  # noqa: S101
        try:
            request = Request(url, callback=NO_CALLBACK, meta={"allow_offsite": True})
            response = await self._crawler.engine.download_async(request)
        except DownloadCancelledError:
            return _refused(Reason.IMAGE_TOO_LARGE, "The picture is larger than we load.")
        except Exception as error:  # whatever a hostile server makes the client raise
            return _refused(Reason.MISSING_IMAGE, f"The picture was not served: {why(error, url)}")
        if response.status != 200:
            return _refused(Reason.MISSING_IMAGE, f"The shop answered {response.status}.")
        name = f"{IMAGES_FOLDER}/{sha256(url.encode()).hexdigest()}"
        (self._folder / name).write_bytes(response.body)
        return {"image": name}


class FeedWriter:
    """Writes the feed's lines."""

    def __init__(self, job: Job) -> None:
        self._file = (Path(job.folder) / LISTINGS_FILE).open("w", encoding="ascii")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Built by Scrapy."""
        return cls(crawler.settings["JOB"])

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Append one record, overlong texts cut."""
        short = {
            name: value[:LONGEST_TEXT] if isinstance(value, str) else value
            for name, value in item.items()
            if value is not None
        }
        self._file.write(json.dumps(short, sort_keys=True) + "\n")
        return item

    def close_spider(self) -> None:
        """Called by Scrapy at the end."""
        self._file.close()


def why(error: BaseException | None, url: str) -> str:
    """One sentence on why ``url`` could not be had."""
    host = urlsplit(url).hostname
    if host in private_hosts:
        return f"{host} has a private address, and the marketplace is not declared local."
    if isinstance(error, IgnoreRequest):
        return f"{str(error).rstrip('.')}."
    return f"{type(error).__name__}: {str(error)[:200].rstrip('.')}."


def _refused(reason: Reason, detail: str) -> dict[str, Any]:
    return {"image_refused": {"reason": reason.value, "detail": detail}}
