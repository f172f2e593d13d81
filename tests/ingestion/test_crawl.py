"""The spider against a shop that behaves, and one that does not."""

import gzip
import subprocess
import sys
import zlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import sleep

import brotli
import psutil
import pytest

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion import crawl
from counterfeit_ml.ingestion.crawl import Crawl, CrawlReport, Limits, PictureFetcher, Visit
from counterfeit_ml.ingestion.memory import KnownPage, KnownPicture, Memory
from counterfeit_ml.ingestion.site import Site
from ingestion.pictures_made import picture
from ingestion.small_shop import SmallShop, links, serve
from tests.intrusions import BOMB_IN_SHOP, SSRF_BY_PAGE

DAY = date(2026, 11, 21)
BOMB = gzip.compress(bytes(60_000_000), 9)


@pytest.fixture
def shop():
    with serve(SmallShop({})) as running:
        yield running


@dataclass
class Crawled:
    """Visits by the path of their page."""

    visits: dict[str, Visit]
    report: CrawlReport

    def listings(self) -> dict[str, object]:
        """The pages that show a listing or are refused: the listing's id, or the reason."""
        return {
            path: visit.record["listing_id"] if visit.record else visit.refused.reason.value
            for path, visit in sorted(self.visits.items())
            if visit.record or visit.refused
        }


class Crawler:
    """Crawls a shop again and again, with what it was told to remember."""

    def __init__(self, shop: SmallShop, folder: Path) -> None:
        self.shop, self.folder = shop, folder / "on the way"
        self.folder.mkdir()
        self.memory = Memory.create(folder / "memory.db")

    def crawl(
        self, limits: Limits | None = None, day: date = DAY, explain: bool = False, **keys: object
    ) -> Crawled:
        site = Site(
            **{
                "start_urls": (f"{self.shop.url}/",),
                "listing_pages": "/item/",
                "allow_local": True,
                **keys,
            }
        )
        visits = {}
        with Crawl(site, day, self.memory.path, self.folder, limits, explain) as running:
            running.begin()
            for visit in filter(None, running):
                path = visit.url.removeprefix(self.shop.url)
                assert path not in visits
                visits[path] = visit
        assert not list(self.folder.iterdir())
        assert running.report is not None
        return Crawled(visits, running.report)

    def remember(self, crawled: Crawled, day: date, done: bool = False) -> None:
        """Fill the memory as a run that has seen ``crawled`` on ``day`` does."""
        visits = crawled.visits.values()
        self.memory.remember_pages(known_page(visit, day, done) for visit in visits)
        self.memory.remember_pictures(
            KnownPicture(
                url=visit.picture.url,
                etag=visit.picture.etag,
                last_modified=visit.picture.last_modified,
                asked=day,
                sha256="0" * 64,
                media_type="image/jpeg",
                phash="0" * 16,
            )
            for visit in visits
            if visit.picture and not visit.picture.refused
        )


def known_page(visit: Visit, day: date, done: bool) -> KnownPage:
    return KnownPage(
        url=visit.url,
        source=visit.source,
        etag=visit.etag,
        last_modified=visit.last_modified,
        asked=day,
        links=visit.links,
        record=visit.record,
        evidence_sha256=None,
        evidence_ds=None,
        done=done,
    )


@pytest.fixture
def crawler(shop, tmp_path):
    return Crawler(shop, tmp_path)


