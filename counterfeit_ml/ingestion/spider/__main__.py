"""``python -m counterfeit_ml.ingestion.spider``: do the job on standard input (see ``job``)."""

import json
import logging
import os
import sys
from collections.abc import Callable
from threading import Thread

from scrapy.crawler import AsyncCrawlerProcess

from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.outbox import Outbox
from counterfeit_ml.ingestion.spider.picture_spider import PictureSpider
from counterfeit_ml.ingestion.spider.settings import PARTS, settings_for
from counterfeit_ml.ingestion.spider.shop import ShopSpider


def main() -> None:
    """Crawl until nothing is left to follow, or until whoever started us is gone."""
    job = Job(**json.loads(sys.stdin.readline()))
    outbox = Outbox(_own_stdout(), job.folder)
    process = AsyncCrawlerProcess(settings_for(job))
    _quiet()
    if site := job.shop:
        Thread(target=listen, daemon=True).start()
        process.crawl(ShopSpider, job=job, site=site, outbox=outbox)
    else:
        process.crawl(PictureSpider, job=job, outbox=outbox, listen=listen)
    process.start()


def _own_stdout() -> int:
    """Standard output for the messages alone: whatever else prints goes into the log."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor


def _quiet() -> None:
    """Leave warnings, and our own line every few seconds on how far we are."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    logging.getLogger(PARTS).setLevel(logging.INFO)
    for chatty in ("downloadermiddlewares.redirect", "downloadermiddlewares.httpcompression",
                   "core.downloader.handlers._base_streaming"):  # fmt: skip
        logging.getLogger(f"scrapy.{chatty}").setLevel(logging.ERROR)


def listen(take: Callable[[str], object] | None = None) -> None:
    """Hear the parent; it holds our stdin open as long as it lives, however it ends."""
    for line in sys.stdin:
        if take:
            take(line)
    os._exit(1)


main()
