"""Makes a raw record of a product page, and says where on it each field was found.

Heavy to import (extruct): only the spider's process does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args
from urllib.parse import urlsplit

from lxml.html import HtmlElement
from parsel import Selector as Part

from counterfeit_ml.ingestion.selectors import Selector
from counterfeit_ml.ingestion.site import FieldName, Metadata, Site
from counterfeit_ml.ingestion.spider.metadata import PageMetadata
from counterfeit_ml.ingestion.spider.vocabulary import (
    MAX_TEXT,
    PRODUCT_TYPES,
    Data,
    absolute,
    category_of,
    flat,
    is_a,
    of_opengraph,
    of_schema_org,
    pictures,
)

__all__ = ["Extraction", "absolute", "extract"]

FIELDS: tuple[FieldName, ...] = get_args(FieldName)
MAX_PARTS = 200
"""Places on a page that one selector may find."""


@dataclass(frozen=True)
class Extraction:
    """A raw record, fields as written, and for each that has a value where it was found.

    A source reads ``json-ld``, ``css h1::text`` or ``derived: last part of the URL``.
    """

    record: Data
    sources: dict[str, str]


def extract(page: str, url: str, site: Site, tree: HtmlElement | None = None) -> Extraction | None:
    """The one product on ``page``, or None where it shows none; ``tree`` is it, if parsed already.

    JSON-LD decides, else microdata; of several products on offer none is the page's own: it is a
    category. OpenGraph, which always speaks of the whole page, fills gaps. ``site`` may say
    otherwise; where it has selectors, a page of its ``listing_pages`` needs no metadata.
    """
    if tree is None:  # lone surrogates cannot be parsed
        tree = Part(text=page.encode("utf-8", "replace").decode("utf-8")).root
    return _Page(Part(root=tree), url, site).extraction()


class _Page:
    """One page, with what has been read of it so far."""

    def __init__(self, part: Part, url: str, site: Site) -> None:
        self._part = part
        self._url = url
        self._site = site
        self._base = _base(part, url)
        self._metadata = PageMetadata(part.root, self._base)

    def extraction(self) -> Extraction | None:
        trusted = self._trusted()
        if trusted is None and not self._is_listing_by_selectors():
            return None
        values, sources = _merged(trusted or {})
        for name, ordered in self._site.fields.items():
            values[name], sources[name] = next(
                (
                    (value, str(one))
                    for one in ordered
                    if (value := self._value(name, one)) is not None
                ),
                (None, ""),
            )
        if all(value is None for value in values.values()):
            return None
        return self._completed(values, sources)

    def _trusted(self) -> dict[str, Data] | None:
        """The record by each syntax that counts, in order of trust; None on no product's page."""
        records: dict[str, Data] = {}
        decided = False
        for syntax in self._site.metadata:
            if syntax == "opengraph":
                if not _is_full(records):
                    records[syntax] = self._opengraph
                continue
            products = [] if decided else self._on_offer(syntax)
            if len(products) > 1:
                return None
            if products:
                decided = True
                records[syntax] = of_schema_org(products[0], self._base)
        return records if any(records.values()) else None

    def _on_offer(self, syntax: Metadata) -> list[Data]:
        """The products with an offer, or where none has one, the first product."""
        items = self._metadata.json_ld if syntax == "json-ld" else self._metadata.microdata
        products = [item for item in flat(items) if is_a(item, PRODUCT_TYPES)]
        return [item for item in products if item.get("offers")] or products[:1]

    @cached_property
    def _opengraph(self) -> Data:
        products = (one for one in self._metadata.opengraph if is_a(one, PRODUCT_TYPES))
        return next((of_opengraph(one, self._base) for one in products), {})

    def _is_listing_by_selectors(self) -> bool:
        pattern = self._site.listing_pages
        return bool(self._site.fields) and bool(pattern and re.search(pattern, self._url))

    def _value(self, name: FieldName, source: Metadata | Selector) -> Any:
        if isinstance(source, Selector):
            texts = self._texts(source)
            return pictures(self._base, texts) if name == "image_urls" else next(texts, None)
        if source == "opengraph":
            return self._opengraph.get(name)
        products = self._on_offer(source)
        return of_schema_org(products[0], self._base)[name] if len(products) == 1 else None

    def _texts(self, selector: Selector) -> Iterator[str]:
        css, xpath = selector.css, selector.xpath
        query = self._part.css(css) if css is not None else self._part.xpath(xpath or "")
        for part in query[:MAX_PARTS]:
            whole = part.get() if isinstance(part.root, str) else part.xpath("string()").get()
            text = (whole or "").strip()[:MAX_TEXT]
            if selector.regex is not None:
                found = re.search(selector.regex, text)
                text = (found.group(min(1, len(found.groups()))) or "").strip() if found else ""
            if text:
                yield text

    def _completed(self, values: Data, sources: dict[str, str]) -> Extraction:
        """With what the page's address and its breadcrumbs tell where nothing else does."""
        derived = {
            "listing_id": (_last_part(self._url), "derived: last part of the URL"),
            "url": (self._url, "derived: the page's own address"),
            "category": (self._breadcrumbs(values, sources), "derived: BreadcrumbList"),
        }
        for name, (value, source) in derived.items():
            if values[name] is None and name not in self._site.fields:
                values[name], sources[name] = value, source
        images = values["image_urls"]
        values["url"] = absolute(self._base, values["url"])
        values["image_url"] = images[0] if images else None
        sources["image_url"] = sources["image_urls"]
        found = {name: source for name, source in sources.items() if values[name] is not None}
        return Extraction(values, found)

    def _breadcrumbs(self, values: Data, sources: dict[str, str]) -> str | None:
        """By the metadata that was read anyway."""
        if values["category"] is not None:
            return None
        items = self._metadata.json_ld if "json-ld" in self._site.metadata else []
        if "microdata" in sources.values():
            items = items + self._metadata.microdata
        return category_of(items, values["title"])


def _merged(records: dict[str, Data]) -> tuple[Data, dict[str, str]]:
    values: Data = dict.fromkeys(FIELDS)
    sources: dict[str, str] = dict.fromkeys(FIELDS, "")
    for syntax, record in records.items():
        for name, value in record.items():
            if values[name] is None and value is not None:
                values[name], sources[name] = value, syntax
    return values, sources


def _is_full(records: dict[str, Data]) -> bool:
    """Whether OpenGraph, which knows no sellers, can add nothing."""
    values, _ = _merged(records)
    return all(values[name] is not None for name in FIELDS if not name.startswith("seller"))


def _base(part: Part, url: str) -> str:
    """What relative addresses on the page start from."""
    base = absolute(url, part.xpath("string(//base/@href)").get()) or url
    return base if base.startswith(("http://", "https://")) else url


def _last_part(url: str) -> str | None:
    return urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1] or None
