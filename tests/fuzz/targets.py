"""What hostile bytes reach first: each target reads them, and raises only where something is wrong.

Our own errors are answers; any other exception is a finding, and so is what takes long or much.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import ConfigError, IngestionError, PictureError
from counterfeit_ml.flagging.rules import load_rules
from counterfeit_ml.ingestion.listings import listing_fields
from counterfeit_ml.ingestion.pictures import check_picture
from counterfeit_ml.ingestion.prices import parse_price
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.product import extract
from counterfeit_ml.pictures import SIZE, decode, media_type
from counterfeit_ml.settings import ROOT
from tests.ingestion.feed.reading import read_bytes

Target = Callable[[bytes], None]
DAY = date(2026, 11, 22)
CPU_SECONDS = 2
MEGABYTES = 500
CURRENCIES = (None, "EUR", "USD", "JPY", "$", "kr", 7)
LOCALES = (None, "de_DE", "en_US", "ja_JP", "de_CH")
UNIT = 20 if sys.platform == "darwin" else 10
"""Of what the system counts memory in: bytes there, elsewhere kilobytes."""
URL = "https://shop.example/item/1"
SITE = Site(start_urls=("https://shop.example/",))
SELECTORS = Site.model_validate(
    {
        "start_urls": ["https://shop.example/"],
        "listing_pages": "/item/",
        "fields": {"title": [{"css": "h1::text"}], "price": [{"xpath": "//b", "regex": r"\d+"}]},
    }
)


class LimitError(Exception):
    """An input that takes too long or too much."""


def price(data: bytes) -> None:
    """The first two bytes choose what is declared; the rest is what the page says."""
    first, second, text = data[:1], data[1:2], data[2:].decode("utf-8", "surrogateescape")
    declared = CURRENCIES[sum(first) % len(CURRENCIES)]
    with suppress(Refused):
        found = parse_price(text, declared, LOCALES[sum(second) % len(LOCALES)])
        assert 0 < found.low <= (found.high or found.low)
        assert len(found.currency) == 3


def json_lines(data: bytes) -> None:
    _feed(data, "feed.jsonl")


def delimited(data: bytes) -> None:
    _feed(data, "feed.csv", format="csv")


def shopify(data: bytes) -> None:
    _feed(data, "feed.csv", format="shopify", constants={"currency": "USD"})


def parquet(data: bytes) -> None:
    _feed(data, "feed.parquet")


def html(data: bytes) -> None:
    page = data.decode("utf-8", "surrogateescape")
    for site in (SITE, SELECTORS):
        found = extract(page, URL, site)
        if found is not None:
            with suppress(Refused):
                listing_fields(found.record, DAY, None)


def picture(data: bytes) -> None:
    with suppress(PictureError):
        media_type(data)
    with suppress(Refused):
        check_picture(data)
    with suppress(PictureError):
        assert decode(data).shape == (SIZE, SIZE, 3)


def rules(data: bytes) -> None:
    path = FOLDER / "rules.yaml"
    path.write_bytes(data)
    with suppress(ConfigError):
        load_rules(path, CATALOGUE)


def _feed(data: bytes, name: str, **keys: object) -> None:
    with suppress(IngestionError):
        for entry in read_bytes(FOLDER / name, data, **keys):
            if isinstance(entry.record, dict):
                with suppress(Refused):
                    listing_fields(entry.record, DAY, None)


def limited(target: Target) -> Target:
    """``target`` as raises ``LimitError`` where it takes over ``CPU_SECONDS`` or ``MEGABYTES``."""
    allowed = _peak() + MEGABYTES

    def run(data: bytes) -> None:
        began = time.process_time()
        target(data)
        if (seconds := time.process_time() - began) > CPU_SECONDS:
            raise LimitError(f"{len(data)} bytes took {seconds:.1f} s")
        if (peak := _peak()) > allowed:
            raise LimitError(f"{len(data)} bytes took {peak - allowed + MEGABYTES} MB")

    return run


def _peak() -> int:
    """Megabytes this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> UNIT


_temporary = tempfile.TemporaryDirectory(prefix="counterfeit-fuzz-")
FOLDER = Path(_temporary.name)
CATALOGUE = load_brands(ROOT / "config")
TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (price, json_lines, delimited, shopify, parquet, html, picture, rules)
}