def test_tells_of_every_page(shop, crawler):
    shop.page("/", links("/category/bags", "/category/sale", "https://elsewhere.example/item/9"))
    shop.page("/category/bags", links("/item/A", "/item/B", "/category/bags?page=2"))
    shop.page("/category/bags?page=2", links("/item/C"))
    shop.page("/category/sale", links("/item/A?from=sale"))
    for name in "ABC":
        shop.listing(name, "/images/1.jpg")
    shop.picture("/images/1.jpg", picture())

    crawled = crawler.crawl(contact="https://brand.example/bot")

    assert crawled.listings() == {
        "/item/A": "A",
        "/item/A?from=sale": "A",
        "/item/B": "B",
        "/item/C": "C",
    }
    assert sorted(shop.asked) == sorted(
        ["/robots.txt", "/images/1.jpg", *crawled.visits]
    )  # nothing twice
    assert shop.agents == {
        f"counterfeit-ml/{version('counterfeit-ml')} (+https://brand.example/bot)"
    }
    visit = crawled.visits["/item/A?from=sale"]
    assert visit.source == f"{shop.url}/item/A"
    assert visit.media_type == "text/html"
    assert visit.body == shop.answers["/item/A"][2]
    assert visit.record == {
        "listing_id": "A",
        "url": f"{shop.url}/item/A",
        "title": "Bag A",
        "price": "10.00",
        "currency": "EUR",
        "image_url": f"{shop.url}/images/1.jpg",
        "image_urls": [f"{shop.url}/images/1.jpg"],
        "scraped_at": "2026-11-21T00:00:00Z",
    }
    assert crawled.visits["/category/bags"].links == (
        f"{shop.url}/item/A",
        f"{shop.url}/item/B",
        f"{shop.url}/category/bags?page=2",
    )
    pictures = [one.picture for one in crawled.visits.values() if one.picture]
    assert [one.data for one in pictures] == [picture(), None, None, None]
    assert [one.known for one in pictures] == [False, True, True, True]
    assert replace(crawled.report, bytes=0) == CrawlReport(8, 0, 0, 1, 3, 0, 0, None)


def test_an_unchanged_shop_is_not_fetched_again(shop, crawler):
    shop.etags = True
    shop.page("/", links("/item/A", "/item/B"))
    shop.listing("A", "/1.jpg")
    shop.listing("B", "/2.jpg")
    shop.picture("/1.jpg", picture())
    shop.picture("/2.jpg", picture() + b"\0")
    crawler.remember(crawler.crawl(), DAY)
    shop.listing("B", "/2.jpg", name="Bag B, new")
    shop.forget()

    again = crawler.crawl(day=DAY + timedelta(days=1))

    assert {path: one.fetched for path, one in again.visits.items()} == {
        "/": False,
        "/item/A": False,
        "/item/B": True,
    }
    unchanged = again.visits["/item/A"]
    assert unchanged.record["scraped_at"] == "2026-11-22T00:00:00Z"
    assert (unchanged.body, unchanged.asked) == (None, True)
    assert again.visits["/item/B"].record["title"] == "Bag B, new"
    assert not {"/1.jpg", "/2.jpg"} & set(shop.asked)
    assert again.report.pictures_known == again.report.pages_unchanged == 2

    later = crawler.crawl(day=DAY + timedelta(days=8))
    assert {"/1.jpg", "/2.jpg"} <= set(shop.asked)
    assert {one.picture.known for one in later.visits.values() if one.picture} == {True}


def test_a_sitemap_says_what_has_not_changed(shop, crawler):
    shop.page("/", links("/item/A", "/item/B", "/item/C", "/item/D"))
    shop.page("/robots.txt", f"Sitemap: {shop.url}/map.xml", "text/plain")
    for name in "ABCD":
        shop.listing(name, "/1.jpg")
    shop.picture("/1.jpg", picture())
    crawler.remember(crawler.crawl(), DAY)
    shop.sitemap(
        "/map.xml",
        ("/item/A", "2026-11-20T23:59:00+00:00"),
        ("/item/B", "2026-11-21"),
        ("/item/C", "yesterday"),
        ("/item/D", "2026-11-20T23:30:00-05:00"),
    )
    shop.forget()

    again = crawler.crawl(day=DAY + timedelta(days=1))

    assert sorted(shop.asked) == ["/", "/item/B", "/item/C", "/item/D", "/map.xml", "/robots.txt"]
    assert again.listings() == {f"/item/{name}": name for name in "ABCD"}
    assert not again.visits["/item/A"].asked
    shop.forget()
    crawler.crawl(day=DAY + timedelta(days=8))
    assert "/item/A" in shop.asked


