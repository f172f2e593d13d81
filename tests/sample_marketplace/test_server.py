import http.client
import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import extruct
import httpx
import pytest

from counterfeit_ml.sample_marketplace import generate
from counterfeit_ml.sample_marketplace.catalogue import Catalogue
from tests.intrusions import PATH_IN_SHOP


@pytest.fixture(scope="module")
def catalogue(marketplace):
    return Catalogue.read(marketplace.directory)


def _product(page: httpx.Response) -> dict:
    [block] = extruct.extract(page.text, syntaxes=["json-ld"])["json-ld"]
    [product] = [e for e in block.get("@graph", [block]) if e["@type"] == "Product"]
    return product


def _item(catalogue, **wanted):
    return next(
        item for item in catalogue.items if all(getattr(item, k) == v for k, v in wanted.items())
    )


def test_robots_names_the_sitemap_and_forbids_the_trap(shop):
    lines = shop.get("/robots.txt").text.splitlines()
    assert lines[:2] == ["User-agent: *", "Disallow: /admin/"]
    assert lines[-1] == f"Sitemap: {str(shop.base_url).rstrip('/')}/sitemap.xml"
    assert 'href="/admin/"' in shop.get("/").text
    assert _product(shop.get("/admin/"))["sku"] == "SM-ADMIN-1"


def test_the_sitemap_names_every_listing_and_two_that_are_gone(shop, catalogue):
    places = re.findall("<loc>([^<]+)</loc>", shop.get("/sitemap.xml").text)
    items = [place.rsplit("/", 1)[1] for place in places if "/item/" in place]
    assert items == [item.listing_id for item in catalogue.items] + ["SM-90001", "SM-90002"]
    assert shop.get("/item/SM-90001").status_code == 404


def test_following_links_from_home_reaches_every_listing(shop, catalogue):
    todo, seen, found = ["/"], set(), {}
    while todo:
        address = todo.pop()
        if address in seen or address.startswith("/admin/"):
            continue
        seen.add(address)
        page = shop.get(address)
        assert page.status_code == 200, address
        for link in re.findall(r'<a [^>]*?href="([^"]+)"', page.text):
            if link.startswith("/item/"):
                found.setdefault(urlsplit(link).path.removeprefix("/item/"), set()).add(link)
            else:
                todo.append(link)
    assert set(found) == {item.listing_id for item in catalogue.items}
    twice = {listing_id for listing_id, links in found.items() if len(links) == 2}
    assert twice == {item.listing_id for item in catalogue.items if item.on_sale}
    assert twice


def test_pages_of_a_category_are_chained(shop):
    first = shop.get("/category/accessories").text
    base = str(shop.base_url).rstrip("/")
    assert f'<link rel="next" href="{base}/category/accessories?page=2">' in first
    assert '<a rel="next" href="/category/accessories?page=2">' in first
    second = shop.get("/category/accessories?page=2").text
    assert '<a rel="prev" href="/category/accessories?page=1">' in second
    assert 'rel="next"' not in second
    assert shop.get("/category/accessories?page=3").status_code == 404
    assert shop.get("/category/accessories?page=x").status_code == 404


def test_every_page_states_its_product_to_machines_and_people(shop, catalogue):
    forms = set()
    for item in catalogue.items:
        page = shop.get(f"/item/{item.listing_id}")
        product = _product(page)
        forms.add((product["offers"]["@type"], type(product["offers"].get("price")).__name__))
        assert product["sku"] == product["productID"] == item.listing_id
        assert product["offers"]["seller"]["identifier"] == item.seller_id
        assert product["itemCondition"] in (
            "https://schema.org/NewCondition",
            "https://schema.org/UsedCondition",
        )
        assert ('class="price"' in page.text) == (item.price.text is not None)
    assert forms == {
        ("Offer", "float"), ("Offer", "str"), ("Offer", "NoneType"), ("AggregateOffer", "NoneType")
    }  # fmt: skip


