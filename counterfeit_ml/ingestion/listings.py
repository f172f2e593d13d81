"""Makes a row of the listings dataset of a raw record, or refuses it with its one reason."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.prices import parse_price, price_text
from counterfeit_ml.ingestion.rates import usd_rate
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.text import plain_text

SHORT, TITLE, LONG = 200, 500, 10_000
"""Limits in characters of identifiers and names, of titles, of descriptions."""
MOST_IMAGES = 50
MAX_PRICE_USD = 10_000_000
"""Far above any article a marketplace lists; a higher figure is a slip of the pen."""
USED = frozenset(
    {"used", "usedcondition", "refurbished", "refurbishedcondition", "damagedcondition"}
)
NEW = frozenset({"new", "newcondition"})


def listing_fields(
    record: Mapping[str, Any], ds: date, locale: str | None = None
) -> dict[str, Any]:
    """The columns of ``LISTINGS`` that need no picture, prices in dollars at the rate of ``ds``.

    Raises ``Refused`` with the first reason found: id, title, price, currency, URL, time.
    """
    return {
        "listing_id": _required(record, "listing_id", SHORT, Reason.MISSING_LISTING_ID),
        "title": _required(record, "title", TITLE, Reason.MISSING_TITLE),
        **_price(record, ds, locale),
        "url": web_url(record.get("url")),
        "scraped_at": timestamp(record.get("scraped_at")),
        "description": plain_text(record.get("description"), LONG),
        "brand_claimed": plain_text(record.get("brand"), SHORT),
        "category": plain_text(record.get("category"), SHORT),
        "seller_id": plain_text(record.get("seller_id"), SHORT),
        "seller_name": plain_text(record.get("seller_name"), SHORT),
        "condition": condition(record.get("condition")),
        "image_url": _image_url(record),
        "image_urls": _image_urls(record),
    }


def timestamp(value: object) -> datetime:
    """An ISO 8601 time with its zone as whole seconds in UTC, else ``bad_timestamp``."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        if moment.tzinfo is None:
            raise Refused(Reason.BAD_TIMESTAMP, f"{value!r} names no time zone.")
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        shown = plain_text(value, 50)
        raise Refused(Reason.BAD_TIMESTAMP, f"{shown!r} is no ISO 8601 time.") from error


def condition(value: object) -> str | None:
    """``new`` or ``used`` from a word or a schema.org address; None where neither is said."""
    word = (plain_text(value, SHORT) or "").rstrip("/").rsplit("/", 1)[-1].lower()
    if word in NEW:
        return "new"
    return "used" if word in USED else None


def _required(record: Mapping[str, Any], name: str, limit: int, reason: Reason) -> str:
    text = plain_text(record.get(name), limit)
    if text is None:
        raise Refused(reason, f"The record has no {name}.")
    return text


def _price(record: Mapping[str, Any], ds: date, locale: str | None) -> dict[str, Any]:
    price = parse_price(record.get("price"), record.get("currency"), locale)
    rate = usd_rate(price.currency, ds)
    if rate is None:
        raise Refused(
            Reason.UNKNOWN_CURRENCY,
            f"The European Central Bank quotes no {price.currency} on {ds}.",
        )
    low, high = float(price.low), price.high
    if max(price.low, high or 0) > MAX_PRICE_USD / rate.usd:
        raise Refused(Reason.ABSURD_PRICE, f"More than {MAX_PRICE_USD} US dollars for one article.")
    return {
        "price_text": price_text(record["price"]),
        "price": low,
        "price_high": None if high is None else float(high),
        "currency": price.currency,
        "price_usd": round(low * rate.usd, 4),
        "rate_date": rate.day,
    }


def _image_url(record: Mapping[str, Any]) -> str | None:
    """The picture's address, or in a feed without addresses its path."""
    if record.get("image_url"):
        return web_url(record["image_url"])
    return plain_text(record.get("image"), SHORT)


def _image_urls(record: Mapping[str, Any]) -> list[str]:
    """All addresses of pictures that are sound, the first picture's first."""
    several = record.get("image_urls")
    urls = [record.get("image_url"), *(several if isinstance(several, list) else [])]
    texts = dict.fromkeys(url for url in urls[:MOST_IMAGES] if isinstance(url, str))
    return [url for url in texts if _is_web_url(url)]


def _is_web_url(text: str) -> bool:
    try:
        return bool(web_url(text))
    except Refused:
        return False
