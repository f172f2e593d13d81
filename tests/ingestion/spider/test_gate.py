from dataclasses import replace

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.gate import PAGE, Gate
from counterfeit_ml.ingestion.spider.job import Job
from counterfeit_ml.ingestion.spider.settings import settings_for


def job(*urls: str, **keys: object) -> Job:
    site = Site(start_urls=urls, **keys).model_dump(mode="json")
    return Job("2026-11-21", "", "", site, 1, 1, (), 1.0, False)


def passes(gate: Gate, url: str, page: bool = True) -> bool:
    try:
        gate.process_request(Request(url, meta={PAGE: True} if page else {}))
    except IgnoreRequest:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "page", "picture"),
    [
        ("https://shop.example/x", True, True),
        ("http://shop.example/x", True, True),
        ("https://m.shop.example./x", True, True),
        ("https://shop.example:8443/x", True, True),
        ("https://shop.example:22/x", False, False),
        ("https://m.shop.example:8443/x", False, False),
        ("https://notshop.example/x", False, True),
        ("https://shop.example.evil.example/x", False, True),
        ("https://cdn.example:9000/x", False, False),
        ("https://user:word@shop.example/x", False, False),
        ("ftp://shop.example/x", False, False),
        ("file:///etc/passwd", False, False),
    ],
)
def test_pages_lie_in_the_shop_and_pictures_on_the_web(url, page, picture):
    gate = Gate(job("https://shop.example:8443/"))
    assert (passes(gate, url), passes(gate, url, page=False)) == (page, picture)


def test_a_local_shop_has_one_port():
    local = replace(job("http://127.0.0.1:8000/"), local_hosts=("127.0.0.1:8000",))
    gate = Gate(local)
    assert passes(gate, "http://127.0.0.1:8000/x")
    assert not passes(gate, "http://127.0.0.1/x")
    assert not passes(gate, "http://127.0.0.1:8001/x", page=False)


def test_the_site_says_how_many_requests_and_who_asks():
    settings = settings_for(job("https://a.example/", concurrency=3, contact="bot@brand.example"))
    assert settings["CONCURRENT_REQUESTS_PER_DOMAIN"] == 3
    assert settings["AUTOTHROTTLE_TARGET_CONCURRENCY"] == 3.0
    assert settings["USER_AGENT"].endswith(" (+bot@brand.example)")
