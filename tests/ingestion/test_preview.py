"""What one page gives: the tables of a page made by hand, and a page of a real shop."""

import json
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.crawl import FetchedPicture, Visit
from counterfeit_ml.ingestion.preview import FieldRow, preview, preview_of, preview_rows
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.report import preview_tables, summary_tables
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import ConfigSettings
from ingestion.pictures_made import picture
from ingestion.small_shop import SmallShop, serve

DAY = date(2026, 10, 30)
PAGE = "https://shop.example/item/7"
RECORD = {
    "listing_id": "7",
    "url": PAGE,
    "title": "  <b>Bag</b> &amp; strap ",
    "price": "1.234,50 - 2.000 €",
    "currency": "EUR",
    "condition": "https://schema.org/UsedCondition",
    "image_url": "https://shop.example/7.jpg",
    "scraped_at": "2026-10-30T00:00:00Z",
    "_sources": {"title": "json-ld", "price": "css .price", "image_url": "opengraph"},
}
SITE = Site(start_urls=(PAGE,), listing_pages="/item/")


def fetched(data: bytes | None, refused: Refused | None = None) -> FetchedPicture:
    return FetchedPicture(
        url="https://shop.example/7.jpg",
        data=data,
        known=False,
        asked=True,
        etag=None,
        last_modified=None,
        refused=refused,
    )


def visit(**changes) -> Visit:
    sound = Visit(
        url=PAGE,
        source=PAGE,
        fetched=True,
        asked=True,
        body=b"<html>",
        media_type="text/html",
        etag=None,
        last_modified=None,
        links=(),
        record=RECORD,
        refused=None,
        picture=fetched(picture()),
    )
    return replace(sound, **changes)


def shown(renderable) -> str:
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_each_field_shows_what_was_written_what_it_becomes_and_its_source():
    rows = {row.field: row for row in preview_rows(RECORD, DAY)}
    assert rows["title"] == FieldRow("title", RECORD["title"], "Bag & strap", "json-ld")
    assert rows["price"].written == "1.234,50 - 2.000 €"
    assert rows["price"].becomes.startswith("1,234.50 to 2,000.00 EUR = 1,")
    assert rows["price"].becomes.endswith(" USD (rate of 2026-10-30)")
    assert rows["price"].source == "css .price"
    assert rows["condition"].becomes == "used"
    assert rows["seller_id"] == FieldRow("seller_id", None, None, None)


def test_a_field_refused_says_why_beside_those_that_are_sound():
    rows = {row.field: row for row in preview_rows({**RECORD, "price": "on request"}, DAY)}
    assert rows["price"].refused
    assert rows["price"].becomes == "unparseable_price: 'on request' holds no number."
    assert not rows["title"].refused
    assert rows["title"].becomes == "Bag & strap"


def test_every_field_that_is_unsound_is_named_not_the_first_alone():
    record = {"url": "javascript:alert(1)", "price": -3, "listing_id": [1], "title": {"a": 1}}
    refused = {
        row.field: row.becomes.partition(":")[0] for row in preview_rows(record, DAY) if row.refused
    }
    assert refused == {
        "listing_id": "missing_listing_id",
        "title": "missing_title",
        "price": "negative_price",
        "url": "bad_url",
    }


def test_a_sound_page_would_be_listed():
    seen = preview_of(visit(), SITE, DAY, "shop")
    assert seen.listed
    assert seen.verdict == "would be listed"
    assert seen.picture.startswith("image/jpeg, ")
    assert "phash " in seen.picture
    assert "The marketplace 'shop' of config/marketplaces.yaml." in seen.hints
    assert "The address matches listing_pages '/item/': it must be a listing." in seen.hints


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"body": None, "record": None}, "unreachable_page"),
        ({"record": None}, "no_product_data"),
        ({"record": {**RECORD, "title": None}}, "missing_title"),
        ({"picture": None}, "missing_image"),
        ({"picture": fetched(b"<!doctype html>")}, "html_as_image"),
        ({"picture": fetched(None, Refused(Reason.IMAGE_TOO_LARGE, "Big."))}, "image_too_large"),
        ({"refused": Refused(Reason.FORBIDDEN_BY_ROBOTS, "No.")}, "forbidden_by_robots"),
    ],
)
def test_an_unsound_page_would_be_refused(changes, verdict):
    seen = preview_of(visit(**changes), SITE, DAY, None)
    assert not seen.listed
    assert seen.verdict.startswith(f"refused, {verdict}: ")


