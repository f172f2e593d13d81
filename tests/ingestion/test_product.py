import json
from typing import Any

import parsel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.product import extract

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


def raw_record(page: str, url: str) -> dict[str, Any] | None:
    """The record, in a shop that needs no configuration."""
    extraction = extract(page, url, Site(start_urls=[url]))
    return extraction and extraction.record


def json_ld(document: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(document)}</script>'


def og(**properties: str) -> str:
    return "".join(
        f'<meta property="{name.replace("_", ":")}" content="{text}">'
        for name, text in properties.items()
    )


def extracted(page: str, url: str = PAGE, **site: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields that have a value, and where they come from."""
    extraction = extract(page, url, Site(start_urls=["https://shop.example/"], **site))
    assert extraction is not None
    found = {name: value for name, value in extraction.record.items() if value is not None}
    assert set(found) == set(extraction.sources)
    return found, extraction.sources


def fields(page: str) -> dict[str, object]:
    record = raw_record(page, PAGE)
    found = {name: value for name, value in record.items() if value is not None}
    assert found.get("image_url") == found.pop("image_urls", [None])[0]
    return found


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
        {"@type": "Product", "url": PAGE} | PRODUCT,
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


def test_says_where_each_field_was_found():
    page = f"<head>{og(og_type='product', og_description='Heavy')}</head>{json_ld(PRODUCT)}"
    assert extracted(page)[1] == {
        **dict.fromkeys(["listing_id", "title", "price", "currency", "seller_id"], "json-ld"),
        **dict.fromkeys(["seller_name", "condition", "image_urls", "image_url"], "json-ld"),
        "description": "opengraph",
        "url": "derived: the page's own address",
    }
    assert extracted(RELATED)[1]["listing_id"] == "derived: last part of the URL"


def test_takes_all_pictures_once():
    images = ["/a.jpg", {"@type": "ImageObject", "contentUrl": "/b.jpg"}, {"url": "/c.jpg"}]
    page = json_ld(PRODUCT | {"image": [*images, "/a.jpg", "data:image/gif;base64,R0", None, 5]})
    record, _ = extracted(page)
    assert record["image_urls"] == [f"https://shop.example/{name}.jpg" for name in "abc"]
    many = json_ld(PRODUCT | {"image": [f"/{number}.jpg" for number in range(99)]})
    assert len(extracted(many)[0]["image_urls"]) == 50


def test_takes_all_pictures_of_open_graph_and_of_microdata():
    tags = og(og_type="product", og_image="/a.jpg") + og(og_image="/b.jpg")
    expected = ["https://shop.example/a.jpg", "https://shop.example/b.jpg"]
    assert extracted(f"<head>{tags}</head>")[0]["image_urls"] == expected
    images = '<img itemprop="image" src="/a.jpg"><link itemprop="image" href="/b.jpg">'
    page = f'<div itemscope itemtype="https://schema.org/Product">{images}</div>'
    assert extracted(page)[0]["image_urls"] == expected


def test_relative_addresses_start_from_the_base():
    page = f'<head><base href="https://cdn.example/shop/"></head>{json_ld(PRODUCT)}'
    record, _ = extracted(page.replace("/a.jpg", "a.jpg"))
    assert record["image_url"] == "https://cdn.example/shop/a.jpg"
    assert record["url"] == PAGE


def test_a_breadcrumb_list_stands_in_for_the_category():
    crumbs = [{"name": "Home"}, {"item": {"name": "Tools"}}, {"name": "Anvil"}, 5]
    page = json_ld([PRODUCT, {"@type": "BreadcrumbList", "itemListElement": crumbs}])
    record, sources = extracted(page)
    assert (record["category"], sources["category"]) == ("Home > Tools", "derived: BreadcrumbList")
    assert (
        extracted(page.replace('"sku"', '"category": "Anvils", "sku"'))[0]["category"] == "Anvils"
    )


def test_a_broken_script_leaves_the_others():
    assert fields('<script type="application/ld+json">{"@</script>' + json_ld(PRODUCT)) == fields(
        json_ld(PRODUCT)
    )


MICRODATA = (
    '<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Microdata anvil</b>'
    '<div itemprop="offers" itemscope itemtype="http://schema.org/Offer">'
    '<b itemprop="price">7</b></div></div>'
)
ALL_THREE = f"<head>{og(og_type='product', og_title='OG anvil')}</head>" + (
    json_ld(PRODUCT) + MICRODATA
)


@pytest.mark.parametrize(
    ("metadata", "title", "price"),
    [
        (["json-ld", "microdata", "opengraph"], "Anvil", 119.99),
        (["microdata", "json-ld"], "Microdata anvil", "7"),
        (["opengraph", "microdata"], "OG anvil", "7"),
        (["opengraph"], "OG anvil", None),
    ],
)
def test_metadata_is_trusted_in_the_order_given(metadata, title, price):
    record, _ = extracted(ALL_THREE, metadata=metadata)
    assert (record["title"], record.get("price")) == (title, price)


def test_each_field_may_have_its_own_sources():
    page = ALL_THREE + '<p class="p"> now  8 € </p><img class="i" src="b.jpg"><img class="i">'
    record, sources = extracted(
        page,
        fields={
            "title": "opengraph",
            "price": [{"css": ".none"}, {"css": ".p", "regex": r"(\d+)\s*€"}, "json-ld"],
            "seller_name": [{"xpath": "//h1/text()"}, "microdata"],
            "description": {"xpath": "//p"},
            "image_urls": {"css": ".i::attr(src)"},
            "category": {"css": "h9::text"},
        },
    )
    assert record == {
        "listing_id": "A1",
        "url": PAGE,
        "title": "OG anvil",
        "description": "now  8 €",
        "price": "8",
        "currency": "USD",
        "seller_id": "s1",
        "condition": "https://schema.org/UsedCondition",
        "image_urls": ["https://shop.example/item/b.jpg"],
        "image_url": "https://shop.example/item/b.jpg",
    }
    assert sources["title"] == "opengraph"
    assert sources["price"] == r"css .p, regex (\d+)\s*€"
    assert sources["description"] == "xpath //p"
    assert sources["image_url"] == sources["image_urls"] == "css .i::attr(src)"


PLAIN = (
    '<h1>Anvil</h1><b class="p">€ 5</b><div class="g"><img src="/a.jpg"><img src="/b.jpg"></div>'
)
PLAIN_FIELDS = {
    "title": {"css": "h1::text"},
    "price": {"css": ".p::text"},
    "image_urls": {"xpath": "//div[@class='g']/img/@src"},
}


def test_a_shop_without_metadata_needs_selectors_and_the_pages_they_are_for():
    site = {"fields": PLAIN_FIELDS, "listing_pages": "/item/"}
    assert extracted(PLAIN, **site)[0] == {
        "listing_id": "42",
        "url": PAGE,
        "title": "Anvil",
        "price": "€ 5",
        "image_urls": ["https://shop.example/a.jpg", "https://shop.example/b.jpg"],
        "image_url": "https://shop.example/a.jpg",
    }
    shop = Site(start_urls=["https://shop.example/"], **site)
    assert extract(PLAIN, "https://shop.example/about", shop) is None
    assert extract("<p>Gone</p>", PAGE, shop) is None
    assert extract(PLAIN, PAGE, Site(start_urls=["https://a.example"], fields=PLAIN_FIELDS)) is None


def test_reads_a_tree_that_is_parsed_already_and_leaves_it():
    tree = parsel.Selector(text=ALL_THREE).root
    before = len(list(tree.iter()))
    site = Site(start_urls=["https://shop.example/"])
    assert extract("", PAGE, site, tree) == extract(ALL_THREE, PAGE, site)
    assert len(list(tree.iter())) == before


def test_reads_a_product_spread_over_the_page():
    """Microdata of which a part stands elsewhere, related products in it, and blanks around."""
    page = (
        '<div itemscope itemtype="http://schema.org/Product" itemref="more like nowhere">'
        '<b itemprop="name"> Anvil\n  XL </b><img itemprop="image" src=" a.jpg">'
        '<p itemprop="offers" itemscope itemtype="http://schema.org/Offer">was $179.99'
        '<b itemprop="price">119.99 </b><meta itemprop="priceCurrency" content="USD">'
        '<link itemprop="itemCondition" href=" http://schema.org/UsedCondition">'
        '<b itemprop="seller" itemscope itemtype="http://schema.org/Organization">'
        '<b itemprop="name">Ann</b></b></p></div>'
        '<div id="more" itemscope itemtype="http://schema.org/Product">'
        '<img itemprop="image" src="b.jpg"></div><div id="like">'
        '<p itemscope itemtype="http://schema.org/Product" itemprop="isRelatedTo">'
        '<b itemprop="name">Tongs</b></p></div>'
    )
    record, _ = extracted(page)
    assert {name: record[name] for name in ("title", "price", "condition", "seller_name")} == {
        "title": "Anvil XL",
        "price": "119.99",
        "condition": "http://schema.org/UsedCondition",
        "seller_name": "Ann",
    }
    assert record["image_urls"] == [f"https://shop.example/item/{name}.jpg" for name in "ab"]


def test_reads_a_price_range_before_its_single_offers():
    page = (
        '<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Tablets</b>'
        '<p itemprop="offers" itemscope itemtype="http://schema.org/AggregateOffer">'
        '<meta itemprop="priceCurrency" content="GBP"><b itemprop="lowPrice">5.29</b>'
        '<b itemprop="highPrice">9.56</b></p>'
        '<p itemprop="offers" itemscope itemtype="http://schema.org/Offer">'
        '<b itemprop="price">9.56</b></p></div>'
    )
    record, _ = extracted(page)
    assert (record["price"], record["currency"]) == ("5.29 - 9.56", "GBP")


SCOPE = '<div itemscope itemtype="http://schema.org/Product">'
BOMBS = {
    "nested microdata": SCOPE * 2_000,
    "nested properties": SCOPE + '<b itemprop="a">' * 2_000 + "x" * 10_000,
    "many properties": SCOPE + '<b itemprop="name">x</b>' * 50_000,
    "many elements": SCOPE + '<b itemprop="name">' * 9 + "<i>x</i>" * 200_000,
    "references": f'{SCOPE.replace(">", " itemref=")}"{"a " * 5_000}"></div>'
    + '<p id="a">'
    + '<b itemprop="x">y</b>' * 5_000,
    "deep": "<div>" * 200_000,
    "lists in JSON-LD": json_ld({"@type": "Product"}).replace('"Product"', "[" * 900 + "]" * 900),
    "an endless list in JSON-LD": json_ld("x").replace('"x"', "[" * 200_000),
    "a huge number in JSON-LD": json_ld(PRODUCT).replace("119.99", "9" * 100_000),
    "a large script": json_ld({"a": "x" * 3_000_000}),
    "prefixes": f'<html prefix="{"a" * 100_000}"><head>{og(og_type="product", og_title="x")}',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_no_product(bomb):
    assert raw_record(BOMBS[bomb], PAGE) is None


def test_references_in_a_circle_end():
    page = SCOPE.replace(">", ' id="a" itemref="b a">') + (
        '<b itemprop="name">Anvil</b></div><div id="b" itemprop="x" itemscope itemref="a b"></div>'
    )
    assert raw_record(page, PAGE)["title"] == "Anvil"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("@type @graph mainEntity name image offers price seller brand".split()),
            inner,
            max_size=4,
        )
        | inner.map(lambda value: {"@type": "Product", "offers": value, "image": value})
        | inner.map(lambda value: {"@type": "BreadcrumbList", "itemListElement": value})
    ),
    max_leaves=8,
)


@given(json_values, st.text(max_size=20))
def test_any_page_gives_a_record_or_none(document, text):
    for page in (json_ld(document), text + json_ld([PRODUCT, document]), text):
        extraction = extract(page, PAGE, Site(start_urls=[PAGE]))
        assert extraction is None or extraction.record["listing_id"] is not None
