"""Reads a product page's own metadata (JSON-LD, microdata, OpenGraph) into a raw record.

Heavy to import (extruct): only the spider's process does.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import extruct

SYNTAXES = ("json-ld", "microdata", "opengraph")
PRODUCT_TYPES = frozenset({"product", "productgroup", "individualproduct", "productmodel"})
DEEPEST_GRAPH = 4

Data = dict[str, Any]


def raw_record(page: str, url: str) -> Data | None:
    """The record of the one product on ``page``, fields as written; None where it shows none.

    JSON-LD decides, else microdata; of several products on offer none is the page's own: it is a
    category. What they leave open is taken from OpenGraph, which always speaks of the whole page.
    """
    metadata = _metadata(page, url)
    record: Data = {}
    for syntax in ("json-ld", "microdata"):
        products = _on_offer(metadata[syntax])
        if len(products) == 1:
            record = _of_schema_org(products[0], url)
            break
        if products:
            return None
    for item in metadata["opengraph"]:
        if _is_product(item):
            record = _filled(record, _of_opengraph(item, url))
    return _identified(record, url) if record else None


def _metadata(page: str, url: str) -> dict[str, list[Any]]:
    """Each syntax for itself, so that one that cannot be read leaves the others."""
    metadata = {}
    for syntax in SYNTAXES:
        found = extruct.extract(
            page, base_url=url, syntaxes=[syntax], uniform=syntax != "json-ld", errors="ignore"
        )
        metadata[syntax] = found.get(syntax) or []
    return metadata


def _on_offer(items: list[Any]) -> list[Data]:
    """The products with an offer, or where none has one, the first product."""
    products = [item for item in _flat(items) if _is_product(item)]
    return [item for item in products if item.get("offers")] or products[:1]


def _filled(record: Data, other: Data) -> Data:
    return record | {name: text for name, text in other.items() if record.get(name) is None}


def _identified(record: Data, url: str) -> Data:
    """With the last part of the page's path as id, where the metadata gives none."""
    last = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]
    return record | {"listing_id": record.get("listing_id") or last}


def _flat(value: Any, depth: int = 0) -> Iterator[Data]:
    """Items of a JSON-LD document: listed, in ``@graph``, or a page's ``mainEntity``."""
    if isinstance(value, list):
        for one in value:
            yield from _flat(one, depth)
    elif isinstance(value, dict) and depth < DEEPEST_GRAPH:
        yield value
        for key in ("@graph", "mainEntity"):
            yield from _flat(value.get(key), depth + 1)


def _is_product(item: Any) -> bool:
    types = item.get("@type") if isinstance(item, dict) else None
    return any(
        str(kind).replace(":", "/").rsplit("/", 1)[-1].split(".")[0].lower() in PRODUCT_TYPES
        for kind in (types if isinstance(types, list) else [types])
    )


def _of_schema_org(product: Data, url: str) -> Data:
    offer = _dict(product.get("offers"))
    seller = _dict(offer.get("seller")) or {"name": _text(offer.get("seller"))}
    image = _text(product.get("image"), "contentUrl", "url", "@id")
    return {
        "listing_id": _text(product.get("sku") or product.get("productID")),
        "url": absolute(url, _text(product.get("url"))) or url,
        "title": _text(product.get("name")),
        "description": _text(product.get("description")),
        "brand": _text(product.get("brand")),
        "category": _text(product.get("category")),
        **_price(offer),
        "seller_id": _text(seller.get("identifier") or seller.get("@id") or seller.get("url")),
        "seller_name": _text(seller.get("name")),
        "condition": _text(offer.get("itemCondition") or product.get("itemCondition")),
        "image_url": absolute(url, image),
    }


def _price(offer: Data) -> Data:
    specification = _dict(offer.get("priceSpecification"))
    low, high = offer.get("lowPrice"), offer.get("highPrice")
    price = offer.get("price", specification.get("price"))
    if price is None and low is not None:
        price = low if high in (None, low) else f"{_text(low)} - {_text(high)}"
    currency = offer.get("priceCurrency", specification.get("priceCurrency"))
    return {"price": _first(price), "currency": _text(currency)}


def _of_opengraph(item: Data, url: str) -> Data:
    def text(*names: str) -> Any:
        return next((_text(item[name]) for name in names if item.get(name)), None)

    image = text("og:image:secure_url", "og:image", "og:image:url")
    return {
        "listing_id": text("product:retailer_item_id"),
        "url": absolute(url, text("og:url")) or url,
        "title": text("og:title"),
        "description": text("og:description"),
        "brand": text("product:brand", "og:brand"),
        "category": text("product:category"),
        "price": text("product:price:amount", "og:price:amount"),
        "currency": text("product:price:currency", "og:price:currency"),
        "condition": text("product:condition"),
        "image_url": absolute(url, image),
    }


def absolute(base: str, address: Any) -> str | None:
    """``address`` as a page at ``base`` means it; as it stands where it cannot be resolved."""
    if not isinstance(address, str) or not address:
        return None
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _dict(value: Any) -> Data:
    value = _first(value)
    return value if isinstance(value, dict) else {}


def _text(value: Any, *keys: str) -> Any:
    """The text or number of a value that may also be a list or an object with a name."""
    value = _first(value)
    if isinstance(value, dict):
        keys = keys or ("name", "@value", "value", "@id")
        value = next((value[key] for key in keys if value.get(key)), None)
        value = _first(value)
    if isinstance(value, str):
        return value.strip()
    return value if isinstance(value, int | float) else None
