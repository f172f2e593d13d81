import gzip
from datetime import date

import pytest

from counterfeit_ml.ingestion.spider import sitemaps
from counterfeit_ml.ingestion.spider.sitemaps import Entry, entries

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-20", date(2026, 11, 20)),
        ("2026-11-20T23:30:00-05:00", date(2026, 11, 21)),
        ("2026-11-20T23:30:00Z", date(2026, 11, 20)),
        ("2026-11-20T23:30:00.123+00:00", date(2026, 11, 20)),
        ("2026-11", None),
        ("2026", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("2026-13-45", None),
        ("20 November", None),
        ("", None),
    ],
)
def test_reads_when_a_page_changed(written, day):
    body = f"{HEAD}<urlset {SPACE}><url><loc>/a</loc><lastmod>{written}</lastmod></url></urlset>"
    assert list(entries(body.encode())) == [Entry("/a", day, False)]


def test_reads_an_index_gzipped():
    body = f"<sitemapindex {SPACE}><sitemap><loc>/b.xml</loc></sitemap></sitemapindex>".encode()
    assert list(entries(gzip.compress(body))) == [Entry("/b.xml", None, True)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "cannot be read"),
        (b"not XML", "cannot be read"),
        (gzip.compress(b"x" * 100, mtime=0)[:20], "cannot be unpacked"),
        (b"\x1f\x8b\x08garbage", "cannot be unpacked"),
        (gzip.compress(bytes(sitemaps.MAX_BYTES + 1), 9), "larger than"),
    ],
)
def test_says_what_is_wrong(body, message):
    with pytest.raises(ValueError, match=message):
        list(entries(body))


def test_entities_do_not_grow():
    bomb = (
        '<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
        "<urlset><url><loc>/&c;</loc></url></urlset>"
    )
    assert all(len(entry.url) < 100 for entry in entries(bomb.encode()))


def test_a_sitemap_has_no_more_entries_than_it_may(monkeypatch):
    monkeypatch.setattr(sitemaps, "MAX_ENTRIES", 2)
    body = "<urlset>" + "<url><loc>/a</loc></url>" * 3 + "</urlset>"
    with pytest.raises(ValueError, match="more than 2 entries"):
        list(entries(body.encode()))
