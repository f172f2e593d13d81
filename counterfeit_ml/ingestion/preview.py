"""What one page of a shop would give, field by field: for who writes a configuration."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.listings import listing_fields
from counterfeit_ml.ingestion.marketplaces import load_marketplaces, source_of
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.pictures import Picture, check_picture
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import ConfigSettings

if TYPE_CHECKING:
    from counterfeit_ml.ingestion.crawl import FetchedPicture, Visit

COLUMNS = {
    "listing_id": ("listing_id",),
    "title": ("title",),
    "price": ("price", "price_high", "currency", "price_usd", "rate_date"),
    "currency": ("currency",),
    "condition": ("condition",),
    "brand": ("brand_claimed",),
    "category": ("category",),
    "seller_id": ("seller_id",),
    "seller_name": ("seller_name",),
    "description": ("description",),
    "url": ("url",),
    "image_url": ("image_url",),
}
"""The fields of a raw record, and the columns each becomes."""
SOUND = {
    "listing_id": "1",
    "title": "bag",
    "price": 1,
    "currency": "USD",
    "url": "https://www.example.com/",
}
"""Makes a field's own refusal the only one."""
NEEDED = ("listing_id", "title", "price", "url", "image_url")


@dataclass(frozen=True)
class FieldRow:
    """One field: as written on the page, what it becomes, and where it stood."""

    field: str
    written: str | None
    becomes: str | None
    source: str | None
    refused: bool = False


@dataclass(frozen=True)
class Preview:
    """A page as ingestion sees it; ``listed`` says whether it would be a row of the day."""

    url: str
    listed: bool
    verdict: str
    picture: str
    rows: Sequence[FieldRow]
    hints: Sequence[str]


def preview(settings: ConfigSettings, url: str, marketplace: str | None = None) -> Preview:
    """Fetch the one page ``url`` as the spider does, and look at it; nothing is stored.

    The site's configuration is that of ``marketplace``, else of the one whose domain it is, else
    the defaults. Raises ``IngestionError``, ``ConfigError``.
    """
    name, site = site_for(settings, url, marketplace)
    ds = datetime.now(UTC).date()
    return preview_of(_visit(site, ds), site, ds, name)


def site_for(
    settings: ConfigSettings, url: str, marketplace: str | None
) -> tuple[str | None, Site]:
    """The marketplace to which ``url`` belongs, if one does, and its site as if it began there."""
    try:
        web_url(url)
    except Refused as refusal:
        raise IngestionError(f"{refusal.detail} Give the address of one page.") from refusal
    name = marketplace or _owner(settings, url)
    source = source_of(settings, name or "page", url)
    if not isinstance(source, Site):
        raise IngestionError(f"{url} is a feed: only a shop's page can be shown.")
    return name, source


def preview_of(visit: "Visit", site: Site, ds: date, marketplace: str | None) -> Preview:
    """What came of ``visit``."""
    refusal = _refusal(visit, ds, site.locale)
    return Preview(
        visit.url,
        refusal is None,
        f"refused, {refusal.reason}: {refusal.detail}" if refusal else "would be listed",
        picture_line(visit.picture),
        preview_rows(visit.record or {}, ds, site.locale),
        list(_hints(visit, site, marketplace)),
    )


def preview_rows(record: Mapping[str, Any], ds: date, locale: str | None = None) -> list[FieldRow]:
    """Each field of a raw record, whether it is there or not; none for no record at all."""
    return [_row(record, name, ds, locale) for name in COLUMNS] if record else []


def picture_line(picture: "FetchedPicture | None") -> str:
    """The picture's type, size and perceptual hash, or why it is refused."""
    try:
        found = _picture(picture)
    except Refused as refusal:
        return f"refused, {refusal.reason}: {refusal.detail}"
    return f"{found.media_type}, {found.width} x {found.height} pixels, phash {found.phash}"


