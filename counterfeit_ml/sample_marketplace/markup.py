"""An item's schema.org description, in the several ways that shops write one."""

import html
from typing import Any

from counterfeit_ml.sample_marketplace.catalogue import Catalogue, Item, PriceForm, PriceTag

SCHEMA = "https://schema.org"
CONDITIONS = {"new": f"{SCHEMA}/NewCondition", "used": f"{SCHEMA}/UsedCondition"}


def product_markup(shop: Catalogue, item: Item, base: str) -> dict[str, Any]:
    """The JSON-LD of an item's page; ``base`` is the shop's own address without a slash."""
    texts = {"name": item.title, "description": item.description, "brand": item.brand_claimed}
    if item.escaped:
        texts = {key: html.escape(text) if text else text for key, text in texts.items()}
    product = {
        "@type": "Product",
        "name": texts["name"],
        "description": texts["description"],
        "sku": item.listing_id,
        "productID": item.listing_id,
        "url": f"{base}/item/{item.listing_id}",
        "category": shop.categories[item.category],
        "image": [f"{base}/images/{item.image}"] if item.graph else f"{base}/images/{item.image}",
        "brand": texts["brand"] and {"@type": "Brand", "name": texts["brand"]},
        "itemCondition": CONDITIONS[item.condition],
        "offers": _offer(shop, item),
    }
    product = {key: value for key, value in product.items() if value is not None}
    if item.graph:
        site = {"@type": "WebSite", "name": shop.name, "url": f"{base}/"}
        return {"@context": SCHEMA, "@graph": [site, product]}
    return {"@context": SCHEMA, **product}


def _offer(shop: Catalogue, item: Item) -> dict[str, Any]:
    offer = {
        "@type": "AggregateOffer" if item.price.form is PriceForm.RANGE else "Offer",
        **_price(item.price),
        "priceCurrency": item.price.currency,
        "availability": f"{SCHEMA}/InStock",
        "itemCondition": CONDITIONS[item.condition],
        "seller": {
            "@type": "Organization",
            "name": shop.sellers[item.seller_id],
            "identifier": item.seller_id,
        },
    }
    return {key: value for key, value in offer.items() if value is not None}


def _price(price: PriceTag) -> dict[str, Any]:
    match price.form:
        case PriceForm.NUMBER:
            return {"price": price.amount}
        case PriceForm.TEXT:
            return {"price": price.text}
        case PriceForm.RANGE:
            return {"lowPrice": price.amount, "highPrice": price.high}
        case PriceForm.ABSENT:
            return {}
