"""Where a page leads to."""

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath, _Element
from parsel.csstranslator import css2xpath
from w3lib.url import safe_url_string

from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.ingestion.selectors import LinkSelector
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.gate import is_below
from counterfeit_ml.ingestion.spider.job import MAX_LINKS

NO_PAGES = ("javascript:", "mailto:", "tel:", "data:")
_PLAIN = re.compile(r"[!-~]+")


class Links:
    """The links of a site's pages that may be followed."""

    def __init__(self, site: Site) -> None:
        self._domains = site.domains
        self._next = _xpath(site.pagination) if site.pagination else None
        patterns = [*site.follow, *filter(None, [site.listing_pages])] if site.follow else []
        self._follow = [re.compile(pattern) for pattern in patterns]
        self.is_ours = lru_cache(4_000)(self._is_ours)  # a shop's pages share most of their links

    def of(self, root: _Element, url: str) -> tuple[str, ...]:
        """Absolute addresses on the page at ``url``, in its order, next pages first."""
        base = _base(root, url)
        origin = base[: base.index("/", base.index("//") + 2)] if base.count("/") > 2 else base
        found: dict[str, None] = {}
        for nexts in (True, False):
            for href in self._next_pages(root) if nexts else _hrefs(root):
                address = _absolute(origin, base, href)
                if address and self.is_ours(address) and (nexts or self._is_followed(address)):
                    found[address] = None
                if len(found) >= MAX_LINKS:
                    return tuple(found)
        return tuple(found)

    def _is_ours(self, url: str) -> bool:
        """Whether the page is in the shop's domains; the gate looks at the rest."""
        try:
            return is_below(urlsplit(web_url(url)).hostname, self._domains)
        except Refused:
            return False

    def _is_followed(self, url: str) -> bool:
        return not self._follow or any(pattern.search(url) for pattern in self._follow)

    def _next_pages(self, root: _Element) -> list[str]:
        found = self._next(root) if self._next else []
        hits = found if isinstance(found, list) else [found]
        return [
            str(hit.get("href") or "") if isinstance(hit, _Element) else str(hit) for hit in hits
        ]


def _xpath(selector: LinkSelector) -> XPath:
    return XPath(selector.xpath or str(css2xpath(selector.css or "")))


def _hrefs(root: _Element) -> list[str]:
    return [
        link.get("href") or ""
        for link in root.iter("a", "area")
        if "nofollow" not in (link.get("rel") or "").lower()
    ]


def _base(root: _Element, url: str) -> str:
    href = next((base.get("href") for base in root.iter("base") if base.get("href")), None)
    try:
        return urljoin(url, href.strip()) if href else url
    except ValueError:
        return url


def _absolute(origin: str, base: str, href: str) -> str | None:
    """``href`` as a page at ``base`` means it, without fragment; None if it is no address."""
    href = href.strip().partition("#")[0]
    if not href or href.lower().startswith(NO_PAGES):
        return None
    try:
        plain = href[0] == "/" and href[1:2] != "/" and "/." not in href  # most are, and it is fast
        address = origin + href if plain else urljoin(base, href)
        return address if _PLAIN.fullmatch(address) else safe_url_string(address)
    except ValueError:
        return None
