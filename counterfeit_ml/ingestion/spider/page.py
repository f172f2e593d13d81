"""What stands on a page: its own address, its links, and the record of what it sells."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lxml import html
from lxml.etree import LxmlError, _Element
from scrapy.http import Response, TextResponse

from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.spider.frontier import Frontier
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.links import Links
from counterfeit_ml.ingestion.spider.product import extract

log = logging.getLogger(__name__)
Data = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page that was served."""

    source: str
    links: tuple[str, ...] = ()
    record: Data | None = None
    refused: Refused | None = None


class PageReader:
    """Reads pages as the site's configuration says."""

    def __init__(self, job: Job, links: Links, frontier: Frontier) -> None:
        assert job.shop  # noqa: S101  (the spider that has pages has a shop)
        self._job, self._site = job, job.shop
        self._links, self._frontier = links, frontier

    def read(self, response: Response, url: str) -> Page:
        """What stands on the page that ``url`` led to; whatever it holds, nothing is raised."""
        if not isinstance(response, TextResponse):
            kind = (response.headers.get("Content-Type") or b"nothing known").decode("latin-1")
            return self.judged(url, response.url, (), None, f"The page is {kind[:100]}, not HTML.")
        try:
            return self._read(response, url)
        except Exception as error:  # a page that our reading stumbles over must not be lost
            log.exception("%s cannot be read", url)
            said = f"The page cannot be read: {type(error).__name__}: {str(error)[:200]}."
            refused = Refused(Reason.NO_PRODUCT_DATA, said)
            return Page(response.url, refused=refused)

    def judged(
        self, url: str, source: str, links: tuple[str, ...], record: Data | None, lack: str
    ) -> Page:
        """The page, refused where it has no record though it must be a listing."""
        listing = self._frontier.must_be_listing
        if record is None and (listing(url) or listing(source)):
            return Page(source, links, None, Refused(Reason.NO_PRODUCT_DATA, lack))
        return Page(source, links, record)

    def _record(self, text: str, source: str, root: _Element | None) -> Data | None:
        extraction = extract(text, source, self._site, root)
        if extraction is None:
            return None
        told = {"_sources": extraction.sources} if self._job.explain else {}
        return extraction.record | told

    def _read(self, response: TextResponse, url: str) -> Page:
        root = _tree(response.text)
        source = response.url if root is None else _source(root, response.url)
        links = () if root is None else self._links.of(root, response.url)
        record = None
        if self._job.explain or any(map(self._frontier.may_be_listing, (url, source))):
            record = self._record(response.text, source, root)
        return self.judged(url, source, links, record, "The page holds no product data.")


def _tree(text: str) -> _Element | None:
    """The page parsed, None where nothing of it is markup."""
    parser = html.HTMLParser(encoding="utf-8", recover=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except (LxmlError, ValueError):  # ParserError: the document is empty
        return None


def _source(root: _Element, url: str) -> str:
    """The page's address, without a query where the page says itself that it adds nothing."""
    without_query = url.partition("?")[0]
    for link in root.iter("link"):
        if (link.get("rel") or "").strip().lower() == "canonical":
            return without_query if _joined(url, link.get("href")) == without_query else url
    return url


def _joined(url: str, href: str | None) -> str | None:
    try:
        return urljoin(url, href.strip()) if href else None
    except ValueError:
        return None
