import json

import pytest

from counterfeit_ml.ingestion.spider.product import raw_record

PAGE = "https://shop.example/item/42?from=sale"
OFFER = {
    "@type": "Offer",
    "price": 119.99,
    "priceCurrency": "USD",
    "itemCondition": "https://schema.org/UsedCondition",
    "seller": {"@type": "Person", "name": "Ann", "identifier": "s1"},
}
PRODUCT = {"@type": "Product", "sku": "A1", "name": "Anvil", "image": "/a.jpg", "offers": OFFER}
RELATED = (
    '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Other</b>'
    '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
    '<b itemprop="price">1</b></div></div>'
)


def json_ld(document: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(document)}</script>'


def fields(page: str) -> dict[str, object]:
    record = raw_record(page, PAGE)
    return {name: value for name, value in record.items() if value is not None}


def test_reads_json_ld():
    assert fields(json_ld(PRODUCT)) == {
        "listing_id": "A1",
        "url": PAGE,
        "title": "Anvil",
        "price": 119.99,
        "currency": "USD",
        "seller_id": "s1",
        "seller_name": "Ann",
        "condition": "https://schema.org/UsedCondition",
        "image_url": "https://shop.example/a.jpg",
    }


@pytest.mark.parametrize(
    "document",
    [
        [{"@type": "WebSite"}, PRODUCT],
        {"@graph": [{"@type": "BreadcrumbList"}, PRODUCT]},
        {"@type": "WebPage", "mainEntity": PRODUCT},
        PRODUCT | {"@type": ["Thing", "http://schema.org/IndividualProduct"]},
        PRODUCT | {"image": [{"@type": "ImageObject", "contentUrl": "/a.jpg"}, "/b.jpg"]},
        PRODUCT | {"offers": [OFFER, {"price": "1"}]},
    ],
)
def test_finds_the_product_however_it_is_wrapped(document):
    assert fields(json_ld(document)) == fields(json_ld(PRODUCT))


@pytest.mark.parametrize(
    ("offer", "price"),
    [
        ({"lowPrice": 10, "highPrice": "20.5"}, "10 - 20.5"),
        ({"lowPrice": "10", "highPrice": "10"}, "10"),
        ({"priceSpecification": {"price": "9,99 €"}}, "9,99 €"),
        ({"price": "Contact seller"}, "Contact seller"),
        ({"availability": "InStock"}, None),
    ],
)
def test_takes_the_price_as_written(offer, price):
    assert raw_record(json_ld(PRODUCT | {"offers": offer}), PAGE)["price"] == price


def test_does_not_fill_a_gap_from_a_related_product():
    untitled = {name: value for name, value in PRODUCT.items() if name != "name"}
    assert raw_record(json_ld(untitled) + RELATED, PAGE)["title"] is None


def test_reads_microdata():
    page = (
        '<div itemscope itemtype="http://schema.org/Product"><span itemprop="brand">ACME</span>'
        '<span itemprop="name">Anvil</span><img itemprop="image" src="a.jpg">'
        '<div itemprop="offers" itemscope itemtype="http://schema.org/Offer">'
        '<meta itemprop="priceCurrency" content="USD"><span itemprop="price">119.99</span>'
        "</div></div>"
    )
    assert fields(page) == {
        "listing_id": "42",
        "url": PAGE,
        "title": "Anvil",
        "brand": "ACME",
        "price": "119.99",
        "currency": "USD",
        "image_url": "https://shop.example/item/a.jpg",
    }


def test_reads_open_graph():
    head = '<html prefix="og: http://ogp.me/ns# product: http://ogp.me/ns/product#"><head>'
    tags = {
        "og:type": "product",
        "og:title": "Anvil",
        "og:image": "https://cdn.example/a.jpg",
        "product:price:amount": "119.99",
        "product:price:currency": "USD",
    }
    metas = "".join(f'<meta property="{name}" content="{text}">' for name, text in tags.items())
    assert fields(f"{head}{metas}</head></html>") == {
        "listing_id": "42",
        "url": PAGE,
        "title": "Anvil",
        "price": "119.99",
        "currency": "USD",
        "image_url": "https://cdn.example/a.jpg",
    }


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<p>About us</p>",
        json_ld([PRODUCT, PRODUCT]),
        RELATED + RELATED,
        '<script type="application/ld+json">{"@type": "Product", "name": </script>',
        json_ld({"@type": "Article", "name": "Anvils"}),
        '<script type="application/ld+json">' + "[" * 20_000 + "</script>",
    ],
)
def test_a_page_without_a_product_of_its_own_is_none(page):
    assert raw_record(page, PAGE) is None


def test_hostile_shapes_do_not_break_it():
    odd = {
        "@type": "Product",
        "name": {"a": [1]},
        "image": [[]],
        "brand": [[{"name": {"name": "x"}}]],
        "offers": ["x", None],
        "url": "http://[bad",
    }
    record = raw_record(json_ld(odd), PAGE)
    assert record["url"] == "http://[bad"
    assert {name: record[name] for name in ("title", "image_url", "brand", "price")} == {
        "title": None,
        "image_url": None,
        "brand": None,
        "price": None,
    }
