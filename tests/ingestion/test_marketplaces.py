from pathlib import Path

import pytest

from counterfeit_ml.errors import ConfigError, IngestionError
from counterfeit_ml.ingestion.feed import Feed
from counterfeit_ml.ingestion.marketplaces import load_marketplaces, source_of
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import ROOT, Settings
from ingestion.feed.reading import NOWHERE
from tests.intrusions import PATH_OF_NAME


def settings(config_dir: Path) -> Settings:
    shop = {"sample_marketplace_url": "http://127.0.0.1:4711/"}
    return NOWHERE.model_copy(update={"config_dir": config_dir, **shop})


@pytest.fixture
def configured(tmp_path):
    def write(text: str) -> Settings:
        (tmp_path / "marketplaces.yaml").write_text(text, encoding="utf-8")
        return settings(tmp_path)

    return write


def test_the_sample_marketplace_is_configured():
    assert source_of(settings(ROOT / "config"), "sample") == Site(
        start_urls=("http://127.0.0.1:4711/",),
        listing_pages="/item/",
        max_pages=5000,
        allow_local=True,
    )


def test_a_source_given_keeps_the_limits_of_the_site(configured):
    known = configured(
        "marketplaces:\n  one:\n    site: {start_urls: ['https://one.example/'], max_pages: 7}\n"
    )
    assert source_of(known, "one", "https://1.example/") == Site(
        start_urls=("https://1.example/",), max_pages=7
    )
    assert source_of(known, "new", "http://127.0.0.1/") == Site(start_urls=("http://127.0.0.1/",))


@pytest.mark.parametrize(
    "path",
    [
        "listings.jsonl",
        "/data/listings.csv.gz",
        "s3://partner/{ds}.parquet",
        "https://shop.example/export.csv?key=1",
    ],
)
def test_a_source_that_is_a_feed_keeps_how_the_feed_is_read(configured, path):
    known = configured(
        "marketplaces:\n  one:\n    site: {start_urls: ['https://one.example/']}\n"
        "  two:\n    feed:\n      path: /data/two.csv\n      columns: {title: Name}\n"
        "      constants: {currency: EUR}\n"
    )
    two = Feed(path="/data/two.csv", columns={"title": "Name"}, constants={"currency": "EUR"})
    assert source_of(known, "two") == two
    assert source_of(known, "two", path) == two.model_copy(update={"path": path})
    assert source_of(known, "one", path) == Feed(path=path)
    assert source_of(known, "new", path) == Feed(path=path)


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("nope", None, "There is no marketplace 'nope'"),
        ("../evil", "feed.jsonl", "cannot name a marketplace"),
        ("Shop", "feed.jsonl", "cannot name a marketplace"),
        ("shop\n", "feed.jsonl", "cannot name a marketplace"),
        ("shop", "ftp://shop.example/", "neither a path nor an s3://, http:// or https:// address"),
        ("shop", "http://shop.example/a b", "blanks.*Give a shop's URL"),
        ("shop", "http://shop.example/a b.csv", "blanks"),
        ("shop", "listings.txt", "give `format`, one of jsonl"),
    ],
)
@PATH_OF_NAME
def test_says_what_is_wrong_with_a_source(name, source, message):
    with pytest.raises(IngestionError, match=message):
        source_of(settings(ROOT / "config"), name, source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("marketplaces: {one: {}}", "marketplaces.one: .*give either `site` or `feed`"),
        (
            "marketplaces: {one: {site: {start_urls: ['${HOME}']}}}",
            r"one\.site\.start_urls: only \$\{SAMPLE_MARKETPLACE_URL\}",
        ),
        (
            "marketplaces: {one: {site: {sitemaps: ['ftp://one.example']}}}",
            r"one\.site\.sitemaps: .*no http or https address",
        ),
        (
            "marketplaces: {one: {site: {start_urls: ['https://a.example'], listing_pages: '('}}}",
            "listing_pages: .*no regular expression",
        ),
        ("marketplaces: {One: {feed: {path: /x.csv}}}", "marketplaces.One"),
        (
            "marketplaces: {one: {feed: {path: x.csv, columns: {titel: Name}}}}",
            r"marketplaces\.one\.feed\.columns\.titel",
        ),
        ("marketplaces: {one: {feed: {path: x.csv, locale: xx}}}", r"feed\.locale: .*'xx' is no"),
    ],
)
def test_an_error_names_the_key(configured, text, message):
    with pytest.raises(ConfigError, match=message):
        load_marketplaces(configured(text))