def test_a_killed_run_goes_on_where_it_was(shop, crawler):
    shop.page("/", links("/category", "/item/A"))
    shop.page("/category", links("/item/B", "/item/C"))
    for name in "ABC":
        shop.listing(name, "/1.jpg")
    first = crawler.crawl()
    del first.visits["/item/C"]
    crawler.remember(first, DAY, done=True)
    shop.forget()

    rest = crawler.crawl(Limits(max_pages=1))

    assert list(rest.visits) == ["/item/C"]
    assert shop.asked == ["/robots.txt", "/item/C", "/1.jpg"]
    assert rest.report.stopped is None

    crawler.remember(rest, DAY, done=True)
    assert crawler.crawl().visits == {}


def test_finds_listings_that_only_sitemaps_name(shop, crawler):
    shop.page("/robots.txt", f"Sitemap: {shop.url}/index.xml\nSitemap: /bad.xml", "text/plain")
    shop.page("/bad.xml", "not XML at all", "text/xml")
    index = "<sitemapindex>{}</sitemapindex>".format(
        "".join(
            f"<sitemap><loc>{shop.url}/{name}</loc></sitemap>"
            for name in ("index.xml", "map.xml", "404.xml", "bomb.xml.gz")
        )
    )
    shop.page("/index.xml", index, "text/xml")
    shop.sitemap("/map.xml", ("/item/A", ""), ("/other/A", ""))
    shop.answers["/bomb.xml.gz"] = (200, "application/gzip", BOMB)
    shop.sitemap("/own.xml.gz", ("/item/B", ""))
    shop.answers["/own.xml.gz"] = (
        200,
        "application/gzip",
        gzip.compress(shop.answers["/own.xml.gz"][2]),
    )
    for name in "AB":
        shop.listing(name, "/1.jpg")
    crawled = crawler.crawl(start_urls=(), sitemaps=(f"{shop.url}/own.xml.gz",))
    assert crawled.listings() == {"/item/A": "A", "/item/B": "B"}


def test_keeps_away_from_what_robots_txt_forbids(shop, crawler):
    shop.page("/robots.txt", "User-agent: *\nDisallow: /staff/", "text/plain")
    shop.page("/", links("/item/A", "/staff/item/1", "/staff/rota"))
    shop.listing("A", "/staff/1.jpg")
    crawled = crawler.crawl(Limits(max_pages=3), explain=True)
    assert crawled.visits["/item/A"].record["_sources"]["title"] == "json-ld"
    assert crawled.listings() == {"/item/A": "A", "/staff/item/1": "forbidden_by_robots"}
    assert crawled.visits["/item/A"].picture.refused.reason == "missing_image"
    assert not [path for path in shop.asked if path.startswith("/staff/")]
    assert crawled.report.stopped is None


def test_notes_what_it_cannot_have(shop, crawler):
    names = ["gone", "broken", "bare", "no-picture", "loop", "away", "bad-image", "pdf", "latin"]
    shop.page("/", links(*(f"/item/{name}" for name in names), "/about", "http://[bad", "mailto:x"))
    shop.status("/item/gone", 410)
    shop.status("/item/broken", 500)
    shop.page("/item/bare", "<p>Nothing to read here.</p>")
    shop.page("/item/pdf", "%PDF-1.4", "application/pdf")
    shop.listing("no-picture", "/images/404.jpg")
    shop.redirect("/item/loop", "/item/loop")
    shop.redirect("/item/away", "https://elsewhere.example/")
    shop.listing("bad-image", "http://[bad")
    shop.listing("latin", "/1.jpg", name="S\u00e3o")
    shop.answers["/item/latin"] = (
        200,
        "text/html; charset=nonsense",
        shop.answers["/item/latin"][2] + b"\xff\xfe\x00<p>",
    )
    crawled = crawler.crawl()
    assert crawled.listings() == {
        "/item/away": "unreachable_page",
        "/item/bad-image": "bad-image",
        "/item/bare": "no_product_data",
        "/item/broken": "unreachable_page",
        "/item/latin": "latin",
        "/item/loop": "endless_redirect",
        "/item/no-picture": "no-picture",
        "/item/pdf": "no_product_data",
    }
    assert crawled.visits["/item/no-picture"].picture.refused.detail == "The shop answered 404."
    assert crawled.visits["/item/bad-image"].picture.refused.reason == "bad_url"
    assert "/item/gone" in crawled.visits
    assert crawled.report.retries == 2


