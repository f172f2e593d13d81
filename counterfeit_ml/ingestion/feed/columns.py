"""Makes raw records of a file's rows: which column is which field, and what the file leaves out."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.config import FIELDS, Feed
from counterfeit_ml.ingestion.reasons import Reason, Refused

Values = dict[str, Any]

_PLACE = re.compile(r"\{([^{}]+)\}")
_BETWEEN_URLS = re.compile(r"[\s|]+|[,;]\s*(?=https?://)")
_MAX_DIGITS = 15
"""Up to here a number is exact in the float that a price becomes."""
_SHOWN = 40


class Columns:
    """What of a file's columns is used, for which field.

    ``exhaustive`` says that ``columns`` are all there are. Raises ``IngestionError`` where a
    column that the configuration names is not in the file, or none is a field.
    """

    def __init__(
        self, feed: Feed, name: str, columns: Sequence[str], exhaustive: bool, ds: date
    ) -> None:
        self._feed, self._name, self._columns = feed, name, columns
        self._direct: list[tuple[str, str]] = []
        self._templates: list[tuple[str, Callable[[Values], str | None]]] = []
        used: dict[str, str] = {}
        for field in FIELDS:
            used |= self._plan(field, exhaustive)
        self.used = frozenset(used)
        self._check(used)
        there = {*columns, *feed.columns, *feed.constants}
        self._constants = list(feed.constants.items())
        self._names_listings = "listing_id" in there
        self._scraped_at = None if "scraped_at" in there else f"{ds.isoformat()}T00:00:00Z"

    def record(self, values: Values) -> Values | Refused:
        """The raw record of one row."""
        record: Values = {
            field: value
            for field, column in self._direct
            if (value := values.get(column)) is not None and value != ""
        }
        for field, fill in self._templates:
            if text := fill(values):
                record[field] = text
        _list_pictures(record)
        if not self._names_listings and "listing_id" not in record:
            _derive_id(record)
        for field, constant in self._constants:
            record.setdefault(field, constant)
        if self._feed.price_in_minor_units and "price" in record:
            try:
                record["price"] = _major(record["price"], record.get("currency"))
            except Refused as refusal:
                return refusal
        if self._scraped_at:
            record.setdefault("scraped_at", self._scraped_at)
        return record

    def _plan(self, field: str, exhaustive: bool) -> dict[str, str]:
        """Note where ``field`` comes from; returns the columns it needs, with its name."""
        given = self._feed.columns.get(field)  # type: ignore[call-overload]
        if given is None:
            if exhaustive and field not in self._columns:
                return {}
            self._direct.append((field, field))
            return {field: field} if field in self._columns else {}
        places = _PLACE.findall(given)
        if given in self._columns or not places:
            self._direct.append((field, given))
            return {given: field}
        self._templates.append((field, partial(_fill, _PLACE.split(given))))
        return dict.fromkeys(places, field)

    def _check(self, used: dict[str, str]) -> None:
        if not self._columns:  # nothing could be read
            return
        for column, field in used.items():
            count = self._columns.count(column)
            if count != 1:
                problem = "does not have" if count == 0 else f"has {count} times"
                raise IngestionError(
                    f"The feed {self._name} {problem} the column {column!r} that columns.{field} "
                    f"needs: {self._there()}; nothing was changed."
                )
        if not used:
            raise IngestionError(
                f"The feed {self._name} has no column named as a field of ours ({FIELDS[0]}, "
                f"{FIELDS[1]}, …): say under `columns` which is which; {self._there()}."
            )

    def _there(self) -> str:
        named = [column[:_SHOWN] for column in self._columns if column]
        return f"its columns are {', '.join(named[:_SHOWN])}" + ", …" * (len(named) > _SHOWN)


def _fill(parts: Sequence[str], values: Values) -> str | None:
    """The template split at its columns, filled; None where one of them is empty."""
    texts = list(parts)
    for index in range(1, len(texts), 2):
        value = values.get(texts[index])
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            return None
        texts[index] = str(value)
    return "".join(texts)


def _major(price: object, currency: object) -> float:
    """8841 cents as 88.41, by the digits that ISO 4217 gives the currency."""
    from babel.numbers import get_currency_precision

    whole = int(price) if isinstance(price, float) and price.is_integer() else price
    text = str(whole).strip() if isinstance(whole, int | float | str) else ""
    if not re.fullmatch(rf"-?[0-9]{{1,{_MAX_DIGITS}}}", text):
        shown = repr(price[:_SHOWN] if isinstance(price, str) else text or type(price).__name__)
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{shown} is no whole number of minor units.")
    digits = get_currency_precision(currency.strip().upper() if isinstance(currency, str) else "")
    return float(Decimal(int(text)).scaleb(-digits))


def _list_pictures(record: Values) -> None:
    """Have every picture's address in ``image_urls``, the first in ``image_url`` too."""
    first, every = record.get("image_url"), record.get("image_urls")
    if first is None and every is None:
        return
    if isinstance(first, list):
        first, every = None, first
    if isinstance(every, str):
        every = [url for url in _BETWEEN_URLS.split(every) if url]
    urls = [url for url in every if isinstance(url, str)] if isinstance(every, list) else []
    if isinstance(first, str):
        urls = [first, *(url for url in urls if url != first)]
    if urls:
        record["image_urls"], record["image_url"] = urls, urls[0]
    else:
        record.pop("image_urls", None)


def _derive_id(record: Values) -> None:
    """The same from day to day, as long as the article's address is. No constant may make it."""
    for field in ("url", "image_url", "title"):
        value = record.get(field)
        if isinstance(value, str):
            digest = sha256(value.encode("utf-8", errors="surrogatepass")).hexdigest()
            record["listing_id"] = digest[:16]
            return
