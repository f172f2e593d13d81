import os

import pytest

from counterfeit_ml.ingestion.door import inside, is_public, web_url
from counterfeit_ml.ingestion.reasons import Refused
from tests.intrusions import PATH_OF_PICTURE, SSRF_BY_PAGE


@pytest.mark.parametrize(
    "url", ["https://shop.example/item/1?a=b#c", "http://127.0.0.1:8765/", "HTTPS://SHOP.example"]
)
def test_lets_web_addresses_in(url):
    assert web_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        17,
        "shop.example/item",
        "//shop.example/item",
        "file:///etc/passwd",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "http://[::1",
        "http://shop.example:99999/",
        "http://user:secret@shop.example/",
        "http://shop.example/a b",
        "http://shop.example/\r\nHost: x",
        "http://shop.example/" + "a" * 2048,
    ],
)
def test_keeps_other_addresses_out(url):
    with pytest.raises(Refused) as refusal:
        web_url(url)
    assert refusal.value.reason == "bad_url"
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "link", "link/x"])
@PATH_OF_PICTURE
def test_keeps_paths_within_the_feed(tmp_path, path):
    folder = tmp_path / "feed"
    folder.mkdir()
    os.symlink(tmp_path, folder / "link")
    with pytest.raises(Refused) as refusal:
        inside(folder, path)
    assert refusal.value.reason == "path_traversal"


def test_lets_paths_below_the_feed_in(tmp_path):
    assert inside(tmp_path, "images/../images/a.jpg") == tmp_path.resolve() / "images/a.jpg"


def test_refuses_a_path_that_is_none(tmp_path):
    with pytest.raises(Refused) as refusal:
        inside(tmp_path, "a\x00b")
    assert refusal.value.reason == "missing_image"


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"],
)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:a00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001:0:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "127.1",
        "localhost",
        "",
    ],
)
@SSRF_BY_PAGE
def test_other_addresses(address):
    assert not is_public(address)