@BOMB_IN_SHOP
def test_a_hostile_shop_is_refused_within_limits(shop, crawler, monkeypatch):
    monkeypatch.setattr(crawl, "TIMEOUT_SECONDS", 0.7)
    names = ["bomb", "brotli", "deflate", "flood", "slow", "long", "picture-bomb", "deep"]
    shop.page("/", links(*(f"/item/{name}" for name in names)))
    shop.page("/item/bomb", "", Content_Encoding="gzip")
    shop.answers["/item/bomb"] = (200, "text/html", BOMB)
    shop.page("/item/brotli", "", Content_Encoding="br")
    shop.answers["/item/brotli"] = (200, "text/html", brotli.compress(bytes(60_000_000), quality=1))
    shop.page("/item/deflate", "", Content_Encoding="deflate")
    shop.answers["/item/deflate"] = (200, "text/html", zlib.compress(bytes(60_000_000), 9))
    shop.page("/item/flood", "", **{f"X{number}": "x" * 1000 for number in range(1000)})
    shop.trickle("/item/slow")
    shop.page("/item/long", "x" * 6_000_000)
    shop.listing("picture-bomb", "/bomb.jpg")
    shop.page("/bomb.jpg", "", "image/jpeg", Content_Encoding="gzip")
    shop.answers["/bomb.jpg"] = (200, "image/jpeg", BOMB)
    shop.page("/item/deep", "<div>" * 500_000)
    crawled = crawler.crawl()
    assert crawled.listings() == {
        "/item/bomb": "unreachable_page",
        "/item/brotli": "unreachable_page",
        "/item/deep": "no_product_data",
        "/item/deflate": "unreachable_page",
        "/item/flood": "unreachable_page",
        "/item/long": "unreachable_page",
        "/item/picture-bomb": "picture-bomb",
        "/item/slow": "unreachable_page",
    }
    for name in ("bomb", "brotli", "deflate", "long"):
        assert crawled.visits[f"/item/{name}"].refused.detail == "It is larger than we load."
    assert "took longer" in crawled.visits["/item/slow"].refused.detail
    assert crawled.visits["/item/picture-bomb"].picture.refused.reason == "image_too_large"


@SSRF_BY_PAGE
def test_a_local_shop_does_not_lead_to_other_services_of_the_machine(shop, crawler):
    with serve(SmallShop({})) as other:
        other.listing("X", "/1.jpg")
        other.picture("/1.jpg", picture())
        port = other.url.rsplit(":", 1)[1]
        shop.page("/", links(f"{other.url}/item/X", "/item/A", "/item/B", "/item/C", "/item/R"))
        shop.listing("A", f"{other.url}/1.jpg")
        shop.listing("B", "/images/1.jpg")
        shop.redirect("/images/1.jpg", f"http://localhost:{port}/1.jpg")
        shop.listing("C", "http://localhost/1.jpg")
        shop.redirect("/item/R", f"{other.url}/item/X")
        crawled = crawler.crawl()
        assert other.asked == []
    assert crawled.visits.pop(f"{other.url}/item/X").refused.reason == "unreachable_page"
    assert crawled.listings() == {
        "/item/A": "A",
        "/item/B": "B",
        "/item/C": "C",
        "/item/R": "unreachable_page",
    }
    refused = [crawled.visits[f"/item/{name}"].picture.refused for name in "ABC"]
    assert [one.reason for one in refused] == ["missing_image"] * 3
    assert "localhost has a private address" in refused[2].detail


def test_waits_as_long_as_a_shop_asks(shop, crawler):
    shop.page("/", links(*(f"/item/{number}" for number in range(20))))
    for number in range(20):
        shop.listing(str(number), "/1.jpg")
    shop.status_once("/item/0", 429, Retry_After="1")
    crawled = crawler.crawl(concurrency=1)
    assert len(crawled.listings()) == 20
    told = shop.at[shop.asked.index("/item/0")]
    assert not [at for at in shop.at if told < at < told + 0.95]
    assert crawled.report.retries == 1