def _owner(settings: ConfigSettings, url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    for name, one in load_marketplaces(settings).items():
        if one.site and any(host == own or host.endswith(f".{own}") for own in one.site.domains):
            return name
    return None


def _visit(site: Site, ds: date) -> "Visit":
    from counterfeit_ml.ingestion.crawl import Crawl, Limits

    with TemporaryDirectory(prefix="counterfeit-preview-") as name:
        memory = Path(name, "memory.sqlite")
        Memory.create(memory).close()
        with Crawl(site, ds, memory, Path(name), Limits(max_pages=1), explain=True) as visits:
            visits.begin()
            for visit in filter(None, visits):
                return visit
    raise IngestionError(f"{site.start_urls[0]} was not asked for: its log is above.")


def _row(record: Mapping[str, Any], name: str, ds: date, locale: str | None) -> FieldRow:
    written, source = record.get(name), record.get("_sources", {}).get(name)
    if written in (None, "") and name not in NEEDED:
        return FieldRow(name, None, None, None)
    try:
        becomes, refused = _becomes(record, name, ds, locale), False
    except Refused as refusal:
        becomes, refused = f"{refusal.reason}: {refusal.detail}", True
    return FieldRow(name, None if written is None else str(written), becomes, source, refused)


def _becomes(record: Mapping[str, Any], name: str, ds: date, locale: str | None) -> str | None:
    """The field's columns as the one place makes them that makes all rows."""
    own = {"price": record.get("price"), "currency": record.get("currency")}
    fields = own if name in own else {name: record.get(name)}
    scraped_at = f"{ds.isoformat()}T00:00:00Z"
    row = listing_fields({**SOUND, "scraped_at": scraped_at, **fields}, ds, locale)
    if name == "price":
        high = "" if row["price_high"] is None else f" to {row['price_high']:,.2f}"
        return (
            f"{row['price']:,.2f}{high} {row['currency']} = {row['price_usd']:,.2f} USD "
            f"(rate of {row['rate_date']})"
        )
    value = row[COLUMNS[name][0]]
    return None if value is None else str(value)


def _refusal(visit: "Visit", ds: date, locale: str | None) -> Refused | None:
    """The first reason against the page, as ingestion looks for them."""
    try:
        if visit.refused:
            raise visit.refused
        if visit.body is None:
            raise Refused(Reason.UNREACHABLE_PAGE, "The shop does not serve it: is it gone?")
        if visit.record is None:
            raise Refused(Reason.NO_PRODUCT_DATA, "The page holds no product.")
        listing_fields(visit.record, ds, locale)
        _picture(visit.picture)
    except Refused as refusal:
        return refusal
    return None


def _picture(picture: "FetchedPicture | None") -> Picture:
    if picture is None:
        raise Refused(Reason.MISSING_IMAGE, "The page names no picture.")
    if picture.data is None:
        raise picture.refused or Refused(Reason.MISSING_IMAGE, "It was not fetched.")
    return check_picture(picture.data)


def _hints(visit: "Visit", site: Site, marketplace: str | None) -> Iterator[str]:
    if marketplace is None:
        yield "No marketplace of config/marketplaces.yaml has this domain: the defaults were used."
    else:
        yield f"The marketplace {marketplace!r} of config/marketplaces.yaml."
    if visit.fetched:
        yield "robots.txt allows it."
    if site.listing_pages is None:
        yield (
            "No listing_pages: pages without a product are passed over in silence. Give a regular "
            "expression on the address to have them counted as refused."
        )
    elif re.search(site.listing_pages, visit.url):
        yield f"The address matches listing_pages {site.listing_pages!r}: it must be a listing."
    else:
        yield f"The address does not match listing_pages {site.listing_pages!r}."
    if missing := [name for name in COLUMNS if visit.record and not visit.record.get(name)]:
        yield f"Not found: {', '.join(missing)}. If the page shows them, `fields` can say where."
