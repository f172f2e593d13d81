"""The usual way to do it, as the ingestion benchmark's other side.

A Scrapy spider over the sitemap, extruct for the metadata, Scrapy's own ImagesPipeline storing to
S3, items into a JSON lines file. ``python benchmarks/images_pipeline.py SHOP BUCKET OUT``; the
endpoint and keys of S3 come from the environment, as AWS's own tools take them.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import extruct
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from scrapy.spiders import SitemapSpider

POLITENESS = {
    "ROBOTSTXT_OBEY": True,
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_START_DELAY": 0.25,
    "AUTOTHROTTLE_TARGET_CONCURRENCY": 8.0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "DOWNLOAD_DELAY": 0,
}
"""As polite as the other side."""


class Shop(SitemapSpider):
    """Every page that the sitemap names."""

    name = "shop"

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """The product's metadata and its picture."""
        found = extruct.extract(response.text, base_url=response.url, syntaxes=["json-ld"])
        for product in found["json-ld"]:
            yield {"product": product, "image_urls": [response.urljoin(product["image"])]}


def main() -> None:
    """Crawl."""
    shop, bucket, out = sys.argv[1:]
    settings: dict[str, Any] = POLITENESS | {
        "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
        "IMAGES_STORE": f"s3://{bucket}/images_pipeline/",
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "AWS_REGION_NAME": "us-east-1",
        "FEEDS": {out: {"format": "jsonlines"}},
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }
    process = CrawlerProcess(settings)
    process.crawl(Shop, sitemap_urls=[f"{shop}/sitemap.xml"])
    process.start()


if __name__ == "__main__":
    main()
