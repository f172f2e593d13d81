"""Fetches the pictures that a feed names, as lists of URLs come in."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Thread
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler

from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.outbox import Outbox
from counterfeit_ml.ingestion.spider.pictures import Pictures
from counterfeit_ml.ingestion.spider.politeness import Politeness
from counterfeit_ml.ingestion.spider.settings import PICTURE_CONCURRENCY

Listen = Callable[[Callable[[str], object]], None]


class PictureSpider(Spider):
    """Pictures of any host, until whoever asks for them is gone."""

    name = "pictures"
    pictures: Pictures

    def __init__(self, job: Job, outbox: Outbox, listen: Listen) -> None:
        super().__init__()
        self._job, self._outbox, self._listen = job, outbox, listen
        self._memory = Memory(Path(job.memory), read_only=True)
        self.politeness = Politeness()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Built by Scrapy."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.pictures = Pictures(crawler, spider._job, spider._memory)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Fetch one list after the other."""
        orders: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def take(order: str) -> None:
            loop.call_soon_threadsafe(orders.put_nowait, order)

        Thread(target=self._listen, args=(take,), daemon=True).start()
        while True:
            urls = iter(enumerate(json.loads(await orders.get())))
            workers = (self._fetch(urls) for _ in range(PICTURE_CONCURRENCY))
            await asyncio.gather(*workers)
        yield  # Scrapy wants an iterator

    async def _fetch(self, urls: Any) -> None:
        """Fetch what the others leave of ``urls``."""
        for number, url in urls:
            async with self.pictures.fetch(url) as picture:
                message = {"number": number, "picture": picture.message()}
                await self._outbox.send(message, {"data": picture.data})

    def received(self, count: int) -> None:
        """Called for every answer; a feed has no budget of bytes."""
