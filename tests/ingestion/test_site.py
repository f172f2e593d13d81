"""The keys of a site, and that a wrong one is named."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from counterfeit_ml.configuration import load_yaml
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.ingestion.site import Site

SHOP = "start_urls: [https://shop.example/]\n"


def load(tmp_path, text):
    path = tmp_path / "site.yaml"
    path.write_text(SHOP + text, encoding="utf-8")
    return load_yaml(path, Site)


def test_reads_where_fields_come_from(tmp_path):
    site = load(
        tmp_path,
        """
locale: de-DE
metadata: [microdata]
fields:
  price: {css: ".price::text", regex: "([0-9.,]+)"}
  title: [opengraph, {xpath: //h1}]
""",
    )
    assert (site.locale, site.metadata) == ("de_DE", ("microdata",))
    assert [str(one) for one in site.fields["price"]] == ["css .price::text, regex ([0-9.,]+)"]
    assert [str(one) for one in site.fields["title"]] == ["opengraph", "xpath //h1"]
    assert Site.model_validate_json(site.model_dump_json()) == site


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("locale: de_XX_YY_ZZ", "locale: 'de_XX_YY_ZZ' is no locale"),
        ("locale: 5", "locale: Input should be a valid string"),
        ("metadata: [rdfa]", "metadata.0: Input should be 'json-ld'"),
        ("metadata: []", "`listing_pages` must say"),
        ("fields: {colour: json-ld}", "fields.colour"),
        ("fields: {image_url: json-ld}", "fields.image_url"),
        ("fields: {title: rdfa}", "fields.title.0"),
        ("fields: {title: []}", "fields.title: "),
        ("fields: {title: 5}", "fields.title.0"),
        ("fields: {title: {css: 'h1['}}", "fields.title.0.selector.css: 'h1['"),
        ("fields: {title: {css: 'h1::nope'}}", "fields.title.0.selector.css"),
        ("fields: {title: {xpath: '//h1['}}", "fields.title.0.selector.xpath"),
        ("fields: {title: {xpath: 'nope(1)'}}", "fields.title.0.selector.xpath"),
        ("fields: {title: {css: h1, regex: '('}}", "fields.title.0.selector.regex"),
        ("fields: {title: {css: h1, xpath: //h1}}", "give either `css` or `xpath`"),
        ("fields: {title: {regex: x}}", "give either `css` or `xpath`"),
        ("fields: {title: {css: h1, attr: x}}", "fields.title.0.selector.attr"),
        ("listing_pages: (", "listing_pages: is no regular expression"),
        ("follow: [/a, (]", "follow.1: is no regular expression"),
        ("pagination: {css: 'li >'}", "pagination.css: 'li >' is no css selector"),
        ("pagination: li.next", "pagination: "),
        ("pagination: {css: a, regex: x}", "pagination.regex: "),
        ("allowed_domains: ['a.example:80']", "allowed_domains.0: "),
        ("contact: call us", "contact: is neither a web nor a mail address"),
        ('contact: "a@b.example)\\r\\nX: y"', "contact: is neither"),
        ("allowed_domains: [https://a.example]", "allowed_domains.0: "),
        ("max_pages: 0", "max_pages: "),
        ("concurrency: 65", "concurrency: "),
        ("start_url: https://a.example", "start_url: "),
    ],
)
def test_names_the_wrong_key(tmp_path, text, fault):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert fault in str(error.value)


def test_a_site_without_selectors_is_light_to_load():
    script = (
        "import sys; from counterfeit_ml.ingestion.site import Site; Site(start_urls=['x']); "
        "assert not {'lxml', 'parsel', 'scrapy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_there_must_be_somewhere_to_start():
    with pytest.raises(ValidationError, match="give `start_urls` or `sitemaps`"):
        Site(start_urls=())


def test_pages_lie_where_the_entrances_do():
    site = Site(start_urls=("https://A.example/x",), sitemaps=("https://b.example:8443/map.xml",))
    assert site.domains == ("a.example", "b.example")
    assert Site(start_urls=("https://a.example",), allowed_domains=("B.example.",)).domains == (
        "b.example",
    )
