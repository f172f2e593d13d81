import pytest
from lxml import html

from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.job import MAX_LINKS
from counterfeit_ml.ingestion.spider.links import Links

PAGE = "https://shop.example/bags/new"


def links(markup: str, **keys: object) -> list[str]:
    site = Site(**{"start_urls": ("https://shop.example/",), **keys})
    return list(Links(site).of(html.document_fromstring(markup), PAGE))


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/item/1", "https://shop.example/item/1"),
        (" /item/1#reviews ", "https://shop.example/item/1"),
        ("2?page=3", "https://shop.example/bags/2?page=3"),
        ("?page=3", "https://shop.example/bags/new?page=3"),
        ("/a/../item", "https://shop.example/item"),
        ("//m.shop.example/item", "https://m.shop.example/item"),
        ("/täsche 1", "https://shop.example/t%C3%A4sche%201"),
        ("https://shop.example:8443/x", "https://shop.example:8443/x"),
        ("https://elsewhere.example/", None),
        ("https://notshop.example/", None),
        ("https://user:word@shop.example/", None),
        ("mailto:shop@shop.example", None),
        ("JavaScript:void(0)", None),
        ("data:text/html,x", None),
        ("#top", None),
        ("", None),
        ("http://[bad", None),
        ("ftp://shop.example/", None),
        ("/" + "a" * 3000, None),
    ],
)
def test_resolves_links_and_keeps_to_the_shop(href, address):
    assert links(f'<a href="{href}">x</a>') == ([address] if address else [])


def test_heeds_base_nofollow_and_repetition():
    markup = (
        '<base href="https://shop.example/other/"><a href="a">1</a><a href="a">2</a>'
        '<a href="b" rel="ugc NoFollow">3</a><map><area href="/c"></map><a>4</a>'
    )
    assert links(markup) == ["https://shop.example/other/a", "https://shop.example/c"]


def test_follows_listings_and_what_is_to_be_followed():
    markup = '<a href="/item/1">1</a><a href="/bags">2</a><a href="/blog">3</a>'
    assert links(markup, follow=("/bags",), listing_pages="/item/") == [
        "https://shop.example/item/1",
        "https://shop.example/bags",
    ]


def test_next_pages_come_first():
    markup = '<a href="/bags">1</a><div id="next"><a href="/n/2">2</a></div>'
    for pagination in ("#next a", "#next a::attr(href)", "//div/a/@href", "string(//div/a/@href)"):
        query = pagination if not pagination.startswith("string") else f"({pagination})"
        assert links(markup, follow=("/bags",), pagination=query) == [
            "https://shop.example/n/2",
            "https://shop.example/bags",
        ]


def test_allowed_domains_replace_those_of_the_start_pages():
    markup = '<a href="https://shop.example/1">1</a><a href="https://de.cdn.example/2">2</a>'
    assert links(markup, allowed_domains=("CDN.example",)) == ["https://de.cdn.example/2"]


def test_a_page_has_no_more_links_than_we_follow():
    markup = "".join(f'<a href="/{number}">x</a>' for number in range(MAX_LINKS + 50))
    assert len(links(markup)) == MAX_LINKS
