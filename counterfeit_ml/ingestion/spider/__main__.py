"""``python -m counterfeit_ml.ingestion.spider``: crawl the shop that the job on stdin names."""

import json
import logging
import os
import sys
from threading import Thread

from scrapy.crawler import CrawlerProcess

from counterfeit_ml.ingestion.crawl import Job
from counterfeit_ml.ingestion.spider.settings import settings_for
from counterfeit_ml.ingestion.spider.shop import ShopSpider


def main() -> None:
    """Crawl until nothing is left to follow, or until whoever started us is gone."""
    job = Job(**json.loads(sys.stdin.readline()))
    Thread(target=_stop_with_parent, daemon=True).start()
    process = CrawlerProcess(settings_for(job))
    _quiet()
    process.crawl(ShopSpider, job=job)
    process.start()


def _quiet() -> None:
    """Leave warnings, and Scrapy's line every few seconds on how far it is."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    logging.getLogger("scrapy.extensions.logstats").setLevel(logging.INFO)
    # It logs a traceback where robots.txt does not answer; the start page's failure says it better.
    logging.getLogger("scrapy.downloadermiddlewares.robotstxt").setLevel(logging.CRITICAL)


def _stop_with_parent() -> None:
    """The parent holds our stdin open as long as it lives, however it ends."""
    sys.stdin.read()
    os._exit(1)


main()
