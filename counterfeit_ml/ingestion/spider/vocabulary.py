"""What schema.org and OpenGraph call the fields of a raw record."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

PRODUCT_TYPES = frozenset({"product", "productgroup", "individualproduct", "productmodel"})
BREADCRUMBS = frozenset({"breadcrumblist"})
DEEPEST_GRAPH = 10
MAX_IMAGES = 50
MAX_CRUMBS = 20
MAX_TEXT = 100_000
"""Characters of a field; what is kept of it in the end is a tenth."""

Data = dict[str, Any]


def flat(value: Any, depth: int = 0) -> Iterator[Data]:
    """Items of a JSON-LD document: listed, in ``@graph``, or a page's ``mainEntity``."""
    if depth > DEEPEST_GRAPH:
        return
    if isinstance(value, list):
        for one in value:
            yield from flat(one, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity"):
            yield from flat(value.get(key), depth + 1)


def is_a(item: Data, types: frozenset[str]) -> bool:
    """Whether ``item`` has one of the types, with or without its vocabulary's address."""
    kinds = item.get("@type")
    return any(
        kind.replace(":", "/").rsplit("/", 1)[-1].split(".")[0].lower() in types
        for kind in (kinds if isinstance(kinds, list) else [kinds])
        if isinstance(kind, str)
    )


def of_schema_org(product: Data, url: str) -> Data:
    """The record of a schema.org Product; None where it says nothing."""
    offer = _dict(product.get("offers"))
    seller = _dict(offer.get("seller")) or {"name": text_of(offer.get("seller"))}
    return {
        "listing_id": text_of(product.get("sku") or product.get("productID")),
        "url": absolute(url, text_of(product.get("url"))),
        "title": text_of(product.get("name")),
        "description": text_of(product.get("description")),
        "brand": text_of(product.get("brand")),
        "category": text_of(product.get("category")),
        **_price(offer),
        "seller_id": text_of(seller.get("identifier") or seller.get("@id") or seller.get("url")),
        "seller_name": text_of(seller.get("name")),
        "condition": text_of(offer.get("itemCondition") or product.get("itemCondition")),
        "image_urls": pictures(
            url, (text_of(one, "contentUrl", "url", "@id") for one in _list(product.get("image")))
        ),
    }


def of_opengraph(item: Data, url: str) -> Data:
    """The record of an OpenGraph product; None where it says nothing."""

    def text(*names: str) -> Any:
        return next((text_of(item[name]) for name in names if item.get(name)), None)

    secure, plain = _list(item.get("og:image:secure_url")), _list(item.get("og:image"))
    images = (secure if len(secure) >= len(plain) else plain) or _list(item.get("og:image:url"))
    return {
        "listing_id": text("product:retailer_item_id"),
        "url": absolute(url, text("og:url")),
        "title": text("og:title"),
        "description": text("og:description"),
        "brand": text("product:brand", "og:brand"),
        "category": text("product:category"),
        "price": text("product:price:amount", "og:price:amount"),
        "currency": text("product:price:currency", "og:price:currency"),
        "condition": text("product:condition"),
        "image_urls": pictures(url, images),
    }


def category_of(items: list[Any], title: Any) -> str | None:
    """The path a BreadcrumbList shows, without the product itself at its end."""
    trail = next((item for item in flat(items) if is_a(item, BREADCRUMBS)), {})
    crumbs = [one for one in _list(trail.get("itemListElement")) if isinstance(one, dict)]
    names = [text_of(one.get("name") or one.get("item")) for one in crumbs[:MAX_CRUMBS]]
    path = [name for name in names if isinstance(name, str) and name]
    if path and path[-1] == title:
        path.pop()
    return " > ".join(path) or None


def pictures(base: str, addresses: Any) -> list[str] | None:
    """Absolute addresses, each once, at most ``MAX_IMAGES``; None where there is none."""
    found: dict[str, None] = {}
    for address in addresses:
        picture = absolute(base, address)
        if picture and not picture.startswith("data:"):
            found[picture] = None
        if len(found) == MAX_IMAGES:
            break
    return list(found) or None


def absolute(base: str, address: Any) -> str | None:
    """``address`` as a page at ``base`` means it; as it stands where it cannot be resolved."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return address


def text_of(value: Any, *keys: str) -> Any:
    """The text or number of a value that may also be a list or an object with a name."""
    value = _first(value)
    if isinstance(value, dict):
        keys = keys or ("name", "@value", "value", "@id")
        value = _first(next((value[key] for key in keys if value.get(key)), None))
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT] or None
    return value if isinstance(value, int | float) else None


def _price(offer: Data) -> Data:
    specification = _dict(offer.get("priceSpecification"))
    low, high = offer.get("lowPrice"), offer.get("highPrice")
    price = offer.get("price", specification.get("price"))
    if price is None and low is not None:
        price = low if high in (None, low) else f"{text_of(low)} - {text_of(high)}"
    currency = offer.get("priceCurrency", specification.get("priceCurrency"))
    return {"price": _first(price), "currency": text_of(currency)}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _dict(value: Any) -> Data:
    value = _first(value)
    return value if isinstance(value, dict) else {}
