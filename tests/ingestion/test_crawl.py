"""The spider against a shop that behaves, and one that does not."""

import json
import subprocess
import sys
from datetime import date

import psutil
import pytest

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.crawl import crawl
from counterfeit_ml.ingestion.site import Site
from ingestion.pictures_made import picture
from ingestion.small_shop import SmallShop, links, serve

DAY = date(2026, 11, 21)


@pytest.fixture
def shop():
    with serve(SmallShop({})) as running:
        yield running


def crawled(shop: SmallShop, folder, **limits) -> dict[str, object]:
    """The entries of a crawl by the path of their page: what stands there, or the reason."""
    site = Site(start_url=f"{shop.url}/", listing_pages="/item/", allow_local=True, **limits)
    return {
        entry.source.removeprefix(shop.url): getattr(entry.record, "reason", None)
        or (entry.no_picture and entry.no_picture.reason)
        or entry.record["image"]
        for entry in crawl(site, DAY, folder).entries()
    }


def test_makes_a_feed_of_a_shop(shop, tmp_path):
    shop.page("/", links("/category/bags", "/category/sale", "https://elsewhere.example/item/9"))
    shop.page("/category/bags", links("/item/A", "/item/B", "/category/bags?page=2"))
    shop.page("/category/bags?page=2", links("/item/C"))
    shop.page("/category/sale", links("/item/A?from=sale", "/item/B?from=sale"))
    for name in "ABC":
        shop.listing(name, "/images/1.jpg")
    shop.picture("/images/1.jpg", picture())

    entries = crawled(shop, tmp_path)

    assert list(entries) == ["/item/A", "/item/B", "/item/C"]
    assert len(set(entries.values())) == 1
    assert (tmp_path / entries["/item/A"]).read_bytes() == picture()
    assert shop.asked.count("/images/1.jpg") == 1
    record = json.loads((tmp_path / "listings.jsonl").read_text().splitlines()[0])
    assert {name: record[name] for name in record if name != "image"} == {
        "listing_id": "A",
        "url": f"{shop.url}/item/A",
        "title": "Bag A",
        "price": "10.00",
        "currency": "EUR",
        "image_url": f"{shop.url}/images/1.jpg",
        "scraped_at": "2026-11-21T00:00:00Z",
        "source": f"{shop.url}/item/A",
    }


def test_finds_listings_that_only_the_sitemap_names(shop, tmp_path):
    shop.page("/", "<p>Welcome</p>")
    shop.page("/robots.txt", f"Sitemap: {shop.url}/index.xml\nSitemap: /bad.xml", "text/plain")
    shop.page("/bad.xml", "not XML at all", "text/xml")
    sitemap = "<{0}><{1}><loc>{2}</loc></{1}></{0}>"
    shop.page("/index.xml", sitemap.format("sitemapindex", "sitemap", f"{shop.url}/map.xml"))
    shop.page("/map.xml", sitemap.format("urlset", "url", f"{shop.url}/item/A"), "text/xml")
    shop.listing("A", "/images/1.jpg")
    shop.picture("/images/1.jpg", picture())
    assert list(crawled(shop, tmp_path)) == ["/item/A"]


def test_keeps_away_from_what_robots_txt_forbids(shop, tmp_path):
    shop.page("/robots.txt", "User-agent: *\nDisallow: /staff/", "text/plain")
    shop.page("/", links("/item/A", "/staff/item/1"))
    shop.listing("A", "/staff/1.jpg")
    assert crawled(shop, tmp_path) == {"/item/A": "missing_image"}
    assert not [path for path in shop.asked if path.startswith("/staff/")]