def test_a_shop_that_wants_to_be_left_alone_is_left(shop, crawler):
    shop.page("/", links(*(f"/item/{number}" for number in range(9))))
    shop.status("/item/0", 503, Retry_After="Wed, 21 Oct 2065 07:28:00 GMT")
    crawled = crawler.crawl(concurrency=1)
    assert crawled.listings()["/item/0"] == "unreachable_page"
    assert "asks us to wait" in crawled.report.stopped
    assert crawled.report.pages_left > 5


def test_keeps_the_crawl_delay(shop, crawler):
    shop.page("/robots.txt", "User-agent: *\nCrawl-delay: 1", "text/plain")
    shop.page("/", links("/item/A", "/item/B", "/item/C"))
    for name in "ABC":
        shop.listing(name, "")
    crawler.crawl()
    times = shop.at[1:]
    assert all(later - earlier > 0.5 for earlier, later in pairwise(times))


def endless(shop: SmallShop) -> None:
    class Endless(dict):
        def get(self, path, default=None):
            page = path.partition("?page=")[2]
            if path == "/" or page:
                number = int(page or 0)
                body = links(f"/?page={number + 1}", f"/item/{number}", "/item/A")
                return (200, "text/html", body.encode())
            return super().get(path, default)

    shop.answers = Endless(shop.answers)


def test_endless_pagination_ends(shop, crawler):
    endless(shop)
    shop.listing("A", "/1.jpg")
    by_depth = crawler.crawl(max_depth=10)
    assert by_depth.listings() == {"/?page=11": "endless_pagination", "/item/A": "A"}
    assert "max_depth" in by_depth.visits["/?page=11"].refused.detail
    shop.forget()

    by_pages = crawler.crawl(max_pages=9)
    assert by_pages.listings() == {"/item/A": "A"}
    assert by_pages.report.stopped == "max_pages=9"
    assert by_pages.report.pages_left > 0
    assert len([path for path in shop.asked if path not in ("/robots.txt", "/1.jpg")]) == 9

    by_bytes = crawler.crawl(Limits(max_bytes=500))
    assert by_bytes.report.stopped == "max_bytes=500"


def test_follows_what_the_site_says(shop, crawler):
    shop.page("/", links("/bags", "/blog", "/item/A"))
    shop.page("/bags", links("/item/B", "/imprint") + '<li class="next"><a href="/n/2">2</a>')
    shop.page("/n/2", links("/item/C", "/blog/2"))
    for name in "ABC":
        shop.listing(name, "")
    expected = ["/", "/bags", "/item/A", "/item/B", "/item/C", "/n/2"]
    for pagination in ({"css": "li.next a::attr(href)"}, {"xpath": "//li[@class='next']/a"}):
        crawled = crawler.crawl(follow=("/bags",), pagination=pagination)
        assert sorted(crawled.visits) == expected
    assert "/n/2" not in crawler.crawl(follow=("/bags",)).visits