def test_hostile_text_is_shown_as_it_is_and_commands_no_terminal():
    record = {**RECORD, "title": "[red]\x1b[2J\x07bag[/red]", "description": "x" * 5000}
    text = shown(preview_tables(preview_of(visit(record=record), SITE, DAY, None)))
    assert "[red]" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "x" * 500 not in text


def test_a_summary_shows_the_counts_there_are_and_a_bar_a_reason():
    text = shown(
        summary_tables(
            {
                "ds": "2026-10-30",
                "marketplace": "shop",
                "seen": 1234,
                "quarantined": 3,
                "reasons": {"not_json": 1, "zero_price": 2},
                "bytes_fetched": 2_500_000,
                "stopped": "max_pages=50",
            }
        )
    )
    assert "1,234" in text
    assert "2.5 MB" in text
    assert "Stopped by max_pages=50" in text
    assert text.index("zero_price") < text.index("not_json")
    bars = {line.split()[0]: line.count("█") for line in text.splitlines() if "█" in line}
    assert bars == {"zero_price": 40, "not_json": 20}


@pytest.fixture
def shop():
    with serve(SmallShop({})) as running:
        running.listing("7", "/7.jpg")
        running.picture("/7.jpg", picture())
        yield running


@pytest.fixture
def configured(tmp_path):
    def write(**site) -> ConfigSettings:
        text = json.dumps({"marketplaces": {"small": {"site": site}}})
        (tmp_path / "marketplaces.yaml").write_text(text, encoding="utf-8")
        return ConfigSettings(_env_file=None, config_dir=tmp_path)

    return write


def test_a_page_of_a_shop_is_fetched_alone(shop, configured):
    settings = configured(start_urls=[f"{shop.url}/"], allow_local=True)
    seen = preview(settings, f"{shop.url}/item/7")
    assert seen.listed
    assert {row.field: row.becomes for row in seen.rows}["title"] == "Bag 7"
    assert "The marketplace 'small' of config/marketplaces.yaml." in seen.hints
    assert "robots.txt allows it." in seen.hints
    assert shop.asked == ["/robots.txt", "/item/7", "/7.jpg"]


@pytest.mark.parametrize("address", ["/item/7#photos", "/item/7?b=2&a=1", "/old/7"])
def test_a_page_is_shown_whatever_its_address_is_written_like(shop, configured, address):
    shop.redirect("/old/7", "/item/7")
    shop.sitemap("/sitemap.xml", ("/item/8", "2026-10-30"))
    shop.page("/robots.txt", f"Sitemap: {shop.url}/sitemap.xml", "text/plain")
    settings = configured(start_urls=[f"{shop.url}/"], allow_local=True)
    assert preview(settings, f"{shop.url}{address}").listed


def test_a_local_page_is_asked_for_only_where_the_configuration_says_so(shop, configured):
    settings = configured(start_urls=["https://elsewhere.example/"], allow_local=True)
    with pytest.raises(IngestionError, match="private address"):
        preview(settings, f"{shop.url}/item/7")
    assert shop.asked == []


def test_robots_are_heeded(shop, configured):
    shop.page("/robots.txt", "User-agent: *\nDisallow: /item/", "text/plain")
    settings = configured(start_urls=[f"{shop.url}/"], allow_local=True)
    with pytest.raises(IngestionError, match=r"robots\.txt"):
        preview(settings, f"{shop.url}/item/7")
    assert "/item/7" not in shop.asked


@pytest.mark.parametrize("url", ["ftp://shop.example/1", "item/1", "https://u:p@shop.example/"])
def test_what_is_no_web_address_is_refused(configured, url):
    with pytest.raises(IngestionError, match="Give the address of one page"):
        preview(configured(start_urls=["https://shop.example/"]), url)
