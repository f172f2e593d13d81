import pytest
from pydantic import ValidationError

from counterfeit_ml.ingestion.site import Site, as_xpath


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"start_urls": ()}, "give `start_urls` or `sitemaps`"),
        ({"listing_pages": "("}, r"listing_pages[\s\S]*no regular expression"),
        ({"follow": ("/a", "(")}, r"follow.1[\s\S]*no regular expression"),
        ({"pagination": "li >"}, r"pagination[\s\S]*neither a CSS selector nor an XPath"),
        ({"pagination": "//a["}, r"pagination[\s\S]*neither a CSS selector nor an XPath"),
        ({"contact": "call us"}, r"contact[\s\S]*neither a web nor a mail address"),
        ({"contact": "a@b.example)\r\nX: y"}, r"contact[\s\S]*neither a web nor a mail address"),
        ({"allowed_domains": ("https://a.example",)}, r"allowed_domains.0[\s\S]*no host name"),
        ({"max_pages": 0}, "max_pages"),
        ({"concurrency": 65}, "concurrency"),
        ({"start_url": "https://a.example"}, "start_url"),
    ],
)
def test_an_error_names_the_key(keys, message):
    with pytest.raises(ValidationError, match=message):
        Site(**{"start_urls": ("https://a.example/",), **keys})


def test_pages_lie_where_the_entrances_do():
    site = Site(start_urls=("https://A.example/x",), sitemaps=("https://b.example:8443/map.xml",))
    assert site.domains == ("a.example", "b.example")
    assert Site(start_urls=("https://a.example",), allowed_domains=("B.example.",)).domains == (
        "b.example",
    )


def test_a_selector_may_be_css_or_xpath():
    assert as_xpath("//a/@href") == "//a/@href"
    assert as_xpath("a.next").startswith("descendant-or-self::a[")