def test_notes_what_it_cannot_have(shop, tmp_path):
    names = ["gone", "broken", "bare", "no-picture", "loop", "away", "bad-image"]
    shop.page("/", links(*(f"/item/{name}" for name in names), "/about", "http://[bad", "mailto:x"))
    shop.status("/item/gone", 410)
    shop.status("/item/broken", 500)
    shop.page("/item/bare", "<p>Nothing to read here.</p>")
    shop.listing("no-picture", "/images/404.jpg")
    shop.redirect("/item/loop", "/item/loop")
    shop.redirect("/item/away", "https://elsewhere.example/")
    shop.listing("bad-image", "http://[bad")
    site = Site(start_url=f"{shop.url}/", listing_pages="/item/", allow_local=True)
    found = {
        entry.source.removeprefix(f"{shop.url}/item/"): entry
        for entry in crawl(site, DAY, tmp_path).entries()
    }
    assert {name: getattr(entry.record, "reason", None) for name, entry in found.items()} == {
        "broken": "unreachable_page",
        "bare": "no_product_data",
        "no-picture": None,
        "loop": "unreachable_page",
        "away": "unreachable_page",
        "bad-image": None,
    }
    assert found["no-picture"].no_picture.detail == "The shop answered 404."
    assert found["bad-image"].record["image_url"] == "http://[bad"


def test_a_local_shop_does_not_lead_to_other_services_of_the_machine(shop, tmp_path):
    with serve(SmallShop({})) as other:
        other.listing("X", "/1.jpg")
        other.picture("/1.jpg", picture())
        port = other.url.rsplit(":", 1)[1]
        shop.page("/", links(f"{other.url}/item/X", "/item/A", "/item/B", "/item/R"))
        shop.listing("A", f"{other.url}/1.jpg")
        shop.listing("B", "/images/1.jpg")
        shop.redirect("/images/1.jpg", f"http://localhost:{port}/1.jpg")
        shop.redirect("/item/R", f"{other.url}/item/X")
        assert crawled(shop, tmp_path) == {
            "/item/A": "missing_image",
            "/item/B": "missing_image",
            "/item/R": "unreachable_page",
        }
        assert other.asked == []


def test_endless_pagination_ends_at_the_limit(shop, tmp_path):
    class Endless(dict):
        def get(self, path, default=None):
            page = path.partition("?page=")[2]
            if path == "/" or page:
                body = links(f"/?page={int(page or 0) + 1}")
                return (200, "text/html", (body + links("/item/A")).encode())
            return super().get(path, default)

    shop.answers = Endless(shop.answers)
    shop.listing("A", "/1.jpg")
    assert crawled(shop, tmp_path, max_pages=10) == {"/item/A": "missing_image"}
    assert len([path for path in shop.asked if "page=" in path]) <= 10


@pytest.mark.parametrize(
    ("start", "local", "message"),
    [
        ("http://127.0.0.1:1/", True, "Connection was refused"),
        ("{shop}/", False, "127.0.0.1 has a private address"),
        ("{localhost}/", False, "localhost has a private address"),
        ("{shop}/closed", True, "The shop answered 503"),
        ("{shop}/staff", True, "Forbidden by robots.txt"),
        ("{shop}/empty", True, "shows no listing"),
    ],
)
def test_a_shop_that_cannot_be_crawled_is_one_sentence(shop, tmp_path, start, local, message):
    shop.page("/robots.txt", "User-agent: *\nDisallow: /staff", "text/plain")
    shop.status("/closed", 503)
    shop.page("/empty", "<p>Nothing on sale.</p>")
    url = start.format(shop=shop.url, localhost=shop.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(IngestionError, match=message):
        crawl(Site(start_url=url, allow_local=local), DAY, tmp_path)


def test_the_spider_ends_with_whoever_started_it(shop, tmp_path):
    shop.hang("/")
    program = (
        "import sys\n"
        "from datetime import date\n"
        "from pathlib import Path\n"
        "from counterfeit_ml.ingestion.crawl import crawl\n"
        "from counterfeit_ml.ingestion.site import Site\n"
        "site = Site(start_url=sys.argv[1], allow_local=True)\n"
        "crawl(site, date(2026, 11, 21), Path(sys.argv[2]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, f"{shop.url}/", tmp_path]) as parent:
        shop.wait_for("/")
        (spider,) = psutil.Process(parent.pid).children()
        parent.kill()
    gone, alive = psutil.wait_procs([spider], timeout=20)
    assert (gone, alive) == ([spider], [])
