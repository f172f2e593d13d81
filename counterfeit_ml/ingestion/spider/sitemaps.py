"""Reads sitemaps, gzipped or not, within limits."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from gzip import GzipFile
from io import BytesIO

from lxml.etree import LxmlError
from scrapy.utils.sitemap import Sitemap

MAX_BYTES = 50 * 1024 * 1024
"""What sitemaps.org allows one to have, unpacked."""
MAX_ENTRIES = 50_000
"""As it says, too."""
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Entry:
    """A page, or a further sitemap, and when it last changed."""

    url: str
    changed: date | None
    is_sitemap: bool


def entries(body: bytes) -> Iterator[Entry]:
    """What a sitemap or an index of sitemaps names; raises ``ValueError`` where it is neither."""
    try:
        sitemap = Sitemap(_unpacked(body))
        for number, entry in enumerate(sitemap):
            if number >= MAX_ENTRIES:
                raise ValueError(f"it has more than {MAX_ENTRIES} entries; the rest is left out")
            yield Entry(
                entry.get("loc", ""), _day(entry.get("lastmod")), sitemap.type == "sitemapindex"
            )
    except (LxmlError, StopIteration) as error:
        raise ValueError(f"it cannot be read: {str(error) or 'it is empty'}") from error


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(GZIP):
        return body
    try:
        with GzipFile(fileobj=BytesIO(body)) as packed:
            unpacked = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if len(unpacked) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes unpacked")
    return unpacked


def _day(written: str | None) -> date | None:
    """The day of a W3C date or time; None where it is coarser, or nonsense."""
    if not written or not re.match(r"\d{4}-\d\d-\d\d", written):
        return None
    try:
        moment = datetime.fromisoformat(written)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None