@pytest.mark.parametrize(
    ("start", "local", "message"),
    [
        ("http://127.0.0.1:1/", True, "Connect call failed"),
        ("{shop}/", False, "127.0.0.1 has a private address"),
        ("{localhost}/", False, "localhost has a private address"),
        ("{shop}/closed", True, "The shop answered 503"),
        ("{shop}/staff", True, "Forbidden by robots.txt"),
        ("{shop}/empty", True, "shows no listing"),
    ],
)
def test_a_shop_that_cannot_be_crawled_is_one_sentence(shop, crawler, start, local, message):
    shop.page("/robots.txt", "User-agent: *\nDisallow: /staff", "text/plain")
    shop.status("/closed", 503)
    shop.page("/empty", "<p>Nothing on sale.</p>")
    url = start.format(shop=shop.url, localhost=shop.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(IngestionError, match=message):
        crawler.crawl(start_urls=(url,), allow_local=local, listing_pages=None)


def test_a_shop_whose_robots_txt_cannot_be_had_is_not_crawled(shop, crawler):
    shop.status("/robots.txt", 500)
    shop.page("/", links("/item/A"))
    with pytest.raises(IngestionError, match=r"robots.txt cannot be had.*answered 500"):
        crawler.crawl()
    assert set(shop.asked) == {"/robots.txt"}


def test_fetches_the_pictures_of_a_feed(shop, tmp_path):
    crawler = Crawler(shop, tmp_path)
    shop.etags = True
    shop.picture("/1.jpg", picture())
    shop.picture("/2.jpg", picture() + b"\0")
    with PictureFetcher(DAY, crawler.memory.path, crawler.folder, allow_local=True) as fetcher:
        found = fetcher.fetch(
            [f"{shop.url}/1.jpg", f"{shop.url}/404", "nonsense", f"{shop.url}/1.jpg"]
        )
        assert [one.data for one in found] == [picture(), None, None, None]
        assert [one.known for one in found] == [False, False, False, True]
        assert [one.refused and one.refused.reason for one in found] == [
            None,
            "missing_image",
            "bad_url",
            None,
        ]
        (second,) = fetcher.fetch([f"{shop.url}/2.jpg"])
        assert second.data == picture() + b"\0"
        assert fetcher.fetch([]) == []
    with PictureFetcher(DAY, crawler.memory.path, crawler.folder) as fetcher:
        tricks = ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
        found = fetcher.fetch([f"http://{host}/1.jpg" for host in tricks])
    details = [one.refused.detail for one in found]
    assert all("private address" in one or "canonical" in one for one in details), details
    assert not list(crawler.folder.iterdir())


def test_the_spider_waits_while_nobody_takes_what_it_sends(shop, crawler):
    pages = [f"/item/{number}" for number in range(600)]
    shop.sitemap("/map.xml", *((page, "") for page in pages))
    for page in pages:
        shop.page(page, "<p>Sold.</p>" + " " * 60_000)
    site = Site(
        sitemaps=(f"{shop.url}/map.xml",), allow_local=True, listing_pages="/item/", concurrency=32
    )
    with Crawl(site, DAY, crawler.memory.path, crawler.folder) as running:
        running.begin()
        visits = filter(None, running)
        next(visits)
        before = -1
        while before < (before := len(shop.asked)):
            sleep(0.7)
        assert before < len(pages)
        assert sum(file.stat().st_size for file in crawler.folder.iterdir()) < 30_000_000
        assert len(list(visits)) == len(pages) - 1


def test_the_spider_ends_with_whoever_started_it(shop, crawler):
    shop.hang("/")
    program = (
        "import sys\n"
        "from datetime import date\n"
        "from pathlib import Path\n"
        "from counterfeit_ml.ingestion.crawl import Crawl\n"
        "from counterfeit_ml.ingestion.site import Site\n"
        "site = Site(start_urls=(sys.argv[1],), allow_local=True)\n"
        "with Crawl(site, date(2026, 11, 21), Path(sys.argv[2]), Path(sys.argv[3])) as crawl:\n"
        "    crawl.begin()\n"
        "    list(crawl)\n"
    )
    command = [sys.executable, "-c", program, f"{shop.url}/", crawler.memory.path, crawler.folder]
    with subprocess.Popen(command) as parent:
        shop.wait_for("/")
        (spider,) = psutil.Process(parent.pid).children()
        parent.kill()
    gone, alive = psutil.wait_procs([spider], timeout=20)
    assert (gone, alive) == ([spider], [])


def test_a_spider_that_dies_is_one_sentence(shop, crawler):
    shop.hang("/")
    site = Site(start_urls=(f"{shop.url}/",), allow_local=True)
    with Crawl(site, DAY, crawler.memory.path, crawler.folder) as running:
        running.begin()
        shop.wait_for("/")
        (spider,) = psutil.Process().children()
        spider.kill()
        with pytest.raises(IngestionError, match=f"{shop.url}/ stopped with exit code -9"):
            list(running)