def test_markup_of_a_plain_item(shop, catalogue):
    item = _item(catalogue, graph=False, escaped=False)
    product = _product(shop.get(f"/item/{item.listing_id}"))
    base = str(shop.base_url).rstrip("/")
    assert product["@context"] == "https://schema.org"
    assert product["name"] == item.title
    assert product["url"] == f"{base}/item/{item.listing_id}"
    assert product["image"] == f"{base}/images/{item.image}"


def test_escaped_titles_carry_entities(shop, catalogue):
    item = _item(catalogue, escaped=True)
    name = _product(shop.get(f"/item/{item.listing_id}"))["name"]
    assert name != item.title or "&" not in item.title


def test_noisy_pages_show_other_products_as_microdata(shop, catalogue):
    item = _item(catalogue, noisy=True)
    page = shop.get(f"/item/{item.listing_id}")
    found = extruct.extract(page.text, syntaxes=["microdata"])["microdata"]
    kinds = [entry["type"].rsplit("/", 1)[1] for entry in found]
    assert kinds == ["BreadcrumbList", "Product", "Product", "Product"]
    assert item.title not in [entry["properties"]["name"] for entry in found[1:]]


def test_pictures(shop, catalogue, marketplace):
    for name, content_type in catalogue.images.items():
        answer = shop.get(f"/images/{name}")
        if content_type is None:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == content_type
            assert answer.content == (marketplace.directory / "images" / name).read_bytes()


def test_unchanged_pages_and_pictures_are_not_sent_twice(shop, catalogue):
    item = catalogue.items[0]
    for address in (f"/item/{item.listing_id}", "/category/bags", "/sitemap.xml"):
        tag = shop.get(address).headers["etag"]
        again = shop.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    changed = shop.get(f"/item/{item.listing_id}").headers["last-modified"]
    assert changed == f"{item.listed_on:%a, %d %b %Y} 08:00:00 GMT"


@pytest.mark.parametrize(
    "address",
    [
        "/images/../catalogue.json",
        "/images/..%2Fcatalogue.json",
        "/images/%2e%2e/truth.jsonl",
        "/images//etc/passwd",
        "/catalogue.json",
        "/truth.jsonl",
        "/labels/chanel/chanel-0000.jpg",
        "/category/..",
        "/images/%00",
    ],
)
@PATH_IN_SHOP
def test_nothing_but_the_catalogue_is_served(shop, address):
    # httpx would tidy the path up first.
    connection = http.client.HTTPConnection(shop.base_url.host, shop.base_url.port)
    connection.request("GET", address)
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"There is no" in answer.read()
    connection.close()


def test_other_methods_are_refused(shop):
    assert shop.post("/").status_code == 405


def test_an_empty_folder_answers_503_until_the_goods_are_there(serve, tmp_path):
    client = serve(tmp_path / "market")
    closed = client.get("/")
    assert closed.status_code == 503
    assert closed.text.startswith("The shop opens once its goods are generated in ")
    assert client.get("/images/p00001.jpg").status_code == 503
    assert client.get("/nowhere").status_code == 503
    generate(tmp_path / "market", listings=40, labels_per_class=0, seed=4)
    assert client.get("/").status_code == 200
    first = client.get("/sitemap.xml").text
    generate(tmp_path / "market", listings=41, labels_per_class=0, seed=4)
    assert len(client.get("/sitemap.xml").text) > len(first)


def test_a_taken_port_is_an_error(shop, marketplace):
    command = [
        sys.executable, "-m", "counterfeit_ml.sample_marketplace.server",
        "--directory", str(marketplace.directory), "--port", str(shop.base_url.port),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 3
    assert "address already in use" in result.stderr


def test_markup_is_plain_json_even_with_markup_in_titles(shop, catalogue):
    page = shop.get(f"/item/{catalogue.items[0].listing_id}").text
    block = page.split('<script type="application/ld+json">')[1].split("</script>")[0]
    assert json.loads(block)["@context"] == "https://schema.org"
    assert "<" not in block
